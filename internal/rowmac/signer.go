// Package rowmac signs the rows that grant access or hold wrapped keys, so that a row that was
// edited behind the service's back is noticed before it is believed.
//
// A [Table] says once which columns a signed row has and where their values are. From that come
// the list of columns for a query, the values for an INSERT, and the MAC. When a row is read, its
// MAC is verified over the bytes that are stored and not over what this version of the program
// would store for the same values: an edit that a decoder forgives is an edit all the same.
package rowmac

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"claviger/internal/fault"
)

// MAC makes the HMAC-SHA-256 of a row by a key on the token.
type MAC func(ctx context.Context, row []byte) ([]byte, error)

// Signer signs rows and verifies them. A row is verified by the token once for its exact bytes;
// while those bytes stay the same, reading it again costs no call.
type Signer struct {
	installation string
	mac          MAC
	edited       func(table string) // is told of a row that doesn't fit its MAC; or nil

	mu   sync.Mutex
	seen map[[sha256.Size]byte]struct{} // digests of row and MAC that the token has made or verified
}

// remembered bounds the set of verified rows: 32 bytes each, 2 MiB in all.
const remembered = 1 << 16

// New returns the Signer of an installation, whose identifier is part of everything that is signed.
func New(installation string, mac MAC) *Signer {
	return &Signer{installation: installation, mac: mac, seen: map[[sha256.Size]byte]struct{}{}}
}

// Tell has a function told of each row that is read and is not as the service stored it, by its
// table. It must be set before the Signer is used, may be called from several goroutines, and must
// keep nobody waiting.
func (s *Signer) Tell(edited func(table string)) { s.edited = edited }

// refuse returns the error of a row that was edited, for a reason, and tells of it.
func (s *Signer) refuse(table string, why error) error {
	if s.edited != nil {
		s.edited(table)
	}
	return why
}

// Sign returns the MAC of a row, made by the token over the installation, the table and
// every column, each with its length. Columns are strings, byte strings and integers, in the order
// of the table.
func (s *Signer) Sign(ctx context.Context, table string, columns ...any) ([]byte, error) {
	row := s.row(table, columns)
	mac, err := s.mac(ctx, row)
	if err != nil {
		return nil, err
	}
	s.remember(digestOf(row, mac)) // the token need not say again what it has just said
	return mac, nil
}

// digestOf is what a row and its MAC are remembered by.
func digestOf(row, mac []byte) [sha256.Size]byte {
	return sha256.Sum256(append(row[:len(row):len(row)], mac...))
}

// Verify reports whether mac was made by [Signer.Sign] over the same row. A row that was edited is
// an internal error: the caller learns nothing, the log says which table.
func (s *Signer) Verify(ctx context.Context, mac []byte, table string, columns ...any) error {
	row := s.row(table, columns)
	digest := digestOf(row, mac)
	if s.known(digest) {
		return nil
	}
	want, err := s.mac(ctx, row)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(want, mac) != 1 {
		return s.refuse(table, errEdited(table))
	}
	s.remember(digest)
	return nil
}

// ErrEdited is wrapped by the error for a row that was edited.
var ErrEdited = errors.New("its MAC does not fit")

func errEdited(table string) error {
	return fault.Of(fmt.Errorf("a row of table %s was changed outside the service: %w", table,
		ErrEdited))
}

func (s *Signer) known(d [sha256.Size]byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.seen[d]
	return ok
}

func (s *Signer) remember(d [sha256.Size]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for old := range s.seen { // map order picks the victim
		if len(s.seen) < remembered {
			break
		}
		delete(s.seen, old)
	}
	s.seen[d] = struct{}{}
}

// row encodes a row so that no two rows have one encoding: every part is preceded by its length.
func (s *Signer) row(table string, columns []any) []byte {
	b := make([]byte, 0, 512)
	b = text(b, "claviger row 1")
	b = text(b, s.installation)
	b = text(b, table)
	for _, c := range columns {
		switch c := c.(type) {
		case string:
			b = text(b, c)
		case []byte:
			b = text(b, string(c))
		case int64:
			b = text(b, string(binary.BigEndian.AppendUint64(nil, uint64(c))))
		default:
			panic(fmt.Sprintf("rowmac: a column of type %T can't be signed", c))
		}
	}
	return b
}

func text(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
	return append(b, s...)
}
