package grant

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"claviger/internal/domain"
	"claviger/internal/rowmac"
	"claviger/internal/signedtoken"
	"claviger/keystore/key"
	"claviger/keystore/keyrows"
	"claviger/policy"
	"claviger/store"
)

// mac makes MACs in memory: what the rows do with them doesn't turn on who makes them.
func mac(_ context.Context, data []byte) ([]byte, error) {
	h := hmac.New(sha256.New, []byte("row-mac"))
	h.Write(data)
	return h.Sum(nil), nil
}

// start opens the grants of a new database, and a key in it.
func start(t *testing.T) (*Grants, key.Ref) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "claviger.db")
	db, err := store.Open(t.Context(), store.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	signer := rowmac.New("one", mac)
	k := &key.Key{Account: "111122223333", Region: "us-east-1", ID: "k", Rev: 1}
	insert, err := keyrows.New(db, signer, nil).Insert(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	s := New(db, signer, signedtoken.New([]byte("the key of this installation")))
	commit(t, s, insert)
	return s, k.Ref()
}

func commit(t *testing.T, s *Grants, change domain.Change) {
	t.Helper()
	if err := s.db.Commit(change, nil); err != nil {
		t.Fatal(err)
	}
}

// insert prepares a grant to alice.
func insert(t *testing.T, s *Grants, k key.Ref, name string,
	c Constraints) (*Grant, domain.Change) {
	t.Helper()
	g := &Grant{Key: k, ID: NewID(), Name: name, Grantee: "alice", Operations: []string{"Encrypt"},
		Constraints: c}
	change, err := s.Insert(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	return g, change
}

// isCached reports whether what alice was granted on k is answered without a row.
func isCached(s *Grants, k key.Ref) bool {
	cached := true
	_, _ = s.byGrantee.Peek(granteeRef{k, "alice"}, func() ([]policy.Grant, error) {
		cached = false
		return nil, nil
	})
	return cached
}

func policies(t *testing.T, s *Grants, k key.Ref) []policy.Grant {
	t.Helper()
	list, err := s.Policies(t.Context(), k, "alice")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPolicies_MoreThanTheCacheKeeps_AreReadEachTime(t *testing.T) {
	s, k := start(t)
	const n = 60
	for i := range n {
		equals := map[string]string{"n": fmt.Sprint(i)}
		_, change := insert(t, s, k, "", Constraints{EncryptionContextEquals: equals})
		commit(t, s, change)
	}
	for range 2 {
		if got := policies(t, s, k); len(got) != n {
			t.Errorf("%d grants of %d", len(got), n)
		}
		if isCached(s, k) {
			t.Error("the cache keeps them")
		}
	}
}

// Also what is absent is cached, so an insertion has to drop it as a deletion does.
func TestPolicies_AfterEachChange_AreReadAnew(t *testing.T) {
	s, k := start(t)
	expect := func(want int) {
		t.Helper()
		if got := policies(t, s, k); len(got) != want {
			t.Errorf("%d grants, want %d", len(got), want)
		}
		if !isCached(s, k) {
			t.Error("they are not cached")
		}
	}
	expect(0)
	one, change := insert(t, s, k, "", Constraints{})
	commit(t, s, change)
	expect(1)
	_, change = insert(t, s, k, "", Constraints{})
	commit(t, s, change)
	expect(2)
	commit(t, s, func(tx *store.Tx) error { return s.Delete(tx, one) })
	expect(1)
	commit(t, s, func(tx *store.Tx) error { return s.DeleteAll(tx, k) })
	expect(0)
}

func TestInsert_SameGrantMadeMeanwhile_IsStale(t *testing.T) {
	s, k := start(t)
	first, change := insert(t, s, k, "n", Constraints{})
	_, again := insert(t, s, k, "n", Constraints{})
	_, unnamed := insert(t, s, k, "", Constraints{})
	commit(t, s, change)
	if err := s.db.Commit(again, nil); !errors.Is(err, store.Stale) {
		t.Errorf("again: %v", err)
	}
	commit(t, s, unnamed)
	same, err := s.Same(t.Context(), first)
	if err != nil || same == nil || same.ID != first.ID {
		t.Errorf("found %+v, %v", same, err)
	}
}

func TestStillThere_GrantEndedMeanwhile_IsStale(t *testing.T) {
	s, k := start(t)
	g, change := insert(t, s, k, "n", Constraints{})
	commit(t, s, change)
	commit(t, s, StillThere(g))
	commit(t, s, func(tx *store.Tx) error { return s.Delete(tx, g) })
	if err := s.db.Commit(StillThere(g), nil); !errors.Is(err, store.Stale) {
		t.Errorf("after its end: %v", err)
	}
}
