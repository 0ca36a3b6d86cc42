package keystore

import (
	"testing"

	"claviger/keystore/cryptoops"
)

// BenchmarkEncrypt is one request down the road with warm caches, by the account's owner.
func BenchmarkEncrypt(b *testing.B) {
	s := start(b)
	in := M{"KeyId": s.key(), "Plaintext": "eA=="}
	must[cryptoops.EncryptOutput](s, "Encrypt", in)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.serve("Encrypt", in); err != nil {
			b.Fatal(err)
		}
	}
}
