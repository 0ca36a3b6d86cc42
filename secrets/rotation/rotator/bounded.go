package rotator

import (
	"errors"
	"net"
)

// ErrTooMuch is what a [Bounded] connection ends with.
var ErrTooMuch = errors.New("the server sends more than anybody has asked for")

// Bounded is a connection by which a limited number of bytes come. Drivers keep what a server says
// of itself, and put messages together for as long as it says that there is more.
type Bounded struct {
	net.Conn
	Left int // bytes that may come yet
}

// Read implements [io.Reader].
func (b *Bounded) Read(p []byte) (int, error) {
	if b.Left <= 0 {
		return 0, ErrTooMuch
	}
	n, err := b.Conn.Read(p[:min(len(p), b.Left)])
	b.Left -= n
	return n, err
}
