// Package signedtoken makes opaque tokens that callers hand back: page tokens, grant tokens, import
// tokens. A token carries a short text under a MAC. The MAC binds it to a scope: the operation, the
// namespace and whatever else it was made for. So it fits nothing else and can't be made up.
//
// The text is encrypted, since it may name what the holder may not know of: a page of what others
// share ends with whatever was looked at last. The MAC is the synthetic IV, as with RFC 5297, so
// that one text in one scope makes one token always.
package signedtoken

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
)

// Maker makes and reads the tokens of one installation. Every node of it has the same key.
type Maker struct {
	key   []byte
	block cipher.Block
}

// New returns a Maker. Tokens of makers with other keys are refused.
func New(key []byte) *Maker {
	// What tag hashes begins with a length, so that no tag is this.
	h := hmac.New(sha256.New, key)
	h.Write([]byte("encryption"))
	block, err := aes.NewCipher(h.Sum(nil))
	if err != nil {
		panic(err) // the length of a key is all that can be wrong with it
	}
	return &Maker{key: key, block: block}
}

// ErrInvalid is the answer to a token that this installation did not make for this scope.
var ErrInvalid = errors.New("the token was not made for this request")

// Encoding is what tokens are written in: base64 in characters that a URL takes as they stand.
// There is no hyphen among them: command lines take what begins with one for an option.
var Encoding = base64.NewEncoding(
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._").
	WithPadding(base64.NoPadding)

const tagSize = aes.BlockSize // bytes of HMAC-SHA-256 that a token carries

// Make returns the token that carries text within scope.
func (m *Maker) Make(text string, scope ...string) string {
	tag := m.tag(text, scope)
	return Encoding.EncodeToString(append(tag, m.crypt(tag, []byte(text))...))
}

// Read returns the text of a token that was made within scope.
func (m *Maker) Read(token string, scope ...string) (text string, err error) {
	b, err := Encoding.DecodeString(token)
	if err != nil || len(b) < tagSize {
		return "", ErrInvalid
	}
	text = string(m.crypt(b[:tagSize], b[tagSize:]))
	if !hmac.Equal(b[:tagSize], m.tag(text, scope)) {
		return "", ErrInvalid
	}
	return text, nil
}

// crypt encrypts or decrypts text in place.
func (m *Maker) crypt(tag, text []byte) []byte {
	cipher.NewCTR(m.block, tag).XORKeyStream(text, text)
	return text
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
