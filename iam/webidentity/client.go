package webidentity

import (
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
)

const (
	mostBody      = 1 << 20  // bytes of an answer
	mostHeader    = 64 << 10 // bytes
	mostRedirects = 3
)

// transport is how an issuer is asked, and only so.
type transport struct {
	plain       bool           // the issuer is on loopback, without TLS
	authorities *x509.CertPool // nil: the system's
	thumbprints []string
}

// client returns how an issuer is asked. Nothing is kept between requests: they are rare.
func (v *Verifier) client(issuer string, thumbprints []string) *http.Client {
	t := &transport{plain: strings.HasPrefix(issuer, "http:"), authorities: v.config.CAs[issuer],
		thumbprints: thumbprints}
	return &http.Client{Transport: t, Timeout: v.config.Timeout, CheckRedirect: sameHost}
}

// sameHost lets an answer point elsewhere on its own host: what an issuer says is not passed on to
// others to say.
func sameHost(q *http.Request, before []*http.Request) error {
	if first := before[0].URL; q.URL.Scheme != first.Scheme || q.URL.Host != first.Host {
		return fmt.Errorf("it redirects to %s", q.URL.Host)
	}
	if len(before) > mostRedirects {
		return errors.New("it redirects without end")
	}
	return nil
}

func (s *source) mayAsk(u *url.URL) error { return s.client.Transport.(*transport).mayAsk(u) }

func (t *transport) mayAsk(u *url.URL) error {
	if u.Scheme == "https" || u.Scheme == "http" && t.plain && loopback(u.Hostname()) {
		return nil
	}
	return fmt.Errorf("it is asked by https only, and not by %.16q", u.Scheme)
}

// RoundTrip implements [http.RoundTripper] by a transport for this one host, so that a certificate
// is compared with the name that was asked for, be it an address.
func (t *transport) RoundTrip(q *http.Request) (*http.Response, error) {
	if err := t.mayAsk(q.URL); err != nil {
		return nil, err
	}
	once := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true,
		DisableCompression: true, MaxResponseHeaderBytes: mostHeader}
	if q.URL.Scheme == "http" {
		once.Proxy = nil
		once.DialContext = (&net.Dialer{Control: onLoopback}).DialContext
	} else {
		once.TLSClientConfig = t.tls(q.URL.Hostname())
	}
	a, err := once.RoundTrip(q)
	if err != nil {
		return nil, err
	}
	a.Body = &bounded{body: a.Body, left: mostBody}
	return a, nil
}

// onLoopback refuses what a resolver says of localhost if it is another machine.
func onLoopback(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("%s is not on loopback", address)
	}
	return nil
}

func (t *transport) tls(host string) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: t.authorities}
	if len(t.thumbprints) > 0 {
		// What is skipped is done by VerifyConnection, with one more way to be trusted.
		c.InsecureSkipVerify = true
		c.VerifyConnection = func(s tls.ConnectionState) error {
			return trusted(s.PeerCertificates, host, t.thumbprints)
		}
	}
	return c
}

// trusted reports whether a chain is the host's and leads to an authority of the system's or to one
// of its own certificates that has one of the thumbprints. To be in the chain is not enough: anyone
// can send along the certificate of an authority that has issued them nothing.
func trusted(chain []*x509.Certificate, host string, thumbprints []string) error {
	if len(chain) == 0 {
		return errors.New("there is no certificate")
	}
	o := x509.VerifyOptions{DNSName: host, Intermediates: x509.NewCertPool()}
	for _, c := range chain[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err := chain[0].Verify(o)
	if err == nil {
		return nil
	}
	o.Roots = x509.NewCertPool()
	for _, c := range chain {
		digest := sha1.Sum(c.Raw)
		if slices.Contains(thumbprints, hex.EncodeToString(digest[:])) {
			o.Roots.AddCert(c)
		}
	}
	if _, second := chain[0].Verify(o); second == nil {
		return nil
	}
	return err
}

// bounded is a body that fails behind its bound, as half a document must not pass for one.
type bounded struct {
	body io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.body.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("the answer is larger than %d bytes", mostBody)
	}
	return n, err
}

func (b *bounded) Close() error { return b.body.Close() }
