package sigv4_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/identity/sigv4"
	"claviger/internal/fault"
)

const (
	goodCredential = "AKID/20150830/us-east-1/service/aws4_request"
	goodSignature  = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
	goodAuth       = "AWS4-HMAC-SHA256 Credential=" + goodCredential +
		", SignedHeaders=host;x-amz-date, Signature=" + goodSignature
	goodQuery = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + goodCredential +
		"&X-Amz-Date=20150830T123600Z" +
		"&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&X-Amz-Signature=" + goodSignature
)

var suiteRules = sigv4.Rules{Service: "service", Regions: []string{"us-east-1", "eu-west-1"}}

// parse parses a request of these headers and this query at a time.
func parse(query string, now time.Time, header ...string) (*http.Request, *sigv4.Presented, error) {
	r, err := http.NewRequest("POST", "https://example.amazonaws.com/?"+query, nil)
	if err != nil {
		return nil, nil, err
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	p, err := sigv4.Parse(r, now, suiteRules)
	return r, p, err
}

// badSignature is a request whose signature is refused, and AWS's answer to it.
type badSignature struct {
	name   string
	query  string
	header []string
	code   string
	text   string // " Authorization=" at the end is followed by the header's hash
}

const (
	incomplete = "IncompleteSignatureException"
	invalid    = "InvalidSignatureException"
)

// authWith returns the headers of a good request, changed.
func authWith(from, to string) []string {
	return []string{"Authorization", strings.Replace(goodAuth, from, to, 1), "X-Amz-Date", suiteStamp}
}

// queryWith returns the query of a good presigned request, changed.
func queryWith(from, to string) string { return strings.Replace(goodQuery, from, to, 1) }

// The tables are in the order of the checks. Later faults are put beside earlier ones to hold it.
var badParts = []badSignature{
	{"nothing", "", nil, "MissingAuthenticationTokenException", "Missing Authentication Token"},
	{"another scheme", "", []string{"Authorization", "Bearer x"},
		"MissingAuthenticationTokenException", "Missing Authentication Token"},
	{"both", goodQuery, []string{"Authorization", "Basic x"}, invalid,
		"Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."},
	{"two headers", "", []string{"Authorization", goodAuth, "Authorization", goodAuth},
		incomplete,
		"Found more than one 'Authorization' HTTP header."},

	{"no parts", "", []string{"Authorization", "AWS4-"}, incomplete,
		"Authorization header requires 'Credential' parameter. " +
			"Authorization header requires 'Signature' parameter. Authorization header requires " +
			"'SignedHeaders' parameter. " +
			"Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. " +
			"(Hashed with SHA-256 and encoded with Base64) Authorization="},
	{"empty signature", "", authWith("Signature="+goodSignature, "Signature="), incomplete,
		"Authorization header requires 'Signature' parameter. (Hashed with SHA-256 and encoded with " +
			"Base64) Authorization="},
	{"no date", "", []string{"Authorization", goodAuth}, incomplete,
		"Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. " +
			"(Hashed with SHA-256 and encoded with Base64) Authorization="},
	{"two credentials", "", authWith("Signature=", "Credential=x,Signature="), incomplete,
		"Authorization header has more than one 'Credential' parameter. (Hashed with SHA-256 and " +
			"encoded with Base64) Authorization="},
	{"empty algorithm in the query", "X-Amz-Algorithm", nil, incomplete,
		"AWS query-string parameters must include 'X-Amz-Algorithm'. " +
			"AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters " +
			"must include 'X-Amz-Signature'. " +
			"AWS query-string parameters must include 'X-Amz-SignedHeaders'. AWS query-string parameters " +
			"must include 'X-Amz-Date'. " +
			"Re-examine the query-string parameters."},
	{"two dates in the query", goodQuery + "&X-Amz-D%61te=20150830T123601Z", nil, incomplete,
		"AWS query-string parameters must include 'X-Amz-Date' only once. " +
			"Re-examine the query-string parameters."},
}

var badTimes = []badSignature{
	{"bad date form", "", []string{"Authorization",
		"AWS4-X Credential=x,SignedHeaders=x,Signature=x", "X-Amz-Date", "2015-08-30"},
		incomplete,
		"Date must be in ISO-8601 'basic format'. Got '2015-08-30'. See " +
			"http://en.wikipedia.org/wiki/ISO_8601"},
	{"fraction of a second", "",
		[]string{"Authorization", goodAuth, "X-Amz-Date", "20150830T123600.5Z"}, incomplete,
		"Date must be in ISO-8601 'basic format'. Got '20150830T123600.5Z'. See " +
			"http://en.wikipedia.org/wiki/ISO_8601"},
	{"two dates", "", []string{"Authorization", goodAuth, "X-Amz-Date", suiteStamp,
		"X-Amz-Date", suiteStamp}, incomplete,
		"Date must be in ISO-8601 'basic format'. Got '20150830T123600Z,20150830T123600Z'. See " +
			"http://en.wikipedia.org/wiki/ISO_8601"},
	{"HTTP date in the query", queryWith("20150830T123600Z", "Sun,+30+Aug+2015+12:36:00+GMT"), nil,
		incomplete,
		"Date must be in ISO-8601 'basic format'. Got 'Sun, 30 Aug 2015 12:36:00 GMT'. See " +
			"http://en.wikipedia.org/wiki/ISO_8601"},

	{"expired", "", []string{"Authorization", "AWS4-X Credential=x,SignedHeaders=x,Signature=x",
		"X-Amz-Date", "20150830T123059Z"}, invalid,
		"Signature expired: 20150830T123059Z is now earlier than " +
			"20150830T123100Z (20150830T123600Z - 5 min.)"},
	{"not yet current", "", []string{"Authorization", goodAuth, "X-Amz-Date",
		"20150830T124101Z"}, invalid,
		"Signature not yet current: 20150830T124101Z is still later than 20150830T124100Z " +
			"(20150830T123600Z + 5 min.)"},
	{"presigned expired", queryWith("20150830T123600Z", "20150830T113559Z"), nil, invalid,
		"Signature expired: 20150830T113559Z is now earlier than " +
			"20150830T113600Z (20150830T123600Z - 60 min.)"},
	{"presigned expired in seconds",
		strings.Replace(queryWith("20150830T123600Z", "20150830T123500Z"), "=3600", "=59", 1), nil,
		invalid,
		"Signature expired: 20150830T123500Z is now earlier than " +
			"20150830T123501Z (20150830T123600Z - 59 sec.)"},
	{"expires 0", queryWith("=3600", "=0"), nil, incomplete,
		"X-Amz-Expires must be a number of seconds from 1 to 604800. Got '0'."},
	{"expires 604801", queryWith("=3600", "=604801"), nil, incomplete,
		"X-Amz-Expires must be a number of seconds from 1 to 604800. Got '604801'."},
	{"expires -1", queryWith("=3600", "=-1"), nil, incomplete,
		"X-Amz-Expires must be a number of seconds from 1 to 604800. Got '-1'."},
	{"expires soon", queryWith("=3600", "=soon"), nil, incomplete,
		"X-Amz-Expires must be a number of seconds from 1 to 604800. Got 'soon'."},
}

var badScopes = []badSignature{
	{"host unsigned", "",
		authWith("AWS4-HMAC-SHA256 Credential="+goodCredential+", SignedHeaders=host;",
			"AWS4-X Credential=x, SignedHeaders=hosts;"), invalid,
		"'Host' must be a 'SignedHeader' in the AWS Authorization."},
	{"algorithm", "", authWith("AWS4-HMAC-SHA256 Credential="+goodCredential,
		"AWS4-HMAC-SHA512 Credential=x"), incomplete,
		"Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512' (only AWS4-HMAC-SHA256 for now). "},
	{"algorithm in the query", queryWith("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), nil,
		incomplete,
		"Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for now). "},
	{"credential", "", authWith(goodCredential, "a/b/c/d"), incomplete,
		"Credential must have exactly 5 slash-delimited elements, e.g. " +
			"keyid/date/region/service/term, got 'a/b/c/d'"},
	{"long credential", "", authWith(goodCredential, strings.Repeat("é", 100)), incomplete,
		"Credential must have exactly 5 slash-delimited elements, e.g. " +
			"keyid/date/region/service/term, got '" + strings.Repeat("é", 64) + "...'"},

	{"whole scope", "", authWith(goodCredential, "a/b/c/d/e"), invalid,
		"Credential should be scoped to a valid region, not 'c'. " +
			"Credential should be scoped to correct service: 'service'. " +
			"Credential should be scoped with a valid terminator: 'aws4_request', not 'e'. " +
			"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: " +
			"'b' != '20150830', from '20150830T123600Z'."},
	{"region", "", authWith("us-east-1", "us-east-2"), invalid,
		"Credential should be scoped to a valid region, not 'us-east-2'. "},
	{"service", "", authWith("/service/", "/kms/"), invalid,
		"Credential should be scoped to correct service: 'service'. "},
	{"terminator", "", authWith("aws4_request", "aws4_requests"), invalid,
		"Credential should be scoped with a valid terminator: 'aws4_request', not 'aws4_requests'. "},
	{"day", "", authWith("20150830/", "20150829/"), invalid,
		"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date " +
			"from HTTP: '20150829' != '20150830', from '20150830T123600Z'."},
}

var tooLarge = []badSignature{
	{"long header", "", authWith("Credential=", strings.Repeat(" ", 8192)+"Credential="),
		incomplete,
		"Authorization header must have at most 8192 bytes and 64 signed headers."},
	{"many headers", "", authWith("host;", "host;"+strings.Repeat("x;", 63)), incomplete,
		"Authorization header must have at most 8192 bytes and 64 signed headers."},
	{"long query", strings.Repeat("x", 32769), nil, incomplete,
		"Query string must have at most 32768 bytes and 512 parameters."},
	{"many parameters", strings.Repeat("&", 512), nil, incomplete,
		"Query string must have at most 32768 bytes and 512 parameters."},
}

// TestParse_BadSignature_IsRefusedInOrder is the table of AWS's answers.
func TestParse_BadSignature_IsRefusedInOrder(t *testing.T) {
	for _, c := range slices.Concat(badParts, badTimes, badScopes, tooLarge) {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := parse(c.query, suiteTime, c.header...)
			f := fault.Of(err)
			if f == nil || f.Kind != fault.Unauthenticated || f.Code != c.code {
				t.Fatalf("got %v, want %s", err, c.code)
			}
			if strings.HasSuffix(c.text, " Authorization=") {
				sum := sha256.Sum256([]byte(c.header[1]))
				c.text += base64.StdEncoding.EncodeToString(sum[:])
			}
			if f.Message != c.text {
				t.Errorf("got  %q\nwant %q", f.Message, c.text)
			}
			if strings.Contains(f.Error(), goodSignature) {
				t.Error("the text shows the signature")
			}
		})
	}
}

// TestVerify_BadSignature_IsRefused: what Verify refuses, in words that don't help to forge.
func TestVerify_BadSignature_IsRefused(t *testing.T) {
	key := sigv4.DeriveKey([]byte(suiteSecret), "20150830", "us-east-1", "service")
	for _, c := range []struct {
		name   string
		header []string
		text   string
	}{
		{"wrong signature", nil, sigv4.ErrMismatch.Message},
		{"unsigned header", []string{"X-Amz-Target", "TrentService.Encrypt"},
			"There were headers present in the request which were not signed: x-amz-target"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, p, err := parse("a=1", suiteTime,
				append(c.header, "Authorization", goodAuth, "X-Amz-Date", suiteStamp)...)
			if err != nil {
				t.Fatal(err)
			}
			err = p.Verify(r, []byte("body"), key)
			if !errors.Is(err, sigv4.ErrMismatch) || fault.Of(err).Message != c.text {
				t.Errorf("got %v", err)
			}
			if text := fault.Of(err).Error(); strings.Contains(text, "POST") ||
				strings.Contains(text, goodSignature) {
				t.Errorf("tells too much: %s", text)
			}
		})
	}
}

// TestParse_Time_IsHeldToTheWindow walks the borders of what is in time.
func TestParse_Time_IsHeldToTheWindow(t *testing.T) {
	header := []string{"Authorization", goodAuth, "X-Amz-Date", suiteStamp}
	for _, c := range []struct {
		name   string
		query  string
		header []string
		offset time.Duration // of our clock from the time of signing
		good   bool
	}{
		{"header", "", header, 0, true},
		{"header", "", header, 5 * time.Minute, true},
		{"header", "", header, 5*time.Minute + 999*time.Millisecond, true},
		{"header", "", header, 5*time.Minute + time.Second, false},
		{"header", "", header, -5 * time.Minute, true},
		{"header", "", header, -5*time.Minute - time.Second, false},
		{"query", goodQuery, nil, time.Hour, true},
		{"query", goodQuery, nil, time.Hour + time.Second, false},
		{"query", goodQuery, nil, -5 * time.Minute, true},
		{"query", goodQuery, nil, -5*time.Minute - time.Second, false},
		{"a week", strings.Replace(goodQuery, "=3600", "=604800", 1), nil, 7 * 24 * time.Hour,
			true},
		{"a week", strings.Replace(goodQuery, "=3600", "=604800", 1), nil,
			7*24*time.Hour + time.Second, false},
		{"a second", strings.Replace(goodQuery, "=3600", "=1", 1), nil, time.Second, true},
		{"a second", strings.Replace(goodQuery, "=3600", "=1", 1), nil, 2 * time.Second, false},
		{"no expiry", strings.Replace(goodQuery, "X-Amz-Expires=3600&", "", 1), nil,
			5 * time.Minute, true},
		{"no expiry", strings.Replace(goodQuery, "X-Amz-Expires=3600&", "", 1), nil,
			5*time.Minute + time.Second, false},
	} {
		t.Run(c.name+" "+c.offset.String(), func(t *testing.T) {
			// The clock's zone doesn't matter.
			now := suiteTime.Add(c.offset).In(time.FixedZone("", 5*3600))
			if _, _, err := parse(c.query, now, c.header...); (err == nil) != c.good {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestParse_ExpiresIgnored_LivesForTheWindow: where the rules say so, a presigned request lives as
// long as any other, be what it says itself shorter or longer. It still has to say it well.
func TestParse_ExpiresIgnored_LivesForTheWindow(t *testing.T) {
	rules := suiteRules
	rules.ExpiresIgnored, rules.Window = true, 15*time.Minute
	for expires, good := range map[string]bool{"1": true, "60": true, "604800": true, "0": false,
		"604801": false, "x": false} {
		r, _, _ := parse(strings.Replace(goodQuery, "=3600", "="+expires, 1), suiteTime)
		for after, alive := range map[time.Duration]bool{15 * time.Minute: true,
			15*time.Minute + time.Second: false} {
			if _, err := sigv4.Parse(r, suiteTime.Add(after), rules); (err == nil) != (good && alive) {
				t.Errorf("%s seconds, after %v: %v", expires, after, err)
			}
		}
	}
}

// TestParse_OddForms_AreRead are the ways in which clients write what is the same.
func TestParse_OddForms_AreRead(t *testing.T) {
	date := func(name, value string) []string { return []string{name, value} }
	for _, c := range []struct {
		name string
		auth string
		date []string
	}{
		{"comma", strings.ReplaceAll(goodAuth, ", ", ","), date("X-Amz-Date", suiteStamp)},
		{"blank", strings.ReplaceAll(goodAuth, ", ", " "), date("X-Amz-Date", suiteStamp)},
		{"many blanks", strings.ReplaceAll(goodAuth, " ", "   "), date("X-Amz-Date", suiteStamp)},
		{"more parameters", goodAuth + ",More=1,Odd", date("X-Amz-Date", suiteStamp)},
		{"Date", goodAuth, date("Date", suiteStamp)},
		{"Date in HTTP's form", goodAuth, date("Date", "Sun, 30 Aug 2015 12:36:00 GMT")},
		{"X-Amz-Date before Date", goodAuth,
			append(date("X-Amz-Date", suiteStamp), "Date", "Mon, 31 Aug 2015 00:00:00 GMT")},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, p, err := parse("", suiteTime, append(c.date, "Authorization", c.auth)...)
			if err != nil {
				t.Fatal(err)
			}
			if p.Credential.AccessKeyID != "AKID" || !p.Time.Equal(suiteTime) || p.Presigned {
				t.Errorf("got %+v", p)
			}
		})
	}
}

// TestParse_DateHeader_IsRead verifies a request that is dated by a Date header in HTTP's form,
// signed here step by step because no SDK signs so any more.
func TestParse_DateHeader_IsRead(t *testing.T) {
	canonical := "POST\n/\n\ndate:Sun, 30 Aug 2015 12:36:00 " +
		"GMT\nhost:example.amazonaws.com\n\ndate;host\n" + hash(nil)
	key := []byte("AWS4" + suiteSecret)
	for _, part := range []string{"20150830", "us-east-1", "service", "aws4_request",
		"AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/service/aws4_request\n" +
			hash([]byte(canonical))} {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(part))
		key = m.Sum(nil)
	}
	accept(t, read(t, "POST / HTTP/1.1\nHost:example.amazonaws.com\nDate:Sun, 30 Aug 2015 12:36:00 "+
		"GMT\n"+
		"Authorization:AWS4-HMAC-SHA256 Credential="+suiteKeyID+
		"/20150830/us-east-1/service/aws4_request, SignedHeaders=date;host, "+
		"Signature="+hex.EncodeToString(key)+"\n\n"), "")
}
