"""A plant to try Takt on: machines that run, stop and drift, behind real protocol servers.

`settings` says what is played, `play` plays it, `truth` keeps what really happened. Everything
below `plant` is pure: the same seed gives the same day. Times named `at_s` and `_s` are seconds
of the plant since it was first started; `_us` are microseconds since the epoch, UTC.
"""
