package outbound

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"time"
)

// mostHeader is how much the headers of an answer may have, in bytes.
const mostHeader = 64 << 10

// Request is what is asked. It is sent once.
type Request struct {
	Method string
	URL    string
	Header http.Header
	Body   []byte
	// Timeout is for all of it, from the name to the last byte that is read of the answer. It must
	// be set.
	Timeout time.Duration
	// Most is how many bytes are read of the answer's body, which then has to have no more. At 0
	// nothing is read: status and headers are the answer.
	Most int64
}

// Answer is what came. An answer of whatever status is one: also a redirect, which is not followed.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a request. Without an answer the error is an [*Error]. The connection is for this one
// request: nothing that went wrong in another one is in its way, and the transport of net/http
// sends none a second time of its own accord.
func (d *Door) Do(ctx context.Context, q Request) (*Answer, error) {
	r, u, err := d.find(q.URL)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, q.Timeout)
	defer cancel()
	answer, err := r.send(ctx, u, q)
	if err != nil {
		return nil, explain(ctx, r.endpoint, err)
	}
	return answer, nil
}

func (r *row) send(ctx context.Context, u *url.URL, q Request) (*Answer, error) {
	request, err := http.NewRequestWithContext(ctx, q.Method, u.String(), bytes.NewReader(q.Body))
	if err != nil {
		return nil, err
	}
	for name, values := range q.Header {
		if http.CanonicalHeaderKey(name) == "Host" {
			continue // who is asked is said by the URL, which was looked at
		}
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	request.GetBody = nil // by which it would be sent again
	if named, err := url.Parse(q.URL); err == nil {
		request.Host = named.Host // as it was written: servers compare it, too
	}
	// A transport by itself, without a client around it, follows no redirect and has no cookies.
	transport := &http.Transport{DialContext: r.dial, DialTLSContext: r.dialTLS,
		DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: mostHeader}
	got, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	answer := &Answer{Status: got.StatusCode, Header: got.Header}
	if q.Most == 0 {
		return answer, nil
	}
	answer.Body, err = io.ReadAll(io.LimitReader(got.Body, q.Most+1))
	if err == nil && int64(len(answer.Body)) > q.Most {
		err = &Error{Reason: TooLarge, Host: r.endpoint,
			text: r.endpoint + " answers more than is read of it"}
	}
	return answer, err
}
