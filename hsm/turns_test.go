package hsm_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/hsm/hsmtest"
	"claviger/hsm/hsmtest/fakedevice"
	"claviger/internal/admission"
)

// A party that asks for many things at once waits for itself: another one's turn comes next.
func TestUse_PartyWithMany_LetsOthersIn(t *testing.T) {
	d := fakedevice.New(t)
	c := d.Config()
	c.MaxSessions = 1
	tok := hsmtest.Open(t, c)
	d.Delay("C_GenerateRandom", 20*time.Millisecond)
	many := admission.WithParty(background, "many")
	var done atomic.Int32
	var all sync.WaitGroup
	for range 60 {
		all.Go(func() {
			if _, err := tok.Random(many, 8); err != nil {
				t.Errorf("one of many: %v", err)
			}
			done.Add(1)
		})
	}
	eventually(t, "some are done", func() bool { return done.Load() > 2 })
	before := done.Load()
	if _, err := tok.Random(admission.WithParty(background, "few"), 8); err != nil {
		t.Errorf("another party's: %v", err)
	}
	if n := done.Load() - before; n > 20 {
		t.Errorf("%d of many came before the only one of another", n)
	}
	all.Wait()
}
