package tree

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// timestamped is the type of a witness's signatures in c2sp.org/tlog-cosignature: Ed25519 with a
// time.
const timestamped = 0x04

// WitnessKey is the public key of a witness: somebody who has seen a checkpoint and says so by a
// signature beside the log's own. It is a [note.Verifier].
type WitnessKey struct {
	name   string
	public ed25519.PublicKey
}

// ErrWitnessKey says that a text is no key of a witness.
var ErrWitnessKey = errors.New("this is no key of a witness, such as " +
	"`claviger audit witness --listen` prints")

// NewWitnessKey returns the key of the witness of that name.
func NewWitnessKey(name string, public ed25519.PublicKey) (*WitnessKey, error) {
	if name == "" || strings.ContainsAny(name, "+ \t\r\n") {
		return nil, fmt.Errorf("a witness can't be called %q", name)
	}
	return &WitnessKey{name: name, public: public}, nil
}

// ParseWitnessKey reads a key as [WitnessKey.String] writes it.
func ParseWitnessKey(text string) (*WitnessKey, error) {
	name, rest, _ := strings.Cut(strings.TrimSpace(text), "+")
	id, data, ok := strings.Cut(rest, "+")
	if !ok {
		return nil, ErrWitnessKey
	}
	raw, err := base64.StdEncoding.DecodeString(data)
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != timestamped {
		return nil, fmt.Errorf("%w: it is not of type 4, Ed25519 with a time", ErrWitnessKey)
	}
	k, err := NewWitnessKey(name, raw[1:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrWitnessKey, err)
	}
	if want, err := strconv.ParseUint(id, 16, 32); err != nil || uint32(want) != k.KeyHash() {
		return nil, fmt.Errorf("%w: its id %s is not that of its name and bytes, %08x", ErrWitnessKey, id,
			k.KeyHash())
	}
	return k, nil
}

// typed is the public key behind its type.
func (k *WitnessKey) typed() []byte { return append([]byte{timestamped}, k.public...) }

// String is the key as clients pin it.
func (k *WitnessKey) String() string {
	return fmt.Sprintf("%s+%08x+%s", k.name, k.KeyHash(), base64.StdEncoding.EncodeToString(k.typed()))
}

// Name implements [note.Verifier].
func (k *WitnessKey) Name() string { return k.name }

// KeyHash implements [note.Verifier].
func (k *WitnessKey) KeyHash() uint32 {
	sum := sha256.Sum256(append([]byte(k.name+"\n"), k.typed()...))
	return binary.BigEndian.Uint32(sum[:])
}

// cosigned is what a witness signs of a checkpoint's text.
func cosigned(at uint64, text []byte) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text)
}

// Cosign returns the line of a signature which says that a checkpoint was seen at a time. private
// is the key's.
func (k *WitnessKey) Cosign(checkpoint []byte, now time.Time, private ed25519.PrivateKey) string {
	end := bytes.Index(checkpoint, []byte("\n\n")) + 1
	at := uint64(now.Unix())
	line := binary.BigEndian.AppendUint32(nil, k.KeyHash())
	line = binary.BigEndian.AppendUint64(line, at)
	line = append(line, ed25519.Sign(private, cosigned(at, checkpoint[:end]))...)
	return fmt.Sprintf("— %s %s\n", k.name, base64.StdEncoding.EncodeToString(line))
}

// timeBytes have the time before a signature.
const timeBytes = 8

// Verify implements [note.Verifier]: a time, and a signature over it and the text.
func (k *WitnessKey) Verify(text, signature []byte) bool {
	if len(signature) != timeBytes+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(signature)
	return ed25519.Verify(k.public, cosigned(at, text), signature[timeBytes:])
}

// apart is how far a witness's clock may be from ours. What is signed longer ago may have been kept
// by somebody who now stands where the witness was.
const apart = 5 * time.Minute

// CheckCosigned returns nil if one of the lines is a signature of the witness over a checkpoint,
// made about now. Signatures of others are no matter.
func (k *WitnessKey) CheckCosigned(checkpoint []byte, lines string, now time.Time) error {
	n, err := note.Open(append(checkpoint[:len(checkpoint):len(checkpoint)], lines...),
		note.VerifierList(k))
	if err != nil {
		return fmt.Errorf("there is nothing that %s has signed: %w", k.name, err)
	}
	raw, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	if err != nil {
		return err
	}
	at := time.Unix(int64(binary.BigEndian.Uint64(raw[4:])), 0) // behind the key's id
	if d := now.Sub(at).Abs(); d > apart {
		return fmt.Errorf("what it has signed is of %s: its clock is wrong, or somebody answers with "+
			"what was signed before", at.UTC().Format(time.RFC3339))
	}
	return nil
}

var _ note.Verifier = (*WitnessKey)(nil)
