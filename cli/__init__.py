"""The command line, the supervisor of Takt's processes, and the Redis it brings."""
