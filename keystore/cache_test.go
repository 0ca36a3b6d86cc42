package keystore

import (
	"runtime"
	"strings"
	"testing"

	"claviger/keystore/cryptoops"
	"claviger/store"
)

// A caller may give each key a policy of 32 KiB. What the cache keeps of keys is bounded all the
// same.
func TestCache_LongPolicies_AreNotKept(t *testing.T) {
	s := start(t)
	long := strings.Replace(aPolicy, "x", strings.Repeat("p", 32000), 1)
	ids := make([]string, 100)
	for i := range ids {
		out, code := ask[CreateKeyOutput](s, "CreateKey", M{"Policy": long})
		if code != "" {
			t.Fatal(code)
		}
		ids[i] = out.KeyMetadata.KeyId
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for _, id := range ids {
		must[cryptoops.EncryptOutput](s, "Encrypt", M{"KeyId": id, "Plaintext": []byte("x")})
	}
	if used := int64(heap()) - int64(before); used > 2<<20 {
		t.Errorf("using %d keys left %d bytes on the heap", len(ids), used)
	}
	runtime.KeepAlive(s)
}

// A key that is closed takes the data keys under it along, also one that was made after the closing
// was planned.
func TestForgetHandles_DataKeyMadeMeanwhile_IsForgotten(t *testing.T) {
	s := start(t)
	k, _ := s.loadAsOwner(s.key())
	planned := s.keys.dataKeys.ForgetHandles(k)
	before := s.Token.Stats().Handles
	s.seal(k.ID, "x")
	if made := s.Token.Stats().Handles; made <= before {
		t.Fatalf("%d handles before the data key, %d after it", before, made)
	}
	if err := s.DB.Commit(func(tx *store.Tx) error { return planned(tx) }, nil); err != nil {
		t.Fatal(err)
	}
	if left := s.Token.Stats().Handles; left != before-1 {
		t.Errorf("%d handles are left, not %d: all but the key's and its data key's", left, before-1)
	}
}
