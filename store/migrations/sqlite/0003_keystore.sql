-- KMS keys, their wrapped materials, aliases, and the data keys that seal for other services.
-- Every row carries the token's MAC over all its columns.
CREATE TABLE kms_keys (
    account     TEXT    NOT NULL,
    region      TEXT    NOT NULL,
    id          TEXT    NOT NULL,
    rev         INTEGER NOT NULL,
    manager     TEXT    NOT NULL, -- CUSTOMER or AWS
    spec        TEXT    NOT NULL,
    usage       TEXT    NOT NULL,
    origin      TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    description TEXT    NOT NULL,
    policy      TEXT    NOT NULL, -- the document as given; empty means the default policy
    tags        TEXT    NOT NULL, -- a JSON list of {TagKey, TagValue} in order of key
    material    TEXT    NOT NULL, -- the current one
    created     INTEGER NOT NULL,
    deletes     INTEGER NOT NULL, -- when the window ends; 0 means no deletion is scheduled
    mac         BLOB    NOT NULL,
    PRIMARY KEY (account, region, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE kms_materials (
    account   TEXT    NOT NULL,
    region    TEXT    NOT NULL,
    key_id    TEXT    NOT NULL,
    id        TEXT    NOT NULL, -- 64 hex digits
    kind      TEXT    NOT NULL,
    root      TEXT    NOT NULL,
    mechanism TEXT    NOT NULL,
    wrapped   BLOB    NOT NULL,
    public    BLOB,             -- of a key pair: DER SubjectPublicKeyInfo
    verifier  BLOB    NOT NULL,
    created   INTEGER NOT NULL,
    mac       BLOB    NOT NULL,
    PRIMARY KEY (account, region, key_id, id),
    FOREIGN KEY (account, region, key_id) REFERENCES kms_keys (account, region, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE kms_aliases (
    account TEXT    NOT NULL,
    region  TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    rev     INTEGER NOT NULL,
    key_id  TEXT    NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    mac     BLOB    NOT NULL,
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX kms_aliases_by_key ON kms_aliases (account, region, key_id, name);

CREATE TABLE kms_data_keys (
    account   TEXT    NOT NULL,
    region    TEXT    NOT NULL,
    key_id    TEXT    NOT NULL,
    service   TEXT    NOT NULL,
    epoch     INTEGER NOT NULL,
    id        TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    root      TEXT    NOT NULL,
    mechanism TEXT    NOT NULL,
    sealed    BLOB    NOT NULL, -- the wrapped form, encrypted under the material named
    material  TEXT    NOT NULL,
    verifier  BLOB    NOT NULL,
    created   INTEGER NOT NULL,
    mac       BLOB    NOT NULL,
    PRIMARY KEY (account, region, key_id, service, epoch),
    FOREIGN KEY (account, region, key_id) REFERENCES kms_keys (account, region, id)
) STRICT, WITHOUT ROWID;
