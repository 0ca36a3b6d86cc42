package rotator

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"strconv"
	"time"
)

// Reach is where a rotator may go and how. The value of a secret says which host it is for, and
// whoever may write the value may not thereby send the service anywhere.
type Reach struct {
	Targets []string       // host:port, as secrets name them; "*" stands for every port of a host
	Roots   *x509.CertPool // that certificates of targets must be by; nil: the system's
	Timeout time.Duration  // for a login, and for each statement; 0: five seconds, as AWS's functions

	// RequireTLS has nothing sent without TLS, whatever a secret's ssl says.
	RequireTLS bool
}

const usualTimeout = 5 * time.Second

// Within returns a context that ends when a connection has taken too long.
func (r Reach) Within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, cmp.Or(r.Timeout, usualTimeout))
}

// TLS returns what a connection to host trusts.
func (r Reach) TLS(host string) *tls.Config {
	return &tls.Config{ServerName: host, RootCAs: r.Roots, MinVersion: tls.VersionTLS12}
}

// Ways says how a connection for a secret may be made: with TLS, without, or, where the secret has
// no ssl, with TLS first and then without, as AWS's functions do it. Somebody between the two can
// have that last way taken, and gets what a login without TLS says: RequireTLS closes it.
func (r Reach) Ways(d Document) (encrypted, plain bool) {
	ssl, said := d.Flag("ssl")
	if r.RequireTLS {
		return true, false
	}
	return ssl || !said, !ssl
}

// Endpoint is where a secret's credentials are for.
type Endpoint struct {
	Host string
	Port uint16
}

// String is the endpoint as host:port.
func (e Endpoint) String() string {
	return net.JoinHostPort(e.Host, strconv.Itoa(int(e.Port)))
}

// Endpoint reads host and port of a secret. Where it says no port it is the usual one. One that is
// not among the targets is refused, before anybody looks its name up.
func (r Reach) Endpoint(d Document, usual uint16) (e Endpoint, err error) {
	e = Endpoint{Host: d.Text("host"), Port: usual}
	if e.Host == "" {
		return e, Errorf(BadSecret, "the secret's value has no host")
	}
	if text := d.Text("port"); text != "" {
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil || port == 0 {
			return e, Errorf(BadSecret, "the secret's port is none")
		}
		e.Port = uint16(port)
	}
	if !r.allows(e) {
		return e, Errorf(NotAllowed, "%s is not among the rotator's targets", e)
	}
	return e, nil
}

func (r Reach) allows(e Endpoint) bool {
	return slices.Contains(r.Targets, e.String()) ||
		slices.Contains(r.Targets, net.JoinHostPort(e.Host, "*"))
}

// SameLogin reports whether the password of an older version may be tried as the current one has
// it: of the same user, at the same server, and not without TLS if it was for TLS alone. Otherwise
// whoever may write the secret, and not read it, would be sent its passwords elsewhere.
func (r Reach) SameLogin(older, current Document, usual uint16) bool {
	there, err := r.Endpoint(older, usual)
	if err != nil || SameTarget(older, current, current.Text("username")) != nil {
		return false
	}
	here, err := r.Endpoint(current, usual)
	return err == nil && there == here && r.noWeaker(current, older)
}

// noWeaker reports whether a connection for d is no nearer to plain than one for another version.
func (r Reach) noWeaker(d, than Document) bool {
	encrypted, plain := r.Ways(d)
	wasEncrypted, wasPlain := r.Ways(than)
	return (encrypted || !wasEncrypted) && (wasPlain || !plain)
}
