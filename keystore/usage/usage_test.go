package usage

import (
	"log/slog"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/jobs"
	"claviger/keystore/key"
	"claviger/keystore/model"
	"claviger/policy"
	"claviger/store"
)

const account = "111122223333"

func open(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{Path: filepath.Join(t.TempDir(), "claviger.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func symmetric(id string) *key.Key {
	return &key.Key{Account: account, Region: "us-east-1", ID: id, Origin: key.OriginKMS,
		Spec: key.SymmetricDefault, Usage: key.EncryptDecrypt, MaterialID: "m-" + id,
		Materials: map[string]key.Material{"m-" + id: {}}}
}

// within runs f as an operation, whose record is committed with what belongs to it.
func within(t *testing.T, db *store.DB, f func(*op.Call) error) {
	t.Helper()
	type nothing struct{ op.ByShape }
	runner := &op.Runner{Ledger: db, Decide: policy.Decide, Observe: observer{},
		Log: slog.New(slog.DiscardHandler), Now: time.Now}
	find := func(*op.Call, nothing) (domain.Account, error) {
		return domain.OnAccount("kms:Test"), nil
	}
	service := *model.KMS
	service.Records = op.Records{}
	o := op.Write(domain.Routes{Service: &service}.Internal("Test"), find,
		func(c *op.Call, _ nothing, _ domain.Account) (op.Commit[op.None], error) {
			return op.Apply(domain.Nothing, op.None{}), f(c)
		})
	c := runner.Own(t.Context(), account, "us-east-1", "kms")
	if _, err := op.AsService(c, "kms", c.Caller.Account, o, nothing{}); err != nil {
		t.Fatal(err)
	}
}

type observer struct{}

func (observer) Operation(string, string, string, time.Duration) {}
func (observer) Unknown(string, string)                          {}
func (observer) Unrecorded()                                     {}
func (observer) Overload(string)                                 {}
func (observer) Waiting(int)                                     {}

// The memory of counts is bounded. What finds no room is counted all the same, use by use.
func TestCounts_BeyondCapacity_AreNotKept(t *testing.T) {
	db := open(t)
	counts := New(db, jobs.Queue{})
	counts.Limits.Block, counts.Capacity = 4, 3
	for range 5 {
		for n := range 6 {
			k := symmetric(strconv.Itoa(n))
			within(t, db, func(c *op.Call) error { return counts.Count(c, k, k.MaterialID) })
		}
	}
	kept := 0
	counts.kept.Range(func(any, any) bool { kept++; return true })
	if kept != 3 {
		t.Errorf("%d counts are in memory", kept)
	}
	for n := range 6 {
		k := symmetric(strconv.Itoa(n))
		want := int64(5)
		if n < 3 {
			want = 8
		}
		if got, err := counts.leased(rowOf(k, k.MaterialID)); got != want || err != nil {
			t.Errorf("key %d: %d leased for 5 uses, want %d; %v", n, got, want, err)
		}
	}
}

// The Regions of a multi-Region key share its material, and so one count of it.
func TestCounts_RelatedKeys_ShareOne(t *testing.T) {
	counts := New(open(t), jobs.Queue{})
	made := symmetric("a")
	var all []*key.Key
	for _, region := range []string{"eu-west-1", "us-west-2"} {
		k := *made
		k.PrimaryRegion, k.Replicas, k.Region, k.Rev = "eu-west-1", []string{"us-west-2"}, region, 1
		all = append(all, &k)
	}
	for n := range 6 {
		u, err := counts.countOf(all[n%2], made.MaterialID)
		if err != nil {
			t.Fatal(err)
		}
		if got := u.taken.Add(1); got != int64(n+1) {
			t.Errorf("use %d is number %d", n+1, got)
		}
	}
	if a, b := rowOf(all[0], "x"), rowOf(all[1], "x"); a != b {
		t.Errorf("counted as %v and %v", a, b)
	}
}
