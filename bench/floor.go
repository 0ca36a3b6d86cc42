package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"claviger/hsm"
	"claviger/identity/sigv4"
	"claviger/internal/custody"
	"claviger/internal/wire"

	"github.com/go-chi/chi/v5"
)

// floor is the least that any service of this kind does: verify the signature, decode, one call of the token, encode.
// It has no validation, no authorization, no states, no trail.
type floor struct {
	token  *hsm.Token
	key    custody.Ref
	secret string
}

type floorInput struct {
	KeyId          string
	Plaintext      []byte
	CiphertextBlob []byte
}

type floorOutput struct {
	CiphertextBlob []byte `json:",omitzero"`
	Plaintext      []byte `json:",omitzero"`
	KeyId          string
}

// serveFloor serves the floor on the token and with the access key of a dev directory.
func serveFloor(dir string) error {
	if err := os.Setenv("SOFTHSM2_CONF", filepath.Join(dir, "softhsm2.conf")); err != nil {
		return err
	}
	module, ok := hsm.FindSoftHSM()
	if !ok {
		return hsm.ErrModule
	}
	t, err := hsm.Open(context.Background(), hsm.Config{Module: module, TokenLabel: "claviger-dev", PIN: func() ([]byte, error) {
		b, err := os.ReadFile(filepath.Join(dir, "pin"))
		return b[:max(0, len(b)-1)], err
	}})
	if err != nil {
		return err
	}
	m, err := t.Generate(context.Background(), "floor "+rand.Text(), custody.AES256)
	if err != nil {
		return err
	}
	c, err := newClient(dir, "")
	if err != nil {
		return err
	}
	f := &floor{t, m.Rest(), c.credentials.SecretAccessKey}
	key := sigv4.DeriveKey([]byte(f.secret), time.Now().UTC().Format("20060102"), c.region, "kms")
	r := chi.NewRouter()
	r.Post("/", func(w http.ResponseWriter, r *http.Request) {
		if err := f.serve(w, r, key, c.region); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", l.Addr())
	return http.Serve(l, r)
}

func (f *floor) serve(w http.ResponseWriter, r *http.Request, key *sigv4.SigningKey, region string) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	p, err := sigv4.Parse(r, time.Now(), sigv4.Rules{Service: "kms", Regions: []string{region}})
	if err != nil {
		return err
	}
	if err := p.Verify(r, body, key); err != nil {
		return err
	}
	var in floorInput
	if err := wire.Decode(body, &in); err != nil {
		return err
	}
	out := floorOutput{KeyId: in.KeyId}
	if in.Plaintext != nil {
		out.CiphertextBlob, err = f.token.Seal(r.Context(), f.key, in.Plaintext, nil)
	} else {
		out.Plaintext, err = f.token.Unseal(r.Context(), f.key, in.CiphertextBlob, nil)
	}
	if err != nil {
		return err
	}
	answer, err := wire.Encode(out)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_, err = w.Write(answer)
	return err
}
