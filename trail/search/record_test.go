package search

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"claviger/audit"
)

// found lists what a record is found by.
func found(line string) (all []string) {
	var r record
	r.parse([]byte(line))
	r.values(func(a Attribute, value []byte) { all = append(all, fmt.Sprintf("%d %q", a, value)) })
	return all
}

// TestRecord_EachKind_IsFoundByWhatItSays: who asked, for what, and how it is named.
func TestRecord_EachKind_IsFoundByWhatItSays(t *testing.T) {
	const secret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:db/a-AbCdEf"
	for line, want := range map[string][]string{
		`{"userIdentity":{"type":"Root","accessKeyId":"AKIA"},"eventSource":"kms.amazonaws.com","readOnly":true}`: {
			`3 "true"`, `4 "root"`, `7 "kms.amazonaws.com"`, `8 "AKIA"`},
		`{"userIdentity":{"type":"AssumedRole","principalId":"AROA:s1","sessionContext":{"sessionIssuer":{"userName":"r"}}}}`: {
			`3 "false"`, `4 "s1"`},
		`{"userIdentity":{"type":"IAMUser","userName":"a\"\\\u00e9"}}`:                  {`3 "false"`, `4 "a\"\\é"`},
		`{"userIdentity":{"accountId":"1","invokedBy":"AWS Internal"},"errorCode":"x"}`: {`3 "false"`, `10 "x"`},
		`{"eventSource":"kms.amazonaws.com","requestParameters":{"keyId":"k","encryptionContext":{"a":"b","c":"}"}},` +
			`"resources":[{"accountId":"1","type":"AWS::KMS::Key","ARN":"arn:k"}]}`: {`3 "false"`,
			`7 "kms.amazonaws.com"`, `6 "arn:k"`, `5 "AWS::KMS::Key"`, `9 "arn:k"`, `12 "a\x00b"`, `12 "c\x00}"`},
		`{"eventSource":"secretsmanager.amazonaws.com","requestParameters":{"secretId":"` + secret + `"}}`: {`3 "false"`,
			`7 "secretsmanager.amazonaws.com"`, `6 "` + secret + `"`, `5 "AWS::SecretsManager::Secret"`, `9 "db/a"`},
		`{"eventSource":"secretsmanager.amazonaws.com","requestParameters":null,"additionalEventData":{"SecretId":"` + secret + `","resourceARNs":["arn:r"]}}`: {
			`3 "false"`, `7 "secretsmanager.amazonaws.com"`, `9 "db/a"`, `9 "arn:r"`},
		`{"eventSource":"ssm.amazonaws.com","requestParameters":{"names":["/a/b","c"],"withDecryption":true},` +
			`"resources":[{"ARN":"arn:aws:ssm:r:1:parameter/a/b","accountId":"1"}]}`: {`3 "false"`, `7 "ssm.amazonaws.com"`,
			`6 "arn:aws:ssm:r:1:parameter/a/b"`, `5 "AWS::SSM::Parameter"`, `9 "a/b"`, `9 "a/b"`, `9 "c"`},
		`{"eventSource":"iam.amazonaws.com","requestParameters":{"userName":"bob","policyArn":"arn:p"},"responseElements":{"x":["arn:y"],"arn":"arn:z"}}`: {
			`3 "false"`, `7 "iam.amazonaws.com"`, `6 "bob"`, `5 "AWS::IAM::User"`, `6 "arn:p"`, `5 "AWS::IAM::Policy"`,
			`9 "bob"`, `9 "arn:p"`, `9 "arn:z"`},
	} {
		if got := found(line); !slices.Equal(got, want) {
			t.Errorf("%s\nis found by %v\nwant        %v", line, got, want)
		}
	}
}

// TestSubject_EachForm_IsOneName of one thing, whoever names it and however.
func TestSubject_EachForm_IsOneName(t *testing.T) {
	for text, want := range map[string]string{
		"db": "db", "arn:aws:secretsmanager:r:1:secret:db": "db",
		"arn:aws:secretsmanager:r:1:secret:db-AbCdEf": "db", "/a/b": "a/b", "a": "a",
		"arn:aws:ssm:r:1:parameter/a/b": "a/b", "arn:aws:ssm:r:1:parameter/a": "a",
		"arn:aws:kms:r:1:key/k": "arn:aws:kms:r:1:key/k", "arn:x": "arn:x", "": "",
		"arn:aws:iam::1:role/a-AbCdEf": "arn:aws:iam::1:role/a-AbCdEf",
	} {
		if got := string(subject([]byte(text))); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// TestSeconds_AnyTime_IsThatOfTime compares with the standard library, of five hundred years.
func TestSeconds_AnyTime_IsThatOfTime(t *testing.T) {
	x := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		at := time.Unix(x.Int64N(500*365*86400), x.Int64N(1e9)).UTC()
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05.000000Z"} {
			if got := seconds([]byte(at.Format(layout))); got != at.Unix() {
				t.Fatalf("%s is %d, want %d", at.Format(layout), got, at.Unix())
			}
		}
	}
	for _, bad := range []string{"", "x", "2026", strings.Repeat("x", 20)} {
		seconds([]byte(bad)) // nonsense, and no panic
	}
}

// FuzzRecord holds the scanner against encoding/json: of a record of ours both say the same,
// whatever is in it, and of anything else the scanner says something.
func FuzzRecord(f *testing.F) {
	for _, s := range []string{"", `"`, `\`, `\"`, "a\nb", "\x00", "é𝕏", `}],{[`, `","errorCode":"`, "\xff"} {
		f.Add(s, `{"userIdentity":{"type":`+s)
	}
	f.Add("x", `{"resources":[{"ARN":"a"},1,"x",null,[]],"requestParameters":{"names":[{}]}}`)
	f.Add("x", `{{}`)
	f.Add("x", `{"requestParameters":[`)
	f.Fuzz(func(t *testing.T, text, line string) {
		var r record
		r.parse([]byte(line))
		r.values(func(Attribute, []byte) {})
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		own := audit.Record{Time: time.Unix(1_800_000_000, 0), Source: text, Name: text, Region: text,
			SourceIP: text, EventID: text, Account: text, ErrorCode: text, UserAgent: text,
			Identity: audit.Identity{Type: "IAMUser", AccessKeyID: text, UserName: text},
			Parameters: fmt.Appendf(nil, `{"before":{"x":[%s]},"encryptionContext":{%[1]s:%[1]s}}`,
				quoted),
			Resources: []audit.Resource{{ARN: text, Type: text, AccountID: text}}}
		b := own.Append(nil)
		var doc struct {
			EventSource, EventName, AWSRegion, SourceIPAddress string
			ErrorCode, EventID, RecipientAccountID             string

			UserIdentity struct{ UserName, AccessKeyID string }
		}
		if err := json.Unmarshal(b, &doc); err != nil {
			t.Fatalf("%v: %s", err, b)
		}
		r.parse(b)
		got := []string{string(r.source), string(r.name), string(r.region), string(r.address),
			string(r.errorCode), string(r.id), string(r.account), string(r.identity.user),
			string(r.identity.accessKey)}
		want := []string{doc.EventSource, doc.EventName, doc.AWSRegion, doc.SourceIPAddress,
			doc.ErrorCode, doc.EventID, doc.RecipientAccountID, doc.UserIdentity.UserName,
			doc.UserIdentity.AccessKeyID}
		if !slices.Equal(got, want) || r.at != 1_800_000_000 {
			t.Errorf("%s\nsays %q at %d, want %q", b, got, r.at, want)
		}
	})
}

// sampleLine is a record as most are.
func sampleLine(n int) []byte {
	at := began.Add(time.Duration(n) * time.Millisecond)
	key := fmt.Sprintf("arn:aws:kms:us-east-1:111122223333:key/%08d-1111-2222-3333-444455556666", n%997)
	r := audit.Record{Time: at, Source: "kms.amazonaws.com", Name: "Decrypt", Region: "us-east-1",
		SourceIP: fmt.Sprintf("10.0.%d.%d", n%7, n%251), UserAgent: "aws-sdk-go-v2/1.48.0 os/linux lang/go#1.26",
		RequestID: idAt(rand.New(rand.NewPCG(uint64(n), 1)), at), Account: "111122223333", ReadOnly: true,
		EventID: idAt(rand.New(rand.NewPCG(uint64(n), 2)), at),
		Identity: audit.Identity{Type: "IAMUser", PrincipalID: "AIDAEXAMPLE", AccountID: "111122223333",
			ARN: "arn:aws:iam::111122223333:user/app", AccessKeyID: fmt.Sprintf("AKIAEXAMPLE%05d", n%50),
			UserName: "app"},
		Parameters: fmt.Appendf(nil, `{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","keyId":%q,`+
			`"encryptionContext":{"tenant":"t%d","object":"o%d"}}`, key, n%100, n),
		Resources: []audit.Resource{{AccountID: "111122223333", Type: "AWS::KMS::Key", ARN: key}}}
	return r.Append(nil)
}

// BenchmarkBlock is all that the index costs a record but for reading it: to take it apart, to hash
// what it says, to sort and to write.
func BenchmarkBlock(b *testing.B) {
	var lines [][]byte
	for n := range blockSize {
		lines = append(lines, sampleLine(n))
	}
	dir := b.TempDir()
	b.SetBytes(int64(len(lines[0])))
	b.ReportAllocs()
	busy := processorTime(b)
	for n := 0; b.Loop(); n++ {
		at := int64(n%blockSize) + 1
		if at == 1 {
			current = newBlock(place{}, 1)
		}
		current.add(at, lines[at-1])
		if at == blockSize {
			if err := current.save(dir); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(processorTime(b)-busy)/float64(b.N), "CPU-ns/op")
}

// processorTime is what this process has used of processors, whatever else the machine does.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

var current *block
