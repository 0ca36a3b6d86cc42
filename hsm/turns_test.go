package hsm_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/hsm/hsmtest"
	"claviger/hsm/hsmtest/fakedevice"
	"claviger/internal/admission"
	"claviger/internal/custody"
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

// Of more calls than the device can do in time, those that would wait in vain are told to come
// again before their time is over. Another party's few are not among them, and the device is never
// idle.
func TestUse_MoreThanTheDeviceCanDo_AreShedAtOnce(t *testing.T) {
	d := fakedevice.New(t)
	seen := &watcher{calls: map[string]int{}, failed: map[string]int{}}
	c := d.Config()
	c.MaxSessions, c.Timeout, c.Observe = 1, 2*time.Second, seen
	tok := hsmtest.Open(t, c)
	d.Delay("C_GenerateRandom", 20*time.Millisecond)
	var done, busy, late atomic.Int32
	var all sync.WaitGroup
	ask := func(party string, times int) {
		for range times {
			begin := time.Now()
			_, err := tok.Random(admission.WithParty(background, party), 8)
			switch {
			case err == nil:
				done.Add(1)
			case errors.Is(err, custody.ErrBusy) && time.Since(begin) < 1900*time.Millisecond:
				busy.Add(1)
				time.Sleep(100 * time.Millisecond)
			default:
				t.Logf("after %v: %v", time.Since(begin), err)
				late.Add(1)
			}
		}
	}
	begin := time.Now()
	for range 300 { // six seconds of work
		all.Go(func() { ask("many", 2) })
	}
	all.Go(func() {
		for range 20 {
			if _, err := tok.Random(admission.WithParty(background, "few"), 8); err != nil {
				t.Errorf("another party's: %v", err)
			}
		}
	})
	all.Wait()
	if busy.Load() < 100 || late.Load() > busy.Load()/10 {
		t.Errorf("%d were told to come again, %d failed otherwise", busy.Load(), late.Load())
	}
	seen.mu.Lock()
	defer seen.mu.Unlock()
	if seen.shed != int(busy.Load()) {
		t.Errorf("%d were seen of %d", seen.shed, busy.Load())
	}
	if most := time.Since(begin) / (20 * time.Millisecond); int(done.Load()) < int(most)/2 {
		t.Errorf("%d were done, of %d that there was time for", done.Load(), most)
	}
	eventually(t, "nobody waits", func() bool { return tok.Stats().Waiting == 0 })
}

// Work that has had a turn goes on where new work is told to come again.
func TestUse_WorkThatHasBegun_IsNotShed(t *testing.T) {
	d := fakedevice.New(t)
	c := d.Config()
	c.MaxSessions, c.Timeout = 1, 3*time.Second
	tok := hsmtest.Open(t, c)
	begun := admission.WithParty(background, "many")
	if _, err := tok.Random(begun, 8); err != nil {
		t.Fatal(err)
	}
	d.Delay("C_GenerateRandom", 25*time.Millisecond)
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range 110 { // of whom 90 can wait
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					_, _ = tok.Random(admission.WithParty(background, "many"), 8)
				}
			}
		})
	}
	eventually(t, "new work is shed", func() bool {
		_, err := tok.Random(admission.WithParty(background, "many"), 8)
		return errors.Is(err, custody.ErrBusy)
	})
	if _, err := tok.Random(begun, 8); errors.Is(err, custody.ErrBusy) {
		t.Error("what had begun was sent away")
	}
	close(stop)
	all.Wait()
}
