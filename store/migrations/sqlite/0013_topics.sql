-- Topics and their subscriptions. Every row carries the token's MAC over its columns. A message rests in the deliveries
-- that it became, and nowhere else.
CREATE TABLE topics (
    account    TEXT    NOT NULL,
    region     TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    id         TEXT    NOT NULL, -- new for every topic of the same name
    rev        INTEGER NOT NULL,
    attributes TEXT    NOT NULL, -- a JSON object of those that were set, but for the policy
    policy     TEXT    NOT NULL, -- with unique ids of users and roles; empty: the default one
    tags       TEXT    NOT NULL, -- a JSON list of {Key, Value} in order of key
    created    INTEGER NOT NULL,
    mac        BLOB    NOT NULL,
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE subscriptions (
    account       TEXT    NOT NULL, -- of the topic
    region        TEXT    NOT NULL,
    topic         TEXT    NOT NULL, -- its name
    id            TEXT    NOT NULL, -- a UUID, the last part of the subscription's ARN
    topic_id      TEXT    NOT NULL,
    rev           INTEGER NOT NULL,
    owner         TEXT    NOT NULL, -- the account that subscribed
    principal     TEXT    NOT NULL, -- the ARN of who did
    protocol      TEXT    NOT NULL,
    endpoint      TEXT    NOT NULL,
    state         TEXT    NOT NULL, -- PendingConfirmation, Confirmed or Deleted
    since         INTEGER NOT NULL, -- of the state
    attributes    TEXT    NOT NULL, -- a JSON object
    authenticated INTEGER NOT NULL, -- 1: the confirmation was signed
    guarded       INTEGER NOT NULL, -- 1: only a signed request ends it
    mac           BLOB    NOT NULL,
    PRIMARY KEY (account, region, topic, id),
    FOREIGN KEY (account, region, topic) REFERENCES topics (account, region, name)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX subscriptions_by_endpoint ON subscriptions (account, region, topic, protocol, endpoint);

CREATE INDEX subscriptions_by_owner ON subscriptions (owner, region, account, topic, id);
