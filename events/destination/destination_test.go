package destination_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/events/connection"
	"claviger/events/destination"
	"claviger/internal/delivery"
	"claviger/internal/op"
	"claviger/internal/outbound"
	"claviger/internal/outbound/outboundtest"
	"claviger/policy"
)

const (
	account = "111122223333"
	region  = "eu-central-1"
)

// site is one API destination with its connection.
type site struct {
	*testing.T
	destination connection.APIDestination
	connection  connection.Connection
	parameters  connection.Parameters
	unopened    error

	mu     sync.Mutex
	now    time.Time
	opened int
}

func (s *site) Destination(_ context.Context, arn string) (*connection.APIDestination,
	*connection.Connection, error) {
	if arn != s.destination.ARN() {
		return nil, nil, nil
	}
	return &s.destination, &s.connection, nil
}

func (s *site) Credentials(c *op.Call, name string) (*connection.Connection,
	*connection.Parameters, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened++
	if c.Caller.Account != account || name != s.connection.Name {
		s.Errorf("opened is %s of %s", name, c.Caller.Account)
	}
	return &s.connection, &s.parameters, s.unopened
}

func (s *site) Own(ctx context.Context, account, region, service string) *op.Call {
	return &op.Call{Context: ctx, Caller: policy.AsService(account, service), Region: region}
}

func (s *site) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *site) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// begin returns a receiver for a destination at an endpoint.
func begin(t *testing.T, endpoint string, p connection.Parameters,
	rows ...outbound.Allowed) (*site, *destination.Receiver) {
	t.Helper()
	s := &site{T: t, parameters: p, now: time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC),
		connection: connection.Connection{Ref: connection.Ref{Account: account, Region: region,
			Name: "con"}, ID: "c0", Rev: 1, State: connection.Authorized, Type: p.Type()}}
	s.destination = connection.APIDestination{Ref: connection.Ref{Account: account, Region: region,
		Name: "hook"}, ID: "d0", Endpoint: endpoint, Method: "POST", Rate: 300,
		ConnectionARN: s.connection.ARN()}
	door, err := outbound.New(rows)
	if err != nil {
		t.Fatal(err)
	}
	return s, destination.New(destination.Config{Connections: s, Calls: s, Door: door, Now: s.Now})
}

func (s *site) message(http string) delivery.Message {
	return delivery.Message{Account: account, Region: region, Receiver: s.destination.ARN(), ID: "1",
		Body: []byte(`{"version":"0","detail":{"a":"b"}}`), Context: []byte(`{"rule":"r"` + http + `}`)}
}

// hearing is a server that keeps the last request.
type hearing struct {
	*httptest.Server
	request *http.Request
	body    string
	answer  func(w http.ResponseWriter, q *http.Request)
}

func hear(t *testing.T) *hearing {
	h := &hearing{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		h.request, h.body = q, string(body)
		if h.answer != nil {
			h.answer(w, q)
		}
	}))
	t.Cleanup(h.Close)
	return h
}

func allow(url string) outbound.Allowed { return outbound.Allowed{URL: url, Private: true} }

func text(s string) *string { return &s }

var basic = connection.Parameters{BasicAuthParameters: &connection.BasicParameters{
	Username: "user", Password: "word:with"}}

// TestDeliver_Request_IsInEventBridgesForm, with the headers that AWS documents.
func TestDeliver_Request_IsInEventBridgesForm(t *testing.T) {
	h := hear(t)
	p := basic
	p.InvocationHttpParameters = &connection.ConnectionHttpParameters{
		HeaderParameters: []connection.ConnectionHeaderParameter{{Key: text("X-Own"),
			Value: text("connection's")}},
		QueryStringParameters: []connection.ConnectionQueryStringParameter{{Key: text("q"),
			Value: text("a b&c")}},
		BodyParameters: []connection.ConnectionBodyParameter{{Key: text("secret"), Value: text(`"x`)}},
	}
	s, r := begin(t, h.URL+"/a/*/b/*?fixed=1", p, allow(h.URL))
	m := s.message(`,"http":{"PathParameterValues":["x/y","..z"],` +
		`"HeaderParameters":{"X-Own":"rule's","X-Other":"1",` +
		`"Host":"evil.example.com","Authorization":"none","Transfer-Encoding":"chunked"},` +
		`"QueryStringParameters":{"q":"rule's","r":"2"}}`)
	if err := r.Deliver(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	q := h.request
	if q.Method != "POST" || q.RequestURI != "/a/x%2Fy/b/..z?fixed=1&q=a+b%26c&r=2" ||
		"http://"+q.Host != h.URL || !q.Close || len(q.TransferEncoding) > 0 {
		t.Errorf("the request is %s %s of %s", q.Method, q.RequestURI, q.Host)
	}
	for name, want := range map[string]string{"User-Agent": "Amazon/EventBridge/ApiDestinations",
		"Content-Type": "application/json; charset=utf-8", "Range": "bytes=0-1048575",
		"Accept-Encoding": "gzip,deflate", "Authorization": "Basic dXNlcjp3b3JkOndpdGg=",
		"X-Own": "connection's", "X-Other": "1"} {
		if got := q.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if h.body != `{"detail":{"a":"b"},"secret":"\"x","version":"0"}` {
		t.Errorf("the body is %s", h.body)
	}
}

func TestDeliver_APIKey_IsItsHeader(t *testing.T) {
	h := hear(t)
	s, r := begin(t, h.URL, connection.Parameters{ApiKeyAuthParameters: &connection.APIKeyParameters{
		ApiKeyName: "x-api-key", ApiKeyValue: "value"}}, allow(h.URL))
	m := s.message(`,"http":{"HeaderParameters":{"X-Api-Key":"rule's","Content-Type":"text/plain"}}`)
	if err := r.Deliver(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if h.request.Header.Get("X-Api-Key") != "value" || h.request.Header.Get("Authorization") != "" ||
		h.request.Header.Get("Content-Type") != "text/plain" || h.body != string(m.Body) {
		t.Errorf("the request has %v and %s", h.request.Header, h.body)
	}
	for range 5 {
		if err := r.Deliver(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if s.opened != 1 {
		t.Errorf("the secrets were opened %d times", s.opened)
	}
	s.connection.Rev, s.parameters.ApiKeyAuthParameters.ApiKeyValue = 2, "other"
	if err := r.Deliver(t.Context(), m); err != nil || h.request.Header.Get("X-Api-Key") != "other" {
		t.Errorf("after a change the key is %s: %v", h.request.Header.Get("X-Api-Key"), err)
	}
}

// TestDeliver_APIKeyCalledAsAHeaderOfHTTP_IsNotSent: by such a header one request could pass for
// two.
func TestDeliver_APIKeyCalledAsAHeaderOfHTTP_IsNotSent(t *testing.T) {
	for _, name := range []string{"Upgrade", "connection", "Expect", "Transfer-Encoding", "Host",
		"TE", "Proxy-Authorization"} {
		h := hear(t)
		s, r := begin(t, h.URL, connection.Parameters{ApiKeyAuthParameters: &connection.APIKeyParameters{
			ApiKeyName: name, ApiKeyValue: "evil"}}, allow(h.URL))
		if err := r.Deliver(t.Context(), s.message("")); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := h.request.Header.Get(name); strings.Contains(got+h.request.Host, "evil") {
			t.Errorf("%s is %q, of %s", name, got, h.request.Host)
		}
	}
}

// TestDeliver_Answer_IsJudgedByItsStatus: what is tried again, and what is final.
func TestDeliver_Answer_IsJudgedByItsStatus(t *testing.T) {
	h := hear(t)
	status, after := 0, ""
	h.answer = func(w http.ResponseWriter, q *http.Request) {
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		w.WriteHeader(status)
	}
	s, r := begin(t, h.URL, basic, allow(h.URL))
	for _, c := range []struct {
		status    int
		after     string
		fine      bool
		permanent bool
		waits     time.Duration
	}{{status: 200, fine: true}, {status: 204, fine: true}, {status: 202, after: "60", fine: true},
		{status: 301, permanent: true}, {status: 307, permanent: true}, {status: 304, permanent: true},
		{status: 400, permanent: true}, {status: 403, permanent: true}, {status: 404, permanent: true},
		{status: 422, permanent: true}, {status: 408, permanent: true},
		{status: 401}, {status: 407}, {status: 409}, {status: 429}, {status: 500}, {status: 503},
		{status: 429, after: "120", waits: 2 * time.Minute}, {status: 503, after: "0"},
		{status: 429, after: "-1", permanent: true}, {status: 500, after: "soon"},
		{status: 503, after: "Sun, 29 Nov 2026 12:10:00 GMT", waits: 10 * time.Minute},
		{status: 503, after: "Sun, 29 Nov 2026 11:10:00 GMT"},
		{status: 503, after: "99999999999", waits: 7 * 24 * time.Hour},
	} {
		status, after = c.status, c.after
		err := r.Deliver(t.Context(), s.message(""))
		if c.fine {
			if err != nil {
				t.Errorf("%d: %v", c.status, err)
			}
			continue
		}
		var f *delivery.Failure
		if !errors.As(err, &f) || f.Permanent != c.permanent || !c.permanent && f.After != c.waits {
			t.Errorf("%d with Retry-After %q: %+v", c.status, c.after, f)
		}
		if want := map[bool]string{true: delivery.Throttling, false: delivery.ErrorFromTarget}[c.status ==
			429]; f.Code != want {
			t.Errorf("the code of %d is %s", c.status, f.Code)
		}
	}
}

// TestDeliver_ReceiverFromHell_IsTriedAgain, but for what it says itself is final.
func TestDeliver_ReceiverFromHell_IsTriedAgain(t *testing.T) {
	h := outboundtest.Start(t)
	s, r := begin(t, h.URL, basic,
		outbound.Allowed{URL: h.URL, Roots: outboundtest.Authority(), Private: true})
	var all sync.WaitGroup
	for _, mood := range outboundtest.Bad() {
		name := string(rune('a' + mood))
		all.Go(func() {
			m := s.message("")
			m.Body = []byte(`"` + name + `"`)
			err := r.Deliver(t.Context(), m)
			var f *delivery.Failure
			final := mood == outboundtest.Redirects || mood == outboundtest.Refuses
			if !errors.As(err, &f) || f.Permanent != final {
				t.Errorf("mood %d: %v", mood, err)
			}
		})
	}
	h.IsBy(func(body string) outboundtest.Mood {
		return outboundtest.Mood(strings.Trim(body, `"`)[0] - 'a')
	})
	all.Wait()
	if len(h.Taken()) != 0 {
		t.Errorf("taken were %v", h.Taken())
	}
}

// TestDeliver_NothingToSendTo_Fails, for good where that will not change by itself.
func TestDeliver_NothingToSendTo_Fails(t *testing.T) {
	h := hear(t)
	for name, c := range map[string]struct {
		change    func(*site, *delivery.Message)
		code      string
		permanent bool
	}{
		"no destination": {func(s *site, m *delivery.Message) { m.Receiver += "0" },
			delivery.NoResource, true},
		"no credentials": {func(s *site, _ *delivery.Message) {
			s.connection.State = connection.Deauthorized
		}, delivery.NoPermissions, true},
		"a KMS key that is off": {func(s *site, _ *delivery.Message) {
			s.unopened = errors.New("disabled")
		}, delivery.NoPermissions, false},
		"an address that isn't listed": {func(s *site, _ *delivery.Message) {
			s.destination.Endpoint = "https://other.example.com/"
		}, delivery.NoPermissions, false},
		"no value for the path": {func(s *site, _ *delivery.Message) { s.destination.Endpoint += "/*" },
			delivery.ErrorFromTarget, true},
		"a step up for the path": {func(s *site, m *delivery.Message) {
			s.destination.Endpoint += "/a/*/b"
			m.Context = []byte(`{"http":{"PathParameterValues":[".."]}}`)
		}, delivery.ErrorFromTarget, true},
		"a body that can't have members": {func(s *site, m *delivery.Message) {
			s.parameters.InvocationHttpParameters = &connection.ConnectionHttpParameters{
				BodyParameters: []connection.ConnectionBodyParameter{{Key: text("a"), Value: text("b")}}}
			m.Body = []byte(`"text"`)
		}, delivery.InvalidJSON, true},
		"a header that can't be": {func(s *site, m *delivery.Message) {
			m.Context = []byte(`{"http":{"HeaderParameters":{"A":"b\r\nC: d"}}}`)
		}, delivery.ErrorFromTarget, false},
	} {
		s, r := begin(t, h.URL, basic, allow(h.URL))
		m := s.message("")
		c.change(s, &m)
		h.request = nil
		err := r.Deliver(t.Context(), m)
		var f *delivery.Failure
		if !errors.As(err, &f) || f.Code != c.code || f.Permanent != c.permanent {
			t.Errorf("%s: %v", name, err)
		}
		if h.request != nil {
			t.Errorf("%s: it was asked", name)
		}
	}
}

func TestDeliver_Rate_IsTheDestinations(t *testing.T) {
	h := hear(t)
	s, r := begin(t, h.URL, basic, allow(h.URL))
	s.destination.Rate = 2
	for second := range 3 {
		for i := range 4 {
			err := r.Deliver(t.Context(), s.message(""))
			var wait delivery.Wait
			if waits := errors.As(err, &wait); waits != (i >= 2) || waits && wait.For != time.Second {
				t.Errorf("in second %d the call %d ends with %v", second, i, err)
			}
		}
		s.pass(time.Second)
	}
}
