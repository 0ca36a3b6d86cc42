-- Work that is due later. A lease fences it: only the holder of the newest lease number may end it.
CREATE TABLE jobs (
    id       TEXT    NOT NULL PRIMARY KEY,
    kind     TEXT    NOT NULL, -- e.g. kms:DeleteKey
    account  TEXT    NOT NULL,
    region   TEXT    NOT NULL,
    subject  TEXT    NOT NULL, -- what the work is on
    due      INTEGER NOT NULL,
    rev      INTEGER NOT NULL, -- how often it was scheduled anew; what was done before that doesn't end it
    lease    INTEGER NOT NULL, -- number of the newest lease
    expires  INTEGER NOT NULL, -- when that lease ends unless it is renewed; 0: nobody holds it
    attempts INTEGER NOT NULL, -- at its work, without those that were cut off
    cut      INTEGER NOT NULL DEFAULT 0, -- how often in a row the process ended while it was done
    UNIQUE (kind, account, region, subject)
) STRICT, WITHOUT ROWID;

-- Due work is looked for kind by kind, so that the rows of one kind hide no other's.
CREATE INDEX jobs_by_kind ON jobs (kind, due);
