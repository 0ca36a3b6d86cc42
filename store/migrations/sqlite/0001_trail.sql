-- The records of one transaction, newline-joined, in the order of its requests. The committer numbers the
-- batches itself, one after the newest; so the newest may never go, or its number would be used again.
CREATE TABLE trail (
    batch   INTEGER NOT NULL PRIMARY KEY,
    at      INTEGER NOT NULL,
    records BLOB    NOT NULL
) STRICT;

CREATE TRIGGER trail_is_not_rewritten BEFORE UPDATE ON trail
BEGIN
    SELECT raise(ABORT, 'a batch of the trail is never changed');
END;

CREATE TRIGGER trail_keeps_its_end BEFORE DELETE ON trail
WHEN OLD.batch = (SELECT max(batch) FROM trail)
BEGIN
    SELECT raise(ABORT, 'the newest batch of the trail is never deleted');
END;

-- One row, written to prove that a reopened connection can commit.
CREATE TABLE heartbeat (
    one  INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    at   INTEGER NOT NULL,
    room BLOB    NOT NULL -- as much as a large batch takes
) STRICT;
