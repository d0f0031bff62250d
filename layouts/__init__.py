"""The screens, one file each: a snapshot of the plant goes in, a component tree comes out.

`rows(now, id)` gives everything on a screen that changes: {key: {field: text}}, in the painter's
words (assets/live.js). `layout(now, id)` builds the tree and fills it from those same rows, so that
what is drawn first and what is painted later are the same digits. What a clock alone changes (ages,
time in state) is no row: the painter runs it.
"""
