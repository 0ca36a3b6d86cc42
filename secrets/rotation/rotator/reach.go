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
	Timeout time.Duration  // for a connection with its login; 0: five seconds, as AWS's functions
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
