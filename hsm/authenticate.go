package hsm

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/object"
	"claviger/hsm/internal/session"
	"claviger/internal/custody"
	"claviger/internal/fault"
)

// Authenticate returns the HMAC-SHA-256 (FIPS 198-1) of data by the token's authenticator, which
// rests on the token and is nobody's to use but the service's own: no [custody.Ref] names it. What
// is authenticated for one purpose passes for no other. The answer has 32 bytes.
func (t *Token) Authenticate(ctx context.Context, purpose string,
	data []byte) (mac []byte, err error) {
	defer t.observe("Authenticate", time.Now(), &err)
	return t.authenticate(ctx, append(measured(purpose), data...))
}

// authenticate authenticates a message, which begins with its purpose.
func (t *Token) authenticate(ctx context.Context, message []byte) ([]byte, error) {
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

// checkMessage is what the authenticator authenticates in a check value: the proof of a material's
// key, for this id and kind and no other.
func checkMessage(m custody.Material, proof []byte) []byte {
	data := append(measured(forChecks), measured(string(m.Kind))...)
	return append(append(data, measured(m.ID)...), proof...)
}

// withMAC returns the check value of a material: the proof, and the authenticator's MAC behind it.
func (t *Token) withMAC(ctx context.Context, m custody.Material, proof []byte) ([]byte, error) {
	mac, err := t.authority.authenticate(ctx, checkMessage(m, proof))
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
	_, err := t.authority.keeper.Use(ctx, nil, func(l *session.Login, _ *object.Key,
		s cryptoki.Session) ([]byte, error) {
		mac, err := authenticateIn(l, s, checkMessage(m, proof))
		if err == nil && !hmac.Equal(mac, m.Check[n:]) {
			err = failure.ErrWrongMAC
		}
		return nil, err
	})
	if errors.Is(err, failure.ErrWrongMAC) {
		return nil, fault.Of(fmt.Errorf(
			"hsm: the check value of material %s was not made by this service", m.ID))
	}
	if err != nil {
		return nil, err
	}
	return proof, nil
}
