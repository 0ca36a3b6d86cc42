// Package signedtoken makes opaque tokens that callers hand back: page tokens, grant tokens, import
// tokens. A token carries a short text under a MAC. The MAC binds it to a scope: the operation, the
// namespace and whatever else it was made for. So it fits nothing else and can't be made up. It
// hides nothing: the text can be read by whoever holds the token.
package signedtoken

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
)

// Maker makes and reads the tokens of one installation. Every node of it has the same key.
type Maker struct{ key []byte }

// New returns a Maker. Tokens of makers with other keys are refused.
func New(key []byte) *Maker { return &Maker{key: key} }

// ErrInvalid is the answer to a token that this installation did not make for this scope.
var ErrInvalid = errors.New("the token was not made for this request")

const tagSize = 16 // bytes of HMAC-SHA-256 that a token carries

// Make returns the token that carries text within scope.
func (m *Maker) Make(text string, scope ...string) string {
	return base64.RawURLEncoding.EncodeToString(append(m.tag(text, scope), text...))
}

// Read returns the text of a token that was made within scope.
func (m *Maker) Read(token string, scope ...string) (text string, err error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) < tagSize {
		return "", ErrInvalid
	}
	text = string(b[tagSize:])
	if !hmac.Equal(b[:tagSize], m.tag(text, scope)) {
		return "", ErrInvalid
	}
	return text, nil
}

// tag is the MAC over scope and text, each part with its length before it.
func (m *Maker) tag(text string, scope []string) []byte {
	h := hmac.New(sha256.New, m.key)
	for _, part := range append(scope[:len(scope):len(scope)], text) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		h.Write([]byte(part))
	}
	return h.Sum(nil)[:tagSize]
}
