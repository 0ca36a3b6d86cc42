// Package outbound is the only door by which the service calls receivers outside: those that
// tenants name, in rules, subscriptions and connections, and those that the configuration does.
//
// # What may be called
//
// The configuration lists it ([Allowed]), and nothing else is called, whoever asks. A row is the
// beginning of a URL, or host and port for what is no HTTP. Redirects aren't followed, proxies of
// the environment aren't asked, and nothing is kept between two requests: neither cookies nor
// connections.
//
// # Where a name leads
//
// Addresses of loopback, of private and link-local networks and others that aren't of the Internet
// are refused unless the row says that its host is there. That is looked at when the connection is
// made and the name has been resolved, and not before: a name that leads elsewhere a moment later
// gains nothing.
//
// # How long it may take
//
// A request ends when its time is over, whatever the other side does meanwhile: connecting, TLS,
// headers and body, be it byte by byte, are within one deadline. What is read of an answer is
// limited.
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// Allowed is a row of the list: URL or Address is set.
type Allowed struct {
	// URL is what the URLs begin with that may be called: https://hooks.example.com/claviger/, up to
	// a whole step of the path. Plain http has to be said.
	URL string
	// Address is the host:port of what speaks no HTTP: a mail server, a collector of logs.
	Address string

	Roots *x509.CertPool // that certificates are by; nil: the system's
	// Private lets the host be on loopback or in a private or link-local network.
	Private bool
}

// connecting is how long a connection may take, with TLS, in a request that has more time.
const connecting = 10 * time.Second

// Door lets through what is allowed. [New] makes it; its methods may be called by several
// goroutines. A nil Door lets nothing through.
type Door struct {
	urls      []*row
	addresses []*row
}

// New reads the list. An error names the row that can't be one.
func New(list []Allowed) (*Door, error) {
	d := &Door{}
	for _, a := range list {
		r, err := parse(a)
		if err != nil {
			return nil, err
		}
		if d.has(r) {
			return nil, fmt.Errorf("there are two rows with %s", a)
		}
		if a.URL != "" {
			d.urls = append(d.urls, r)
		} else {
			d.addresses = append(d.addresses, r)
		}
	}
	return d, nil
}

// String is what the row is about.
func (a Allowed) String() string { return a.URL + a.Address }

// Check says whether a URL may be called, as far as can be said without resolving its name: for
// operations that store it. The error is an [Error].
func (d *Door) Check(address string) error {
	_, _, err := d.find(address)
	return err
}

// find returns the row that a URL is allowed by: the most particular one.
func (d *Door) find(address string) (*row, *url.URL, error) {
	u, err := read(address)
	if err != nil {
		return nil, nil, &Error{Reason: NotAllowed, Host: shown(address), text: err.Error()}
	}
	var found *row
	if d != nil {
		for _, r := range d.urls {
			if r.covers(u) && (found == nil || len(r.path) > len(found.path)) {
				found = r
			}
		}
	}
	if found == nil {
		return nil, nil, notListed("url", u.Scheme+"://"+u.Host+"/", u.Host)
	}
	return found, u, nil
}

// CheckAddress says whether host:port may be connected to, as far as can be said without resolving
// the name.
func (d *Door) CheckAddress(address string) error {
	_, err := d.listed(address)
	return err
}

func (d *Door) listed(address string) (*row, error) {
	e, err := endpoint(address)
	if err != nil {
		return nil, &Error{Reason: NotAllowed, Host: address, text: err.Error()}
	}
	if d != nil {
		for _, r := range d.addresses {
			if r.endpoint == e {
				return r, nil
			}
		}
	}
	return nil, notListed("address", e, e)
}

// Dial connects to a host:port that is listed, without TLS.
func (d *Door) Dial(ctx context.Context, address string) (net.Conn, error) {
	r, err := d.listed(address)
	if err != nil {
		return nil, err
	}
	conn, err := r.dial(ctx, "tcp", r.endpoint)
	if err != nil {
		return nil, explain(ctx, r.endpoint, err)
	}
	return conn, nil
}

// DialTLS connects to a host:port that is listed, with TLS.
func (d *Door) DialTLS(ctx context.Context, address string) (net.Conn, error) {
	conn, err := d.Dial(ctx, address)
	if err != nil {
		return nil, err
	}
	return d.Secure(ctx, conn, address)
}

// Secure begins TLS on a connection that [Door.Dial] has made, as STARTTLS does, and closes it if
// that fails.
func (d *Door) Secure(ctx context.Context, conn net.Conn, address string) (net.Conn, error) {
	r, err := d.listed(address)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return r.secure(ctx, conn)
}

// dial connects as the row lets it: every address that the name has is looked at before it is
// connected to.
func (r *row) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: connecting, KeepAlive: -1,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			return r.mayReach(to.Addr())
		}}
	return d.DialContext(ctx, network, address)
}

func (r *row) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := r.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return r.secure(ctx, conn)
}

// secure begins TLS, and closes the connection if that fails.
func (r *row) secure(ctx context.Context, conn net.Conn) (net.Conn, error) {
	within, cancel := context.WithTimeout(ctx, connecting)
	defer cancel()
	secure := tls.Client(conn, &tls.Config{ServerName: r.host, RootCAs: r.allowed.Roots,
		MinVersion: tls.VersionTLS12})
	if err := secure.HandshakeContext(within); err != nil {
		conn.Close()
		return nil, refused(within, r.endpoint, err)
	}
	return secure, nil
}
