package keystore

import (
	"context"
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/target"
)

const anID = "1234abcd-12ab-34cd-56ef-1234567890ab"

func call() *op.Call {
	return &op.Call{Context: context.Background(), Caller: owner(), Region: ourRegion}
}

func TestName_EveryForm_IsReadOrRefused(t *testing.T) {
	const here, key = "arn:aws:kms:us-east-1:111122223333:", "key/" + anID
	const theirs = "arn:aws:kms:us-east-1:444455556666:"
	for _, c := range []struct {
		name    string
		aliases bool
		id      string // of the key
		alias   string
		code    string
	}{
		{anID, false, anID, "", ""},
		{here + key, false, anID, "", ""},
		{"alias/app", true, "", "alias/app", ""},
		{here + "alias/app", true, "", "alias/app", ""},
		{"alias/aws/secretsmanager", true, "", "alias/aws/secretsmanager", ""},
		{here + "alias/a:b", true, "", "alias/a:b", ""},

		{"alias/app", false, "", "", "InvalidArnException"},
		{here + "alias/app", false, "", "", "InvalidArnException"},
		{strings.ToUpper(anID), true, "", "", "NotFoundException"},
		{key, true, "", "", "NotFoundException"},
		{"key/alias/app", true, "", "", "NotFoundException"},
		{here + "key/alias/app", true, "", "", "NotFoundException"},
		{here + "key/key/" + anID, true, "", "", "NotFoundException"},
		{here + anID, true, "", "", "NotFoundException"},
		{here + "grant/" + anID, true, "", "", "NotFoundException"},
		{here + "key/", true, "", "", "NotFoundException"},
		{here + "alias/key/" + anID, true, "", "alias/key/" + anID, ""},
		{anID + "\x00", true, "", "", "NotFoundException"},
		{" " + anID, true, "", "", "NotFoundException"},
		{"", true, "", "", "NotFoundException"},
		{"*", true, "", "", "NotFoundException"},
		{"../" + anID, true, "", "", "NotFoundException"},

		{"arn:aws:kms:us-west-2:111122223333:" + key, true, "", "", "NotFoundException"},
		{"arn:aws-cn:kms:us-east-1:111122223333:" + key, true, "", "", "NotFoundException"},
		{theirs + key, true, anID, "", ""},
		{theirs + "alias/app", true, "", "alias/app", ""},
		{"arn:aws:kms:us-east-1:44445555666:" + key, true, "", "", "AccessDeniedException"},
		{"arn:aws:kms:us-east-1:44445555666x:" + key, true, "", "", "AccessDeniedException"},
		{"arn:aws:kms:us-east-1::" + key, true, "", "", "AccessDeniedException"},
		{"arn:aws:s3:us-east-1:111122223333:" + key, true, "", "", "InvalidArnException"},
		{"arn:aws:kms:us-east-1:111122223333:", true, "", "", "InvalidArnException"},
		{"arn:aws:kms:us-east-1:111122223333", true, "", "", "InvalidArnException"},
		{"arn:", true, "", "", "InvalidArnException"},
		{"arn::::::", true, "", "", "InvalidArnException"},
		{"ARN" + here[3:] + key, true, "", "", "NotFoundException"},
	} {
		n, err := target.ParseName(call(), c.name, c.aliases)
		code := ""
		if f := fault.Of(err); f != nil {
			code = f.Code
		}
		if code != c.code || err == nil && (n.ID != c.id || n.Alias != c.alias) {
			t.Errorf("%q: key %q, alias %q, %q; want %q, %q, %q", c.name, n.ID, n.Alias, code, c.id, c.alias,
				c.code)
		}
		account := ourAccount
		if code == "" && strings.HasPrefix(c.name, theirs) {
			account = "444455556666" // whether the caller may use it is for the policy to say
		}
		if n.Account != account || n.Region != ourRegion {
			t.Errorf("%q: named in %s, %s", c.name, n.Account, n.Region)
		}
	}
}

// FuzzName: whatever a caller calls a key is read as one of the four forms in the caller's Region,
// or refused. Only an ARN leads into another account.
func FuzzName(f *testing.F) {
	const here = "arn:aws:kms:us-east-1:111122223333:"
	for _, s := range []string{anID, here + "key/" + anID, "alias/a", here + "alias/a", here +
		"key/alias/a", "arn:", "alias/", "key/" + anID,
		here + "key/" + anID + ":", "arn:aws:kms:us-east-1:444455556666:key/" + anID} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, s string, aliases bool) {
		n, err := target.ParseName(call(), s, aliases)
		if n.Region != ourRegion || n.Account != ourAccount && !strings.HasPrefix(s, "arn:") {
			t.Fatalf("%q left its namespace: %+v", s, n)
		}
		if err != nil {
			if f := fault.Of(err); f.Kind == fault.Internal || f.Code == "" {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		here := "arn:aws:kms:us-east-1:" + n.Account + ":"
		switch {
		case n.ID != "" && n.Alias == "" && (s == n.ID || s == here+"key/"+n.ID):
		case n.Alias != "" && n.ID == "" && aliases && strings.HasPrefix(n.Alias, "alias/") &&
			(s == n.Alias || s == here+n.Alias):
		default:
			t.Errorf("%q was read as key %q, alias %q", s, n.ID, n.Alias)
		}
	})
}
