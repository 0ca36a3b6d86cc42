package sigv4_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"claviger/identity/sigv4"
)

// The credentials, time and scope of AWS's published Signature Version 4 test suite.
const (
	suiteKeyID  = "AKIDEXAMPLE"
	suiteSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	suiteStamp  = "20150830T123600Z"
)

var suiteTime = time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)

// suite holds requests of the test suite with the signatures it publishes. Targets that the suite
// writes with raw blanks or letters outside ASCII stand here escaped, as HTTP carries them; its
// folded header, which it signs as three values, is three lines. Header lines come after Host and
// before X-Amz-Date.
var suite = []struct {
	name      string
	target    string // method and target
	headers   string // lines
	body      string
	signed    string // SignedHeaders; empty means host;x-amz-date
	signature string
}{
	{"get-vanilla", "GET /", "", "", "",
		"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"get-header-key-duplicate", "GET /",
		"My-Header1:value2\nMy-Header1:value2\nMy-Header1:value1\n", "",
		"host;my-header1;x-amz-date",
		"c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
	{"get-header-value-multiline", "GET /",
		"My-Header1:value1\nMy-Header1:value2\nMy-Header1:value3\n", "",
		"host;my-header1;x-amz-date",
		"ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790"},
	{"get-header-value-order", "GET /",
		"My-Header1:value4\nMy-Header1:value1\nMy-Header1:value3\nMy-Header1:value2\n", "",
		"host;my-header1;x-amz-date",
		"08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
	{"get-header-value-trim", "GET /", "My-Header1: value1\nMy-Header2: \"a   b   c\"\n", "",
		"host;my-header1;my-header2;x-amz-date",
		"acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
	{"get-relative-relative", "GET /example1/example2/../..", "", "", "",
		"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
	{"get-slashes", "GET //example//", "", "", "",
		"9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
	{"get-slash-pointless-dot", "GET /./example", "", "", "",
		"ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
	{"get-space", "GET /example%20space/", "", "", "",
		"652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
	{"get-unreserved", "GET /-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
		"", "", "",
		"07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
	{"get-utf8", "GET /%E1%88%B4", "", "", "",
		"8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
	{"get-vanilla-empty-query-key", "GET /?Param1=value1", "", "", "",
		"a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
	{"get-vanilla-query-order-encoded", "GET /?Param-3=Value3&Param=Value2&%E1%88%B4=Value1", "",
		"", "",
		"371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
	{"get-vanilla-query-order-key", "GET /?Param1=value2&Param1=Value1", "", "", "",
		"eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
	{"get-vanilla-query-order-key-case", "GET /?Param2=value2&Param1=value1", "", "", "",
		"b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
	{"get-vanilla-query-order-value", "GET /?Param1=value2&Param1=value1", "", "", "",
		"5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
	{"get-vanilla-query-unreserved",
		"GET /?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=" +
			"-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "", "", "",
		"9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
	{"get-vanilla-utf8-query", "GET /?%E1%88%B4=bar", "", "", "",
		"2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
	{"get-vanilla-with-session-token", "GET /",
		"X-Amz-Security-Token:6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267\n",
		"",
		"host;x-amz-date;x-amz-security-token",
		"07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
	{"post-header-key-sort", "POST /", "My-Header1:value1\n", "",
		"host;my-header1;x-amz-date",
		"c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
	{"post-header-value-case", "POST /", "My-Header1:VALUE1\n", "",
		"host;my-header1;x-amz-date",
		"cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
	{"post-sts-header-after", "POST /", "X-Amz-Security-Token:added-after-signing\n", "", "",
		"5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
	{"post-sts-header-before", "POST /",
		"X-Amz-Security-Token:AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBu" +
			"FqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU" +
			"9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2I" +
			"CCR/oLxBA==\n", "", "host;x-amz-date;x-amz-security-token",
		"85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
	{"post-vanilla", "POST /", "", "", "",
		"5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
	{"post-vanilla-query", "POST /?Param1=value1", "", "", "",
		"28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
	{"post-x-www-form-urlencoded", "POST /", "Content-Type:application/x-www-form-urlencoded\n",
		"Param1=value1",
		"content-type;host;x-amz-date",
		"ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
	{"post-x-www-form-urlencoded-parameters", "POST /",
		"Content-Type:application/x-www-form-urlencoded; charset=utf-8\n" +
			"Content-Length:13\nx-amz-content-sha256:9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e\n", "Param1=value1",
		"content-length;content-type;host;x-amz-content-sha256;x-amz-date",
		"328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422"},
}

func TestVerify_AWSsSuite_Fits(t *testing.T) {
	for _, c := range suite {
		t.Run(c.name, func(t *testing.T) {
			signed := c.signed
			if signed == "" {
				signed = "host;x-amz-date"
			}
			r := read(t, c.target+" HTTP/1.1\nHost:example.amazonaws.com\n"+c.headers+"X-Amz-Date:"+
				suiteStamp+
				"\nAuthorization:AWS4-HMAC-SHA256 Credential="+suiteKeyID+
				"/20150830/us-east-1/service/aws4_request, SignedHeaders="+
				signed+", Signature="+c.signature+"\n\n")
			accept(t, r, c.body)
		})
	}
}

// presigned holds requests of the suite's later edition with the signature in the query.
var presigned = []struct{ name, target, headers, body, query string }{
	{"get-vanilla-query-order-key-case", "GET /?Param2=value2&Param1=value1&", "", "",
		"X-Amz-SignedHeaders=host&X-Amz-Expires=3600&X-Amz-Signature=86012e2c9ad4d77369f5d81c11f75158aae4f895a085212cc6d3f923d300bed5"},
	{"get-utf8", "GET /%E1%88%B4?", "", "",
		"X-Amz-SignedHeaders=host&X-Amz-Expires=3600&X-Amz-Signature=10eae3f14a260bd3911cc6d008d3c576d143b05b62f09782a7a4b37f52178e44"},
	{"get-vanilla-utf8-query", "GET /?%E1%88%B4=bar&", "", "",
		"X-Amz-SignedHeaders=host&X-Amz-Expires=3600&X-Amz-Signature=0bdd809b1519ac4f0c1dc3540e2cc46bd0c7f778eda408b2ebf3b913d21ff600"},
	{"get-vanilla-with-session-token", "GET /?", "", "",
		"X-Amz-SignedHeaders=host&X-Amz-Expires=3600&X-Amz-Security-Token=" +
			"6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267&X-Amz-Signature=7ff2b50b376cb4d151970630573d6291dc128cc5c2a12ffb237f73cc53f67b6c"},
	{"post-vanilla", "POST /?", "", "",
		"X-Amz-SignedHeaders=host&X-Amz-Expires=3600&X-Amz-Signature=2ce6e6d2e0cf2f9d1b55fafec88cd20574c31dc2e7631979f71ba2310083e95b"},
}

func TestVerify_PresignedSuite_Fits(t *testing.T) {
	for _, c := range presigned {
		t.Run(c.name, func(t *testing.T) {
			r := read(t, c.target+"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="+suiteKeyID+
				"%2F20150830%2Fus-east-1%2Fservice%2Faws4_request&X-Amz-Date="+suiteStamp+"&"+c.query+
				" HTTP/1.1\nHost:example.amazonaws.com\n"+c.headers+"\n")
			accept(t, r, c.body)
		})
	}
}

// TestDeriveKey_IAMsExample_Fits is the example of the IAM User Guide, "Create a
// signed AWS API request".
func TestDeriveKey_IAMsExample_Fits(t *testing.T) {
	r := read(t, "GET /?Action=ListUsers&Version=2010-05-08 HTTP/1.1\nHost: iam.amazonaws.com\n"+
		"Content-Type: application/x-www-form-urlencoded; charset=utf-8\nX-Amz-Date: 20150830T123600Z\n"+
		"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "+
		"SignedHeaders=content-type;host;x-amz-date, "+
		"Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7\n\n")
	rules := sigv4.Rules{Service: "iam", Regions: []string{"us-east-1"}}
	p, err := sigv4.Parse(r, suiteTime, rules)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Verify(r, nil,
		sigv4.DeriveKey([]byte(suiteSecret), "20150830", "us-east-1", "iam")); err != nil {
		t.Error(err)
	}
}

// accept fails the test if the request isn't verified under the suite's key.
func accept(t *testing.T, r *http.Request, body string) {
	t.Helper()
	p, err := sigv4.Parse(r, suiteTime,
		sigv4.Rules{Service: "service", Regions: []string{"us-east-1"}, PathIgnored: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Verify(r, []byte(body),
		sigv4.DeriveKey([]byte(suiteSecret), "20150830", "us-east-1", "service")); err != nil {
		t.Error(err)
	}
	want := sigv4.Credential{AccessKeyID: suiteKeyID, Date: "20150830", Region: "us-east-1",
		Service: "service"}
	if p.Credential != want || !p.Time.Equal(suiteTime) {
		t.Errorf("claims %+v at %v", p.Credential, p.Time)
	}
}

// read parses a request as a server does.
func read(t *testing.T, text string) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(text, "\n",
		"\r\n"))))
	if err != nil {
		t.Fatal(err)
	}
	return r
}
