-- Parameters and their versions. Every row with a mac carries the token's MAC over its columns. One revision of the
-- parameter's row fences every change, of the versions too.
CREATE TABLE parameters (
    account     TEXT    NOT NULL,
    region      TEXT    NOT NULL,
    name        TEXT    NOT NULL, -- with a slash before it always: x and /x are one parameter
    id          TEXT    NOT NULL, -- new for every parameter of the same name
    rev         INTEGER NOT NULL,
    parent      TEXT    NOT NULL, -- the path that it is directly below
    bare        INTEGER NOT NULL, -- 1: it was made by a name without a slash before it, and is shown so
    tags        TEXT    NOT NULL, -- a JSON list of {Key, Value} in order of key
    labels      TEXT    NOT NULL, -- a JSON object: label to version
    oldest      INTEGER NOT NULL, -- the oldest version that there is; between it and version none lacks
    created     INTEGER NOT NULL,
    sharing     TEXT    NOT NULL, -- the resource policy and its id, a JSON object; {}: there is none
    version     INTEGER NOT NULL, -- the newest; the facts that follow are its
    type        TEXT    NOT NULL,
    tier        TEXT    NOT NULL, -- Standard or Advanced
    key_id      TEXT    NOT NULL, -- the KMS key as the caller named it; empty but for a SecureString
    description TEXT    NOT NULL,
    pattern     TEXT    NOT NULL, -- AllowedPattern; empty: there is none
    data_type   TEXT    NOT NULL,
    policies    TEXT    NOT NULL, -- a JSON list; of an older version as they were when it was made
    modified    INTEGER NOT NULL,
    user        TEXT    NOT NULL, -- the ARN of who made the version
    mac         BLOB    NOT NULL,
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX parameters_by_parent ON parameters (account, region, parent, name);

-- What other accounts may be let in to. Most parameters are shared with nobody.
CREATE INDEX parameters_shared ON parameters (region, account, name) WHERE sharing <> '{}';

-- A value has up to 8 KiB and what sealing adds. So value comes last.
CREATE TABLE parameter_versions (
    account     TEXT    NOT NULL,
    region      TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    id          TEXT    NOT NULL, -- of the parameter
    version     INTEGER NOT NULL,
    type        TEXT    NOT NULL,
    tier        TEXT    NOT NULL,
    key_id      TEXT    NOT NULL,
    description TEXT    NOT NULL,
    pattern     TEXT    NOT NULL,
    data_type   TEXT    NOT NULL,
    policies    TEXT    NOT NULL, -- a JSON list; of an older version as they were when it was made
    modified    INTEGER NOT NULL,
    user        TEXT    NOT NULL,
    key_arn     TEXT    NOT NULL, -- the KMS key that sealed the value; empty: it isn't sealed
    epoch       INTEGER NOT NULL, -- of the data key under it; 0: KMS encrypted the value itself
    digest      BLOB    NOT NULL, -- SHA-256 of value
    mac         BLOB    NOT NULL,
    value       BLOB    NOT NULL, -- not under the MAC itself, but bound by its digest
    PRIMARY KEY (account, region, name, id, version),
    FOREIGN KEY (account, region, name) REFERENCES parameters (account, region, name)
) STRICT, WITHOUT ROWID;

-- How many parameters an account has in a Region, so that nobody counts them. It is bookkeeping: a wrong number lets
-- somebody make more of them or fewer.
CREATE TABLE parameter_counts (
    account  TEXT    NOT NULL,
    region   TEXT    NOT NULL,
    standard INTEGER NOT NULL,
    advanced INTEGER NOT NULL,
    PRIMARY KEY (account, region)
) STRICT, WITHOUT ROWID;

-- What an account has set for its parameters in a Region. What isn't there is as AWS has it.
CREATE TABLE parameter_settings (
    account  TEXT    NOT NULL,
    region   TEXT    NOT NULL,
    id       TEXT    NOT NULL, -- e.g. /ssm/parameter-store/default-parameter-tier
    value    TEXT    NOT NULL,
    modified INTEGER NOT NULL,
    user     TEXT    NOT NULL,
    mac      BLOB    NOT NULL,
    PRIMARY KEY (account, region, id)
) STRICT, WITHOUT ROWID;
