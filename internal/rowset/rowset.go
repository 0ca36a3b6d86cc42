// Package rowset digests sets of rows, so that a row which was deleted, brought back or put back
// in an older version is noticed: each of these leaves rows with MACs that are right.
//
// A set's digest is the sum of its rows' digests modulo 2^256, so a row comes and goes by one
// addition, in any order. A sum is no hash by itself: who knows enough addends finds other rows
// with the same one. So every addend is an HMAC under a key that the token's authenticator makes,
// and neither an addend nor a sum ever leaves the process. What is stored of a set is a tag, a MAC
// over table, number of rows and sum. To whoever has no key, other rows have the same sum with a
// probability of 2^-256, and nothing that is stored says more of the sums than whether two are
// equal.
package rowset

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math/bits"
	"strconv"
	"strings"
)

// Digest is what one row adds to its set. It is never stored.
type Digest [sha256.Size]byte

// Set is a set of rows: how many there are and the sum of their digests. The zero value is empty.
type Set struct {
	Rows int64
	sum  [4]uint64 // little-endian words
}

// Add adds a row.
func (s *Set) Add(d Digest) {
	var carry uint64
	for i := range s.sum {
		s.sum[i], carry = bits.Add64(s.sum[i], binary.LittleEndian.Uint64(d[8*i:]), carry)
	}
	s.Rows++
}

// Remove takes a row out.
func (s *Set) Remove(d Digest) {
	var borrow uint64
	for i := range s.sum {
		s.sum[i], borrow = bits.Sub64(s.sum[i], binary.LittleEndian.Uint64(d[8*i:]), borrow)
	}
	s.Rows--
}

// AppendRow appends what of a row is digested: its table, its MAC and its primary key, so that no
// two rows have one encoding. Columns of a key are strings, integers and byte strings; another one
// is an error.
func AppendRow(b []byte, table string, mac []byte, key []any) ([]byte, error) {
	b = part(b, 's', []byte(table))
	b = part(b, 'b', mac)
	for _, column := range key {
		switch c := column.(type) {
		case string:
			b = part(b, 's', []byte(c))
		case int64:
			b = part(b, 'i', binary.BigEndian.AppendUint64(nil, uint64(c)))
		case []byte:
			b = part(b, 'b', c)
		default:
			return nil, fmt.Errorf("a primary key of %s holds a %T", table, column)
		}
	}
	return b, nil
}

// part appends bytes with their kind and their length before them.
func part(b []byte, kind byte, value []byte) []byte {
	return append(binary.BigEndian.AppendUint32(append(b, kind), uint32(len(value))), value...)
}

// Key makes the digests and tags of one installation. It belongs to one goroutine.
type Key struct{ mac hash.Hash }

// NewKey returns the Key of a secret, which nobody but the service knows.
func NewKey(secret []byte) *Key { return &Key{hmac.New(sha256.New, secret)} }

// The purposes of the one secret. None is the beginning of another.
const (
	ofRow   = 'r'
	ofSet   = 's'
	ofLines = 'l'
)

func (k *Key) make(purpose byte, parts ...[]byte) (sum [sha256.Size]byte) {
	k.mac.Reset()
	k.mac.Write([]byte{purpose})
	for _, p := range parts {
		k.mac.Write(p)
	}
	k.mac.Sum(sum[:0])
	return sum
}

// Digest digests a row as [AppendRow] has encoded it.
func (k *Key) Digest(row []byte) Digest { return k.make(ofRow, row) }

// Line returns what is stored of a table's set.
func (k *Key) Line(table string, s Set) Line {
	b := binary.BigEndian.AppendUint64(nil, uint64(s.Rows))
	for _, word := range s.sum {
		b = binary.BigEndian.AppendUint64(b, word)
	}
	tag := k.make(ofSet, b, []byte(table))
	return Line{Table: table, Rows: s.Rows, Tag: hex.EncodeToString(tag[:])}
}

// Line is what is stored of one set.
type Line struct {
	Table string
	Rows  int64
	Tag   string // hex
}

// Sign returns the text of all sets, a line each, and its MAC. One MAC is over all of them, or the
// rows of one table could be put back together with their line.
func (k *Key) Sign(lines []Line) (text string, mac []byte) {
	b := make([]byte, 0, 100*len(lines)) // most lines have fewer
	for _, l := range lines {
		b = append(append(b, l.Table...), ' ')
		b = append(strconv.AppendInt(b, l.Rows, 10), ' ')
		b = append(append(b, l.Tag...), '\n')
	}
	sum := k.make(ofLines, b)
	return string(b), sum[:]
}

// ErrEdited means that a text of sets is not one that [Key.Sign] has made.
var ErrEdited = errors.New("its MAC does not fit")

// Read returns the lines of a text that [Key.Sign] has made.
func (k *Key) Read(text string, mac []byte) (lines []Line, err error) {
	if sum := k.make(ofLines, []byte(text)); !hmac.Equal(sum[:], mac) {
		return nil, ErrEdited
	}
	for one := range strings.Lines(text) {
		var l Line
		if _, err := fmt.Sscanf(one, "%s %d %s\n", &l.Table, &l.Rows, &l.Tag); err != nil {
			return nil, fmt.Errorf("a line of the sets of rows can't be read: %w", err)
		}
		lines = append(lines, l)
	}
	return lines, nil
}
