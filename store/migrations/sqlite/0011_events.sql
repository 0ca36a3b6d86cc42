-- EventBridge: rules with their targets, the tags of buses, connections and API destinations. Every row with a mac
-- carries the token's MAC over its columns.
CREATE TABLE event_rules (
    account     TEXT    NOT NULL,
    region      TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    id          TEXT    NOT NULL, -- new for every rule of the same name
    rev         INTEGER NOT NULL,
    pattern     TEXT    NOT NULL, -- as it was given; empty: there is none
    schedule    TEXT    NOT NULL, -- likewise
    state       TEXT    NOT NULL,
    description TEXT    NOT NULL,
    role_arn    TEXT    NOT NULL,
    created_by  TEXT    NOT NULL, -- the account
    created     INTEGER NOT NULL,
    tags        TEXT    NOT NULL, -- a JSON list of {Key, Value} in order of key
    targets     TEXT    NOT NULL, -- a JSON list with AWS's members, in the order in which they were put
    mac         BLOB    NOT NULL,
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

-- The default bus has a row when something is said of it.
CREATE TABLE event_buses (
    account TEXT    NOT NULL,
    region  TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    rev     INTEGER NOT NULL,
    tags    TEXT    NOT NULL, -- a JSON list of {Key, Value} in order of key
    mac     BLOB    NOT NULL,
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE event_connections (
    account     TEXT    NOT NULL,
    region      TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    id          TEXT    NOT NULL, -- the last part of the ARN
    rev         INTEGER NOT NULL,
    description TEXT    NOT NULL,
    auth_type   TEXT    NOT NULL, -- BASIC, API_KEY or OAUTH_CLIENT_CREDENTIALS
    state       TEXT    NOT NULL,
    reason      TEXT    NOT NULL, -- of the state
    shown       TEXT    NOT NULL, -- what of the parameters is no secret, a JSON object with AWS's members
    key_id      TEXT    NOT NULL, -- the KMS key as the caller named it; empty: the one that the service manages
    key_arn     TEXT    NOT NULL, -- the KMS key that sealed the secrets; empty: there are none any more
    epoch       INTEGER NOT NULL, -- of the data key under it
    sealed      BLOB    NOT NULL, -- the parameters with their secrets
    created     INTEGER NOT NULL,
    modified    INTEGER NOT NULL,
    authorized  INTEGER NOT NULL, -- 0: never
    mac         BLOB    NOT NULL,
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE event_destinations (
    account     TEXT    NOT NULL,
    region      TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    id          TEXT    NOT NULL, -- the last part of the ARN
    rev         INTEGER NOT NULL,
    description TEXT    NOT NULL,
    connection  TEXT    NOT NULL, -- the connection's ARN
    endpoint    TEXT    NOT NULL,
    method      TEXT    NOT NULL,
    rate        INTEGER NOT NULL, -- invocations a second
    created     INTEGER NOT NULL,
    modified    INTEGER NOT NULL,
    mac         BLOB    NOT NULL,
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;
