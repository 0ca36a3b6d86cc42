package identity

import (
	"fmt"
	"testing"
	"time"
)

// TestUses_ManyKeysInTurns_AreNotedOnceAnHour: a request is not a write because ten thousand others
// use access keys of their own.
func TestUses_ManyKeysInTurns_AreNotedOnceAnHour(t *testing.T) {
	const keys = 10_000
	var u uses
	noted := func(at time.Time) (n int) {
		for i := range keys {
			if u.add(fmt.Sprint("AKIA", i), LastUse{Time: at, Service: "kms", Region: region}) {
				n++
			}
		}
		return n
	}
	if n := noted(now); n != keys {
		t.Errorf("at first %d of %d were noted", n, keys)
	}
	for round := range 5 {
		if n := noted(now.Add(time.Duration(round+1) * time.Minute)); n != 0 {
			t.Errorf("in round %d again %d were noted", round, n)
		}
	}
	if n := noted(now.Add(sameUse)); n != keys {
		t.Errorf("after an hour %d of %d were noted", n, keys)
	}
}

// TestUses_KeysWithoutEnd_AreBounded: who makes more and more access keys takes no more memory.
func TestUses_KeysWithoutEnd_AreBounded(t *testing.T) {
	var u uses
	for i := range 3*cachedAccessKeys + 1 {
		u.add(fmt.Sprint("AKIA", i), LastUse{Time: now.Add(time.Duration(i) * time.Second)})
	}
	if n := len(u.young) + len(u.former); n > 2*cachedAccessKeys {
		t.Errorf("%d uses are kept", n)
	}
	if last := u.last(fmt.Sprint("AKIA", 3*cachedAccessKeys)); last.Time.IsZero() {
		t.Error("the youngest isn't known")
	}
}
