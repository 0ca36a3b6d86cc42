package target

import (
	"regexp"
	"strings"
	"testing"

	"claviger/internal/op"
	"claviger/policy"
	"claviger/secrets/secret"
	"claviger/secrets/smfault"
)

func caller() *op.Call {
	c := policy.Caller{Type: policy.Root, Account: "111122223333"}
	return &op.Call{Caller: c, Region: "us-east-1"}
}

const (
	here      = "arn:aws:secretsmanager:us-east-1:111122223333:secret:"
	elsewhere = "arn:aws:secretsmanager:eu-west-1:444455556666:secret:"
)

func own(name string) secret.Ref {
	return secret.Ref{Account: "111122223333", Region: "us-east-1", Name: name}
}

func TestReadSecretID_EveryForm_IsRead(t *testing.T) {
	for text, want := range map[string]ID{
		"prod/db":         {Ref: own("prod/db"), ARN: here + "prod/db"},
		here + "prod/db":  {Ref: own("prod/db"), ARN: here + "prod/db"}, // partial
		here + "rds!db-1": {Ref: own("rds!db-1"), ARN: here + "rds!db-1"},

		here + "prod/db-AbCd12": {Ref: own("prod/db"), suffix: "AbCd12",
			ARN: here + "prod/db-AbCd12"},
		here + "a-b-AbCd12": {Ref: own("a-b"), suffix: "AbCd12", ARN: here + "a-b-AbCd12"},

		// A plain name stays one, suffix or not.
		"prod-AbCd12": {Ref: own("prod-AbCd12"), ARN: here + "prod-AbCd12"},
		// Read as complete, as AWS does.
		here + "my-secret": {Ref: own("my"), suffix: "secret", ARN: here + "my-secret"},

		elsewhere + "x-AbCd12": {Ref: secret.Ref{Account: "444455556666", Region: "eu-west-1", Name: "x"},
			suffix: "AbCd12", ARN: elsewhere + "x-AbCd12"},
	} {
		want.text = text
		if got, err := ReadID(caller(), text); err != nil || got != want {
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
		if got, err := ReadID(caller(), text); err != smfault.BadName {
			t.Errorf("%q: %+v, %v; want %v", text, got, err, smfault.BadName)
		}
	}
}

// Whatever name a secret has, its ARN leads back to it and to no other.
func FuzzSecretID(f *testing.F) {
	f.Add("prod/db")
	f.Add("a-AbCd12")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ReadID(caller(), s)
		if err != nil || id.Name != s {
			return
		}
		suffix, err := secret.NewSuffix()
		if err != nil {
			t.Fatal(err)
		}
		sec := &secret.Secret{Account: id.Account, Region: id.Region, Name: s, Suffix: suffix}
		back, err := ReadID(caller(), sec.ARN())
		if err != nil || back.Ref != sec.Ref() || back.suffix != suffix {
			t.Fatalf("%s leads to %+v, %v", sec.ARN(), back, err)
		}
	})
}

func TestNewSuffix_Always_IsSixAlphanumerics(t *testing.T) {
	form, seen := regexp.MustCompile(`^[A-Za-z0-9]{6}$`), map[string]bool{}
	for range 1000 {
		s, err := secret.NewSuffix()
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
		"":                                     kms + secret.ManagedAlias,
		secret.ManagedAlias:                    kms + secret.ManagedAlias,
		kms + secret.ManagedAlias:              kms + secret.ManagedAlias,
		"alias/app":                            kms + "alias/app",
		"1234abcd-12ab-34cd-56ef-1234567890ab": kms + "key/1234abcd-12ab-34cd-56ef-1234567890ab",
		"arn:aws:kms:us-east-1:777788889999:key/x": "arn:aws:kms:us-east-1:777788889999:key/x",
	} {
		sec := &secret.Secret{Account: "444455556666", Region: "us-east-1"}
		sec.KeepKey(id)
		if got := sec.KeyFor(caller()); got != want {
			t.Errorf("%q: %s, want %s", id, got, want)
		}
		owner := caller()
		owner.Caller.Account = sec.Account
		if got := sec.KeyFor(owner); got != sec.KeyID {
			t.Errorf("%q: its owner calls it %s, want %s", id, got, sec.KeyID)
		}
	}
}
