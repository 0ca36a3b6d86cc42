package hsm_test

import (
	"context"
	"testing"

	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
)

// TestPINAndDatabaseRevealNothing is the promise of key custody: somebody who has the PIN, the module and every
// stored material can use keys and can't learn one.
func TestPINAndDatabaseRevealNothing(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	tok := hsmtest.Open(t, c)
	var stolen []custody.Material
	for _, kind := range []custody.Kind{custody.AES256, custody.HMAC256} {
		m, err := tok.Generate(context.Background(), "stolen "+string(kind), kind)
		if err != nil {
			t.Fatal(err)
		}
		stolen = append(stolen, m)
	}
	hsmtest.Attack(t, c, stolen...)
}
