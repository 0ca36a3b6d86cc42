// Package listener bounds the connections of a listener, in all and for each source, so that nobody
// who reaches the port can use up what the process may open: the device and the database need
// files, too.
//
// Whoever is too many of its source takes the place of another connection of it: of one that has
// carried no request of a known caller, the oldest first, and after these of one that is idle.
// Whoever is too many in all takes one in the same order: a stranger's, whoever it is of, before a
// known caller's idle one, and among equals of the source that has the most. So somebody who only
// connects displaces himself or another stranger, and a client that has signed keeps its connection
// as long as it uses it.
package listener

import (
	"container/list"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"

	"claviger/internal/source"
)

// Observer is told how many connections there are and of those that were closed because they were
// too many. Its methods must not block.
type Observer interface {
	Connections(delta int)
	Overload(where string)
}

// Listener is a listener that keeps to limits. [New] makes it. The server that it is used with must
// call [Listener.ConnState] and [Listener.ConnContext].
type Listener struct {
	net.Listener
	total, share int
	observe      Observer

	mu      sync.Mutex
	open    int
	sources map[string]*connections
}

// connections are those of one source, and those that may be closed in the order in which they
// would be.
type connections struct {
	open    int
	unknown list.List // of *conn: nobody known has used them yet
	idle    list.List // of *conn: of known callers, between requests or waiting for something
}

// conn is a connection that counts.
type conn struct {
	net.Conn
	of     *Listener
	source string

	// under the lock of the listener
	known  string // the party of the last signature; empty: nobody known
	idle   bool
	closed bool
	in     *list.List // where it stands among those that may be closed, or nil
	at     *list.Element
}

// New returns l with at most total connections at once, and at most share of one source.
func New(l net.Listener, total, share int, observe Observer) *Listener {
	return &Listener{Listener: l, total: total, share: share, observe: observe,
		sources: map[string]*connections{}}
}

// Accept waits for the next connection that is not too many.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		accepted, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &conn{Conn: accepted, of: l, source: source.Of(accepted.RemoteAddr().String())}
		displaced, ok := l.enter(c)
		if displaced != nil {
			l.observe.Overload("connections")
			_ = displaced.Close()
		}
		if ok {
			l.observe.Connections(1)
			return c, nil
		}
		l.observe.Overload("connections")
		_ = accepted.Close()
	}
}

// enter counts c. It returns the connection that has to go for it, and whether c may stay.
func (l *Listener) enter(c *conn) (displaced *conn, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := l.sources[c.source]
	switch {
	case own != nil && own.open >= l.share:
		displaced = own.last()
	case l.open >= l.total:
		displaced = l.heaviest(own)
	default:
		ok = true
	}
	if displaced != nil {
		displaced.uncount()
		ok = true
	}
	if !ok {
		return nil, false
	}
	if own = l.sources[c.source]; own == nil {
		own = new(connections)
		l.sources[c.source] = own
	}
	l.open++
	own.open++
	c.stand(&own.unknown)
	return displaced, true
}

// last is the connection of a source that goes first, or nil if all are at work for known callers.
func (s *connections) last() *conn {
	for _, l := range []*list.List{&s.unknown, &s.idle} {
		if e := l.Front(); e != nil {
			return e.Value.(*conn)
		}
	}
	return nil
}

// looked bounds how many sources are looked at for the one with the most connections.
const looked = 64

// heaviest is the connection that goes first of the source that has the most, among sources that
// chance picks. One that nobody known has used goes before one that is idle, however many the
// source of either has: strangers from many sources must not close what callers keep open. own is
// the source of the newcomer, which is looked at always.
func (l *Listener) heaviest(own *connections) *conn {
	var found *conn
	most, n := 0, 0
	look := func(s *connections) {
		last := s.last()
		switch {
		case last == nil, found != nil && last.known != "" && found.known == "":
			return
		case found == nil, found.known != "" && last.known == "", s.open > most:
			found, most = last, s.open
		}
	}
	if own != nil {
		look(own)
	}
	for _, s := range l.sources { // a map begins anywhere
		look(s)
		if n++; n == looked {
			break
		}
	}
	return found
}

// stand puts c in the line of those that may be closed, or in none. The lock is held.
func (c *conn) stand(in *list.List) {
	if c.in == in {
		return
	}
	if c.in != nil {
		c.in.Remove(c.at)
	}
	c.in, c.at = in, nil
	if in != nil {
		c.at = in.PushBack(c)
	}
}

// place puts c where its state belongs. The lock is held.
func (c *conn) place() {
	if c.closed {
		return
	}
	own := c.of.sources[c.source]
	switch {
	case c.known == "":
		c.stand(&own.unknown)
	case c.idle:
		c.stand(&own.idle)
	default:
		c.stand(nil)
	}
}

// uncount takes c out of the numbers, once. The lock is held.
func (c *conn) uncount() {
	if c.closed {
		return
	}
	c.closed = true
	c.stand(nil)
	l := c.of
	l.open--
	own := l.sources[c.source]
	own.open--
	if own.open == 0 {
		delete(l.sources, c.source)
	}
	l.observe.Connections(-1)
}

// Close closes the connection, whose place is free at once.
func (c *conn) Close() error {
	c.of.mu.Lock()
	c.uncount()
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite lets TLS end its half of a connection, as net/http asks.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// ConnState is for [http.Server.ConnState].
func (l *Listener) ConnState(nc net.Conn, state http.ConnState) {
	c := counted(nc)
	if c == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c.idle = state == http.StateIdle
	c.place()
}

type contextKey struct{}

// ConnContext is for [http.Server.ConnContext].
func (l *Listener) ConnContext(ctx context.Context, nc net.Conn) context.Context {
	if c := counted(nc); c != nil {
		return context.WithValue(ctx, contextKey{}, c)
	}
	return ctx
}

// counted finds the connection that counts under what a server was handed.
func counted(nc net.Conn) *conn {
	if t, ok := nc.(*tls.Conn); ok {
		nc = t.NetConn()
	}
	c, _ := nc.(*conn)
	return c
}

// SetKnown says of which party the last signature on the connection of a request was, or by an
// empty name that it was nobody's who is known. A connection of another listener is never known.
func SetKnown(ctx context.Context, party string) {
	c, _ := ctx.Value(contextKey{}).(*conn)
	if c == nil {
		return
	}
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	was := c.known
	c.known = party
	if (was == "") != (party == "") {
		c.place()
	}
}

// SetWaiting says whether the request on a connection of HTTP/1 only waits for something to happen:
// then it may be closed as one that is idle.
func SetWaiting(ctx context.Context, waiting bool) {
	c, _ := ctx.Value(contextKey{}).(*conn)
	if c == nil {
		return
	}
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.idle = waiting
	c.place()
}

// Known returns what [SetKnown] said.
func Known(ctx context.Context) (party string) {
	c, _ := ctx.Value(contextKey{}).(*conn)
	if c == nil {
		return ""
	}
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	return c.known
}
