package secrets

import (
	"regexp"
	"strings"
	"testing"

	"claviger/internal/op"
	"claviger/policy"
)

func caller() *op.Call {
	c := policy.Caller{Type: policy.Root, Account: "111122223333"}
	return &op.Call{Caller: c, Region: "us-east-1"}
}

const (
	here      = "arn:aws:secretsmanager:us-east-1:111122223333:secret:"
	elsewhere = "arn:aws:secretsmanager:eu-west-1:444455556666:secret:"
)

func own(name string) secretRef { return secretRef{"111122223333", "us-east-1", name} }

func TestReadSecretID_EveryForm_IsRead(t *testing.T) {
	for text, want := range map[string]secretID{
		"prod/db":         {secretRef: own("prod/db"), arn: here + "prod/db"},
		here + "prod/db":  {secretRef: own("prod/db"), arn: here + "prod/db"}, // partial
		here + "rds!db-1": {secretRef: own("rds!db-1"), arn: here + "rds!db-1"},

		here + "prod/db-AbCd12": {secretRef: own("prod/db"), suffix: "AbCd12",
			arn: here + "prod/db-AbCd12"},
		here + "a-b-AbCd12": {secretRef: own("a-b"), suffix: "AbCd12", arn: here + "a-b-AbCd12"},

		// A plain name stays one, suffix or not.
		"prod-AbCd12": {secretRef: own("prod-AbCd12"), arn: here + "prod-AbCd12"},
		// Read as complete, as AWS does.
		here + "my-secret": {secretRef: own("my"), suffix: "secret", arn: here + "my-secret"},

		elsewhere + "x-AbCd12": {secretRef: secretRef{"444455556666", "eu-west-1", "x"},
			suffix: "AbCd12", arn: elsewhere + "x-AbCd12"},
	} {
		want.text = text
		if got, err := readSecretID(caller(), text); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestReadSecretID_AnythingElse_IsRefused(t *testing.T) {
	for _, text := range []string{
		"", "a b", "a:b", "ä", "a\x00", strings.Repeat("n", 513), "arn:", here, here + "a:b",
		"arn:aws:kms:us-east-1:111122223333:key/x",
		"arn:aws-cn:secretsmanager:us-east-1:111122223333:secret:x",
		"arn:aws:secretsmanager:us-east-1:111122223333:parameter:x",
		"arn:aws:secretsmanager:us-east-1:111122223333:secret",
		"arn:aws:secretsmanager:us-east-1:111122223333:secretx:x",
	} {
		if got, err := readSecretID(caller(), text); err != errName {
			t.Errorf("%q: %+v, %v; want %v", text, got, err, errName)
		}
	}
}

// Whatever name a secret has, its ARN leads back to it and to no other.
func FuzzSecretID(f *testing.F) {
	f.Add("prod/db")
	f.Add("a-AbCd12")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := readSecretID(caller(), s)
		if err != nil || id.name != s {
			return
		}
		suffix, err := newSuffix()
		if err != nil {
			t.Fatal(err)
		}
		sec := &Secret{Account: id.account, Region: id.region, Name: s, Suffix: suffix}
		back, err := readSecretID(caller(), sec.ARN())
		if err != nil || back.secretRef != sec.ref() || back.suffix != suffix {
			t.Fatalf("%s leads to %+v, %v", sec.ARN(), back, err)
		}
	})
}

func TestNewSuffix_Always_IsSixAlphanumerics(t *testing.T) {
	form, seen := regexp.MustCompile(`^[A-Za-z0-9]{6}$`), map[string]bool{}
	for range 1000 {
		s, err := newSuffix()
		if err != nil || !form.MatchString(s) || seen[s] {
			t.Fatalf("%q, %v", s, err)
		}
		seen[s] = true
	}
}

// A key without an account is one of the secret's account, whoever asks for the secret.
func TestKeyFor_AnotherAccountAsks_NamesTheSecretsOwnKey(t *testing.T) {
	const kms = "arn:aws:kms:us-east-1:444455556666:"
	for id, want := range map[string]string{
		"":                                     kms + managedAlias,
		managedAlias:                           kms + managedAlias,
		kms + managedAlias:                     kms + managedAlias,
		"alias/app":                            kms + "alias/app",
		"1234abcd-12ab-34cd-56ef-1234567890ab": kms + "key/1234abcd-12ab-34cd-56ef-1234567890ab",
		"arn:aws:kms:us-east-1:777788889999:key/x": "arn:aws:kms:us-east-1:777788889999:key/x",
	} {
		sec := &Secret{Account: "444455556666", Region: "us-east-1"}
		sec.keepKey(id)
		if got := sec.keyFor(caller()); got != want {
			t.Errorf("%q: %s, want %s", id, got, want)
		}
		owner := caller()
		owner.Caller.Account = sec.Account
		if got := sec.keyFor(owner); got != sec.KeyID {
			t.Errorf("%q: its owner calls it %s, want %s", id, got, sec.KeyID)
		}
	}
}
