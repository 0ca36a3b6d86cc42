package tree

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// ecdsaSHA256 is the type of our signatures in c2sp.org/signed-note: ECDSA, here over P-256.
const ecdsaSHA256 = 0x02

// Origin is the name of an installation's log, in its checkpoints and of its key.
func Origin(installation string) string { return "claviger/" + installation }

// Key is the public key of a log, by which checkpoints are verified. It is a [note.Verifier].
type Key struct {
	name   string
	spki   []byte // DER SubjectPublicKeyInfo
	public *ecdsa.PublicKey
}

// ErrKey says that a text or some bytes are no key of a log.
var ErrKey = errors.New("this is no key of a trail, such as `claviger audit key` prints")

// NewKey returns the key of the log of that name; spki is a DER SubjectPublicKeyInfo with a P-256
// key.
func NewKey(name string, spki []byte) (*Key, error) {
	any, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	public, ok := any.(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%w: it is not of the curve P-256", ErrKey)
	}
	if name == "" || strings.ContainsAny(name, "+ \t\r\n") {
		return nil, fmt.Errorf("%w: its name is %q", ErrKey, name)
	}
	return &Key{name: name, spki: spki, public: public}, nil
}

// ParseKey reads a key as [Key.String] writes it, white space around it aside.
func ParseKey(text string) (*Key, error) {
	name, rest, _ := strings.Cut(strings.TrimSpace(text), "+")
	id, data, ok := strings.Cut(rest, "+")
	if !ok {
		return nil, ErrKey
	}
	raw, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return nil, fmt.Errorf("%w: it isn't whole", ErrKey)
	}
	if len(raw) == 0 || raw[0] != ecdsaSHA256 {
		return nil, fmt.Errorf("%w: it is not of type 2, ECDSA", ErrKey)
	}
	k, err := NewKey(name, raw[1:])
	if err != nil {
		return nil, err
	}
	if want, err := strconv.ParseUint(id, 16, 32); err != nil || uint32(want) != k.KeyHash() {
		return nil, fmt.Errorf("%w: its id %s is not that of its bytes, %08x", ErrKey, id, k.KeyHash())
	}
	return k, nil
}

// String is the key as verifiers take it: its name, its id in hex, and base64 of its type and
// bytes, with + between them.
func (k *Key) String() string {
	return fmt.Sprintf("%s+%08x+%s", k.name, k.KeyHash(),
		base64.StdEncoding.EncodeToString(append([]byte{ecdsaSHA256}, k.spki...)))
}

// Name implements [note.Verifier]: the log's origin.
func (k *Key) Name() string { return k.name }

// KeyHash implements [note.Verifier]. The id of an ECDSA key is of its bytes alone, without its
// name: c2sp.org/signed-note has it so for this type.
func (k *Key) KeyHash() uint32 {
	sum := sha256.Sum256(k.spki)
	return binary.BigEndian.Uint32(sum[:])
}

// Verify implements [note.Verifier]: an ASN.1 signature over the SHA-256 of a text.
func (k *Key) Verify(text, signature []byte) bool {
	digest := sha256.Sum256(text)
	return ecdsa.VerifyASN1(k.public, digest[:], signature)
}

// Signer is a key of a log together with who signs by it. It is a [note.Signer].
type Signer struct {
	*Key
	// By returns an ASN.1 signature of the key over the SHA-256 of a text.
	By func(text []byte) ([]byte, error)
}

// Sign implements [note.Signer].
func (s Signer) Sign(text []byte) ([]byte, error) { return s.By(text) }

var (
	_ note.Verifier = (*Key)(nil)
	_ note.Signer   = Signer{}
)
