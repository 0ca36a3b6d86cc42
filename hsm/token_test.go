package hsm_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
)

func open(t testing.TB, c hsm.Config) *hsm.Token {
	t.Helper()
	tok, err := hsm.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tok.Close(); err != nil {
			t.Error(err)
		}
	})
	return tok
}

func TestRound(t *testing.T) {
	ctx := context.Background()
	tok := open(t, hsmtest.SoftHSM(t))
	m, err := tok.Generate(ctx, "k1", custody.AES256)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := tok.Seal(ctx, m.Rest(), []byte("text"), []byte("aad"))
	if err != nil {
		t.Fatal(err)
	}
	tok.Forget("k1")
	plain, err := tok.Unseal(ctx, m.Rest(), sealed, []byte("aad"))
	if err != nil || !bytes.Equal(plain, []byte("text")) {
		t.Fatalf("%q %v", plain, err)
	}
	if _, err := tok.Unseal(ctx, m.Rest(), sealed, []byte("other")); !errors.Is(err, custody.ErrForged) {
		t.Fatal(err)
	}
	h, err := tok.Generate(ctx, "h1", custody.HMAC256)
	if err != nil {
		t.Fatal(err)
	}
	mac, err := tok.MAC(ctx, h.Rest(), []byte("x"))
	if err != nil || len(mac) != 32 {
		t.Fatal(err)
	}
	if b, err := tok.Random(ctx, 33); err != nil || len(b) != 33 {
		t.Fatal(err)
	}
	t.Logf("%+v", tok.Facts())
	t.Logf("%+v", tok.Stats())
}
