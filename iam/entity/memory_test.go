package entity_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"claviger/iam/entity"
	"claviger/iam/iamtest"
	"claviger/policy"
)

// TestPolicies_LargestOfAnAccount_KeepToTheirMemory: a policy whose resources are as short as they
// may be takes a hundred times its text, and an account may have 1,500 of them.
func TestPolicies_LargestOfAnAccount_KeepToTheirMemory(t *testing.T) {
	k := iamtest.Start(t)
	resources := strings.Repeat(`,"arn:aws:s3:::a"`, policy.ManagedLimit/len(`,"arn:aws:s3:::a"`)-10)
	text := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":[` +
		resources[1:] + `]}}`
	if n := policy.Size(text); n > policy.ManagedLimit {
		t.Fatalf("a policy of %d characters", n)
	}
	const policies = 600
	for i := range policies {
		p := entity.NewPolicy(iamtest.Account, fmt.Sprint("p", i), "/", k.Clock.Now())
		p.Default = p.AddVersion(text, k.Clock.Now()).ID
		k.Commit(k.Directory.Policies.Insert(t.Context(), p))
	}
	before := heap()
	for range 2 {
		for i := range policies {
			d, err := k.Directory.ManagedPolicy(t.Context(), iamtest.Account,
				fmt.Sprintf("arn:aws:iam::%s:policy/p%d", iamtest.Account, i))
			if err != nil || d == nil || d == policy.Closed {
				t.Fatalf("policy %d: %v, %v", i, d, err)
			}
		}
	}
	if took := int64(heap()) - int64(before); took > 80<<20 {
		t.Errorf("%d policies take %d MiB", policies, took>>20)
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
