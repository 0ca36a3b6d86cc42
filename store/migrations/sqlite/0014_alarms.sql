-- How far what Claviger tells of itself has come, and what has to be remembered for what follows. Each row goes into
-- the transaction of the events that it made.
CREATE TABLE alarm_state (
    name     TEXT    NOT NULL PRIMARY KEY, -- trail, or parts
    position INTEGER NOT NULL,             -- of the trail, the number of the newest record that was looked at; else 0
    state    TEXT    NOT NULL              -- JSON
) STRICT, WITHOUT ROWID;
