-- What has to reach receivers, in the order in which it was put. What a receiver has got is deleted.
CREATE TABLE deliveries (
    number   INTEGER NOT NULL PRIMARY KEY, -- given by the process: greater than all before
    account  TEXT    NOT NULL,
    region   TEXT    NOT NULL,
    kind     TEXT    NOT NULL, -- of receivers
    receiver TEXT    NOT NULL, -- an ARN
    ordered  TEXT    NOT NULL, -- what it is about: messages of a receiver on one thing keep their order
    id       TEXT    NOT NULL,
    put      INTEGER NOT NULL,
    due      INTEGER NOT NULL, -- the next attempt
    attempts INTEGER NOT NULL,
    code     TEXT    NOT NULL, -- of the last failure; empty: there was none
    message  TEXT    NOT NULL,
    policy   BLOB    NOT NULL, -- JSON
    context  BLOB    NOT NULL, -- of who put it
    body     BLOB    NOT NULL
) STRICT;

-- What no receiver has got, and is not tried any more.
CREATE TABLE dead_letters (
    number   INTEGER NOT NULL PRIMARY KEY, -- that it had among the deliveries
    account  TEXT    NOT NULL,
    region   TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    receiver TEXT    NOT NULL,
    ordered  TEXT    NOT NULL,
    id       TEXT    NOT NULL,
    put      INTEGER NOT NULL,
    died     INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    code     TEXT    NOT NULL,
    message  TEXT    NOT NULL,
    exhausted TEXT   NOT NULL, -- which bound of the policy was reached; empty: it was refused for good
    policy   BLOB    NOT NULL,
    context  BLOB    NOT NULL,
    body     BLOB    NOT NULL
) STRICT;

CREATE INDEX dead_letters_by_account ON dead_letters (account, number);
CREATE INDEX dead_letters_by_age ON dead_letters (died);

-- How far somebody has read who makes deliveries of what he reads: in the transaction that puts them. Accounts whose
-- rules can't be read have rows of their own, until they can.
CREATE TABLE event_cursors (
    reader   TEXT    NOT NULL,
    account  TEXT    NOT NULL DEFAULT '', -- empty: all others
    region   TEXT    NOT NULL DEFAULT '', -- likewise
    position INTEGER NOT NULL,
    PRIMARY KEY (reader, account, region)
) STRICT, WITHOUT ROWID;
