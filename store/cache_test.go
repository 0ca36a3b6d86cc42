package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"claviger/store"
)

func TestCache_DroppedKey_IsLoadedAgain(t *testing.T) {
	c := store.NewCache[string, int](1000)
	loads := 0
	get := func(key string) int {
		value, err := c.Get(key, func() (int, error) { loads++; return loads, nil })
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	for range 2 {
		if get("a") != 1 {
			t.Error("a kept value was loaded again")
		}
	}
	if get("b") != 2 {
		t.Error("another key was not loaded")
	}
	c.Drop("a")
	c.Drop("never seen")
	for range 2 {
		if get("a") != 3 {
			t.Error("a dropped value was kept, or its successor not")
		}
	}
}

func TestCache_FailedLoad_IsNotKept(t *testing.T) {
	c := store.NewCache[string, int](1000)
	broken := errors.New("broken")
	if _, err := c.Get("a", func() (int, error) { return 1, broken }); err != broken {
		t.Errorf("the error of a load came back as %v", err)
	}
	if value, err := c.Get("a", func() (int, error) { return 2, nil }); value != 2 || err != nil {
		t.Errorf("after a failed load: %d, %v", value, err)
	}
}

// A load that is on its way when its key is dropped has read the old row.
func TestCache_DropDuringLoad_KeepsNothing(t *testing.T) {
	c := store.NewCache[string, string](1000)
	old, err := c.Get("a", func() (string, error) { c.Drop("a"); return "old", nil })
	if old != "old" || err != nil {
		t.Errorf("the caller of the load got %q, %v", old, err)
	}
	if value, _ := c.Get("a", func() (string, error) { return "new", nil }); value != "new" {
		t.Errorf("after the drop the cache says %q", value)
	}
}

func TestCache_ManyKeys_StaysBounded(t *testing.T) {
	const limit, keys = 320, 10000
	c := store.NewCache[int, int](limit)
	for key := range keys {
		c.Get(key, func() (int, error) { return key, nil })
	}
	kept := 0
	for key := range keys {
		c.Get(key, func() (int, error) { kept--; return key, errors.New("not kept") })
		kept++
	}
	if kept > limit || kept < limit/2 {
		t.Errorf("%d of at most %d values are kept", kept, limit)
	}
}

// What is used between evictions outlives what was only seen once.
func TestCache_Full_EvictsTheUnused(t *testing.T) {
	c := store.NewCache[int, int](320)
	lost := 0
	for key := range 10000 {
		c.Get(key, func() (int, error) { return key, nil })
		c.Get(-1, func() (int, error) { lost++; return -1, nil })
	}
	if lost != 1 {
		t.Errorf("the value in constant use was loaded %d times", lost)
	}
}

func TestCache_ParallelUse_MixesNoKeys(t *testing.T) {
	c := store.NewCache[string, int](64)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 5000 {
				key := i * (worker + 1) % 200
				value, _ := c.Get(fmt.Sprint(key), func() (int, error) { return key, nil })
				if value != key {
					t.Errorf("%d is kept under %d", value, key)
				}
				if i%7 == 0 {
					c.Drop(fmt.Sprint(key))
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkCacheHit(b *testing.B) {
	type key struct{ account, region, id string }
	c := store.NewCache[key, int](1000)
	k := key{"123456789012", "eu-central-1", "1234abcd-12ab-34cd-56ef-1234567890ab"}
	load := func() (int, error) { return 1, nil }
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c.Get(k, load)
		}
	})
}

// TestCache_HeavyValues_KeepToTheBudget: what is kept weighs no more than it may, whatever came and
// went, and light values are kept all the same.
func TestCache_HeavyValues_KeepToTheBudget(t *testing.T) {
	const budget = 32 * 1000 // a 32nd of it for each key's part of the cache
	c := store.NewWeighedCache[int](10000, budget, func(weight int) int { return weight })
	weigh := func(keys int) (kept, weight int) {
		for key := range keys {
			value, _ := c.Get(key, func() (int, error) { return 0, errors.New("not kept") })
			if weight += value; value > 0 {
				kept++
			}
		}
		return kept, weight
	}
	for key := range 2000 {
		c.Get(key, func() (int, error) { return 1 + key%700, nil })
		if key%3 == 0 {
			c.Drop(key / 2)
		}
	}
	if _, weight := weigh(2000); weight > budget || weight < budget/2 {
		t.Errorf("what is kept weighs %d of %d", weight, budget)
	}
	c.Get(-1, func() (int, error) { return budget/32 + 1, nil })
	loads := 0
	c.Get(-1, func() (int, error) { loads++; return 1, nil })
	if loads != 1 {
		t.Error("a value that leaves no room for any other was kept")
	}
	for key := range 2000 {
		c.Drop(key)
	}
	for key := range 2000 {
		c.Get(key, func() (int, error) { return 1, nil })
	}
	if kept, _ := weigh(2000); kept != 2000 {
		t.Errorf("of 2000 light values %d are kept", kept)
	}
}
