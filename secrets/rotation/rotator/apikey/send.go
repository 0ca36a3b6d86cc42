package apikey

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"claviger/secrets/rotation/rotator"
)

const (
	usualPort  = 443
	mostAnswer = 1 << 20  // bytes
	mostHeader = 64 << 10 // bytes
)

// base returns where a secret's API is: url, or host and port. It is spoken to by HTTPS only.
func (a *api) base(d rotator.Document) (*url.URL, error) {
	text := d.Text("url")
	if text == "" {
		e, err := a.config.Reach.Endpoint(d, usualPort)
		return &url.URL{Scheme: "https", Host: e.String()}, err
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, rotator.Errorf(rotator.BadSecret,
			"the secret's url is not an https address without user, query and fragment")
	}
	e, err := a.config.Reach.Endpoint(d.With("host", u.Hostname()).With("port", u.Port()), usualPort)
	return &url.URL{Scheme: "https", Host: e.String(), Path: u.Path, RawPath: u.RawPath}, err
}

// try asks what a valid key may ask. Whether it is unknown or forbidden is not to be told apart.
func (a *api) try(ctx context.Context, base *url.URL, d rotator.Document) error {
	_, err := a.send(ctx, base, d, a.config.Try, text(d), nil)
	if is(err, rotator.Forbidden) {
		return rotator.Errorf(rotator.LoginRefused, "%v", err)
	}
	return err
}

// put has a chosen key made. If there is one of that name an earlier attempt has made it, which
// trying it tells.
func (a *api) put(ctx context.Context, base *url.URL, by, pending rotator.Document) error {
	_, err := a.send(ctx, base, by, a.config.Make, text(pending), nil)
	return except(err, http.StatusConflict)
}

func (a *api) revoke(ctx context.Context, base *url.URL, by rotator.Document, old values) error {
	_, err := a.send(ctx, base, by, a.config.Revoke, old, nil)
	return except(err, http.StatusNotFound, http.StatusGone)
}

// send asks once, with the key of by, and returns the answer to a request that was granted.
func (a *api) send(ctx context.Context, base *url.URL, by rotator.Document, r Request, of values,
	header http.Header) (jsontext.Value, error) {
	ctx, done := a.config.Reach.Within(ctx)
	defer done()
	address, err := r.address(base, of)
	if err != nil {
		return nil, err
	}
	body, err := r.body(of)
	if err != nil {
		return nil, err
	}
	q, err := http.NewRequestWithContext(ctx, r.Method, address, strings.NewReader(body))
	if err != nil {
		return nil, rotator.Errorf(rotator.BadSecret, "the secret's url makes no request")
	}
	for name, values := range header {
		q.Header[name] = values
	}
	q.Header.Set(a.config.Header, a.config.Prefix+by.Text(keyMember))
	q.Header.Set("Accept", "application/json")
	if body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	what := r.Method + " at " + base.Host
	answer, err := a.client(base.Hostname()).Do(q)
	if err != nil {
		return nil, explain(ctx, what, err)
	}
	defer answer.Body.Close()
	return read(ctx, what, answer)
}

// client speaks to one host and follows it nowhere. Nothing is kept between requests, which are
// rare.
func (a *api) client(host string) *http.Client {
	return &http.Client{
		Transport: &http.Transport{TLSClientConfig: a.config.Reach.TLS(host), DisableKeepAlives: true,
			DisableCompression: true, MaxResponseHeaderBytes: mostHeader},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func read(ctx context.Context, what string, answer *http.Response) (jsontext.Value, error) {
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return nil, refused(what, answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer+1))
	switch {
	case err != nil:
		return nil, explain(ctx, what, err)
	case len(body) > mostAnswer:
		return nil, rotator.Errorf(rotator.BadAnswer, "the answer to %s is too large", what)
	}
	return body, nil
}

// status is why a request was refused.
type status int

func (s status) Error() string { return http.StatusText(int(s)) }

func refused(what string, code int) error {
	reason, why := rotator.Failed, "fails"
	switch {
	case code < 400:
		reason, why = rotator.BadAnswer, "leads elsewhere, and no redirect is followed"
	case code == http.StatusUnauthorized:
		reason, why = rotator.LoginRefused, "is refused"
	case code == http.StatusForbidden:
		reason, why = rotator.Forbidden, "is refused"
	case code == http.StatusLocked, code == http.StatusServiceUnavailable:
		reason, why = rotator.ReadOnly, "is not possible now"
	}
	return rotator.Errorf(reason, "%s %s (%d)", what, why, code).Because(status(code))
}

// except takes an error away whose status is one of some.
func except(err error, fine ...int) error {
	var s status
	for _, code := range fine {
		if errors.As(err, &s) && int(s) == code {
			return nil
		}
	}
	return err
}

// explain says why there was no answer. Errors of net/http quote what came, and so they are not
// passed on unless they are of the network or of TLS.
func explain(ctx context.Context, what string, err error) error {
	var certificate *tls.CertificateVerificationError
	var noTLS tls.RecordHeaderError
	var network *net.OpError
	switch isNetwork := errors.As(err, &network); {
	case ctx.Err() != nil:
		return rotator.Errorf(rotator.TimedOut, "%s took too long", what)
	case errors.As(err, &certificate):
		return rotator.Errorf(rotator.Untrusted, "the certificate for %s is not trusted", what).
			Because(certificate)
	case isNetwork && network.Op == "dial":
		return rotator.Errorf(rotator.Unreachable, "%s: the host can't be reached", what).
			Because(network)
	case isNetwork && network.Op == "remote error":
		return rotator.Errorf(rotator.Untrusted, "%s: the server ends TLS", what).Because(network)
	case errors.As(err, &noTLS), errors.Is(err, http.ErrSchemeMismatch):
		return rotator.Errorf(rotator.Untrusted, "%s: the server speaks no TLS", what)
	case isNetwork, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return rotator.Errorf(rotator.CutOff, "the connection ended in %s", what)
	}
	return rotator.Errorf(rotator.BadAnswer, "the answer to %s is no HTTP", what)
}

func is(err error, reason rotator.Reason) bool {
	var e *rotator.Error
	return errors.As(err, &e) && e.Reason == reason
}
