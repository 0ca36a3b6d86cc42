package listener

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"testing"
)

// end is the server's end of a connection from an address.
type end struct {
	net.Conn
	from   string
	closed bool
}

func (e *end) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(e.from))
}

func (e *end) Close() error {
	e.closed = true
	return nil
}

// queue is a listener with connections that wait for it.
type queue struct{ waiting []*end }

func (q *queue) Accept() (net.Conn, error) {
	if len(q.waiting) == 0 {
		return nil, net.ErrClosed
	}
	next := q.waiting[0]
	q.waiting = q.waiting[1:]
	return next, nil
}

func (*queue) Close() error   { return nil }
func (*queue) Addr() net.Addr { return nil }

// counts is an observer.
type counts struct {
	mu       sync.Mutex
	open     int
	overload int
}

func (c *counts) Connections(delta int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open += delta
}

func (c *counts) Overload(string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.overload++
}

// bench is a listener to which connections come one by one.
type bench struct {
	t *testing.T
	*Listener
	*queue
	seen counts
	ends map[string]*end // by the name that the test gives them
	all  map[string]net.Conn
}

func of(t *testing.T, total, share int) *bench {
	b := &bench{t: t, queue: &queue{}, ends: map[string]*end{}, all: map[string]net.Conn{}}
	b.Listener = New(b.queue, total, share, &b.seen)
	return b
}

// connect has a connection come, and reports whether it was taken.
func (b *bench) connect(name, from string) bool {
	b.t.Helper()
	e := &end{from: from + ":1"}
	b.queue.waiting = append(b.queue.waiting, e)
	b.ends[name] = e
	c, err := b.Listener.Accept()
	if err != nil {
		return false
	}
	b.all[name] = c
	b.ConnState(c, http.StateNew)
	return true
}

// use has a connection carry a request of a known caller, and rest.
func (b *bench) use(name string) {
	b.ConnState(b.all[name], http.StateActive)
	SetKnown(b.context(name), "a caller")
	b.ConnState(b.all[name], http.StateIdle)
}

func (b *bench) context(name string) context.Context {
	return b.ConnContext(b.t.Context(), b.all[name])
}

// open names the connections that are open.
func (b *bench) open() (names []string) {
	for name, e := range b.ends {
		if !e.closed {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (b *bench) want(names ...string) {
	b.t.Helper()
	if got := b.open(); !slices.Equal(got, names) {
		b.t.Errorf("open are %v, want %v", got, names)
	}
	if b.seen.open != len(names) {
		b.t.Errorf("%d are counted, want %d", b.seen.open, len(names))
	}
}

const one, other = "192.0.2.1", "192.0.2.2"

// Whoever only connects displaces himself, and nobody else.
func TestListener_SourceAtItsShare_LosesItsOldestStranger(t *testing.T) {
	b := of(t, 10, 3)
	b.connect("other", other)
	for i := range 5 {
		b.connect(fmt.Sprint(i), one)
	}
	b.want("2", "3", "4", "other")
	if b.seen.overload != 2 {
		t.Errorf("%d were counted as too many, want 2", b.seen.overload)
	}
}

func TestListener_KnownConnection_OutlivesStrangersOfItsSource(t *testing.T) {
	b := of(t, 10, 3)
	b.connect("known", one)
	b.use("known")
	for i := range 5 {
		b.connect(fmt.Sprint(i), one)
	}
	b.want("3", "4", "known")
}

// Among known ones those that rest go, the one that has rested longest first; those at work stay.
func TestListener_KnownConnections_GoWhenTheyRest(t *testing.T) {
	b := of(t, 10, 2)
	for _, name := range []string{"a", "b"} {
		b.connect(name, one)
		b.use(name)
	}
	b.ConnState(b.all["a"], http.StateActive)
	b.ConnState(b.all["a"], http.StateIdle) // now b has rested longest
	b.connect("c", one)
	b.want("a", "c")
	b.use("c")
	b.ConnState(b.all["a"], http.StateActive)
	b.ConnState(b.all["c"], http.StateActive)
	if b.connect("d", one) {
		t.Error("a connection at work for a known caller was given up, or one too many taken")
	}
	b.want("a", "c")
}

// When there are too many in all, the source that has the most gives one up.
func TestListener_Full_TheHeaviestSourceLosesOne(t *testing.T) {
	b := of(t, 4, 3)
	for i := range 3 {
		b.connect(fmt.Sprint("many", i), one)
	}
	b.connect("few", other)
	b.connect("new", "[2001:db8::1]")
	b.want("few", "many1", "many2", "new")
}

// Strangers from many addresses have one connection each, and a caller more than any of them: it is
// theirs that go.
func TestListener_FullOfStrangers_KnownConnectionsStay(t *testing.T) {
	b := of(t, 5, 3)
	for i := range 3 {
		b.connect(fmt.Sprint("known", i), one)
		b.use(fmt.Sprint("known", i))
	}
	for i := range 6 {
		b.connect(fmt.Sprint("stranger", i), fmt.Sprintf("198.51.100.%d", i))
	}
	for i := range 3 {
		if b.ends[fmt.Sprint("known", i)].closed {
			t.Errorf("strangers have closed the idle connection %d of a known caller", i)
		}
	}
	if n := len(b.open()); n != 5 || b.seen.open != 5 {
		t.Errorf("%d are open and %d counted, want 5", n, b.seen.open)
	}
}

// The addresses of one /64 are one source.
func TestListener_IPv6_IsSharedByItsNetwork(t *testing.T) {
	b := of(t, 10, 2)
	for i := range 5 {
		b.connect(fmt.Sprint(i), fmt.Sprintf("[2001:db8:0:1::%d]", i))
	}
	b.connect("other", "[2001:db8:0:2::1]")
	b.want("3", "4", "other")
}

// A bad signature makes a connection a stranger's again.
func TestListener_KnownNoMore_IsAStranger(t *testing.T) {
	b := of(t, 10, 2)
	b.connect("a", one)
	b.use("a")
	if Known(b.context("a")) != "a caller" {
		t.Error("a known connection isn't known")
	}
	SetKnown(b.context("a"), "")
	b.connect("b", one)
	b.use("b")
	b.connect("c", one)
	b.want("b", "c")
	if Known(context.Background()) != "" {
		t.Error("what is no connection is known")
	}
}

func TestListener_Closed_MakesRoomOnce(t *testing.T) {
	b := of(t, 2, 2)
	b.connect("a", one)
	for range 3 {
		_ = b.all["a"].Close()
	}
	SetKnown(b.context("a"), "a caller")
	b.ConnState(b.all["a"], http.StateClosed)
	b.want()
	if len(b.sources) != 0 {
		t.Errorf("%d sources are remembered", len(b.sources))
	}
	b.connect("b", one)
	b.connect("c", other)
	b.want("b", "c")
}

// A connection whose request only waits for something goes as one that is idle, until the request
// goes on.
func TestListener_WaitingConnection_IsAsGoodAsIdle(t *testing.T) {
	b := of(t, 10, 2)
	for _, name := range []string{"waiting", "working"} {
		b.connect(name, one)
		b.use(name)
		b.ConnState(b.all[name], http.StateActive)
	}
	SetWaiting(b.context("waiting"), true)
	SetWaiting(b.context("waiting"), false)
	if b.connect("early", one) {
		t.Error("a connection took the place of one at work")
	}
	SetWaiting(b.context("waiting"), true)
	if !b.connect("late", one) {
		t.Error("a connection found no place beside one that waits")
	}
	if !b.ends["waiting"].closed || b.ends["working"].closed {
		t.Error("another connection was closed")
	}
}
