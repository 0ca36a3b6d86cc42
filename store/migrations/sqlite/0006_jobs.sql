-- Work that is due later. A lease fences it: only the holder of the newest lease number may end it.
CREATE TABLE jobs (
    id       TEXT    NOT NULL PRIMARY KEY,
    kind     TEXT    NOT NULL, -- e.g. kms:DeleteKey
    account  TEXT    NOT NULL,
    region   TEXT    NOT NULL,
    subject  TEXT    NOT NULL, -- what the work is on
    due      INTEGER NOT NULL,
    lease    INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    UNIQUE (kind, account, region, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX jobs_by_due ON jobs (due);
