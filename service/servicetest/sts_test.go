package servicetest_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"claviger/service"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	stsForm = "Action=GetCallerIdentity&Version=2011-06-15"
	stsType = "application/x-www-form-urlencoded; charset=utf-8"
)

// golden is the answer of GetCallerIdentity as AWS sets it. The words in capitals are filled in.
const golden = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>ARN</Arn>
    <UserId>ID</UserId>
    <Account>111122223333</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>REQUEST</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
`

// askSTS is a good request of AWS's own clients.
func askSTS() servicetest.Request {
	return servicetest.Request{Service: "sts", Type: stsType, Body: []byte(stsForm)}
}

// namesRoot checks that an answer is that of the account's root.
func namesRoot(t testing.TB, a servicetest.Answer) {
	t.Helper()
	want := strings.NewReplacer("ARN", servicetest.RootARN, "ID", servicetest.Account,
		"REQUEST", a.RequestID()).Replace(golden)
	if a.Status != 200 || string(a.Body) != want || a.Header.Get("Content-Type") != "text/xml" {
		t.Errorf("answered %d %s\n%s\nwant\n%s", a.Status, a.Header.Get("Content-Type"), a.Body,
			want)
	}
}

func TestSTS_GoSDK_NamesTheCaller(t *testing.T) {
	s := servicetest.Start(t)
	for name, c := range map[string]struct {
		client  *sts.Client
		arn, id string
	}{
		"root":   {s.STS(), servicetest.RootARN, servicetest.Account},
		"a user": {s.STS(s.AsNobody()), servicetest.NobodyARN, "AIDA"},
		"another Region": {s.STS(servicetest.WithRegion(servicetest.Abroad)), servicetest.RootARN,
			servicetest.Account},
	} {
		out, err := c.client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		accepted(t, err)
		if *out.Account != servicetest.Account || *out.Arn != c.arn ||
			!strings.HasPrefix(*out.UserId, c.id) {
			t.Errorf("%s is %s, %s of %s", name, *out.Arn, *out.UserId, *out.Account)
		}
	}
	wrong := aws.Credentials{AccessKeyID: s.Root.AccessKeyID, SecretAccessKey: "wrong"}
	_, err := s.STS(servicetest.As(wrong)).GetCallerIdentity(t.Context(),
		&sts.GetCallerIdentityInput{})
	refused(t, err, "SignatureDoesNotMatch", "*")
}

// run runs a program of AWS's against a server and returns what it printed.
func run(t *testing.T, s *servicetest.Server, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "AWS_CONFIG_FILE=/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE=/dev/null",
		"AWS_PAGER=", "AWS_MAX_ATTEMPTS=1", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID="+s.Root.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+s.Root.SecretAccessKey,
		"AWS_REGION="+servicetest.Region, "AWS_DEFAULT_REGION="+servicetest.Region,
		"AWS_ENDPOINT_URL_STS="+s.URL)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestSTS_AWSCLI_NamesTheCaller(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed: `make awscli`")
	}
	s := servicetest.Start(t)
	out := run(t, s, "aws", "--endpoint-url", s.URL, "sts", "get-caller-identity", "--output",
		"json")
	var got struct{ Account, Arn, UserId string }
	accepted(t, json.Unmarshal([]byte(out), &got))
	if got.Account != servicetest.Account || got.Arn != servicetest.RootARN ||
		got.UserId != servicetest.Account {
		t.Errorf("printed %s", out)
	}
}

// boto signs in the header and in the query; what it presigns is fetched without it.
const boto = `
import boto3, os, urllib.request
sts = boto3.client("sts", endpoint_url=os.environ["AWS_ENDPOINT_URL_STS"])
who = sts.get_caller_identity()
print(who["Account"], who["Arn"], who["UserId"])
url = sts.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
print(urllib.request.urlopen(url).read().decode().count("<Arn>" + who["Arn"] + "</Arn>"))
c = sts.get_session_token()["Credentials"]
session = boto3.client("sts", endpoint_url=os.environ["AWS_ENDPOINT_URL_STS"],
    aws_access_key_id=c["AccessKeyId"], aws_secret_access_key=c["SecretAccessKey"],
    aws_session_token=c["SessionToken"])
print(session.get_caller_identity()["Arn"])
try:
    session.get_session_token()
except sts.exceptions.ClientError as e:
    print(e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"])
`

func TestSTS_Boto3_NamesTheCaller(t *testing.T) {
	if exec.Command("python3", "-c", "import boto3").Run() != nil {
		t.Skip("boto3 is not installed: `make boto3`")
	}
	s := servicetest.Start(t)
	want := servicetest.Account + " " + servicetest.RootARN + " " + servicetest.Account +
		"\n1\n" + servicetest.RootARN + "\nAccessDenied 403"
	if got := run(t, s, "python3", "-c", boto); got != want {
		t.Errorf("printed\n%s\nwant\n%s", got, want)
	}
}

// fetch sends a request by a client that knows nothing of AWS.
func fetch(t testing.TB, method, to, body string, h http.Header) servicetest.Answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, to, strings.NewReader(body))
	accepted(t, err)
	if h != nil {
		r.Header = h.Clone()
	}
	resp, err := http.DefaultClient.Do(r)
	accepted(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	accepted(t, err)
	return servicetest.Answer{Status: resp.StatusCode, Header: resp.Header, Body: answer}
}

// presigned returns the URL that the SDK presigns for GetCallerIdentity, with headers signed too.
func presigned(t testing.TB, s *servicetest.Server, headers ...string) string {
	t.Helper()
	out, err := sts.NewPresignClient(s.STS()).PresignGetCallerIdentity(t.Context(),
		&sts.GetCallerIdentityInput{}, func(o *sts.PresignOptions) {
			o.ClientOptions = append(o.ClientOptions, func(o *sts.Options) {
				for i := 0; i < len(headers); i += 2 {
					o.APIOptions = append(o.APIOptions,
						smithyhttp.SetHeaderValue(headers[i], headers[i+1]))
				}
			})
		})
	accepted(t, err)
	if out.Method != http.MethodGet {
		t.Errorf("the SDK presigns a %s", out.Method)
	}
	return out.URL
}

func TestSTS_PresignedURL_NamesTheSigner(t *testing.T) {
	s := servicetest.Start(t)
	to := presigned(t, s)
	m := s.Mark(t)
	a := fetch(t, "GET", to, "", nil)
	namesRoot(t, a)
	records := s.Records(t, m, a.RequestID())
	if len(records) != 1 || records[0].EventName != "GetCallerIdentity" ||
		records[0].EventSource != "sts.amazonaws.com" ||
		records[0].UserIdentity.ARN != servicetest.RootARN {
		t.Errorf("recorded as %+v", records)
	}
	signature := func(to string) string { return to[:len(to)-1] + "x" }
	for name, altered := range map[string]string{
		"another signature": signature(to),
		"another action":    strings.Replace(to, "GetCallerIdentity", "GetAccessKeyInfo", 1),
		"a parameter more":  to + "&Name=a",
		"another life":      strings.Replace(to, "X-Amz-Expires=", "X-Amz-Expires=1", 1),
	} {
		if altered == to {
			altered = to + "&X-Amz-Expires=60"
		}
		if a := fetch(t, "GET", altered, "", nil); a.Status != 403 ||
			a.Code() != "SignatureDoesNotMatch" {
			t.Errorf("%s: answered %d %s", name, a.Status, a.Body)
		}
	}
	if a := fetch(t, "POST", to, "", nil); a.Status != 403 {
		t.Errorf("by another method: answered %d %s", a.Status, a.Body)
	}
	s.Clock.Advance(16 * time.Minute)
	a = fetch(t, "GET", to, "", nil)
	if a.Status != 403 || a.Code() != "SignatureDoesNotMatch" ||
		!strings.HasPrefix(a.Message(), "Signature expired: ") ||
		!strings.HasSuffix(a.Message(), " - 15 min.)") {
		t.Errorf("expired: answered %d %s", a.Status, a.Body)
	}
}

// TestSTS_ClusterToken_ProvesWhoHasIt makes a token as `aws eks get-token` does and looks at it as
// aws-iam-authenticator does: it is good for one cluster, and for longer than the minute it says.
func TestSTS_ClusterToken_ProvesWhoHasIt(t *testing.T) {
	s := servicetest.Start(t)
	token := "k8s-aws-v1." + base64.RawURLEncoding.EncodeToString(
		[]byte(presigned(t, s, "x-k8s-aws-id", "prod", "X-Amz-Expires", "60")))
	to, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, "k8s-aws-v1."))
	accepted(t, err)
	if q := must(url.Parse(string(to)))(t).Query(); q.Get("X-Amz-Expires") != "60" ||
		q.Get("X-Amz-SignedHeaders") != "host;x-k8s-aws-id" {
		t.Fatalf("the token is %s", to)
	}
	for _, after := range []time.Duration{0, 14 * time.Minute} {
		s.Clock.Advance(after)
		a := fetch(t, "GET", string(to), "",
			http.Header{"X-K8s-Aws-Id": {"prod"}, "Accept": {"application/json"}})
		var doc struct {
			GetCallerIdentityResponse struct {
				GetCallerIdentityResult struct{ Account, Arn, UserId string }
				ResponseMetadata        struct{ RequestId string }
			}
		}
		accepted(t, json.Unmarshal(a.Body, &doc))
		got := doc.GetCallerIdentityResponse
		if a.Status != 200 || got.GetCallerIdentityResult.Arn != servicetest.RootARN ||
			got.GetCallerIdentityResult.UserId != servicetest.Account ||
			got.ResponseMetadata.RequestId != a.RequestID() ||
			a.Header.Get("Content-Type") != "application/json" {
			t.Errorf("after %v: answered %d %s", after, a.Status, a.Body)
		}
	}
	for name, h := range map[string]http.Header{"no cluster": nil,
		"another cluster": {"X-K8s-Aws-Id": {"test"}}} {
		if a := fetch(t, "GET", string(to), "", h); a.Status != 403 ||
			a.Code() != "SignatureDoesNotMatch" {
			t.Errorf("%s: answered %d %s", name, a.Status, a.Body)
		}
	}
}

// TestSTS_VaultLogin_IsReplayed: Vault's clients sign a POST and hand it to Vault, which sends it.
// A header of its own in the signature keeps one Vault from using what another one was given.
func TestSTS_VaultLogin_IsReplayed(t *testing.T) {
	s := servicetest.Start(t)
	q := askSTS()
	q.Header = http.Header{"X-Vault-Aws-Iam-Server-Id": {"vault.example.com"}}
	var handed http.Header
	q.Tamper = func(r *http.Request) { handed = r.Header.Clone() }
	namesRoot(t, s.Send(t, q))
	if !strings.Contains(handed.Get("Authorization"), "x-vault-aws-iam-server-id") {
		t.Fatalf("signed was %s", handed.Get("Authorization"))
	}
	namesRoot(t, fetch(t, "POST", s.URL+"/", stsForm, handed))
	other := handed.Clone()
	other.Set("X-Vault-Aws-Iam-Server-Id", "other.example.com")
	without := handed.Clone()
	without.Del("X-Vault-Aws-Iam-Server-Id")
	for name, a := range map[string]servicetest.Answer{
		"for another server": fetch(t, "POST", s.URL+"/", stsForm, other),
		"for no server":      fetch(t, "POST", s.URL+"/", stsForm, without),
		"with another body":  fetch(t, "POST", s.URL+"/", stsForm+"&A=b", handed),
	} {
		if a.Status != 403 || a.Code() != "SignatureDoesNotMatch" {
			t.Errorf("%s: answered %d %s", name, a.Status, a.Body)
		}
	}
}

// with is a good request with another form.
func with(form string) servicetest.Request {
	q := askSTS()
	q.Body = []byte(form)
	return q
}

// to is a GET, which has its form in the query string.
func to(form string) servicetest.Request {
	return servicetest.Request{Method: "GET", Path: "/?" + form, Service: "sts"}
}

func changed(q servicetest.Request, change func(*servicetest.Request)) servicetest.Request {
	change(&q)
	return q
}

func TestSTS_WellFormed_IsAnswered(t *testing.T) {
	s := servicetest.Start(t)
	for name, q := range map[string]servicetest.Request{
		"POST": askSTS(),
		"GET":  to(stsForm),
		"presigned GET": changed(to(stsForm),
			func(q *servicetest.Request) { q.Presign = true }),
		"presigned POST": changed(askSTS(),
			func(q *servicetest.Request) { q.Presign = true }),
		"POST without a body":     {Method: "POST", Path: "/?" + stsForm, Service: "sts"},
		"unknown parameters":      with(stsForm + "&Name=a&Tags.member.0.Key=b&=c&d&."),
		"the first of two counts": with(stsForm + "&Action=GetAccessKeyInfo&Version=2010-05-08"),
		"escaped":                 with("Action=GetCallerI%64entity&%56ersion=2011-06-15"),
		"empty pairs":             with("&&" + stsForm + "&&"),
		"a clock of another place": changed(askSTS(),
			func(q *servicetest.Request) { q.Skew = 14 * time.Minute }),
	} {
		t.Run(name, func(t *testing.T) { namesRoot(t, s.Send(t, q)) })
	}
	t.Run("where us-east-1 is not served", func(t *testing.T) {
		abroad := servicetest.Start(t,
			func(c *service.Config) { c.Regions = []string{servicetest.Abroad} })
		namesRoot(t, abroad.Send(t, askSTS()))
		a := abroad.Send(t, servicetest.Request{Target: "TrentService.ListKeys",
			Body: []byte(`{}`)})
		if a.Code() != "InvalidSignatureException" {
			t.Errorf("another service answered %d %s", a.Status, a.Body)
		}
	})
}

func TestSTS_BadRequests_AreRefusedInAWSsWords(t *testing.T) {
	s := servicetest.Start(t)
	const fault = "http://webservices.amazon.com/AWSFault/2005-15-09"
	as := func(q servicetest.Request, keys aws.Credentials) servicetest.Request {
		return changed(q, func(q *servicetest.Request) { q.As = keys })
	}
	unknown := aws.Credentials{AccessKeyID: "AKIAAAAAAAAAAAAAAAAA", SecretAccessKey: "x"}
	session := s.Root
	session.SessionToken = "a token"
	for _, c := range []struct {
		name            string
		q               servicetest.Request
		status          int
		code, message   string
		xmlns, recorded string // by default: STS's own, and UnknownOperation
	}{
		{name: "no action", q: with("Version=2011-06-15"), status: 400, code: "MissingAction",
			message: "The request must contain the parameter Action."},
		{name: "an empty form", q: with(""), status: 400, code: "MissingAction"},
		{name: "an unknown action", q: with("Action=Shout&Version=2011-06-15"), status: 400,
			code:    "InvalidAction",
			message: "Could not find operation Shout for version 2011-06-15", xmlns: fault,
			recorded: "Shout"},
		{name: "an unknown action by GET", q: to("Action=Shout&Version=2011-06-15"), status: 400,
			code:    "InvalidAction",
			message: "Could not find operation Shout for version 2011-06-15", xmlns: fault,
			recorded: "Shout"},
		{name: "another case", q: with("Action=getCallerIdentity&Version=2011-06-15"), status: 400,
			code:  "InvalidAction",
			xmlns: fault, recorded: "getCallerIdentity"},
		{name: "a name with markup", q: with("Action=%3Ca%3E%26%00%FF&Version=1"), status: 400,
			code:    "InvalidAction",
			message: "Could not find operation <a>&\uFFFD\uFFFD for version 1", xmlns: fault,
			recorded: "<a>&\x00\uFFFD"},
		{name: "another version", q: with("Action=GetCallerIdentity&Version=2010-05-08"),
			status: 400, code: "InvalidAction",
			message: "Could not find operation GetCallerIdentity for version 2010-05-08",
			xmlns:   fault, recorded: "GetCallerIdentity"},
		{name: "no version", q: with("Action=GetCallerIdentity"), status: 400,
			code:    "InvalidAction",
			message: "Could not find operation GetCallerIdentity for version NO_VERSION_SPECIFIED",
			xmlns:   fault, recorded: "GetCallerIdentity"},
		{name: "an operation of another service", q: with("Action=Encrypt&Version=2014-11-01"),
			status: 400, code: "InvalidAction",
			xmlns: fault, recorded: "Encrypt"},
		{name: "parameters in both places",
			q:      changed(askSTS(), func(q *servicetest.Request) { q.Path = "/?" + stsForm }),
			status: 400, code: "InvalidParameterCombination"},
		{name: "one parameter in the other place",
			q:      changed(askSTS(), func(q *servicetest.Request) { q.Path = "/?Name=a" }),
			status: 400, code: "InvalidParameterCombination"},
		{name: "GET with a body",
			q:      changed(to(stsForm), func(q *servicetest.Request) { q.Body = []byte("A=b") }),
			status: 400, code: "InvalidParameterCombination"},
		{name: "a body that is no form", q: changed(to(stsForm), func(q *servicetest.Request) {
			q.Method, q.Type, q.Body = "POST", "application/json", []byte("{}")
		}), status: 400, code: "InvalidParameterCombination"},
		{name: "a bad escape", q: with(stsForm + "&Name=%zz"), status: 404,
			code: "MalformedQueryString"},
		{name: "a bare semicolon", q: with(stsForm + ";Name=a"), status: 404,
			code: "MalformedQueryString"},
		{name: "too many parameters", q: with(stsForm + strings.Repeat("&a", 10000)), status: 400,
			code: "MalformedInput"},
		{name: "a large body", q: with(stsForm + "&Name=" + strings.Repeat("a", 1<<20)),
			status: 413,
			code:   "RequestEntityTooLarge", recorded: "Authenticate"},

		{name: "no signature", q: changed(askSTS(),
			func(q *servicetest.Request) { q.Unsigned = true }),
			status: 403, code: "MissingAuthenticationToken", recorded: "Authenticate"},
		{name: "no signature on a GET",
			q:      changed(to(stsForm), func(q *servicetest.Request) { q.Unsigned = true }),
			status: 403, code: "MissingAuthenticationToken", recorded: "Authenticate"},
		{name: "no signature and no such action",
			q:      changed(with("Action=Shout"), func(q *servicetest.Request) { q.Unsigned = true }),
			status: 403, code: "MissingAuthenticationToken", recorded: "Authenticate"},
		{name: "a wrong signature", q: changed(askSTS(), func(q *servicetest.Request) {
			q.Tamper = func(r *http.Request) {
				r.Body = io.NopCloser(bytes.NewReader([]byte(strings.ToLower(stsForm))))
			}
		}), status: 403, code: "SignatureDoesNotMatch", recorded: "Authenticate"},
		{name: "half a signature", q: changed(askSTS(), func(q *servicetest.Request) {
			q.Tamper = func(r *http.Request) {
				r.Header.Set("Authorization",
					"AWS4-HMAC-SHA256 Credential=a/b/c/sts/e")
			}
		}), status: 400, code: "IncompleteSignature", recorded: "Authenticate"},
		{name: "an unknown key", q: as(askSTS(), unknown), status: 403,
			code:     "InvalidClientTokenId",
			message:  "The security token included in the request is invalid.",
			recorded: "Authenticate"},
		{name: "a session token", q: as(askSTS(), session), status: 403,
			code: "InvalidClientTokenId", recorded: "Authenticate"},
		{name: "a signature for KMS",
			q:      changed(askSTS(), func(q *servicetest.Request) { q.Service = "kms" }),
			status: 403, code: "SignatureDoesNotMatch",
			message:  "Credential should be scoped to correct service: 'sts'. ",
			recorded: "Authenticate"},
		{name: "an old signature",
			q:      changed(askSTS(), func(q *servicetest.Request) { q.Skew = -16 * time.Minute }),
			status: 403, code: "SignatureDoesNotMatch", recorded: "Authenticate"},
		{name: "a Region that is nowhere",
			q:      changed(askSTS(), func(q *servicetest.Request) { q.Region = "mars-north-1" }),
			status: 403, code: "SignatureDoesNotMatch", recorded: "Authenticate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.recorded == "" {
				c.recorded = "UnknownOperation"
			}
			if c.xmlns == "" {
				c.xmlns = "https://sts.amazonaws.com/doc/2011-06-15/"
			}
			s.Clock.Advance(11 * time.Second) // one failure of a source is recorded in ten seconds
			m := s.Mark(t)
			a := s.Send(t, c.q)
			begins := `<ErrorResponse xmlns="` + c.xmlns + `">` +
				"\n  <Error>\n    <Type>Sender</Type>\n    <Code>" + c.code + "</Code>\n"
			if a.Status != c.status || !strings.HasPrefix(string(a.Body), begins) ||
				c.message != "" && a.Message() != c.message ||
				!strings.HasSuffix(string(a.Body),
					"  <RequestId>"+a.RequestID()+"</RequestId>\n</ErrorResponse>\n") {
				t.Errorf("answered %d\n%s\nwant %d %s %q", a.Status, a.Body, c.status, begins,
					c.message)
			}
			records := s.Records(t, m, a.RequestID())
			if len(records) != 1 || records[0].EventName != c.recorded ||
				records[0].ErrorCode != c.code ||
				records[0].EventSource != "sts.amazonaws.com" {
				t.Errorf("recorded as %+v", records)
			}
		})
	}
}

func TestSTS_OtherRequestsToTheRoot_AreNotTaken(t *testing.T) {
	s := servicetest.Start(t)
	if a := s.Send(t, servicetest.Request{Method: "GET", Path: "/?Version=2011-06-15",
		Unsigned: true}); a.Status != 303 {
		t.Errorf("a GET without an Action was answered %d", a.Status)
	}
	target := changed(askSTS(),
		func(q *servicetest.Request) { q.Target = "TrentService.ListKeys"; q.Service = "kms" })
	if a := s.Send(t, target); a.Code() != "UnknownOperationException" {
		t.Errorf("a form with a target was answered %d %s", a.Status, a.Body)
	}
}
