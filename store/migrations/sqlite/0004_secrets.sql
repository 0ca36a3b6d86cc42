-- Secrets and their versions. Every row carries the token's MAC over its columns; only the days of
-- last access are outside of it. One revision of the secret's row fences every change, of the
-- versions too.
CREATE TABLE secrets (
    account       TEXT    NOT NULL,
    region        TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    suffix        TEXT    NOT NULL, -- the six characters that end the ARN; new for every secret of the same name
    rev           INTEGER NOT NULL,
    description   TEXT    NOT NULL,
    token         TEXT    NOT NULL, -- the ClientRequestToken that made it without a value; with one it is the version's id
    key_id        TEXT    NOT NULL, -- the KMS key as the caller named it; empty: the key that KMS manages
    tags          TEXT    NOT NULL, -- a JSON list of {Key, Value} in order of key
    tagged        INTEGER NOT NULL, -- 1: there has been a tag, and AWS shows an empty list when there is none any more
    policy        TEXT    NOT NULL, -- the resource policy, principals by their unique ids; empty: there is none
    stages        TEXT    NOT NULL, -- a JSON object: staging label to version id
    type          TEXT    NOT NULL, -- of a managed external secret; empty: it is none
    owner         TEXT    NOT NULL, -- the service that manages it, OwningService; empty: nobody but its account
    rotation      TEXT    NOT NULL, -- a JSON object: how it is rotated, and what a rotation in progress has come to
    primary_region TEXT   NOT NULL, -- of a secret with replicas, in all its Regions; empty: it stands alone
    primary_rev   INTEGER NOT NULL, -- of a replica: the revision of the primary's row that it was made from; 0: it is none
    replicas      TEXT    NOT NULL, -- a JSON list, in the primary's row: the Regions with what has become of the copy there
    created       INTEGER NOT NULL,
    changed       INTEGER NOT NULL,
    deletion_date INTEGER NOT NULL, -- when the recovery window ends; 0: the secret is not scheduled for deletion
    accessed      INTEGER NOT NULL, -- the day a value was last read, 0 for never; not under the MAC
    mac           BLOB    NOT NULL,
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX secrets_by_created  ON secrets (account, region, created, name);
CREATE INDEX secrets_by_changed  ON secrets (account, region, changed, name);
CREATE INDEX secrets_by_accessed ON secrets (account, region, accessed, name);

-- A value has up to 64 KiB. So the table has a small index of its own, and sealed comes last.
CREATE TABLE secret_versions (
    account  TEXT    NOT NULL,
    region   TEXT    NOT NULL,
    name     TEXT    NOT NULL,
    suffix   TEXT    NOT NULL,
    id       TEXT    NOT NULL, -- the ClientRequestToken that made it
    created  INTEGER NOT NULL,
    binary   INTEGER NOT NULL, -- 1: it was given as SecretBinary
    managed  INTEGER NOT NULL, -- 1: the key is the one that KMS manages for the service
    key_arn  TEXT    NOT NULL, -- the KMS key that sealed it, which may be another account's
    epoch    INTEGER NOT NULL, -- of the data key under it
    digest   BLOB    NOT NULL, -- SHA-256 of sealed: a row is verified without reading its value
    accessed INTEGER NOT NULL, -- the day it was last read, 0 for never; not under the MAC
    mac      BLOB    NOT NULL,
    sealed   BLOB    NOT NULL, -- not under the MAC itself, but bound by its digest
    PRIMARY KEY (account, region, name, id),
    FOREIGN KEY (account, region, name) REFERENCES secrets (account, region, name)
) STRICT;

CREATE INDEX secret_versions_by_created ON secret_versions (account, region, name, created, id);
