"""What Takt computes: pure values and functions.

Nothing in here does I/O, and nothing asks for the time: `now` is always an argument.
"""
