package customstore

import (
	"claviger/internal/op"
	"claviger/keystore/key"
)

// NoteNew has the record of the operation that makes a key say which material it has in its custom
// key store, as CloudTrail's does. Of a key in none it says nothing.
func NoteNew(c *op.Call, k *key.Key) {
	if k.CustomKeyStoreID != "" {
		c.NoteText("backingKey", backingKey(k))
	}
}

// NoteDeleted likewise has the event of a key's deletion say what there was of it, and where.
func NoteDeleted(c *op.Call, k *key.Key) {
	if k.CustomKeyStoreID != "" {
		c.NoteText("customKeyStoreId", k.CustomKeyStoreID)
		c.NoteText("clusterId", k.ClusterID)
		c.NoteText("backingKeys", "["+backingKey(k)+"]")
	}
}

// backingKey names a key's material in a cluster: JSON in a text.
func backingKey(k *key.Key) string { return `{"backingKeyId":"` + k.MaterialID + `"}` }
