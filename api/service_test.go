package api_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"claviger/api"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/shape"
	"claviger/policy"
	"claviger/store"
)

// Services that do nothing: one for each spelling of the message's member, one with AWS JSON 1.0,
// and one with AWS query.
var (
	lower = &op.Service{Name: "lower", Title: "Lower Case", Target: "Lower", Version: "2001-01-01",
		Message:  "message",
		Internal: "LowerInternalException", Down: "LowerUnavailableException", NoStore: true,
		Shapes: shapes}
	upper = &op.Service{Name: "upper", Title: "Upper Case", Target: "Upper", Version: "2001-01-01",
		Message:  "Message",
		Internal: "InternalServiceError", Down: "InternalServiceError", Shapes: shapes}
	older = &op.Service{Name: "older", Title: "Older", Target: "Older_1", Version: "2000-01-01",
		Message: "message", JSON: "1.0", Spelled: map[string]string{"TestException": "Message"},
		Internal: "InternalServerError", Down: "InternalServerError", Shapes: shapes}
	query = &op.Service{Name: "query", Title: "Query", XML: "urn:query", Version: "1999-01-01",
		Internal: "InternalFailure", Down: "ServiceUnavailable", NoStore: true, Shapes: shapes}
)

var shapes = shape.Table{
	"Name": {Min: 1, Max: 64}, "Text": {Max: 1 << 20}, "Count": {Min: 1, Max: 9}, "Flag": {},
	"Blob": {Max: 1 << 20, Sensitive: true},
	"List": {Max: 3, Member: "Name"}, "Pair": {}, "Pairs": {Member: "Pair"},
	"Map": {Key: "Name", Value: "Text"},
}

// Pair is a structure within a request.
type Pair struct {
	Key   string  `shape:"Name,required"`
	Value *string `shape:"Text"`
}

// EchoInput has a member of every kind.
type EchoInput struct {
	Name  string            `shape:"Name,required"`
	Text  *string           `shape:"Text"`
	Count *int32            `shape:"Count"`
	Flag  *bool             `shape:"Flag"`
	Blob  []byte            `shape:"Blob"`
	List  []string          `shape:"List"`
	Pairs []Pair            `shape:"Pairs"`
	Map   map[string]string `shape:"Map"`
	op.ByShape
}

// EchoOutput says what was understood.
type EchoOutput struct {
	Name  string
	Text  *string           `json:",omitzero"`
	Count *int32            `json:",omitzero"`
	Flag  *bool             `json:",omitzero"`
	Blob  []byte            `json:",omitzero"`
	List  []string          `json:",omitzero"`
	Pairs []Pair            `json:",omitzero"`
	Map   map[string]string `json:",omitzero"`
}

// FailInput asks for a failure; see fail.
type FailInput struct {
	Name string `shape:"Name,required"`
	op.ByShape
}

func echo(_ *op.Call, in EchoInput, _ op.Open) (EchoOutput, error) {
	return EchoOutput{in.Name, in.Text, in.Count, in.Flag, in.Blob, in.List, in.Pairs, in.Map}, nil
}

const canary = "CANARY of an internal error"

// kinds are the failures that fail can answer with, by name.
var kinds = func() map[string]fault.Kind {
	all := map[string]fault.Kind{}
	for k := fault.Internal; k <= fault.DryRun; k++ {
		all[strings.ReplaceAll(k.String(), " ", "-")] = k
	}
	return all
}()

func fail(_ *op.Call, in FailInput, _ op.Open) (op.None, error) {
	switch k, ok := kinds[in.Name]; {
	case in.Name == "panic":
		panic(canary)
	case in.Name == "plain":
		return op.None{}, errors.New(canary)
	case in.Name == "silent":
		return op.None{}, fault.New(fault.Invalid, "InvalidCiphertextException",
			"").Because(errors.New(canary))
	case ok && k == fault.Internal:
		return op.None{}, fault.New(k, "", "").Because(errors.New(canary))
	case ok && k == fault.Unavailable:
		return op.None{}, fault.New(k, "", "Try again.").Because(errors.New(canary))
	case ok:
		return op.None{}, fault.New(k, "TestException", "It failed.").Because(errors.New(canary))
	}
	return op.None{}, nil
}

// lingering counts the requests that linger now.
var lingering atomic.Int64

// linger answers when its caller has gone.
func linger(c *op.Call, _ EchoInput, _ op.Open) (op.None, error) {
	lingering.Add(1)
	defer lingering.Add(-1)
	<-c.Done()
	return op.None{}, nil
}

func open[I any](*op.Call, I) (op.Open, error) {
	return op.Open{Action: "test:Do", Reason: "it is a test"}, nil
}

func operations(s *op.Service) []op.Operation {
	info := func(name, method, path string) op.Info {
		return op.Info{Name: name, Service: s, Doc: "Does it.", Large: true,
			Route: op.Route{Method: method, Path: "/v1/" + s.Name + path}}
	}
	return []op.Operation{
		op.Read(info("Echo", "POST", "/echo/{Name...}"), open[EchoInput], echo),
		op.Read(info("Look", "GET", "/echo/{Name...}"), open[EchoInput], echo),
		op.Read(info("Put", "PUT", "/echo"), open[EchoInput], echo),
		op.Read(info("Fail", "POST", "/fail/{Name...}"), open[FailInput], fail),
		op.Read(info("Linger", "POST", "/linger"), open[EchoInput], linger),
		op.Read(op.Info{Name: "Brief", Service: s, Doc: "Takes little.",
			Route: op.Route{Method: "POST", Path: "/v1/" + s.Name + "/brief"}}, open[EchoInput], echo),
		op.Read(op.Info{Name: "Unrouted", Service: s}, open[EchoInput], echo),
	}
}

// ledger keeps records in memory. It has no store: only Reads may run on it.
type ledger struct {
	mu      sync.Mutex
	records []map[string]any
	down    error
}

func (*ledger) Enter() {}
func (*ledger) Leave() {}

func (l *ledger) Commit(_ func(*store.Tx) error, record func(error) []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down != nil {
		return l.down
	}
	for line := range bytes.SplitSeq(record(nil), []byte("\n")) {
		var r map[string]any
		if err := json.Unmarshal(line, &r); err != nil {
			return err
		}
		l.records = append(l.records, r)
	}
	return nil
}

// last returns the newest record's event name and error code.
func (l *ledger) last() (name, code string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.records) == 0 {
		return "", ""
	}
	r := l.records[len(l.records)-1]
	name, _ = r["eventName"].(string)
	code, _ = r["errorCode"].(string)
	return name, code
}

// callers knows everybody who sends an Authorization header.
type callers struct{}

func (callers) Authenticate(_ context.Context, r *http.Request, read func() ([]byte, error),
	_ string, _ time.Time) (policy.Caller, string, error) {
	if r.Header.Get("Authorization") == "" {
		return policy.Caller{}, "",
			fault.New(fault.Unauthenticated, "MissingAuthenticationTokenException",
				"Missing Authentication Token")
	}
	if _, err := read(); err != nil {
		return policy.Caller{}, "", err
	}
	return policy.Caller{Type: policy.Root, Account: "111122223333",
		PrincipalID: r.Header.Get("Authorization"),
		ARN:         "arn:aws:iam::111122223333:root"}, "us-east-1", nil
}

func (a callers) Renew(ctx context.Context, r *http.Request, _ string, _, now time.Time) (
	policy.Caller, error) {
	caller, _, err := a.Authenticate(ctx, r, func() ([]byte, error) { return nil, nil }, "", now)
	return caller, err
}

type observer struct{}

func (observer) Operation(string, string, string, time.Duration) {}
func (observer) Unknown(string, string)                          {}
func (observer) Unrecorded()                                     {}
func (observer) Overload(string)                                 {}
func (observer) Waiting(int)                                     {}

// service is the API with both services behind it.
type service struct {
	http.Handler
	*ledger
	log *bytes.Buffer
}

func start(t testing.TB) *service {
	t.Helper()
	l, out := &ledger{}, new(bytes.Buffer)
	log := slog.New(slog.NewTextHandler(out, nil))
	run := &op.Runner{Ledger: l, Callers: callers{}, Decide: policy.Decide, Observe: observer{},
		Log: log, Now: time.Now}
	h := api.New(api.Config{Runner: run,
		Operations: slices.Concat(operations(lower), operations(upper), operations(older),
			operations(query), resources()),
		Ready: func() error { return nil }, Log: log, Version: "1.2.3"})
	return &service{h, l, out}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
	doc    map[string]any // the body, if it is an object
}

// send makes a signed request. Headers are pairs; an empty value takes a header away.
func (s *service) send(t testing.TB, method, target, body string, headers ...string) answer {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "yes")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if r.Header.Get("Authorization") == "no" {
		r.Header.Del("Authorization")
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header(), body: w.Body.String()}
	_ = json.Unmarshal([]byte(a.body), &a.doc)
	return a
}

// call asks for an operation as AWS's clients do.
func (s *service) call(t testing.TB, target, body string, headers ...string) answer {
	t.Helper()
	return s.send(t, "POST", "/", body,
		append([]string{"Content-Type", "application/x-amz-json-1.1", "X-Amz-Target", target},
			headers...)...)
}

// form asks for an operation as clients with AWS query do.
func (s *service) form(t testing.TB, form string, headers ...string) answer {
	t.Helper()
	return s.send(t, "POST", "/", form,
		append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
}

// chunked hides the length of a body.
func chunked(r io.Reader) io.Reader { return struct{ io.Reader }{r} }

// newServer puts the API behind a true HTTP server.
func newServer(t testing.TB, s *service) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return srv
}

// request makes a signed request without a body to a true server.
func request(t testing.TB, method, url string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "yes")
	r.Header.Set("Accept-Encoding", "identity")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err = a.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return a
}
