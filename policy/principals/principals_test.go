package principals_test

import (
	"errors"
	"strings"
	"testing"

	"claviger/policy/principals"
)

// TestStore_UsersAndRoles_BecomeIds: nothing else of the text changes, and it comes back
// as it was.
func TestStore_UsersAndRoles_BecomeIds(t *testing.T) {
	const alice, role = "arn:aws:iam::111122223333:user/team/alice", "arn:aws:iam::111122223333:role/r"
	ids := map[string]string{alice: "AIDAALICEALICEALICEA", role: "AROAROLEROLEROLEROLE"}
	arns := map[string]string{}
	for arn, id := range ids {
		arns[id] = arn
	}
	text := "{ \"Version\":\"2012-10-17\",\n\"Statement\": [{\"Sid\":\"" + alice + `",
		"Effect":"Allow", "Principal" : {"AWS": [ "` + alice + `" ,"` + role + `","*","111122223333",
		"arn:aws:iam::111122223333:root","arn:aws:sts::111122223333:assumed-role/r/s"],
		"Service":"` + alice + `"},"Action":"*","Resource":"` + role + `",
		"Condition":{"ArnEquals":{"aws:PrincipalArn":"` + role + `"}}},
		{"Effect":"Deny","NotPrincipal":{"AWS":"` + role + `"},"Action":"*","Resource":"*"}]}` + "\n"
	want := text
	for _, part := range []string{`[ "` + alice + `"`, `,"` + role + `","*"`,
		`NotPrincipal":{"AWS":"` + role + `"`} {
		with := strings.NewReplacer(alice, ids[alice], role, ids[role]).Replace(part)
		want = strings.Replace(want, part, with, 1)
	}
	stored, err := principals.Store(text, func(arn string) (string, error) {
		return ids[arn], nil
	})
	if err != nil || stored != want {
		t.Fatalf("%v\n%s\nwant\n%s", err, stored, want)
	}
	shown, err := principals.Show(stored, func(id string) (string, error) {
		return arns[id], nil
	})
	if err != nil || shown != text {
		t.Errorf("%v\n%s", err, shown)
	}
	kept, err := principals.Show(stored, func(id string) (string, error) { return id, nil })
	if err != nil || kept != stored {
		t.Errorf("who is gone stays an id: %v\n%s", err, kept)
	}
}

// TestStore_OneOrEscaped_IsFound, in whatever form the document has its statements.
func TestStore_OneOrEscaped_IsFound(t *testing.T) {
	for text, want := range map[string]string{
		`{"Statement":{"Principal":{"AWS":"arn:aws:iam::111122223333:user\/a"}}}`:         `{"Statement":{"Principal":{"AWS":"ID"}}}`,
		`{"Statement":[{"Principal":{"AWS":["arn:aws:iam::111122223333:user/\u0061"]}}]}`: `{"Statement":[{"Principal":{"AWS":["ID"]}}]}`,
		`{"Statement":[{"Principal":"*"}]}`:                                               `{"Statement":[{"Principal":"*"}]}`,
		`{"Principal":{"AWS":"arn:aws:iam::111122223333:user/a"}}`:                        `{"Principal":{"AWS":"arn:aws:iam::111122223333:user/a"}}`,
	} {
		got, err := principals.Store(text, func(string) (string, error) { return "ID", nil })
		if err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
}

func TestStore_NobodyOrNoDocument_IsAnError(t *testing.T) {
	nobody := errors.New("nobody")
	id := func(string) (string, error) { return "", nobody }
	if _, err := principals.Store(
		`{"Statement":{"Principal":{"AWS":"arn:aws:iam::111122223333:user/a"}}}`, id); err != nobody {
		t.Errorf("%v", err)
	}
	for _, text := range []string{"{", `{"Statement":"}`, `{"a":1,"a":2}`} {
		if _, err := principals.Store(text, id); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
