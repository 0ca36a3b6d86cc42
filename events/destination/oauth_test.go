package destination_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"claviger/events/connection"
	"claviger/events/destination"
	"claviger/internal/delivery"
)

// granting is an authorization server and the API that its tokens are for.
type granting struct {
	*site
	*destination.Receiver
	server, api *hearing
	tokens      int    // given out
	life        string // expires_in, or nothing
	refused     int    // status
	valid       string // token that the API takes; empty: any
}

func grant(t *testing.T, method string, more *connection.ConnectionHttpParameters) *granting {
	g := &granting{server: hear(t), api: hear(t), life: "3600"}
	g.server.answer = func(w http.ResponseWriter, q *http.Request) {
		if g.refused != 0 {
			w.WriteHeader(g.refused)
			return
		}
		g.tokens++
		expires := ""
		if g.life != "" {
			expires = `,"expires_in":` + g.life
		}
		fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer"%s,"scope":"x"}`, g.tokens,
			expires)
	}
	g.api.answer = func(w http.ResponseWriter, q *http.Request) {
		if g.valid != "" && q.Header.Get("Authorization") != "Bearer "+g.valid {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}
	g.site, g.Receiver = begin(t, g.api.URL, connection.Parameters{
		OAuthParameters: &connection.OAuthParameters{ClientID: "id", ClientSecret: "se&cret",
			AuthorizationEndpoint: g.server.URL + "/token?a=b", HttpMethod: method,
			OAuthHttpParameters: more}}, allow(g.api.URL), allow(g.server.URL))
	return g
}

func (g *granting) sends(token string) {
	g.Helper()
	if err := g.Deliver(g.Context(), g.message("")); err != nil {
		g.Fatal(err)
	}
	if got := g.api.request.Header.Get("Authorization"); got != "Bearer "+token {
		g.Errorf("sent is %q, want %s", got, token)
	}
}

// TestDeliver_OAuth_AsksOnceAndAgainBeforeTheEnd of a token.
func TestDeliver_OAuth_AsksOnceAndAgainBeforeTheEnd(t *testing.T) {
	g := grant(t, "POST", &connection.ConnectionHttpParameters{
		BodyParameters: []connection.ConnectionBodyParameter{{Key: text("audience"),
			Value: text("us")}},
		QueryStringParameters: []connection.ConnectionQueryStringParameter{{Key: text("q"),
			Value: text("1")}},
		HeaderParameters: []connection.ConnectionHeaderParameter{{Key: text("X-Own"),
			Value: text("2")}}})
	g.sends("token-1")
	q := g.server.request
	form, err := url.ParseQuery(g.server.body)
	if err != nil || q.Method != "POST" || q.RequestURI != "/token?a=b&q=1" ||
		q.Header.Get("Content-Type") != "application/x-www-form-urlencoded" ||
		q.Header.Get("X-Own") != "2" || form.Encode() !=
		"audience=us&client_id=id&client_secret=se%26cret&grant_type=client_credentials" {
		t.Errorf("asked was %s %s with %s: %v", q.Method, q.RequestURI, g.server.body, err)
	}
	for range 3 {
		g.sends("token-1")
	}
	g.pass(58 * time.Minute)
	g.sends("token-1")
	g.pass(90 * time.Second)
	g.sends("token-2")
	g.connection.Rev++
	g.sends("token-3")
	g.life = `"120"` // as some servers have it
	g.connection.Rev++
	g.sends("token-4")
	g.pass(65 * time.Second)
	g.sends("token-5")
}

// TestDeliver_OAuthTokenThatIsRefused_IsReplacedWithTheNextAttempt.
func TestDeliver_OAuthTokenThatIsRefused_IsReplacedWithTheNextAttempt(t *testing.T) {
	g := grant(t, "PUT", nil)
	g.sends("token-1")
	g.valid = "token-2"
	err := g.Deliver(t.Context(), g.message(""))
	var f *delivery.Failure
	if !errors.As(err, &f) || f.Permanent {
		t.Errorf("with an old token it ends with %v", err)
	}
	g.sends("token-2")
}

func TestDeliver_OAuthByGet_HasAllInTheQuery(t *testing.T) {
	g := grant(t, "GET", nil)
	g.sends("token-1")
	if q := g.server.request; q.Method != "GET" || g.server.body != "" || q.RequestURI !=
		"/token?a=b&client_id=id&client_secret=se%26cret&grant_type=client_credentials" {
		t.Errorf("asked was %s %s with %s", q.Method, q.RequestURI, g.server.body)
	}
	g = grant(t, "POST", &connection.ConnectionHttpParameters{
		HeaderParameters: []connection.ConnectionHeaderParameter{
			{Key: text("content-type"), Value: text("application/json")}}})
	g.sends("token-1")
	const asked = `{"client_id":"id","client_secret":"se&cret","grant_type":"client_credentials"}`
	if g.server.body != asked {
		t.Errorf("asked was %s", g.server.body)
	}
}

// TestDeliver_OAuthServerThatRefuses_IsAskedAgain: nothing goes to the API without a token.
func TestDeliver_OAuthServerThatRefuses_IsAskedAgain(t *testing.T) {
	g := grant(t, "POST", nil)
	for name, answer := range map[string]func(w http.ResponseWriter){
		"refuses":     func(w http.ResponseWriter) { w.WriteHeader(401) },
		"no JSON":     func(w http.ResponseWriter) { fmt.Fprint(w, "token") },
		"no token":    func(w http.ResponseWriter) { fmt.Fprint(w, `{"expires_in":1}`) },
		"two headers": func(w http.ResponseWriter) { fmt.Fprint(w, `{"access_token":"a\r\nb: c"}`) },
		"too much":    func(w http.ResponseWriter) { fmt.Fprint(w, strings.Repeat(" ", 100_000)) },
		"leads astray": func(w http.ResponseWriter) {
			w.Header().Set("Location", "/x")
			w.WriteHeader(302)
		},
	} {
		g.server.answer = func(w http.ResponseWriter, _ *http.Request) { answer(w) }
		err := g.Deliver(t.Context(), g.message(""))
		var f *delivery.Failure
		if !errors.As(err, &f) || f.Permanent || g.api.request != nil {
			t.Errorf("%s: %v, and the API was asked: %v", name, err, g.api.request != nil)
		}
		if strings.Contains(f.Error(), "cret") {
			t.Errorf("%s: the error has the secret: %v", name, f)
		}
	}
}
