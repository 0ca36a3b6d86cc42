package sigv4_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"claviger/identity/sigv4"
)

// Everything signed here is signed by the AWS SDK for Go, as the client would.
var (
	sdk         = v4.NewSigner()
	credentials = aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE",
		SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	signedAt = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	kms      = sigv4.Rules{Service: "kms", Regions: []string{"eu-central-1"}}
	kmsKey   = sigv4.DeriveKey([]byte(credentials.SecretAccessKey), "20261121", "eu-central-1", "kms")
)

// sent is a signed request as it arrives, with its body.
type sent struct {
	*http.Request
	body []byte
}

// check parses and verifies a request at the time of its signing.
func (s sent) check(rules sigv4.Rules) error {
	p, err := sigv4.Parse(s.Request, signedAt, rules)
	if err != nil {
		return err
	}
	return p.Verify(s.Request, s.body, kmsKey)
}

// clone copies what a mutation may change.
func (s sent) clone() sent {
	return sent{s.Request.Clone(s.Context()), bytes.Clone(s.body)}
}

// request makes an unsigned request.
func request(t testing.TB, method, target string, body []byte) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, "https://kms.example.com"+target, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sign signs r in its header and carries it over the wire.
func sign(t testing.TB, r *http.Request, body []byte, options ...func(*v4.SignerOptions)) sent {
	t.Helper()
	if err := sdk.SignHTTP(t.Context(), credentials, r, hash(body), "kms", "eu-central-1", signedAt,
		options...); err != nil {
		t.Fatal(err)
	}
	return carry(t, r)
}

// presign signs r in its query, for ten minutes, and carries it over the wire.
func presign(t testing.TB, r *http.Request, body []byte, payload string,
	options ...func(*v4.SignerOptions)) sent {
	t.Helper()
	q := r.URL.Query()
	q.Set("X-Amz-Expires", "600")
	r.URL.RawQuery = q.Encode()
	to, header, err := sdk.PresignHTTP(t.Context(), credentials, r, payload, "kms", "eu-central-1",
		signedAt, options...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := http.NewRequest(r.Method, to, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	out.Host = r.Host
	for k, v := range header {
		if k != "Host" && k != "Content-Length" {
			out.Header[k] = v
		}
	}
	return carry(t, out)
}

// carry writes a request as a client does and reads it as a server does.
func carry(t testing.TB, r *http.Request) sent {
	t.Helper()
	var wire bytes.Buffer
	if err := r.Write(&wire); err != nil {
		t.Fatal(err)
	}
	got, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return sent{got, body}
}

func hash(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// pick returns one of its arguments.
func pick(rnd *rand.Rand, from ...string) string { return from[rnd.IntN(len(from))] }

// word returns up to n pieces of what is difficult in paths, queries and headers.
func word(rnd *rand.Rand, n int) string {
	var b strings.Builder
	for range rnd.IntN(n + 1) {
		b.WriteString(pick(rnd, "a", "B", "7", "-", "_", ".", "~", "é", "鍵", " ", "+", "%", "&",
			"=", ";", "/", ":", "@", "!", "*", "'", "(", ",", "$"))
	}
	return b.String()
}

// random makes an unsigned request of random method, path, query, headers and body.
func random(t testing.TB, rnd *rand.Rand) (*http.Request, []byte) {
	var path strings.Builder
	for range rnd.IntN(4) {
		// Some clients escape everything, some only what they must.
		segment := "x" + word(rnd, 4)
		if rnd.IntN(2) == 0 {
			path.WriteString("/" + url.PathEscape(segment))
		} else {
			path.WriteString("/" + strings.ReplaceAll(url.QueryEscape(segment), "+", "%20"))
		}
	}
	query := url.Values{}
	for range rnd.IntN(5) {
		query.Add(word(rnd, 3), word(rnd, 5))
	}
	body := make([]byte, rnd.IntN(200))
	for i := range body {
		body[i] = byte(rnd.Uint32())
	}
	r := request(t, pick(rnd, "GET", "POST", "PUT", "PATCH", "DELETE"), path.String(), body)
	r.URL.RawQuery = query.Encode()
	for range rnd.IntN(5) {
		value := pick(rnd, "one", " two", "a  b   c", "x,y", "", "ü", "tab\tin", "q=\"1\"; p") +
			pick(rnd, "", " ", "  z")
		r.Header.Add(pick(rnd, "X-Amz-Target", "Content-Type", "X-Amz-Meta-A", "Amz-Sdk-Request",
			"X-Custom", "Accept"), value)
	}
	if rnd.IntN(3) == 0 {
		r.Host = pick(rnd, "localhost:8443", "[::1]:8443", "10.0.0.7", "KMS.Example.COM")
	}
	return r, body
}

// TestVerify_SDKsSignature_Fits signs random requests with the SDK, in the header and in the query,
// with the path escaped again and as sent.
func TestVerify_SDKsSignature_Fits(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 7))
	asSent := func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }
	for i := range 4000 {
		r, body := random(t, rnd)
		ambiguous := strings.Contains(r.URL.EscapedPath(), "%25")
		var options []func(*v4.SignerOptions)
		if rnd.IntN(2) == 0 && !ambiguous {
			options = append(options, asSent)
		}
		unsigned := r.Clone(t.Context())
		got := func() sent {
			if rnd.IntN(2) == 0 {
				return presign(t, r, body, hash(body), options...)
			}
			return sign(t, r, body, options...)
		}()
		if err := got.check(kms); err != nil {
			t.Fatalf("request %d, %s %s %v: %v", i, unsigned.Method, unsigned.URL, unsigned.Header, err)
		}
	}
}

// TestVerify_PathAsSent_NamesOnePath: a path with an escaped percent sign signed as sent could be
// another path signed by an SDK.
func TestVerify_PathAsSent_NamesOnePath(t *testing.T) {
	asSent := func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }
	if err := sign(t, request(t, "GET", "/v1/a%2Fb", nil), nil, asSent).check(kms); err != nil {
		t.Error("a path signed as sent:", err)
	}
	victim := sign(t, request(t, "GET", "/v1/a%2Fb", nil), nil)
	if err := victim.check(kms); err != nil {
		t.Error("a path signed escaped again:", err)
	}
	victim.URL.Path, victim.URL.RawPath = "/v1/a%2Fb", "/v1/a%252Fb"
	if err := victim.check(kms); err == nil {
		t.Error("the signature of /v1/a%2Fb is good for /v1/a%252Fb")
	}
}

// TestVerify_NormalisedPath_NeedsARule: a normalised path is accepted only where
// the path means nothing.
func TestVerify_NormalisedPath_NeedsARule(t *testing.T) {
	r := sign(t, request(t, "POST", "/a/", nil), nil)
	r.URL.Path = "//./b/../a//"
	if err := r.check(kms); err == nil {
		t.Error("a normalised path is accepted")
	}
	rules := kms
	rules.PathIgnored = true
	if err := r.check(rules); err != nil {
		t.Error("a normalised path is refused where the path means nothing:", err)
	}
}

// TestVerify_ClaimedPayload_IsHeldToTheBody tries every claim of the body's hash.
func TestVerify_ClaimedPayload_IsHeldToTheBody(t *testing.T) {
	body := []byte("{}")
	unsignedAllowed := kms
	unsignedAllowed.UnsignedPayload = true
	for _, c := range []struct {
		claim     string
		presigned bool
		rules     sigv4.Rules
		good      bool
	}{
		{hash(body), false, kms, true},
		{hash(body), true, kms, true},
		{hash(nil), false, kms, false},
		{strings.ToUpper(hash(body)), false, kms, false},
		{"UNSIGNED-PAYLOAD", false, kms, false},
		{"UNSIGNED-PAYLOAD", false, unsignedAllowed, false},
		{"UNSIGNED-PAYLOAD", true, kms, false},
		{"UNSIGNED-PAYLOAD", true, unsignedAllowed, true},
		{"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", true, unsignedAllowed, false},
	} {
		t.Run(fmt.Sprintf("%.20s presigned=%v allowed=%v", c.claim, c.presigned,
			c.rules.UnsignedPayload), func(t *testing.T) {
			r := request(t, "POST", "/", body)
			r.Header.Set("X-Amz-Content-Sha256", c.claim)
			var got sent
			if c.presigned {
				got = presign(t, r, body, c.claim)
			} else {
				// The SDK signs what it is told; the claim is in the header and the hash.
				if err := sdk.SignHTTP(t.Context(), credentials, r, c.claim, "kms", "eu-central-1",
					signedAt); err != nil {
					t.Fatal(err)
				}
				got = carry(t, r)
			}
			if err := got.check(c.rules); (err == nil) != c.good {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestParse_SessionToken_IsFound: the token is found where it stands, signed or added later.
func TestParse_SessionToken_IsFound(t *testing.T) {
	session := credentials
	session.SessionToken = "FwoGZXIvYXdzEXAMPLE/+="
	r := request(t, "POST", "/", nil)
	if err := sdk.SignHTTP(t.Context(), session, r, hash(nil), "kms", "eu-central-1",
		signedAt); err != nil {
		t.Fatal(err)
	}
	later := sign(t, request(t, "POST", "/", nil), nil)
	later.Header.Set("X-Amz-Security-Token", session.SessionToken)
	to, _, err := sdk.PresignHTTP(t.Context(), session, request(t, "GET", "/", nil), hash(nil),
		"kms", "eu-central-1", signedAt)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []sent{carry(t, r), later,
		carry(t, request(t, "GET", strings.TrimPrefix(to, "https://kms.example.com"), nil))} {
		p, err := sigv4.Parse(got.Request, signedAt, kms)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Verify(got.Request, got.body, kmsKey); err != nil {
			t.Error(err)
		}
		if p.SessionToken != session.SessionToken {
			t.Errorf("token %q", p.SessionToken)
		}
	}
}

// TestSigningKey_Printed_SaysNothing prints a signing key in every way there is.
func TestSigningKey_Printed_SaysNothing(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c"} {
		for _, key := range []any{kmsKey, *kmsKey} {
			if got := fmt.Sprintf(verb, key); got != "sigv4.SigningKey{}" {
				t.Errorf("%s of a %T prints %s", verb, key, got)
			}
		}
	}
}
