-- Events in EventBridge's envelope, each left by the transaction that it tells of, in the order of those.
-- SQLite numbers them, one after the newest; so the newest may never go, or its number would be used again.
CREATE TABLE outbox (
    position INTEGER NOT NULL PRIMARY KEY,
    account  TEXT    NOT NULL,
    region   TEXT    NOT NULL,
    event    BLOB    NOT NULL -- JSON
) STRICT;

CREATE TRIGGER outbox_is_not_rewritten BEFORE UPDATE ON outbox
BEGIN
    SELECT raise(ABORT, 'an event is never changed');
END;

CREATE TRIGGER outbox_keeps_its_end BEFORE DELETE ON outbox
WHEN OLD.position = (SELECT max(position) FROM outbox)
BEGIN
    SELECT raise(ABORT, 'the newest event is never deleted');
END;
