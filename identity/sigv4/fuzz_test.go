package sigv4_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"claviger/identity/sigv4"
	"claviger/internal/fault"
)

// FuzzAuthorization: whatever stands in the header, the answer is one of AWS's errors or a
// signature in scope, and a signature that nobody made is refused.
func FuzzAuthorization(f *testing.F) {
	f.Add(goodAuth, suiteStamp)
	f.Add(strings.ReplaceAll(goodAuth, ", ", " "), "Sun, 30 Aug 2015 12:36:00 GMT")
	f.Add("AWS4-HMAC-SHA256 Credential=a/b/c/d/e,,  SignedHeaders=host;;x, Signature==",
		"20150830T123600Z")
	f.Add("AWS4-HMAC-SHA256 Credential=A\xff/20150830/us-east-1/service/aws4_request "+
		"SignedHeaders=Host;host Signature=\x00", "0")
	f.Fuzz(func(t *testing.T, auth, date string) {
		r, p, err := parse("a=1&b", suiteTime, "Authorization", auth, "X-Amz-Date", date)
		refusedRight(t, err)
		if err == nil {
			refuses(t, p, r)
		}
	})
}

// FuzzPresigned: the same of any query; and a query signed by the SDK in the header is accepted
// exactly if net/url reads all of it.
func FuzzPresigned(f *testing.F) {
	f.Add(goodQuery)
	f.Add(strings.Replace(goodQuery, "X-Amz-Expires", "X-Amz%2dExpires", 1))
	f.Add(goodQuery + "&X-Amz-Signature=" + goodSignature)
	f.Add("b=%41&a=+%2B;&&=&c%=1")
	f.Add("a-=1&a=2&a%2F=3&a=%c3%a9&a")
	f.Fuzz(func(t *testing.T, raw string) {
		if strings.ContainsAny(raw, "#\x00") || len(raw) > 4096 || strings.Count(raw, "&") > 500 {
			t.Skip("never in a query, or beyond the limits")
		}
		r, err := http.NewRequest("GET", "https://kms.example.com/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.RawQuery = raw
		p, err := sigv4.Parse(r, suiteTime, suiteRules)
		refusedRight(t, err)
		if err == nil {
			refuses(t, p, r)
		}

		signed := sign(t, r, nil)
		signed.URL.RawQuery = raw
		values, malformed := url.ParseQuery(raw)
		want := malformed == nil && !values.Has("X-Amz-Algorithm")
		if err := signed.check(kms); (err == nil) != want {
			t.Errorf("%q is read as %v (%v), verified: %v", raw, values, malformed, err)
		}
	})
}

// refusedRight fails the test if an error is not one that a caller of AWS knows.
func refusedRight(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	var e *fault.Error
	if !errors.As(err, &e) || e.Kind != fault.Unauthenticated || len(e.Message) > 2048 {
		t.Fatalf("%v", err)
	}
	switch e.Code {
	case "MissingAuthenticationTokenException", "IncompleteSignatureException",
		"InvalidSignatureException":
	default:
		t.Errorf("code %s", e.Code)
	}
}

// refuses fails the test if a signature is out of scope or good.
func refuses(t *testing.T, p *sigv4.Presented, r *http.Request) {
	t.Helper()
	c := p.Credential
	if c.Service != "service" || c.Region != "us-east-1" && c.Region != "eu-west-1" ||
		c.Date != p.Time.Format("20060102") {
		t.Errorf("%+v is out of scope", c)
	}
	err := p.Verify(r, nil, sigv4.DeriveKey([]byte("nobody's secret"), c.Date, c.Region, c.Service))
	if err == nil {
		t.Error("verified")
	}
	refusedRight(t, err)
}
