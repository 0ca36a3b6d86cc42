package session

import (
	"context"
	"errors"
	"fmt"

	"claviger/identity/accesskey"
	"claviger/internal/custody"
	"claviger/internal/fault"
	"claviger/internal/signedtoken"
)

// Device is what tokens ask of the device.
type Device interface {
	Seal(ctx context.Context, ref custody.Ref, plaintext, aad []byte) ([]byte, error)
	Unseal(ctx context.Context, ref custody.Ref, sealed, aad []byte) ([]byte, error)
}

// Tokens makes and opens the session tokens of one installation.
type Tokens struct {
	Device Device
	Key    custody.Ref        // that seals them
	Front  *signedtoken.Maker // of the MAC in front
}

// MaxSize is how many characters a token has at most ("AssumeRole" of the STS API Reference: a
// policy that fits makes no longer one).
const MaxSize = 4096

// version is the first byte of what a token carries.
const version = 1

const scope = "session token"

// ErrToken says that a token is not of this installation, or of another access key.
var ErrToken = errors.New("the session token is not one of this access key")

// Seal makes the token of a session, with the secret of its access key inside, of at least so many
// characters. The session must have passed [Passed.Packed].
func (t *Tokens) Seal(ctx context.Context, s *Session, secret *accesskey.Secret, least int) (
	token string, err error) {
	packed, err := pack(s)
	if err != nil {
		return "", err
	}
	plaintext := append(secret[:], packed...)
	plaintext = append(plaintext, make([]byte, padding(len(plaintext), least))...)
	defer clear(plaintext)
	sealed, err := t.Device.Seal(ctx, t.Key, plaintext, aad(s.AccessKeyID))
	if err != nil {
		return "", err
	}
	token = t.Front.Make(string(append([]byte{version}, sealed...)), scope, s.AccessKeyID)
	if len(token) > MaxSize {
		return "", fault.Of(fmt.Errorf("a session token of %d characters", len(token)))
	}
	return token, nil
}

// padding is how many bytes more make a token that holds so many as long as it shall be at least.
func padding(size, least int) int {
	const around = 16 + 1 + 12 + 16 // MAC, version, IV and tag
	most := signedtoken.Encoding.DecodedLen(least)
	if signedtoken.Encoding.EncodedLen(most) < least {
		most++
	}
	return max(0, most-around-size)
}

// Open returns the session of a token and the secret of its access key, or [ErrToken]. Whether the
// session goes on is not looked at.
func (t *Tokens) Open(ctx context.Context, accessKeyID, token string) (
	s *Session, secret *accesskey.Secret, err error) {
	if len(token) > MaxSize {
		return nil, nil, ErrToken
	}
	text, err := t.Front.Read(token, scope, accessKeyID)
	if err != nil || len(text) == 0 || text[0] != version {
		return nil, nil, ErrToken
	}
	plaintext, err := t.Device.Unseal(ctx, t.Key, []byte(text[1:]), aad(accessKeyID))
	switch {
	case errors.Is(err, custody.ErrForged):
		return nil, nil, ErrToken
	case err != nil:
		return nil, nil, err
	}
	defer clear(plaintext)
	s, err = read(plaintext)
	if err != nil {
		return nil, nil, fault.Of(fmt.Errorf("a session token that was sealed here: %w", err))
	}
	s.AccessKeyID = accessKeyID
	drawn := accesskey.Secret(plaintext[:accesskey.SecretSize])
	return s, &drawn, nil
}

// read reads what was sealed: the secret, and behind it the session.
func read(plaintext []byte) (*Session, error) {
	if len(plaintext) < accesskey.SecretSize {
		return nil, errors.New("it is too short")
	}
	s := new(Session)
	return s, unpack(plaintext[accesskey.SecretSize:], s)
}

// aad binds what is sealed to its access key.
func aad(accessKeyID string) []byte { return []byte("claviger session 1 " + accessKeyID) }
