-- The Merkle tree over the trail, as tiles of 256 hashes. Tile 0 of level 0 has the hashes of the first 256
-- records, tile 0 of level 1 those of the first 256 tiles of level 0, and so on. The last tile of a level may
-- have fewer, and is written again until it is full. Nothing is believed of them that no checkpoint says, so
-- they aren't signed.
CREATE TABLE tree_tiles (
    level  INTEGER NOT NULL,
    tile   INTEGER NOT NULL,
    hashes BLOB    NOT NULL, -- 32 bytes each
    PRIMARY KEY (level, tile)
) STRICT;

-- What was signed over the tree: one checkpoint a second while the trail grows. The newest stay, and of each
-- hour one for good.
CREATE TABLE tree_checkpoints (
    size INTEGER NOT NULL PRIMARY KEY, -- how many records it has
    at   INTEGER NOT NULL,
    kept INTEGER NOT NULL, -- 1: for good
    note TEXT    NOT NULL, -- as it was signed
    mac  BLOB    NOT NULL
) STRICT;

-- Those that go after a while are found without a look at all that stay.
CREATE INDEX tree_checkpoints_passing ON tree_checkpoints (size) WHERE kept = 0;
