package hsm

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/object"
	"claviger/hsm/internal/session"
	"claviger/internal/custody"
)

// Authenticate returns the HMAC-SHA-256 (FIPS 198-1) of data by the token's authenticator, which
// rests on the token and is nobody's to use but the service's own: no [custody.Ref] names it. What
// is authenticated for one purpose passes for no other. The answer has 32 bytes.
func (t *Token) Authenticate(ctx context.Context, purpose string,
	data []byte) (mac []byte, err error) {
	defer t.observe("Authenticate", time.Now(), &err)
	return t.authenticate(ctx, purpose, data)
}

// authenticate is Authenticate as a part of another call.
func (t *Token) authenticate(ctx context.Context, purpose string, data []byte) ([]byte, error) {
	message := append(measured(purpose), data...)
	return t.keeper.Use(ctx, nil, func(l *session.Login, _ *object.Key,
		s cryptoki.Session) ([]byte, error) {
		return authenticateIn(l, s, message)
	})
}

// authenticateIn is authenticate in a session. The message begins with its purpose.
func authenticateIn(l *session.Login, s cryptoki.Session, message []byte) ([]byte, error) {
	return l.Driver.Sign(s, l.Authenticator, cryptoki.Mechanism{Code: pkcs11.CKM_SHA256_HMAC},
		message)
}

// measured is a text with its length before it, so that what follows can't pass for a part of it.
func measured(s string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(s))), s...)
}

// sameAuthenticator makes sure that the authenticator is the one it was at the first login: under
// another every key would be refused, one by one.
func (t *Token) sameAuthenticator(l *session.Login, s cryptoki.Session) error {
	mac, err := authenticateIn(l, s, measured("claviger login"))
	if err != nil {
		return err
	}
	if l.First() {
		t.greeting = mac
	}
	if !hmac.Equal(mac, t.greeting) {
		return fmt.Errorf("%w: it was replaced by another", ErrNoAuthenticator)
	}
	return nil
}

// forChecks is the purpose of the MACs in check values.
const forChecks = "claviger check value"

// checkMAC authenticates the proof of a material's key, for this id and kind and no other.
func (t *Token) checkMAC(ctx context.Context, m custody.Material, proof []byte) ([]byte, error) {
	data := append(measured(string(m.Kind)), measured(m.ID)...)
	return t.authority.authenticate(ctx, forChecks, append(data, proof...))
}

// withMAC returns the check value of a material: the proof, and the authenticator's MAC behind it.
func (t *Token) withMAC(ctx context.Context, m custody.Material, proof []byte) ([]byte, error) {
	mac, err := t.checkMAC(ctx, m, proof)
	if err != nil {
		return nil, err
	}
	return append(proof[:len(proof):len(proof)], mac...), nil
}

// proofOf returns the proof in a material's check value, once the authenticator has said that the
// service made it. It runs in no session, and before the key is unwrapped. A material without a
// check value has no proof; whoever wants one finds it missing.
func (t *Token) proofOf(ctx context.Context, m custody.Material) ([]byte, error) {
	if len(m.Check) == 0 {
		return nil, nil
	}
	n := max(len(m.Check)-sha256.Size, 0)
	proof := m.Check[:n]
	mac, err := t.checkMAC(ctx, m, proof)
	if err != nil {
		return nil, err
	}
	if !hmac.Equal(mac, m.Check[n:]) {
		return nil, fmt.Errorf("hsm: the check value of material %s was not made by this service",
			m.ID)
	}
	return proof, nil
}
