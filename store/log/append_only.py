"""Triggers that let the log grow and do nothing else to it, in the words of each database.

An entry may go only once it lies in an archive. Whoever owns the database can drop a trigger: then
the chain tells.
"""

SQLITE = (
    (
        "CREATE TRIGGER log_never_changes BEFORE UPDATE ON log "
        "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
    ),
    (
        "CREATE TRIGGER log_never_shrinks BEFORE DELETE ON log "
        "WHEN OLD.position > (SELECT COALESCE(MAX(last_position), 0) FROM archives) "
        "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
    ),
)
POSTGRESQL = (
    """CREATE FUNCTION log_is_append_only() RETURNS trigger AS $$
    BEGIN
      IF TG_OP = 'DELETE'
         AND OLD.position <= (SELECT COALESCE(MAX(last_position), 0) FROM archives) THEN
        RETURN OLD;
      END IF;
      RAISE EXCEPTION 'the log is append-only';
    END $$ LANGUAGE plpgsql""",
    (
        "CREATE TRIGGER log_never_changes BEFORE UPDATE OR DELETE ON log "
        "FOR EACH ROW EXECUTE FUNCTION log_is_append_only()"
    ),
    (
        "CREATE TRIGGER log_is_never_emptied BEFORE TRUNCATE ON log "
        "FOR EACH STATEMENT EXECUTE FUNCTION log_is_append_only()"
    ),
)


def statements(dialect: str) -> tuple[str, ...]:
    return SQLITE if dialect == "sqlite" else POSTGRESQL
