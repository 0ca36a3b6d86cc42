package sigv4_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"claviger/identity/sigv4"
	"claviger/internal/fault"
)

// byHand signs a request step by step over the lines of its canonical request, as somebody does who
// has a key and signs what no SDK would.
func byHand(r *http.Request, query, signed string, headers ...string) {
	canonical := strings.Join([]string{r.Method, "/", query, strings.Join(headers, "\n") + "\n", signed,
		hash(nil)}, "\n")
	key := []byte("AWS4" + credentials.SecretAccessKey)
	for _, part := range []string{"20261121", "eu-central-1", "kms", "aws4_request",
		"AWS4-HMAC-SHA256\n20261121T120000Z\n20261121/eu-central-1/kms/aws4_request\n" +
			hash([]byte(canonical))} {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+credentials.AccessKeyID+
		"/20261121/eu-central-1/kms/aws4_request, SignedHeaders="+signed+", Signature="+
		hex.EncodeToString(key))
}

// bare is a request without a body that is signed by hand; its query is as it arrived.
func bare(t testing.TB, query string) *http.Request {
	t.Helper()
	r := request(t, "POST", "/", nil)
	r.URL.RawQuery = query
	r.Header.Set("X-Amz-Date", "20261121T120000Z")
	return r
}

const (
	hostLine = "host:kms.example.com"
	dateLine = "x-amz-date:20261121T120000Z"
)

// TestVerify_Escape_IsReadToItsEnd: each digit of an escape counts, in both cases, and one that ends
// before its second digit is no escape.
func TestVerify_Escape_IsReadToItsEnd(t *testing.T) {
	for escape, canonical := range map[string]string{
		"%2f": "%2F", "%2F": "%2F", "%af": "%AF", "%AF": "%AF", "%fa": "%FA", "%FA": "%FA",
		"%09": "%09", "%90": "%90", "%30": "0", "%7a": "z", "+": "%20",
	} {
		r := bare(t, "a="+escape)
		byHand(r, "a="+canonical, "host;x-amz-date", hostLine, dateLine)
		if err := (sent{r, nil}).check(kms); err != nil {
			t.Errorf("%s: %v", escape, err)
		}
	}
	for _, cut := range []string{"%", "%2", "b%", "b%2", "%2g", "%g2", "%`0", "%0:", "%@0", "%0G", "%/0"} {
		r := bare(t, "a="+cut)
		byHand(r, "a="+strings.ReplaceAll(cut, "%", "%25"), "host;x-amz-date", hostLine, dateLine)
		if err := (sent{r, nil}).check(kms); !errors.Is(err, sigv4.ErrMismatch) {
			t.Errorf("%s: %v, want a mismatch", cut, err)
		}
	}
}

// TestVerify_HeaderSignedTwice_IsRefused: a name that stands twice among the signed headers would
// make up for another header that is not among them.
func TestVerify_HeaderSignedTwice_IsRefused(t *testing.T) {
	r := bare(t, "")
	r.Header.Set("X-Amz-Target", "TrentService.DisableKey")
	byHand(r, "", "host;x-amz-date;x-amz-date", hostLine, dateLine, dateLine)
	if err := (sent{r, nil}).check(kms); !errors.Is(err, sigv4.ErrMismatch) {
		t.Errorf("an unsigned X-Amz-Target beside a date that is signed twice: %v", err)
	}
	byHand(r, "", "host;x-amz-date;x-amz-target", hostLine, dateLine,
		"x-amz-target:TrentService.DisableKey")
	if err := (sent{r, nil}).check(kms); err != nil {
		t.Errorf("signed once: %v", err)
	}
}

// TestVerify_HeaderName_IsLowerCase: a signed header is named in small letters, whatever the first.
func TestVerify_HeaderName_IsLowerCase(t *testing.T) {
	for name, want := range map[string]bool{"zeta": true, "alpha": true, "a-z-z": true, "Zeta": false,
		"Alpha": false, "aZ": false, "aA": false} {
		r := bare(t, "")
		r.Header.Set(name, "v")
		signed, lines := "host;x-amz-date;"+name, []string{hostLine, dateLine, name + ":v"}
		if name < "host" {
			signed, lines = name+";host;x-amz-date", []string{name + ":v", hostLine, dateLine}
		}
		byHand(r, "", signed, lines...)
		if err := (sent{r, nil}).check(kms); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestVerify_BareAmzPrefix_MustBeSigned: a header whose name is the prefix and nothing more is one
// of those that have to be signed.
func TestVerify_BareAmzPrefix_MustBeSigned(t *testing.T) {
	r := bare(t, "")
	r.Header["X-Amz-"] = []string{"v"}
	byHand(r, "", "host;x-amz-date", hostLine, dateLine)
	if err := (sent{r, nil}).check(kms); !errors.Is(err, sigv4.ErrMismatch) {
		t.Errorf("not signed: %v", err)
	}
	byHand(r, "", "host;x-amz-;x-amz-date", hostLine, "x-amz-:v", dateLine)
	if err := (sent{r, nil}).check(kms); err != nil {
		t.Errorf("signed: %v", err)
	}
}

// TestVerify_ContentLength_IsTheRequests: where net/http keeps the length out of the header, it is
// signed all the same; no other header is made up for.
func TestVerify_ContentLength_IsTheRequests(t *testing.T) {
	for _, c := range []struct {
		name   string
		length int64
		want   bool
	}{
		{"content-length", 0, true}, {"content-length", 7, true}, {"content-length", -1, false},
		{"content-type", 7, false},
	} {
		r := bare(t, "")
		r.ContentLength = c.length
		byHand(r, "", c.name+";host;x-amz-date", fmt.Sprintf("%s:%d", c.name, c.length), hostLine,
			dateLine)
		if err := (sent{r, nil}).check(kms); (err == nil) != c.want {
			t.Errorf("%s of %d: %v", c.name, c.length, err)
		}
	}
}

// TestVerify_UnsignedHeader_IsNamedUpToALine: what a caller sent is said back, and not more of it
// than a line.
func TestVerify_UnsignedHeader_IsNamedUpToALine(t *testing.T) {
	for size, end := range map[int]string{127: "", 128: "", 129: "..."} {
		r := bare(t, "")
		name := "x-amz-" + strings.Repeat("a", size-len("x-amz-"))
		r.Header.Set(name, "v")
		byHand(r, "", "host;x-amz-date", hostLine, dateLine)
		f := fault.Of((sent{r, nil}).check(kms))
		if f == nil || !strings.HasSuffix(f.Message, ": "+name[:min(size, 128)]+end) {
			t.Errorf("%d bytes: %v", size, f)
		}
	}
}

// TestParse_LongestForms_AreTaken: the limits are what may be sent, and one more is too much.
func TestParse_LongestForms_AreTaken(t *testing.T) {
	const longestHeader, longestQuery = 8 << 10, 32 << 10
	for over := range 2 {
		auth := goodAuth + ",More=" + strings.Repeat("x", longestHeader-len(goodAuth+",More=")+over)
		if _, _, err := parse("", suiteTime, "Authorization", auth, "X-Amz-Date",
			suiteStamp); (err == nil) != (over == 0) {
			t.Errorf("an Authorization header of %d bytes: %v", len(auth), err)
		}
		query := goodQuery + "&more=" + strings.Repeat("x", longestQuery-len(goodQuery+"&more=")+over)
		if _, _, err := parse(query, suiteTime); (err == nil) != (over == 0) {
			t.Errorf("a query of %d bytes: %v", len(query), err)
		}
	}
}
