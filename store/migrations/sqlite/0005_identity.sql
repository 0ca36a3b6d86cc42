-- Access keys. The secret is sealed by the token.
CREATE TABLE access_keys (
    id           TEXT    NOT NULL PRIMARY KEY,
    account      TEXT    NOT NULL,
    rev          INTEGER NOT NULL,
    type         TEXT    NOT NULL,
    arn          TEXT    NOT NULL,
    principal_id TEXT    NOT NULL,
    status       TEXT    NOT NULL, -- Active or Inactive
    sealed       BLOB    NOT NULL,
    created      INTEGER NOT NULL,
    mac          BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
