-- Who there is: accounts, and IAM's users, groups, roles, policies and identity providers. An entity's row holds all that
-- belongs to it, so that no part of it can be taken away or put back by itself. Every row with a mac carries the token's
-- MAC over its other columns. Names are unique in an account whatever their case.
CREATE TABLE iam_accounts (
    account TEXT    NOT NULL PRIMARY KEY,
    rev     INTEGER NOT NULL,
    alias   TEXT    NOT NULL, -- or nothing; another account may have the same one
    created INTEGER NOT NULL,
    mac     BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE iam_users (
    account  TEXT    NOT NULL,
    id       TEXT    NOT NULL, -- AIDA...
    rev      INTEGER NOT NULL,
    name     TEXT    NOT NULL COLLATE NOCASE,
    path     TEXT    NOT NULL,
    created  INTEGER NOT NULL,
    member_of TEXT   NOT NULL, -- a JSON list of the ids of the groups that it is a member of
    attached TEXT    NOT NULL, -- a JSON list of ARNs of managed policies
    inline   TEXT    NOT NULL, -- a JSON list of {Name, Document} in order of name
    boundary TEXT    NOT NULL, -- ARN of the managed policy that is its permissions boundary, or nothing
    tags     TEXT    NOT NULL, -- a JSON list of {Key, Value}
    mac      BLOB    NOT NULL,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX iam_users_by_name ON iam_users (account, name);
CREATE INDEX iam_users_by_id ON iam_users (id);

CREATE TABLE iam_groups (
    account  TEXT    NOT NULL,
    id       TEXT    NOT NULL, -- AGPA...
    rev      INTEGER NOT NULL,
    name     TEXT    NOT NULL COLLATE NOCASE,
    path     TEXT    NOT NULL,
    created  INTEGER NOT NULL,
    attached TEXT    NOT NULL, -- as of users
    inline   TEXT    NOT NULL,
    mac      BLOB    NOT NULL,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX iam_groups_by_name ON iam_groups (account, name);

CREATE TABLE iam_roles (
    account  TEXT    NOT NULL,
    id       TEXT    NOT NULL, -- AROA...
    rev      INTEGER NOT NULL,
    name     TEXT    NOT NULL COLLATE NOCASE,
    path     TEXT    NOT NULL,
    created  INTEGER NOT NULL,
    trust    TEXT    NOT NULL, -- AssumeRolePolicyDocument, its principals by their unique ids
    description TEXT NOT NULL,
    max_session_duration INTEGER NOT NULL, -- seconds
    revoked  INTEGER NOT NULL, -- sessions that began before are over; 0: none is
    attached TEXT    NOT NULL, -- as of users
    inline   TEXT    NOT NULL,
    boundary TEXT    NOT NULL,
    tags     TEXT    NOT NULL,
    mac      BLOB    NOT NULL,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX iam_roles_by_name ON iam_roles (account, name);
CREATE INDEX iam_roles_by_id ON iam_roles (id);

-- When sessions of roles asked for something last, to an hour. Bookkeeping.
CREATE TABLE iam_role_uses (
    account TEXT    NOT NULL,
    id      TEXT    NOT NULL, -- of the role
    at      INTEGER NOT NULL,
    region  TEXT    NOT NULL,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE iam_policies (
    account     TEXT    NOT NULL,
    id          TEXT    NOT NULL, -- ANPA...
    rev         INTEGER NOT NULL,
    name        TEXT    NOT NULL COLLATE NOCASE,
    path        TEXT    NOT NULL,
    created     INTEGER NOT NULL,
    updated     INTEGER NOT NULL,
    description TEXT    NOT NULL,
    versions    TEXT    NOT NULL, -- a JSON list of {ID, Document, Created}, the oldest first
    default_version TEXT NOT NULL,
    next_version INTEGER NOT NULL, -- numbers are not used again
    tags        TEXT    NOT NULL,
    mac         BLOB    NOT NULL,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX iam_policies_by_name ON iam_policies (account, name);

CREATE TABLE iam_oidc_providers (
    account     TEXT    NOT NULL,
    id          TEXT    NOT NULL, -- its URL without the scheme, and so its name
    rev         INTEGER NOT NULL,
    name        TEXT    NOT NULL COLLATE NOCASE,
    path        TEXT    NOT NULL,
    created     INTEGER NOT NULL,
    scheme      TEXT    NOT NULL, -- https, or http on loopback
    client_ids  TEXT    NOT NULL, -- a JSON list
    thumbprints TEXT    NOT NULL, -- a JSON list
    tags        TEXT    NOT NULL,
    mac         BLOB    NOT NULL,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX iam_oidc_providers_by_name ON iam_oidc_providers (account, name);

-- What the rows above say of each other, to be found from the other side: which entities a policy is attached to and who
-- is a member of a group. Bookkeeping: nothing is allowed because of it.
CREATE TABLE iam_links (
    account TEXT NOT NULL,
    target  TEXT NOT NULL, -- ARN of a managed policy, or id of a group
    kind    TEXT NOT NULL, -- User, Group, Role: attached to one; UserBoundary, RoleBoundary; Member: of the group
    id      TEXT NOT NULL, -- of the entity whose row says so
    PRIMARY KEY (account, target, kind, id)
) STRICT, WITHOUT ROWID;

-- Access keys. The secret is sealed by the token.
CREATE TABLE access_keys (
    id           TEXT    NOT NULL PRIMARY KEY,
    account      TEXT    NOT NULL,
    rev          INTEGER NOT NULL,
    principal_id TEXT    NOT NULL, -- unique id of the user; of the account's root user, the account
    status       TEXT    NOT NULL, -- Active or Inactive
    sealed       BLOB    NOT NULL,
    created      INTEGER NOT NULL,
    used         INTEGER NOT NULL, -- when it signed last, 0 for never; this and the next two are not under the MAC
    used_service TEXT    NOT NULL DEFAULT '',
    used_region  TEXT    NOT NULL DEFAULT '',
    mac          BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX access_keys_by_principal ON access_keys (account, principal_id, id);

-- Sessions that were ended before their time, by the ids of their access keys. What a session is rests in its token.
CREATE TABLE iam_revoked_sessions (
    id      TEXT    NOT NULL PRIMARY KEY,
    account TEXT    NOT NULL,
    until   INTEGER NOT NULL, -- when it would have ended at the latest
    mac     BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
