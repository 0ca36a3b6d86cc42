package lambda_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/functiontest/authority"
	"claviger/secrets/rotation/rotator/lambda"
)

var event = rotator.Event{Step: rotator.SetSecret,
	SecretId:           "arn:aws:secretsmanager:eu-central-1:111122223333:secret:db-AbCdEf",
	ClientRequestToken: "EXAMPLE1-90ab-cdef-fedc-ba987SECRET1",
	RotationToken:      "0b7bb2c1-7a10-4d5c-8d0e-8e1f4f6c2a11"}

// endpoint starts an endpoint with mutual TLS and returns how to invoke "function" there.
func endpoint(t *testing.T, answer http.HandlerFunc) lambda.Config {
	t.Helper()
	a := authority.New(t)
	s := httptest.NewUnstartedServer(answer)
	s.TLS = a.Server(true)
	s.Config.ErrorLog = nil
	s.StartTLS()
	t.Cleanup(s.Close)
	return lambda.Config{Endpoint: s.URL, Function: "function", CAFile: a.CAFile,
		Certificate: a.Certificate, Key: a.Key, Timeout: 20 * time.Second}
}

func invoke(t *testing.T, c lambda.Config) error {
	t.Helper()
	f, err := lambda.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return f.Invoke(t.Context(), event, rotator.Secret{})
}

// wants holds an error to its reason, its text, and what was said for those who may read it.
func wants(t *testing.T, err error, reason rotator.Reason, text, said string) {
	t.Helper()
	var e *rotator.Error
	if !errors.As(err, &e) || e.Reason != reason || e.Text != text {
		t.Fatalf("got %v (%+v), want %s: %s", err, e, reason, text)
	}
	var out *rotator.Output
	if errors.As(err, &out); out == nil && said != "" || out != nil && out.Text() != said {
		t.Errorf("got %+v, want %q", out, said)
	}
}

func TestInvoke_Request_IsLambdas(t *testing.T) {
	var seen *http.Request
	var body []byte
	c := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r
		body, _ = io.ReadAll(r.Body)
		_, _ = io.WriteString(w, "null")
	})
	c.Function, c.Log, c.Bearer = "arn:aws:lambda:eu-central-1:111122223333:function:rotate:live", true, "let-me-in"
	if err := invoke(t, c); err != nil {
		t.Fatal(err)
	}
	want, _ := json.Marshal(event)
	if seen.Method != "POST" || string(body) != string(want) ||
		seen.URL.Path != "/2015-03-31/functions/"+c.Function+"/invocations" {
		t.Errorf("got %s %s %s", seen.Method, seen.URL, body)
	}
	for name, value := range map[string]string{"Content-Type": "application/json",
		"X-Amz-Invocation-Type": "RequestResponse", "X-Amz-Log-Type": "Tail",
		"Authorization": "Bearer let-me-in"} {
		if seen.Header.Get(name) != value {
			t.Errorf("%s is %q", name, seen.Header.Get(name))
		}
	}
	if len(seen.TLS.PeerCertificates) != 1 ||
		seen.TLS.PeerCertificates[0].Subject.CommonName != "client" {
		t.Error("the client has not shown its certificate")
	}
}

func TestInvoke_EachAnswer_HasItsMeaning(t *testing.T) {
	const thrown = `{"errorMessage":"no login","errorType":"ValueError","stackTrace":[]}`
	long := strings.Repeat("A", 5000)
	for name, c := range map[string]struct {
		status int
		header http.Header
		body   string
		reason rotator.Reason
		text   string
		said   string
	}{
		"null":     {body: "null"},
		"text":     {body: `"done"`},
		"object":   {body: `{"statusCode":500,"errorMessage":null,"errorType":"x"}`},
		"function": {200, http.Header{"X-Amz-Function-Error": {"Unhandled"}}, thrown, rotator.Failed, "the function failed in setSecret (ValueError)", "no login"},
		"function without a type": {200, http.Header{"X-Amz-Function-Error": {"Handled"}},
			`{"errorMessage":"no login"}`, rotator.Failed, "the function failed in setSecret (Handled)", "no login"},
		"function with rubbish": {200, http.Header{"X-Amz-Function-Error": {"Unhandled"}}, "oops",
			rotator.Failed, "the function failed in setSecret (Unhandled)", "oops"},
		"function with a strange type": {200, http.Header{"X-Amz-Function-Error": {"Unhandled"}},
			`{"errorMessage":"m","errorType":"a\u001b[31m\nb` + long + `"}`, rotator.Failed,
			"the function failed in setSecret (a31mb" + long[:95] + ")", "m"},
		"function with a log": {200, http.Header{
			"X-Amz-Function-Error": {"Unhandled"},
			"X-Amz-Log-Result":     {base64.StdEncoding.EncodeToString([]byte("START\nEND"))}},
			thrown, rotator.Failed,
			"the function failed in setSecret (ValueError)", "START\nEND\nno login"},
		"function with a long message": {200, http.Header{"X-Amz-Function-Error": {"Unhandled"}},
			`{"errorMessage":"` + long + `","errorType":"E"}`, rotator.Failed,
			"the function failed in setSecret (E)", long[:rotator.OutputLimit]},
		"function that says the token": {200, http.Header{"X-Amz-Function-Error": {"Unhandled"}},
			`{"errorMessage":"` + event.RotationToken + `","errorType":"E"}`, rotator.Failed,
			"the function failed in setSecret (E)", strings.Repeat("*", 36)},
		"function at Lambda, late": {200, http.Header{"X-Amz-Function-Error": {"Unhandled"}},
			`{"errorMessage":"2026-01-01T00:00:00Z 1 Task timed out after 3.00 seconds"}`,
			rotator.TimedOut, "the function had no time left in setSecret (Unhandled)",
			"2026-01-01T00:00:00Z 1 Task timed out after 3.00 seconds"},
		"emulator":           {200, nil, thrown, rotator.Failed, "the function failed in setSecret (ValueError)", "no login"},
		"emulator, no start": {502, nil, thrown, rotator.Failed, "the function failed in setSecret (ValueError)", "no login"},
		"emulator, late": {200, nil, "Task timed out after 3.00 seconds", rotator.TimedOut,
			"the function had no time left", "Task timed out after 3.00 seconds"},
		"emulator, process ended": {200, nil, "", rotator.BadAnswer, "the answer is empty: the function's process may have ended", ""},
		"emulator, busy":          {400, nil, "", rotator.Unreachable, "the function was not run: it is busy (400 Bad Request)", ""},
		"rubbish":                 {200, nil, "<html>hello", rotator.BadAnswer, "the answer isn't a function's: it is no JSON", "<html>hello"},
		"accepted":                {202, nil, "", rotator.BadAnswer, "the function was not run: that is no answer of Lambda's (202 Accepted)", ""},
		"redirect":                {307, http.Header{"Location": {"/elsewhere"}}, "", rotator.BadAnswer, "the function was not run: the endpoint redirects, and that isn't followed (307 Temporary Redirect)", ""},
		"unsigned":                {403, nil, "who?", rotator.LoginRefused, "the function was not run: the endpoint doesn't let the service in (403 Forbidden)", "who?"},
		"no function":             {404, http.Header{"X-Amzn-Errortype": {"ResourceNotFoundException"}}, "", rotator.NotAllowed, "the function was not run: there is no such function (404 ResourceNotFoundException)", ""},
		"conflict":                {409, nil, "", rotator.Unreachable, "the function was not run: it isn't ready (409 Conflict)", ""},
		"too large":               {413, nil, "", rotator.Failed, "the function was not run: the event is too large for it (413 Request Entity Too Large)", ""},
		"too many":                {429, http.Header{"X-Amzn-Errortype": {"TooManyRequestsException:http://x"}}, "", rotator.Unreachable, "the function was not run: too many are running (429 TooManyRequestsExceptionhttpx)", ""},
		"bad request":             {400, nil, "{}", rotator.Failed, "the function was not run: the request was refused (400 Bad Request)", "{}"},
		"broken":                  {500, nil, "x", rotator.Unreachable, "the function was not run: it can't be run now (500 Internal Server Error)", "x"},
		"gateway, late":           {504, nil, "", rotator.TimedOut, "the function was not run: it was not answered in time (504 Gateway Timeout)", ""},
		"flood":                   {200, nil, strings.Repeat(" ", 6<<20+1), rotator.BadAnswer, "the answer has more than 6291456 bytes", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			cfg := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				for k, v := range c.header {
					w.Header()[k] = v
				}
				if c.status != 0 {
					w.WriteHeader(c.status)
				}
				_, _ = io.WriteString(w, c.body)
			})
			err := invoke(t, cfg)
			if c.reason == "" && err != nil {
				t.Fatal(err)
			}
			if c.reason != "" {
				wants(t, err, c.reason, c.text, c.said)
			}
			if n := asked.Load(); n != 1 {
				t.Errorf("it was asked %d times", n)
			}
		})
	}
}

func TestInvoke_Hang_IsTimedOut(t *testing.T) {
	for name, begin := range map[string]bool{"no answer": false, "half an answer": true} {
		t.Run(name, func(t *testing.T) {
			over := make(chan struct{})
			c := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
				if begin {
					_, _ = io.WriteString(w, "nu")
					w.(http.Flusher).Flush()
				}
				<-over
			})
			t.Cleanup(func() { close(over) })
			c.Timeout = time.Second
			wants(t, invoke(t, c), rotator.TimedOut, "the function did not answer within 1s", "")
		})
	}
}

func TestInvoke_Stopped_IsCutOff(t *testing.T) {
	asked, over := make(chan struct{}), make(chan struct{})
	c := endpoint(t, func(http.ResponseWriter, *http.Request) { close(asked); <-over })
	t.Cleanup(func() { close(over) })
	f, err := lambda.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	wants(t, f.Invoke(ctx, event, rotator.Secret{}), rotator.CutOff,
		"the connection ended before the answer", "")
}

func TestInvoke_ConnectionEnds_IsCutOffAndNotSentAgain(t *testing.T) {
	for name, text := range map[string]string{"no answer": "",
		"half an answer": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnull"} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			c := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					return
				}
				_, _ = io.WriteString(conn, text)
				conn.Close()
			})
			wants(t, invoke(t, c), rotator.CutOff, "the connection ended before the answer", "")
			if n := asked.Load(); n != 1 {
				t.Errorf("it was asked %d times", n)
			}
		})
	}
}

func TestInvoke_NoConnection_IsUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for _, url := range []string{"http://" + l.Addr().String(), "https://" + l.Addr().String()} {
		err := invoke(t, lambda.Config{Endpoint: url, Function: "function"})
		wants(t, err, rotator.Unreachable, "the endpoint can't be reached", "")
	}
}

func TestInvoke_WrongCertificate_IsUntrusted(t *testing.T) {
	other := authority.New(t)
	for name, change := range map[string]func(*lambda.Config){
		"server's of another": func(c *lambda.Config) { c.CAFile = other.CAFile },
		"server's by no root": func(c *lambda.Config) { c.CAFile = "" },
		"server's of another name": func(c *lambda.Config) {
			c.Endpoint = strings.Replace(c.Endpoint, "127.0.0.1", "127.0.0.2", 1)
		},
		"client's of another": func(c *lambda.Config) {
			c.Certificate, c.Key = other.Certificate, other.Key
		},
		"client has none": func(c *lambda.Config) { c.Certificate, c.Key = "", "" },
	} {
		t.Run(name, func(t *testing.T) {
			a := authority.New(t)
			l, err := net.Listen("tcp", "0.0.0.0:0")
			if err != nil {
				t.Fatal(err)
			}
			s := httptest.NewUnstartedServer(http.HandlerFunc(
				func(http.ResponseWriter, *http.Request) { t.Error("it was asked") }))
			s.Listener.Close()
			s.Listener, s.TLS = l, a.Server(true)
			s.StartTLS()
			t.Cleanup(s.Close)
			_, port, _ := net.SplitHostPort(l.Addr().String())
			c := lambda.Config{Endpoint: "https://127.0.0.1:" + port, Function: "function",
				CAFile: a.CAFile, Certificate: a.Certificate, Key: a.Key}
			change(&c)
			wants(t, invoke(t, c), rotator.Untrusted, "TLS with the endpoint failed", "")
		})
	}
}

func TestInvoke_Proxy_IsNotAsked(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(
		func(http.ResponseWriter, *http.Request) { t.Error("the proxy was asked") }))
	t.Cleanup(proxy.Close)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	// A name that resolves to nothing: loopback addresses have no proxy anyway.
	err := invoke(t, lambda.Config{Endpoint: "https://function.invalid", Function: "function"})
	wants(t, err, rotator.Unreachable, "the endpoint can't be reached", "")
}

func TestInvoke_MoreAtOnce_Wait(t *testing.T) {
	var now, most atomic.Int32
	c := endpoint(t, func(w http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		time.Sleep(20 * time.Millisecond)
		now.Add(-1)
		_, _ = io.WriteString(w, "null")
	})
	f, err := lambda.New(c)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	for range 5 {
		go func() { done <- f.Invoke(t.Context(), event, rotator.Secret{}) }()
	}
	for range 5 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := most.Load(); n != 1 {
		t.Errorf("%d were running at once", n)
	}
}

func TestNew_BadConfiguration_IsRefused(t *testing.T) {
	a := authority.New(t)
	for want, change := range map[string]func(*lambda.Config){
		"no URL of an endpoint":        func(c *lambda.Config) { c.Endpoint = "function.example" },
		"it is no URL":                 func(c *lambda.Config) { c.Endpoint = "https://user@function.example" },
		"has to be a loopback":         func(c *lambda.Config) { c.Endpoint = "http://function.example:8080" },
		"no certificates without":      func(c *lambda.Config) { c.Endpoint = "http://127.0.0.1:8080" },
		`"../x" is no name`:            func(c *lambda.Config) { c.Function = "../x" },
		"not between 1s and 15m":       func(c *lambda.Config) { c.Timeout = 901 * time.Second },
		"not between 1 and 1000":       func(c *lambda.Config) { c.Concurrent = -1 },
		"come together":                func(c *lambda.Config) { c.Key = "" },
		"certificate: open /no/such":   func(c *lambda.Config) { c.Certificate = "/no/such" },
		"open /no/ca":                  func(c *lambda.Config) { c.CAFile = "/no/ca" },
		"client.key has no certificat": func(c *lambda.Config) { c.CAFile = a.Key },
		"no blanks":                    func(c *lambda.Config) { c.Bearer = "a\r\nX: y" },
	} {
		t.Run(want, func(t *testing.T) {
			c := lambda.Config{Endpoint: "https://function.example", Function: "function",
				Certificate: a.Certificate, Key: a.Key, CAFile: a.CAFile}
			if _, err := lambda.New(c); err != nil {
				t.Fatal(err)
			}
			change(&c)
			_, err := lambda.New(c)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v", err)
			}
		})
	}
}
