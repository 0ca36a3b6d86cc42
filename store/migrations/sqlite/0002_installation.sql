-- What the installation is, and the service's own keys, wrapped by the token's root. The token's authenticator
-- signs both: the key that signs all other rows is among them.
CREATE TABLE installation (
    one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    id      TEXT    NOT NULL,
    root    TEXT    NOT NULL,
    created INTEGER NOT NULL,
    mac     BLOB    NOT NULL
) STRICT;

CREATE TABLE service_keys (
    name      TEXT NOT NULL PRIMARY KEY,
    kind      TEXT NOT NULL,
    root      TEXT NOT NULL,
    mechanism TEXT NOT NULL,
    wrapped   BLOB NOT NULL,
    public    BLOB, -- SubjectPublicKeyInfo of a key pair
    verifier  BLOB NOT NULL,
    mac       BLOB NOT NULL
) STRICT;

-- What was believed of the time when the service last looked.
CREATE TABLE clock (
    one      INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    boot     TEXT    NOT NULL, -- the start of the machine
    uptime   INTEGER NOT NULL, -- microseconds since that start
    believed INTEGER NOT NULL, -- the time then
    shown    INTEGER NOT NULL, -- where the wall clock was expected that has kept pace with the uptime
    agreed   INTEGER NOT NULL, -- for so many microseconds
    mac      BLOB    NOT NULL
) STRICT;

-- What the service left in the signed tables: a row that is deleted or put back is noticed at the next start.
CREATE TABLE row_sets (
    one  INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    sets TEXT    NOT NULL, -- a line for each table: its name, how many rows, a tag of their digests
    seal BLOB    NOT NULL  -- over sets, by a key that the token's authenticator makes
) STRICT;
