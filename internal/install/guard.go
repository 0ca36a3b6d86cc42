package install

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"claviger/internal/custody"
)

// Guard signs rows and verifies them. A row is verified by the token once for its exact bytes; while those
// bytes stay the same, reading it again costs no call.
type Guard struct {
	installation string
	token        Token
	key          custody.Ref

	mu   sync.Mutex
	seen map[[sha256.Size]byte]struct{} // digests of row and MAC that the token has made or verified
}

// remembered bounds the set of verified rows: 32 bytes each, 2 MiB in all.
const remembered = 1 << 16

func newGuard(installation string, token Token, key custody.Ref) *Guard {
	return &Guard{installation: installation, token: token, key: key, seen: map[[sha256.Size]byte]struct{}{}}
}

// Sign returns the MAC of a row: HMAC-SHA-256 by the token over the installation, the table and every column,
// each with its length. Columns are strings, byte strings, integers, booleans and times, in the order of the table.
func (g *Guard) Sign(ctx context.Context, table string, columns ...any) ([]byte, error) {
	row := g.row(table, columns)
	mac, err := g.token.MAC(ctx, g.key, row)
	if err == nil {
		g.remember(signed(row, mac)) // the token need not say again what it has just said
	}
	return mac, err
}

// signed is what a row and its MAC are remembered by.
func signed(row, mac []byte) [sha256.Size]byte {
	return sha256.Sum256(append(row[:len(row):len(row)], mac...))
}

// Verify reports whether mac was made by [Guard.Sign] over the same row. A row that was edited is an internal
// error: the caller learns nothing, the log says which table.
func (g *Guard) Verify(ctx context.Context, mac []byte, table string, columns ...any) error {
	row := g.row(table, columns)
	digest := signed(row, mac)
	if g.known(digest) {
		return nil
	}
	want, err := g.token.MAC(ctx, g.key, row)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(want, mac) != 1 {
		return errEdited.Because(fmt.Errorf("a row of table %s was changed outside the service: its MAC does not fit", table))
	}
	g.remember(digest)
	return nil
}

func (g *Guard) known(d [sha256.Size]byte) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, ok := g.seen[d]
	return ok
}

func (g *Guard) remember(d [sha256.Size]byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for old := range g.seen { // map order picks the victim
		if len(g.seen) < remembered {
			break
		}
		delete(g.seen, old)
	}
	g.seen[d] = struct{}{}
}

// row encodes a row so that no two rows have one encoding: every part is preceded by its length.
func (g *Guard) row(table string, columns []any) []byte {
	b := make([]byte, 0, 512)
	b = text(b, "claviger row 1")
	b = text(b, g.installation)
	b = text(b, table)
	for _, c := range columns {
		switch c := c.(type) {
		case string:
			b = text(b, c)
		case []byte:
			b = text(b, string(c))
		case int64:
			b = text(b, string(binary.BigEndian.AppendUint64(nil, uint64(c))))
		case bool:
			b = text(b, fmt.Sprint(c))
		case time.Time:
			b = text(b, string(binary.BigEndian.AppendUint64(nil, uint64(c.UnixMicro()))))
		default:
			panic(fmt.Sprintf("install: a column of type %T can't be signed", c))
		}
	}
	return b
}

func text(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
	return append(b, s...)
}
