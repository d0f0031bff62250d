"""Everything that keeps: configuration, the live plane in Redis, the spool beside it."""
