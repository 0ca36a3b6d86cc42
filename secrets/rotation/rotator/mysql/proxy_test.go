package mysql_test

import (
	"bytes"
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"testing"

	"claviger/secrets/rotation/rotator/servertest"
)

// cutter is a proxy before a server that ends a connection over a statement: before the server has
// got it, or when it has answered, so that the statement counts and nobody knows.
type cutter struct {
	port  uint16
	over  atomic.Pointer[string] // the text that such a statement has; nil: none is looked for
	after bool
}

func newCutter(t *testing.T, server uint16, after bool) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(servertest.Host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	c := &cutter{port: uint16(l.Addr().(*net.TCPAddr).Port), after: after}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go c.serve(client, net.JoinHostPort(servertest.Host, strconv.Itoa(int(server))))
		}
	}()
	return c
}

// cut has the next statement with the text cut off, and all others pass.
func (c *cutter) cut(over string) { c.over.Store(&over) }

// done reports whether it has been cut off.
func (c *cutter) done() bool { return c.over.Load() == nil }

func (c *cutter) serve(client net.Conn, at string) {
	defer client.Close()
	server, err := net.Dial("tcp", at)
	if err != nil {
		return
	}
	defer server.Close()
	var last atomic.Bool // the answer that comes next is not passed on
	go func() {
		defer client.Close()
		b := make([]byte, 1<<16)
		for {
			n, err := server.Read(b)
			if err != nil || last.Load() {
				return
			}
			if _, err := client.Write(b[:n]); err != nil {
				return
			}
		}
	}()
	b := make([]byte, 1<<16)
	for {
		n, err := client.Read(b)
		if err != nil {
			return
		}
		over := c.over.Load()
		if over != nil && bytes.Contains(b[:n], []byte(*over)) && c.over.CompareAndSwap(over, nil) {
			if !c.after {
				return
			}
			last.Store(true)
		}
		if _, err := io.Copy(server, bytes.NewReader(b[:n])); err != nil {
			return
		}
	}
}
