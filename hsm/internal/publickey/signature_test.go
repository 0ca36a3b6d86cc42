package publickey

import (
	"bytes"
	"crypto/rand"
	"encoding/asn1"
	"math/big"
	"testing"
)

// TestDERSignature_EveryLength_MatchesASN1 compares with package asn1 at every length there is.
func TestDERSignature_EveryLength_MatchesASN1(t *testing.T) {
	for size := range 67 {
		for _, first := range []byte{0, 1, 0x7F, 0x80, 0xFF} {
			r, s := make([]byte, size), make([]byte, 66)
			rand.Read(r)
			rand.Read(s[66-size:])
			if size > 0 {
				r[0] = first
			}
			want, err := asn1.Marshal(
				struct{ R, S *big.Int }{new(big.Int).SetBytes(r), new(big.Int).SetBytes(s)})
			if err != nil {
				t.Fatal(err)
			}
			if got := DERSignature(r, s); !bytes.Equal(got, want) {
				t.Errorf("%x is not %x", got, want)
			}
		}
	}
}
