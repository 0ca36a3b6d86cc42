package destination

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"claviger/events/connection"
	"claviger/internal/delivery"
	"claviger/internal/outbound"
)

const (
	mostAnswer = 64 << 10         // bytes of an authorization server's
	renewed    = time.Minute      // before a token ends, as EventBridge does
	usualLife  = 10 * time.Minute // of a token whose server doesn't say
	mostTokens = 4096
)

// tokens are the access tokens of connections, in memory alone: with a restart they are asked for
// anew.
type tokens struct {
	mu sync.Mutex
	of map[string]*token // by the connection's ARN
}

// token is one connection's. Whoever holds the lock asks for it, and the others wait for that.
type token struct {
	sync.Mutex
	rev    int64 // of the connection that it was asked for by
	header string
	until  time.Time
}

// at returns the place of a connection's token.
func (t *tokens) at(c *connection.Connection) *token {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.of) >= mostTokens {
		clear(t.of)
	}
	if t.of[c.ARN()] == nil {
		t.of[c.ARN()] = &token{}
	}
	return t.of[c.ARN()]
}

// forget has the next request ask for another token.
func (t *tokens) forget(c *connection.Connection) {
	one := t.at(c)
	one.Lock()
	defer one.Unlock()
	one.header = ""
}

// bearer returns the Authorization header of a connection, asking for a token where there is none
// that is good for a minute more.
func (r *Receiver) bearer(ctx context.Context, c *connection.Connection,
	p *connection.Parameters) (string, error) {
	one := r.tokens.at(c)
	one.Lock()
	defer one.Unlock()
	if one.header != "" && one.rev == c.Rev && r.Now().Add(renewed).Before(one.until) {
		return one.header, nil
	}
	got, err := r.token(ctx, p.OAuthParameters)
	if err != nil {
		return "", err
	}
	life := usualLife
	if seconds, err := strconv.ParseFloat(string(got.Expires), 64); err == nil && seconds > 0 {
		life = time.Duration(min(seconds, 86400*365) * float64(time.Second))
	}
	one.rev, one.header, one.until = c.Rev, "Bearer "+got.Access, r.Now().Add(life)
	return one.header, nil
}

// granted is a token as RFC 6749, section 5.1, has it.
type granted struct {
	Access  string `json:"access_token"`
	Expires number `json:"expires_in"`
}

// number is a JSON number, or a text that some servers have in its place.
type number string

// UnmarshalJSON implements [json.Unmarshaler].
func (n *number) UnmarshalJSON(b []byte) error {
	*n = number(strings.Trim(string(b), `"`))
	return nil
}

// token asks an authorization server for a token by the client's credentials (RFC 6749, section
// 4.4), which are in the body with what the connection adds; a server that wants them otherwise is
// asked by headers of the connection. A body of JSON is sent where its Content-Type says so.
func (r *Receiver) token(ctx context.Context, o *connection.OAuthParameters) (g granted,
	err error) {
	q := outbound.Request{Method: o.HttpMethod, URL: o.AuthorizationEndpoint, Timeout: timeout,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Most: mostAnswer}
	fields := url.Values{"grant_type": {"client_credentials"}, "client_id": {o.ClientID},
		"client_secret": {o.ClientSecret}}
	more := o.OAuthHttpParameters
	if more == nil {
		more = &connection.ConnectionHttpParameters{}
	}
	for _, b := range more.BodyParameters {
		if b.Key != nil && b.Value != nil {
			fields.Set(*b.Key, *b.Value)
		}
	}
	for _, h := range more.HeaderParameters {
		if h.Key != nil && h.Value != nil {
			q.Header.Set(*h.Key, *h.Value)
		}
	}
	for _, name := range dropped {
		q.Header.Del(name)
	}
	q.Header.Set("User-Agent", "Amazon/EventBridge/ApiDestinations")
	q.Header.Set("Accept", "application/json")
	if q.URL, err = tokenAddress(o, more, fields); err != nil {
		return g, err
	}
	if o.HttpMethod != http.MethodGet {
		if q.Body, err = encode(fields, q.Header.Get("Content-Type")); err != nil {
			return g, err
		}
	}
	answer, err := r.Door.Do(ctx, q)
	if err != nil {
		return g, unanswered(err)
	}
	return readToken(answer)
}

// tokenAddress is where a token is asked for. With GET everything is in the query.
func tokenAddress(o *connection.OAuthParameters, more *connection.ConnectionHttpParameters,
	fields url.Values) (string, error) {
	u, err := url.Parse(o.AuthorizationEndpoint)
	if err != nil {
		return "", &delivery.Failure{Code: delivery.NoPermissions, Permanent: true,
			Text: "the connection's authorization endpoint is no URL"}
	}
	all := u.Query()
	for _, q := range more.QueryStringParameters {
		if q.Key != nil && q.Value != nil {
			all.Set(*q.Key, *q.Value)
		}
	}
	if o.HttpMethod == http.MethodGet {
		for name := range fields {
			all.Set(name, fields.Get(name))
		}
	}
	u.RawQuery = all.Encode()
	return u.String(), nil
}

func encode(fields url.Values, kind string) ([]byte, error) {
	if !strings.HasPrefix(strings.ToLower(kind), "application/json") {
		return []byte(fields.Encode()), nil
	}
	members := map[string]string{}
	for name := range fields {
		members[name] = fields.Get(name)
	}
	return json.Marshal(members, json.Deterministic(true))
}

// readToken reads an authorization server's answer. A token with characters that no header can have
// is none.
func readToken(a *outbound.Answer) (g granted, err error) {
	refused := &delivery.Failure{Code: delivery.NoPermissions,
		Text: "the authorization server answers " + strconv.Itoa(a.Status) + " and no token"}
	if a.Status < 200 || a.Status > 299 {
		return g, refused
	}
	if err := json.Unmarshal(a.Body, &g); err != nil {
		refused.Cause = err
		return g, refused
	}
	for _, c := range []byte(g.Access) {
		if c <= ' ' || c >= 0x7f {
			return g, refused
		}
	}
	if g.Access == "" {
		return g, refused
	}
	return g, nil
}
