package tree

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Hash is the hash of a record or of a node: SHA-256 as RFC 6962 section 2.1 applies it.
type Hash = tlog.Hash

// Checkpoint says which records a log had when there were so many: c2sp.org/tlog-checkpoint.
type Checkpoint struct {
	Origin string
	Size   int64 // how many records
	Root   Hash  // of the tree over them
}

// Why a checkpoint proves nothing.
var (
	ErrMalformed = errors.New("this is no checkpoint")
	ErrForged    = errors.New("its signature isn't the key's")
	ErrOtherKey  = errors.New("it is signed by another key")
)

// text is what is signed: three lines, and nothing that a program could add.
func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root)
}

// Sign returns a checkpoint as a signed note.
func (c Checkpoint) Sign(s Signer) ([]byte, error) {
	return note.Sign(&note.Note{Text: c.text()}, s)
}

// Open returns the checkpoint of a note that the key has signed. Signatures of others, such as
// those of witnesses, are no matter. It fails with [ErrMalformed], [ErrForged] or [ErrOtherKey].
func Open(signed []byte, key *Key) (Checkpoint, error) {
	n, err := note.Open(signed, note.VerifierList(key))
	var forged *note.InvalidSignatureError
	var unknown *note.UnverifiedNoteError
	switch {
	case errors.As(err, &forged):
		return Checkpoint{}, ErrForged
	case errors.As(err, &unknown):
		return Checkpoint{}, fmt.Errorf("%w%s", ErrOtherKey, signers(unknown.Note))
	case err != nil:
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	c, err := read(n.Text)
	for _, s := range append(n.Sigs, n.UnverifiedSigs...) {
		raw, bad := base64.StdEncoding.DecodeString(s.Base64)
		if bad != nil || base64.StdEncoding.EncodeToString(raw) != s.Base64 {
			err = ErrMalformed // it says the same in other letters: somebody has written it anew
		}
	}
	if err == nil && c.Origin != key.Name() {
		err = fmt.Errorf("%w: it is of the log %q", ErrMalformed, c.Origin)
	}
	return c, err
}

// signers names who has signed a note.
func signers(n *note.Note) (said string) {
	for _, s := range n.UnverifiedSigs {
		said += fmt.Sprintf(" (%s, key %08x)", s.Name, s.Hash)
	}
	return said
}

// Claimed returns what a note says of itself, whoever has signed it: to name one that proves
// nothing.
func Claimed(signed []byte) (Checkpoint, error) {
	text, _, ok := strings.Cut(string(signed), "\n\n")
	if !ok {
		return Checkpoint{}, ErrMalformed
	}
	return read(text + "\n")
}

// read takes a checkpoint from the text of a note. What [Checkpoint.text] wouldn't write is
// refused: two texts never mean the same.
func read(text string) (c Checkpoint, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] == "" {
		return c, ErrMalformed
	}
	c.Origin = lines[0]
	c.Size, err = strconv.ParseInt(lines[1], 10, 64)
	root, bad := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || bad != nil || len(root) != tlog.HashSize || c.Size < 0 {
		return Checkpoint{}, ErrMalformed
	}
	copy(c.Root[:], root)
	if c.text() != text {
		return Checkpoint{}, ErrMalformed
	}
	return c, nil
}
