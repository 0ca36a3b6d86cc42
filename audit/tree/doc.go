// Package tree is the Merkle tree over the trail, its checkpoints and its proofs. It is pure: no
// clock, no database, no device. Whoever verifies needs this package and a key, and nothing else of
// ours; without it, RFC 6962 and c2sp.org/tlog-checkpoint say all that there is to know.
//
// Record n of the trail is leaf n-1 of the tree, and the leaf is the record's exact bytes, as they
// stand in the trail. The tree is kept as tiles of 256 hashes (golang.org/x/mod/sumdb/tlog): tile N
// of level L has the hashes number 256*N and following of the complete subtrees of 256^L records.
package tree
