package redis

import (
	"bytes"
	"io"
	"net"
	"testing"
)

// pieces is a connection from which an answer comes in pieces.
type pieces struct {
	net.Conn
	text io.Reader
	size int
}

func (p *pieces) Read(b []byte) (int, error) { return p.text.Read(b[:min(len(b), p.size)]) }

// FuzzBounded: whether an answer is too large doesn't depend on the pieces that it comes in, and
// what fits comes as it is.
func FuzzBounded(f *testing.F) {
	f.Add([]byte("*2\r\n$5\r\nflags\r\n*0\r\n+OK\r\n"), 3)
	f.Add([]byte("$-1\r\n$2\r\n$9\r\n*99999999\r\n"), 1)
	f.Add([]byte("$9999999999999999999999\r\n"), 7)
	f.Fuzz(func(t *testing.T, text []byte, size int) {
		read := func(size int) ([]byte, error) {
			return io.ReadAll(&bounded{left: mostAnswers,
				Conn: &pieces{text: bytes.NewReader(text), size: size}})
		}
		whole, err := read(max(1, len(text)))
		_, errOfPieces := read(1 + max(size, -size, 0)%64)
		if (err == nil) != (errOfPieces == nil) {
			t.Fatalf("whole: %v, in pieces: %v", err, errOfPieces)
		}
		if err == nil && !bytes.Equal(whole, text) {
			t.Fatalf("%q, want %q", whole, text)
		}
	})
}
