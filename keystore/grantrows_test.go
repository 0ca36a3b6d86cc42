package keystore

import (
	"testing"
	"time"

	"claviger/keystore/grant"
	"claviger/keystore/key"
	"claviger/store"
)

var (
	qEditGrant = store.SQL(`UPDATE kms_grants SET operations = $1, grantee = $2, constraints = $3
		WHERE account = $4 AND region = $5 AND key_id = $6`)
	qFillGrants = store.SQL(`INSERT INTO kms_grants (account, region, key_id, id, name, grantee, retiring_principal, issuing_account, operations, constraints, created, mac)
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
		SELECT $2, $3, $4, 'x' || i, '', 'x', '', '', '[]', '{}', 0, x'00' FROM n`)
)

func TestGrant_EditedRow_GrantsNothing(t *testing.T) {
	s := start(t)
	alice := s.user("alice")
	const constraints = `{"EncryptionContextEquals":{"a":"b"}}`
	for _, c := range []struct {
		name, grantee, operation string // of the grant that is made
		operations, constraints  string // what its row says then, of a grant to alice
	}{
		{"more operations", "alice", "Decrypt", `["Decrypt","Encrypt"]`, constraints},
		{"another grantee", "bob", "Encrypt", `["Encrypt"]`, constraints},
		{"fewer constraints", "alice", "Encrypt", `["Encrypt"]`, `{}`},
		{"a space that is new", "alice", "Encrypt", `["Encrypt" ]`, constraints},
	} {
		id := s.key()
		s.grantTo(c.grantee, id, byPairs("EncryptionContextEquals", M{"a": "b"}), c.operation)
		err := s.DB.Commit(func(tx *store.Tx) error {
			return tx.Change(qEditGrant, c.operations, arnOf("alice"), c.constraints,
				ourAccount, ourRegion, id)
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.Restart()
		for _, context := range []M{nil, {"a": "b"}} {
			in := M{"KeyId": id, "Plaintext": "eA==", "EncryptionContext": context}
			if _, code := ask[any](alice, "Encrypt", in); code != "KMSInternalException" {
				t.Errorf("%s: %q", c.name, code)
			}
		}
		if _, code := ask[any](s, "ListGrants", M{"KeyId": id}); code != "KMSInternalException" {
			t.Errorf("%s, listed: %q", c.name, code)
		}
		if _, code := ask[any](s, "Encrypt", M{"KeyId": id, "Plaintext": "eA=="}); code != "" {
			t.Errorf("%s: the owner is kept from the key: %q", c.name, code)
		}
	}
}

func TestGrant_DeletedKey_GoesWithIt(t *testing.T) {
	s := start(t)
	id := s.key()
	alice := s.user("alice")
	byAlice := M{"RetiringPrincipal": arnOf("alice")}
	g := s.grantTo("alice", id, byAlice, "DescribeKey")
	must[any](alice, "DescribeKey", M{"KeyId": id})
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	must[any](alice, "DescribeKey", M{"KeyId": id})
	s.pass(8 * 24 * time.Hour)
	s.Jobs.RunDue(t.Context())
	if _, code := ask[any](alice, "DescribeKey", M{"KeyId": id}); code != denied {
		t.Errorf("a key that is gone: %q", code)
	}
	left := must[ListGrantsOutput](s, "ListRetirableGrants", byAlice).Grants
	if n := len(left); n != 0 {
		t.Errorf("%d grants outlived their key", n)
	}
	_, code := ask[any](s, "RetireGrant", M{"GrantToken": g.GrantToken})
	if code != "NotFoundException" {
		t.Errorf("a token of a grant that went with its key: %q", code)
	}
	ref := key.Ref{Account: ourAccount, Region: ourRegion, ID: id}
	cached, err := s.keys.grants.Policies(t.Context(), ref, arnOf("alice"))
	if err != nil || len(cached) != 0 {
		t.Errorf("the cache still has %v, %v", cached, err)
	}
}

func TestCreateGrant_KeyWithAsManyAsItMayHave_IsRefused(t *testing.T) {
	s := start(t)
	id := s.key()
	err := s.DB.Commit(func(tx *store.Tx) error {
		_, err := tx.Exec(qFillGrants, grant.PerKey-1, ourAccount, ourRegion, id)
		return err
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	last := s.grantTo("alice", id, nil, "Decrypt")
	_, code := ask[any](s, "CreateGrant", M{"KeyId": id, "GranteePrincipal": aUser,
		"Operations": []string{"Decrypt"}})
	if code != "LimitExceededException" {
		t.Errorf("one more: %q", code)
	}
	must[any](s, "RevokeGrant", M{"KeyId": id, "GrantId": last.GrantId})
	s.grantTo("alice", id, nil, "Decrypt")
}
