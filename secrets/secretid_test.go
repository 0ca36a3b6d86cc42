package secrets

import (
	"regexp"
	"strings"
	"testing"

	"claviger/internal/op"
	"claviger/policy"
)

func caller() *op.Call {
	return &op.Call{Caller: policy.Caller{Type: policy.Root, Account: "111122223333"}, Region: "us-east-1"}
}

const here = "arn:aws:secretsmanager:us-east-1:111122223333:secret:"

func TestSecretIds(t *testing.T) {
	own := func(name string) secretRef { return secretRef{"111122223333", "us-east-1", name} }
	for id, want := range map[string]named{
		"prod/db":               {secretRef: own("prod/db"), arn: here + "prod/db"},
		"prod-AbCd12":           {secretRef: own("prod-AbCd12"), arn: here + "prod-AbCd12"}, // a plain name, suffix or not
		here + "prod/db":        {secretRef: own("prod/db"), arn: here + "prod/db"},         // partial
		here + "prod/db-AbCd12": {secretRef: own("prod/db"), suffix: "AbCd12", arn: here + "prod/db-AbCd12"},
		here + "my-secret":      {secretRef: own("my"), suffix: "secret", arn: here + "my-secret"}, // read as complete, as AWS does
		here + "a-b-AbCd12":     {secretRef: own("a-b"), suffix: "AbCd12", arn: here + "a-b-AbCd12"},
		here + "rds!db-1":       {secretRef: own("rds!db-1"), arn: here + "rds!db-1"},
		"arn:aws:secretsmanager:eu-west-1:444455556666:secret:x-AbCd12": {secretRef: secretRef{"444455556666", "eu-west-1", "x"},
			suffix: "AbCd12", arn: "arn:aws:secretsmanager:eu-west-1:444455556666:secret:x-AbCd12"},
	} {
		if got, err := name(caller(), id); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", id, got, err, want)
		}
	}
	for _, id := range []string{"", "a b", "a:b", "ä", "a\x00", strings.Repeat("n", 513), "arn:", "arn:aws:kms:us-east-1:111122223333:key/x",
		here, "arn:aws-cn:secretsmanager:us-east-1:111122223333:secret:x", here + "a:b", "arn:aws:secretsmanager:us-east-1:111122223333:parameter:x"} {
		if got, err := name(caller(), id); err != errName {
			t.Errorf("%q: %+v, %v; want %v", id, got, err, errName)
		}
	}
}

// Whatever name a secret has, its ARN leads back to it and to no other.
func FuzzNames(f *testing.F) {
	f.Add("prod/db")
	f.Add("a-AbCd12")
	f.Fuzz(func(t *testing.T, s string) {
		n, err := name(caller(), s)
		if err != nil || n.name != s {
			return
		}
		suffix, err := newSuffix()
		if err != nil {
			t.Fatal(err)
		}
		sec := &Secret{Account: n.account, Region: n.region, Name: s, Suffix: suffix}
		back, err := name(caller(), sec.ARN())
		if err != nil || back.secretRef != sec.ref() || back.suffix != suffix {
			t.Fatalf("%s leads to %+v, %v", sec.ARN(), back, err)
		}
	})
}

func TestSuffixesAreSixAlphanumerics(t *testing.T) {
	form, seen := regexp.MustCompile(`^[A-Za-z0-9]{6}$`), map[string]bool{}
	for range 1000 {
		s, err := newSuffix()
		if err != nil || !form.MatchString(s) || seen[s] {
			t.Fatalf("%q, %v", s, err)
		}
		seen[s] = true
	}
}
