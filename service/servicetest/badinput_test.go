package servicetest_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// insides are signs that an answer tells of the inside of the service.
var insides = regexp.MustCompile(
	`(?i)goroutine|\.go:|panic|sqlite|sql:|pkcs|CKR_|json:|jsontext|runtime error|/dev/shm|hsm\.|store\.`)

// discreet checks that an answer is a small JSON error or plain text, with a request id, and tells
// nothing of the inside.
func discreet(t testing.TB, a servicetest.Answer) {
	t.Helper()
	if found := insides.FindString(string(a.Body)); found != "" {
		t.Errorf("the answer speaks of %q: %.500s", found, a.Body)
	}
	if a.RequestID() == "" {
		t.Error("the answer has no request id")
	}
	if a.Header.Get("Date") == "" {
		t.Error("the answer has no date: clients correct their clocks by it")
	}
}

// TestRequest_UnreadableBody_IsRefusedWithOneRecord: what a known caller sends and nobody can read
// is answered by AWS's name, leaves one record and changes nothing.
func TestRequest_UnreadableBody_IsRefusedWithOneRecord(t *testing.T) {
	s := servicetest.Start(t)
	db := database(t, s.Database)
	key := *createKey(t, s.KMS()).KeyId
	before := snapshot(t, db)
	serial := "SerializationException"
	for _, x := range []struct{ name, body, code string }{
		{"nothing", ``, serial},
		{"blank", ` `, serial},
		{"null", `null`, serial},
		{"a list", `[]`, serial},
		{"a string", `"x"`, serial},
		{"a number", `1`, serial},
		{"half an object", `{"KeyId":"` + key, serial},
		{"an object and more", `{"KeyId":"` + key + `"}{}`, serial},
		{"a trailing comma", `{"KeyId":"` + key + `",}`, serial},
		{"a comment", `{/**/"KeyId":"` + key + `"}`, serial},
		{"single quotes", `{'KeyId':'` + key + `'}`, serial},
		{"a byte order mark", "\ufeff" + `{"KeyId":"` + key + `"}`, serial},
		{"duplicate members", `{"KeyId":"` + noKey + `","KeyId":"` + key + `"}`, serial},
		{"duplicate members inside", `{"KeyId":"` + key +
			`","Plaintext":"eA==","EncryptionContext":{"a":"b","a":"c"}}`, serial},
		{"bad UTF-8", "{\"KeyId\":\"\xff\xfe\"}", serial},
		{"half a surrogate", `{"KeyId":"\ud800"}`, serial},
		{"a raw control character", "{\"KeyId\":\"a\nb\"}", serial},
		{"a number for a string", `{"KeyId":1}`, serial},
		{"a string for an object", `{"KeyId":"` + key + `","Plaintext":"eA==","EncryptionContext":"x"}`,
			serial},
		{"a number in a map of strings", `{"KeyId":"` + key +
			`","Plaintext":"eA==","EncryptionContext":{"a":1}}`, serial},
		{"a string for a boolean", `{"KeyId":"` + key + `","Plaintext":"eA==","DryRun":"true"}`, serial},
		{"base64 without padding", `{"KeyId":"` + key + `","Plaintext":"eA"}`, serial},
		{"base64 for URLs", `{"KeyId":"` + key + `","Plaintext":"-_8="}`, serial},
		{"base64 with a newline", `{"KeyId":"` + key + `","Plaintext":"eHh4\neHh4"}`, serial},
		{"no base64", `{"KeyId":"` + key + `","Plaintext":"%%%%"}`, serial},
		{"33 levels deep", `{"KeyId":"` + key + `","x":` + strings.Repeat("[", 33) +
			strings.Repeat("]", 33) + `}`, serial},
		{"20,000 levels deep", `{"x":` + strings.Repeat(`{"x":`, 20_000) + `1` +
			strings.Repeat("}", 20_000) + `}`, serial},
		{"100,000 levels open", strings.Repeat("[", 100_000), serial},
		{"members of another case", `{"keyid":"` + key + `","plaintext":"eA=="}`, "ValidationException"},
		{"members that are null", `{"KeyId":null,"Plaintext":null}`, "ValidationException"},
		{"no members", `{}`, "ValidationException"},
	} {
		t.Run(x.name, func(t *testing.T) {
			m := s.Mark(t)
			a := s.Do(t, "TrentService.Encrypt", x.body)
			if a.Status != 400 || a.Code() != x.code {
				t.Errorf("answered %d %s, want %s", a.Status, a.Body, x.code)
			}
			discreet(t, a)
			if r := s.Records(t, m, a.RequestID()); len(r) != 1 || r[0].ErrorCode != x.code ||
				r[0].EventName != "Encrypt" {
				t.Errorf("recorded as %+v", r)
			}
		})
	}
	for name, body := range map[string]string{
		"unknown members": `{"KeyId":"` + key + `","Plaintext":"eA==","Fancy":{"new":[1,null,"x"]}}`,
		"null members": `{"KeyId":"` + key +
			`","Plaintext":"eA==","EncryptionContext":null,"GrantTokens":null,"DryRun":null}`,
		"white space": " \r\n\t{ \"KeyId\" : \"" + key + "\" , \"Plaintext\" : \"eA==\" }\n",
		"escapes":     `{"\u004beyId":"` + key + `","Plaintext":"\u0065A\u003d="}`,
	} {
		t.Run("allowed: "+name, func(t *testing.T) {
			if a := s.Do(t, "TrentService.Encrypt", body); a.Status != 200 {
				t.Errorf("answered %d %s", a.Status, a.Body)
			}
		})
	}
	unchanged(t, db, before)
}

// TestRequest_BadEnvelope_IsRefused: what is wrong before the body: target, type, method, size.
func TestRequest_BadEnvelope_IsRefused(t *testing.T) {
	s := servicetest.Start(t)
	good := []byte(`{"NumberOfBytes":8}`)
	for _, x := range []struct {
		name    string
		q       servicetest.Request
		status  int
		code    string
		records int
	}{
		{"an unknown operation", servicetest.Request{Target: "TrentService.Nonsense", Body: good}, 400,
			"UnknownOperationException", 1},
		{"an operation of the service's own",
			servicetest.Request{Target: "TrentService.DeleteKey",
				Body: good}, 400, "UnknownOperationException", 1},
		{"an operation of another service",
			servicetest.Request{Target: "TrentService.GetSecretValue",
				Body: good}, 400, "UnknownOperationException", 1},
		{"an operation without its service", servicetest.Request{Target: "GenerateRandom", Body: good},
			400, "UnknownOperationException", 0},
		{"an operation of another case",
			servicetest.Request{Target: "TrentService.generaterandom",
				Body: good}, 400, "UnknownOperationException", 1},
		{"an unknown service", servicetest.Request{Target: "Fancy.GenerateRandom", Body: good}, 400,
			"UnknownOperationException", 0},
		{"no target", servicetest.Request{Body: good}, 400, "UnknownOperationException", 0},
		{"a long target", servicetest.Request{Target: "TrentService." + strings.Repeat("x", 4000),
			Body: good}, 400, "UnknownOperationException", 1},
		{"plain JSON", servicetest.Request{Target: "TrentService.GenerateRandom",
			Type: "application/json", Body: good}, 400, "UnknownOperationException", 1},
		{"JSON 1.0", servicetest.Request{Target: "TrentService.GenerateRandom",
			Type: "application/x-amz-json-1.0", Body: good}, 400, "UnknownOperationException", 1},
		{"a form", servicetest.Request{Target: "TrentService.GenerateRandom",
			Type: "application/x-www-form-urlencoded", Body: good}, 400, "UnknownOperationException", 1},
		// by its headers alone, like one without a signature
		{"a body of more than a megabyte",
			servicetest.Request{Target: "TrentService.GenerateRandom",
				Body: []byte(`{"x":"` + strings.Repeat("x", 1<<20) +
					`"}`)}, 413, "RequestEntityTooLargeException", 1},
		{"a type with parameters",
			servicetest.Request{Target: "TrentService.GenerateRandom",
				Type: "application/x-amz-json-1.1 ; charset=utf-8", Body: good}, 200, "", 1},
	} {
		t.Run(x.name, func(t *testing.T) {
			m := s.Mark(t)
			a := s.Send(t, x.q)
			if a.Status != x.status || a.Code() != x.code {
				t.Errorf("answered %d %.300s, want %d %s", a.Status, a.Body, x.status, x.code)
			}
			discreet(t, a)
			if r := s.Records(t, m, a.RequestID()); len(r) != x.records {
				t.Errorf("%d records, want %d", len(r), x.records)
			}
		})
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"} {
		t.Run(method, func(t *testing.T) {
			a := s.Send(t, servicetest.Request{Method: method, Target: "TrentService.GenerateRandom",
				Service: "kms"})
			if a.Status/100 == 2 && method != http.MethodOptions || a.Status/100 == 5 {
				t.Errorf("answered %d %s", a.Status, a.Body)
			}
			discreet(t, a)
			if allow := strings.Split(a.Header.Get("Allow"), ", "); !slices.Contains(allow, "POST") &&
				(a.Status == http.StatusMethodNotAllowed || method == http.MethodOptions) {
				t.Errorf("Allow: %v", a.Header.Values("Allow"))
			}
		})
	}
	t.Run("a path that is none", func(t *testing.T) {
		a := s.Send(t, servicetest.Request{Method: "GET", Path: "/v2/keys", Service: "kms"})
		if a.Status != http.StatusNotFound {
			t.Errorf("answered %d %s", a.Status, a.Body)
		}
		discreet(t, a)
	})
	for n, code := range map[int]string{3_000: "TagException", 20_000: "SerializationException"} {
		t.Run(fmt.Sprint(n, " empty values"), func(t *testing.T) {
			// each is looked for in the body: was it sent?
			body := `{"Tags":[` +
				strings.TrimSuffix(strings.Repeat(`{"TagKey":"a","TagValue":""},`, n), ",") + `]}`
			a := s.Send(t, servicetest.Request{Target: "TrentService.CreateKey", Body: []byte(body),
				As: s.Nobody})
			if a.Status != 400 || a.Code() != code {
				t.Errorf("answered %d %.300s", a.Status, a.Body)
			}
		})
	}
}

// TestUnauthenticated_Requests_GetNowhere: nobody gets past the signature, whatever is wrong with
// it. Such requests leave a sample of records, of each source one in ten seconds, so that nobody
// can fill the disk.
func TestUnauthenticated_Requests_GetNowhere(t *testing.T) {
	s := servicetest.Start(t)
	db := database(t, s.Database)
	before := snapshot(t, db)
	wrong := aws.Credentials{AccessKeyID: s.Root.AccessKeyID, SecretAccessKey: "wrong" +
		s.Root.SecretAccessKey}
	unknown := aws.Credentials{AccessKeyID: "AKIAAAAAAAAAAAAAAAAA",
		SecretAccessKey: s.Root.SecretAccessKey}
	signature := "The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for " +
		"details."
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	replace := func(old, with string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, with, 1))
		}
	}
	for _, x := range []struct {
		name          string
		q             servicetest.Request
		code, message string // the message begins so
	}{
		{"unsigned", servicetest.Request{Unsigned: true}, "MissingAuthenticationTokenException",
			"Missing Authentication Token"},
		{"the wrong secret", servicetest.Request{As: wrong}, "InvalidSignatureException", signature},
		{"an unknown key", servicetest.Request{As: unknown}, "UnrecognizedClientException",
			"The security token included in the request is invalid."},
		{"an hour late", servicetest.Request{Skew: -time.Hour}, "InvalidSignatureException",
			"Signature expired: "},
		{"an hour early", servicetest.Request{Skew: time.Hour}, "InvalidSignatureException",
			"Signature not yet current: "},
		{"another Region", servicetest.Request{Region: "mars-north-1"}, "InvalidSignatureException",
			"Credential should be scoped to a valid region, not 'mars-north-1'."},
		{"another service", servicetest.Request{Service: "s3"}, "InvalidSignatureException",
			"Credential should be scoped to correct service: 'kms'."},
		{"Secrets Manager's signature", servicetest.Request{Service: "secretsmanager"},
			"InvalidSignatureException", "Credential should be scoped to correct service: 'kms'."},
		{"another body", servicetest.Request{Tamper: func(r *http.Request) {
			r.Body = http.NoBody
			r.ContentLength = 0
		}}, "InvalidSignatureException", signature},
		{"another target", servicetest.Request{Tamper: header("X-Amz-Target", "TrentService.ListKeys")},
			"InvalidSignatureException", signature},
		{"another query", servicetest.Request{Tamper: func(r *http.Request) { r.URL.RawQuery = "a=b" }},
			"InvalidSignatureException", signature},
		{"a header added", servicetest.Request{Tamper: header("X-Amz-Fancy", "1")},
			"InvalidSignatureException", ""},
		{"another date", servicetest.Request{Tamper: header("X-Amz-Date",
			time.Now().Add(time.Second).UTC().Format("20060102T150405Z"))}, "InvalidSignatureException",
			signature},
		{"no date", servicetest.Request{Tamper: func(r *http.Request) { r.Header.Del("X-Amz-Date") }},
			"IncompleteSignatureException", "Authorization header requires existence of either a " +
				"'X-Amz-Date' or a 'Date' header."},
		{"a date of another form", servicetest.Request{Tamper: header("X-Amz-Date", "yesterday")},
			"IncompleteSignatureException", "Date must be in ISO-8601 'basic format'. Got 'yesterday'."},
		{"no signature in it", servicetest.Request{Tamper: replace("Signature=", "Fancy=")},
			"IncompleteSignatureException", "Authorization header requires 'Signature' parameter."},
		{"no credential in it", servicetest.Request{Tamper: replace("Credential=", "Fancy=")},
			"IncompleteSignatureException", "Authorization header requires 'Credential' parameter."},
		{"another algorithm", servicetest.Request{Tamper: replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1")},
			"IncompleteSignatureException", "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'"},
		{"a short credential", servicetest.Request{Tamper: replace("/aws4_request", "")},
			"IncompleteSignatureException", "Credential must have exactly 5 slash-delimited elements"},
		{"the host not signed", servicetest.Request{Tamper: replace(";host;", ";")},
			"InvalidSignatureException", "'Host' must be a 'SignedHeader' in the AWS Authorization."},
		{"basic authentication",
			servicetest.Request{Unsigned: true,
				Tamper: header("Authorization",
					"Basic cm9vdDpyb290")}, "MissingAuthenticationTokenException", "Missing Authentication Token"},
		{"a session token", servicetest.Request{As: aws.Credentials{AccessKeyID: s.Root.AccessKeyID,
			SecretAccessKey: s.Root.SecretAccessKey, SessionToken: "x"}}, "UnrecognizedClientException", ""},
		{"presigned and signed",
			servicetest.Request{Presign: true,
				Tamper: header("Authorization",
					"AWS4-HMAC-SHA256 x")}, "InvalidSignatureException",
			"Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."},
		{"presigned, expired", servicetest.Request{Presign: true, Skew: -time.Hour},
			"InvalidSignatureException", "Signature expired: "},
	} {
		t.Run(x.name, func(t *testing.T) {
			x.q.Target, x.q.Body = "TrentService.CreateKey", []byte(`{}`)
			if x.q.Service == "" {
				x.q.Service = "kms"
			}
			m := s.Mark(t)
			s.Clock.Advance(11 * time.Second) // past the period in which a source leaves one record
			a := s.Send(t, x.q)
			if a.Status != 400 || a.Code() != x.code || !strings.HasPrefix(a.Message(), x.message) {
				t.Errorf("answered %d %s\nwant %s: %s", a.Status, a.Body, x.code, x.message)
			}
			discreet(t, a)
			r := s.Records(t, m, a.RequestID())
			if len(r) != 1 || r[0].ErrorCode != x.code || r[0].UserIdentity.Type != "Unknown" ||
				r[0].UserIdentity.ARN != "" {
				t.Errorf("recorded as %+v", r)
			}
			for _, q := range []string{s.Root.SecretAccessKey, "Signature="} {
				if strings.Contains(string(a.Body), q) && x.code != "IncompleteSignatureException" ||
					len(r) > 0 && strings.Contains(r[0].Line, s.Root.SecretAccessKey) {
					t.Errorf("the answer or the record holds %s", q)
				}
			}
		})
	}
	t.Run("a presigned request", func(t *testing.T) {
		a := s.Send(t, servicetest.Request{Presign: true, Target: "TrentService.GenerateRandom",
			Body: []byte(`{"NumberOfBytes":8}`)})
		if a.Status != 200 {
			t.Errorf("answered %d %s", a.Status, a.Body)
		}
	})
	t.Run("five hundred of them", func(t *testing.T) {
		s.Clock.Advance(11 * time.Second)
		m, before := s.Mark(t), unauthenticated(t, s)
		for range 500 {
			s.Send(t, servicetest.Request{Target: "TrentService.CreateKey", Unsigned: true})
		}
		if n := len(s.Trail(t, m)); n < 1 || n > 4 {
			t.Errorf("they left %d records", n)
		}
		if n := unauthenticated(t, s) - before; n != 500 {
			t.Errorf("%d of them were counted", n)
		}
	})
	unchanged(t, db, before)
	if _, err := s.KMS().ListKeys(t.Context(), &kms.ListKeysInput{}); err != nil {
		t.Errorf("a good request after all that: %v", err)
	}
}

// unauthenticated returns how many requests without any signature were counted.
func unauthenticated(t testing.TB, s *servicetest.Server) (n int) {
	t.Helper()
	metrics := s.Send(t, servicetest.Request{Method: "GET", Path: "/metrics", Unsigned: true})
	_, after, _ := strings.Cut(string(metrics.Body),
		`claviger_unauthenticated_total{code="MissingAuthenticationTokenException",service="kms"} `)
	_, err := fmt.Sscan(after, &n)
	accepted(t, err)
	return n
}

// TestREST_Paths_MeanOneThingOnly: a name in a path means one thing only, and REST requests are
// signed like any other.
func TestREST_Paths_MeanOneThingOnly(t *testing.T) {
	s := servicetest.Start(t)
	key := createKey(t, s.KMS())
	createAlias(t, s.KMS(), "alias/a/b", key.KeyId)
	createSecret(t, s.SecretsManager(), "prod/db/x", "1")
	for _, x := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/v1/keys/metadata/alias/a/b", "", 200},
		{"GET", "/v1/keys/metadata/alias%2Fa%2Fb", "", 200},
		{"GET", "/v1/keys/metadata/" + *key.Arn, "", 200},
		{"GET", "/v1/keys/metadata/" + strings.ReplaceAll(*key.Arn, ":", "%3A"), "", 200},
		{"POST", "/v1/keys/encrypt/alias/a/b", `{"Plaintext":"eA=="}`, 200},
		{"GET", "/v1/secrets/value/prod/db/x", "", 200},
		{"GET", "/v1/secrets/value/prod/db/x?VersionStage=AWSCURRENT", "", 200},
		{"GET", "/v1/secrets/value/prod%252Fdb%252Fx", "", 400},
		{"GET", "/v1/secrets/value/prod//db/x", "", 400},
		{"GET", "/v1/secrets/value/prod/./db/x", "", 400},
		{"GET", "/v1/secrets/value/prod/../prod/db/x", "", 400},
		{"GET", "/v1/secrets/value/prod/%2e%2e/prod/db/x", "", 400},
		{"GET", "/v1/secrets/value/", "", 400},
		{"GET", "/v1/secrets/value/prod/db/x/", "", 400},
		{"GET", "/v1/secrets/value/prod%00", "", 400},
		{"GET", "/v1/keys/metadata/nothing", "", 404},
		{"POST", "/v1/keys/encrypt/alias/a/b", `{"Plaintext":`, 400},
		{"POST", "/v1/keys/encrypt/alias/a/b", `[]`, 400},
		{"GET", "/v1/keys?Limit=x", "", 400},
		{"GET", "/v1/keys?Limit=0", "", 400},
	} {
		t.Run(fmt.Sprint(x.method, " ", strings.ReplaceAll(x.path, "/", "|"), x.body),
			func(t *testing.T) {
				q := servicetest.Request{Method: x.method, Path: x.path, Body: []byte(x.body), Service: "kms"}
				if strings.HasPrefix(x.path, "/v1/secrets") {
					q.Service = "secretsmanager"
				}
				m := s.Mark(t)
				a := s.Send(t, q)
				if a.Status != x.status {
					t.Fatalf("answered %d %s, want %d", a.Status, a.Body, x.status)
				}
				discreet(t, a)
				if a.Status >= 400 && a.Header.Get("Content-Type") != "application/problem+json" {
					t.Errorf("the error is %s", a.Header.Get("Content-Type"))
				}
				if len(s.Records(t, m, a.RequestID())) == 0 {
					t.Error("no record")
				}
				q.Unsigned = true
				if a := s.Send(t, q); a.Status != 401 {
					t.Errorf("unsigned: %d %s", a.Status, a.Body)
				}
			})
	}
}
