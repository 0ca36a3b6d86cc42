-- KMS keys, their materials, aliases and grants, custom key stores, and the data keys that seal for other services.
-- Every row with a mac carries the token's MAC over all its other columns. Those without are bookkeeping: nothing is
-- allowed because of them.
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
    material_id TEXT    NOT NULL, -- the current one; empty before the first import
    materials   TEXT    NOT NULL, -- a JSON list of the ids of all its materials: one that is missing is noticed
    custom_key_store_id TEXT NOT NULL, -- that holds its material; empty means the service's own token
    primary_region TEXT NOT NULL, -- of a multi-Region key, the Region of the primary; empty means a single-Region key
    replicas    TEXT    NOT NULL, -- of a multi-Region key, a JSON list of the replicas' Regions
    rotation_period INTEGER NOT NULL, -- period of automatic rotation in days; 0 means off
    next_rotation INTEGER NOT NULL, -- when the next automatic rotation is due, or 0
    pending_window INTEGER NOT NULL, -- the window of a scheduled deletion in days, or 0
    created     INTEGER NOT NULL,
    deletion_date INTEGER NOT NULL, -- when the window ends; 0 means no deletion is scheduled, or that it waits for replicas
    mac         BLOB    NOT NULL,
    PRIMARY KEY (account, region, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE kms_materials (
    account     TEXT    NOT NULL,
    region      TEXT    NOT NULL,
    key_id      TEXT    NOT NULL,
    id          TEXT    NOT NULL, -- 64 hex digits
    kind        TEXT    NOT NULL,
    root        TEXT    NOT NULL, -- the root that wrapped it, or the serial number of the token where it is resident
    mechanism   TEXT    NOT NULL,
    wrapped     BLOB    NOT NULL, -- empty: imported material that was deleted or expired
    public      BLOB,             -- of a key pair: DER SubjectPublicKeyInfo
    verifier    BLOB    NOT NULL,
    rotation_type TEXT NOT NULL, -- how it came to be current: AUTOMATIC, ON_DEMAND, empty for the first, or one of the PENDING states
    rotated     INTEGER NOT NULL, -- when, or 0
    expiration_model TEXT NOT NULL, -- of imported material, its ExpirationModel
    expires     INTEGER NOT NULL, -- ... and when, or 0
    description TEXT    NOT NULL, -- of imported material, KeyMaterialDescription
    created     INTEGER NOT NULL,
    mac         BLOB    NOT NULL,
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

-- How often materials have encrypted, in leased blocks; a process that ends gives nothing back.
CREATE TABLE kms_uses (
    account  TEXT    NOT NULL,
    region   TEXT    NOT NULL,
    key_id   TEXT    NOT NULL,
    material TEXT    NOT NULL,
    leased   INTEGER NOT NULL,
    PRIMARY KEY (account, region, key_id, material)
) STRICT, WITHOUT ROWID;

CREATE TABLE kms_last_used (
    account    TEXT    NOT NULL,
    region     TEXT    NOT NULL,
    key_id     TEXT    NOT NULL,
    operation  TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    event_id   TEXT    NOT NULL, -- of its record in the trail
    request_id TEXT    NOT NULL,
    PRIMARY KEY (account, region, key_id)
) STRICT, WITHOUT ROWID;

-- Grants are made and ended, never changed.
CREATE TABLE kms_grants (
    account            TEXT    NOT NULL,
    region             TEXT    NOT NULL,
    key_id             TEXT    NOT NULL,
    id                 TEXT    NOT NULL, -- 64 hex digits
    name               TEXT    NOT NULL,
    grantee            TEXT    NOT NULL, -- unique id of a user or role, ARN of another principal, or a service's name
    retiring_principal TEXT    NOT NULL, -- the same, or nothing
    issuing_account    TEXT    NOT NULL,
    operations         TEXT    NOT NULL, -- a JSON list
    constraints        TEXT    NOT NULL, -- a JSON object, GrantConstraints
    created            INTEGER NOT NULL,
    mac                BLOB    NOT NULL,
    PRIMARY KEY (account, region, key_id, id),
    FOREIGN KEY (account, region, key_id) REFERENCES kms_keys (account, region, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX kms_grants_by_name     ON kms_grants (account, region, key_id, name, grantee) WHERE name <> '';
CREATE INDEX kms_grants_by_grantee  ON kms_grants (account, region, key_id, grantee, id);
CREATE INDEX kms_grants_by_retiring_principal ON kms_grants (account, region, retiring_principal, key_id, id);

-- Key pairs under which material is imported. They go when their time is over, so that a recorded
-- import stays closed.
CREATE TABLE kms_import_pairs (
    account   TEXT    NOT NULL,
    region    TEXT    NOT NULL,
    key_id    TEXT    NOT NULL,
    id        TEXT    NOT NULL,
    algorithm TEXT    NOT NULL, -- WrappingAlgorithm
    spec      TEXT    NOT NULL, -- WrappingKeySpec
    kind      TEXT    NOT NULL,
    root      TEXT    NOT NULL,
    mechanism TEXT    NOT NULL,
    wrapped   BLOB    NOT NULL,
    public    BLOB    NOT NULL,
    verifier  BLOB    NOT NULL,
    expires   INTEGER NOT NULL,
    failures  INTEGER NOT NULL, -- unwrappings that failed; not under the MAC
    mac       BLOB    NOT NULL,
    PRIMARY KEY (account, region, key_id, id),
    FOREIGN KEY (account, region, key_id) REFERENCES kms_keys (account, region, id)
) STRICT, WITHOUT ROWID;

-- Custom key stores.
CREATE TABLE kms_custom_key_stores (
    account      TEXT    NOT NULL,
    region       TEXT    NOT NULL,
    id           TEXT    NOT NULL, -- cks-...
    rev          INTEGER NOT NULL,
    name         TEXT    NOT NULL,
    type         TEXT    NOT NULL, -- CustomKeyStoreType
    cluster_id   TEXT    NOT NULL, -- CloudHsmClusterId, named in the configuration
    trust_anchor TEXT    NOT NULL, -- TrustAnchorCertificate
    password     BLOB    NOT NULL, -- KeyStorePassword, sealed by the token
    connection_state      TEXT NOT NULL, -- ConnectionState
    connection_error_code TEXT NOT NULL, -- ConnectionErrorCode, of a store that FAILED
    created      INTEGER NOT NULL,
    mac          BLOB    NOT NULL,
    PRIMARY KEY (account, region, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX kms_custom_key_stores_by_name    ON kms_custom_key_stores (account, region, name);
CREATE UNIQUE INDEX kms_custom_key_stores_by_cluster ON kms_custom_key_stores (cluster_id)
    WHERE cluster_id <> ''; -- it has one user for the whole service

-- How many passwords a cluster has refused since one was right, of whatever store: no more are tried at some point.
CREATE TABLE kms_cluster_refusals (
    cluster_id TEXT    NOT NULL PRIMARY KEY,
    refusals   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Resident keys, on the tokens of custom key stores or on the service's own, that no KMS key uses, or none yet. Only
-- tombstones have a key destroyed: a reservation may be a row that was put back.
CREATE TABLE kms_orphaned_materials (
    account TEXT    NOT NULL,
    region  TEXT    NOT NULL,
    id      TEXT    NOT NULL, -- CKA_ID, 32 hex digits
    custom_key_store_id TEXT NOT NULL, -- on whose token it is; empty means the service's own token
    reason  TEXT    NOT NULL, -- RESERVED, or of a tombstone ABANDONED or DELETED
    key_id  TEXT    NOT NULL, -- the KMS key that it is, or was to be, the material of
    key_rev INTEGER NOT NULL, -- the revision at which that was deleted, or 0
    created INTEGER NOT NULL,
    stale   INTEGER NOT NULL, -- of a reservation: when the making must have ended; 0 of a tombstone
    mac     BLOB    NOT NULL,
    PRIMARY KEY (account, region, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX kms_materials_resident ON kms_materials (mechanism, account, region, key_id) WHERE mechanism = 'CKA_TOKEN';
CREATE INDEX kms_orphaned_materials_by_store ON kms_orphaned_materials (account, region, custom_key_store_id, id);
CREATE INDEX kms_keys_by_store ON kms_keys (account, region, custom_key_store_id, id) WHERE custom_key_store_id <> '';
