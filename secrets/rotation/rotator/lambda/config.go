package lambda

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"claviger/secrets/rotation/rotator"
)

// Config is what an installation says of a function.
type Config struct {
	Endpoint string // URL before /2015-03-31: https, or http to a loopback address
	Function string // name or ARN; the Runtime Interface Emulator knows "function" alone

	Certificate, Key string // PEM files that show who the service is; empty: it doesn't
	CAFile           string // what the endpoint's certificate is by; empty: the system's
	Bearer           string // a token for the Authorization header; empty: there is none

	Timeout time.Duration // for a step, up to the 900 s of Lambda. Usually 60 s
	Log     bool          // ask for the end of the function's log, where it fails

	// Concurrent is how many steps the function performs at once; the others wait. Usually 1, as
	// the emulator refuses a second.
	Concurrent int
}

const (
	usualTimeout = 60 * time.Second
	mostTimeout  = 900 * time.Second
	connecting   = 10 * time.Second // with TLS

	mostConcurrent = 1000
)

// named is what Lambda has for a function's name, its ARN or a part of that ("FunctionName" of its
// Invoke).
var named = regexp.MustCompile(`^[a-zA-Z0-9:_$-]{1,170}$`)

// New checks a configuration. It asks nothing of the endpoint.
func New(c Config) (*Function, error) {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("endpoint: it is no URL of an endpoint")
	}
	plain := u.Scheme == "http" && loopback(u.Hostname())
	switch {
	case u.Scheme != "https" && !plain:
		return nil, errors.New("endpoint: without https it has to be a loopback address")
	case plain && (c.Certificate != "" || c.CAFile != ""):
		return nil, errors.New("endpoint: there are no certificates without https")
	case !named.MatchString(c.Function):
		return nil, fmt.Errorf("function: %q is no name of a function", c.Function)
	case strings.ContainsAny(c.Bearer, " \t\r\n"):
		return nil, errors.New("bearer: a token has no blanks")
	}
	c.Timeout = cmp.Or(c.Timeout, usualTimeout)
	if c.Timeout < time.Second || c.Timeout > mostTimeout {
		return nil, fmt.Errorf("timeout: %s is not between 1s and %s", c.Timeout, mostTimeout)
	}
	c.Concurrent = cmp.Or(c.Concurrent, 1)
	if c.Concurrent < 1 || c.Concurrent > mostConcurrent {
		return nil, fmt.Errorf("concurrent: %d is not between 1 and %d", c.Concurrent,
			mostConcurrent)
	}
	trust, err := c.tls()
	if err != nil {
		return nil, err
	}
	return &Function{
		url: strings.TrimSuffix(c.Endpoint, "/") + "/2015-03-31/functions/" +
			url.PathEscape(c.Function) + "/invocations",
		bearer: c.Bearer, tail: c.Log, timeout: c.Timeout, client: client(trust),
		slots: make(chan struct{}, c.Concurrent),
	}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c Config) tls() (*tls.Config, error) {
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if (c.Certificate == "") != (c.Key == "") {
		return nil, errors.New("certificate and key come together")
	}
	if c.Certificate != "" {
		if _, err := tls.LoadX509KeyPair(c.Certificate, c.Key); err != nil {
			return nil, fmt.Errorf("certificate: %w", err)
		}
		// Read for each connection: certificates are renewed while the service runs.
		trust.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
			return &pair, err
		}
	}
	if c.CAFile == "" {
		return trust, nil
	}
	text, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, err
	}
	trust.RootCAs = x509.NewCertPool()
	if !trust.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate", c.CAFile)
	}
	return trust, nil
}

// client makes a connection for each request: invocations are rare, and one that is sent on a
// connection that the other side has given up would be neither sent nor not sent.
func client(trust *tls.Config) *http.Client {
	transport := &http.Transport{
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 64 << 10,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			within, cancel := context.WithTimeout(ctx, connecting)
			defer cancel()
			conn, err := new(net.Dialer).DialContext(within, network, address)
			if err != nil {
				return nil, &openingError{rotator.Unreachable, err}
			}
			return conn, nil
		},
	}
	transport.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := transport.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		config := trust.Clone()
		config.ServerName, _, _ = net.SplitHostPort(address)
		secure := tls.Client(conn, config)
		within, cancel := context.WithTimeout(ctx, connecting)
		defer cancel()
		if err := secure.HandshakeContext(within); err != nil {
			conn.Close()
			if errors.Is(err, context.DeadlineExceeded) {
				return nil, &openingError{rotator.Unreachable, err}
			}
			return nil, &openingError{rotator.Untrusted, err}
		}
		return secure, nil
	}
	return &http.Client{Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// openingError is a connection that did not come about, so that the function has not been invoked.
type openingError struct {
	reason rotator.Reason
	err    error
}

func (e *openingError) Error() string { return e.err.Error() }
func (e *openingError) Unwrap() error { return e.err }

// fault is the error in a rotator's words.
func (e *openingError) fault() error {
	if e.reason == rotator.Untrusted {
		return rotator.Errorf(e.reason, "TLS with the endpoint failed").Because(e.err)
	}
	return rotator.Errorf(e.reason, "the endpoint can't be reached").Because(e.err)
}
