package served

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"claviger/hsm"
	"claviger/identity/sigv4"
	"claviger/internal/custody"
	"claviger/internal/wire"

	"github.com/go-chi/chi/v5"
)

// The signing algorithms that are measured, by AWS's names.
const (
	ECDSA256 = "ECDSA_SHA_256"
	PSS256   = "RSASSA_PSS_SHA_256"
)

// floor is the least that any service of this kind does: verify the signature, decode, one call of
// the token, encode. It has no validation, no authorization, no states, no trail.
type floor struct {
	token  *hsm.Token
	keys   map[custody.Kind]custody.Ref
	secret string
}

type floorInput struct {
	KeyId            string
	Plaintext        []byte
	CiphertextBlob   []byte
	Message          []byte
	SigningAlgorithm string
	MacAlgorithm     string
}

type floorOutput struct {
	CiphertextBlob []byte `json:",omitzero"`
	Plaintext      []byte `json:",omitzero"`
	Signature      []byte `json:",omitzero"`
	Mac            []byte `json:",omitzero"`
	KeyId          string
}

// Floor serves the floor on the token and with the access key of a dev directory.
func Floor(dir string) error {
	device, err := devToken(dir)
	if err != nil {
		return err
	}
	t, err := hsm.Open(context.Background(), device)
	if err != nil {
		return err
	}
	f := &floor{token: t, keys: map[custody.Kind]custody.Ref{}}
	for _, k := range []custody.Kind{custody.AES256, custody.HMAC256, custody.P256Sign,
		custody.RSA2048Sign} {
		m, err := t.Generate(context.Background(), "floor "+rand.Text(), k)
		if err != nil {
			return err
		}
		f.keys[k] = m.Rest()
	}
	by, err := ReadCredentials(dir)
	if err != nil {
		return err
	}
	f.secret = by.Secret
	key := sigv4.DeriveKey([]byte(f.secret), time.Now().UTC().Format("20060102"), by.Region, "kms")
	r := chi.NewRouter()
	r.Post("/", func(w http.ResponseWriter, r *http.Request) {
		if err := f.serve(w, r, key, by.Region); err != nil {
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

func (f *floor) serve(w http.ResponseWriter, r *http.Request, key *sigv4.SigningKey,
	region string) error {
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
	out, err := f.do(r.Context(), in)
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

// do makes the one call of the token that the request is for.
func (f *floor) do(ctx context.Context, in floorInput) (out floorOutput, err error) {
	out.KeyId = in.KeyId
	switch {
	case in.MacAlgorithm != "":
		out.Mac, err = f.token.MAC(ctx, f.keys[custody.HMAC256], in.Message)
	case in.SigningAlgorithm == ECDSA256:
		out.Signature, err = f.token.Sign(ctx, f.keys[custody.P256Sign], ECDSA256, in.Message)
	case in.SigningAlgorithm == PSS256:
		out.Signature, err = f.token.Sign(ctx, f.keys[custody.RSA2048Sign], PSS256, in.Message)
	case in.Plaintext != nil:
		out.CiphertextBlob, err = f.token.Seal(ctx, f.keys[custody.AES256], in.Plaintext, nil)
	default:
		out.Plaintext, err = f.token.Unseal(ctx, f.keys[custody.AES256], in.CiphertextBlob, nil)
	}
	return out, err
}
