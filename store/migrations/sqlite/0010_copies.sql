-- How far the receiver of each copy of the trail has it, by the number of a record. A copy that is no longer declared
-- keeps its row, so that it goes on from there if it is declared again.
CREATE TABLE trail_copies (
    name   TEXT    NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: the number of the newest record that may be removed for its age, of which the trail has told.
CREATE TABLE trail_retention (
    one    INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL
) STRICT;

-- One row: when digests were signed last.
CREATE TABLE trail_exports (
    one    INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    at     INTEGER NOT NULL
) STRICT;
