package store

import (
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const aSync = 48 * time.Millisecond

// slowQueue is one whose COMMITs have taken aSync each of late.
func slowQueue() *queue {
	q := newQueue(slog.New(slog.DiscardHandler))
	q.returning.sync = aSync
	return q
}

// answer says that so many were answered, while others waited.
func (q *queue) answerTo(n, waiting int) {
	q.waiting = q.waiting[:0]
	for range waiting {
		q.put(&request{done: make(chan struct{}, 1)})
	}
	batch := make([]*request, n)
	for i := range batch {
		batch[i] = &request{done: make(chan struct{}, 1)}
	}
	q.committed(batch, aSync)
}

// come has so many more come, one after each pause.
func (q *queue) come(n int, pause time.Duration) {
	go func() {
		for range n {
			time.Sleep(pause)
			q.put(&request{done: make(chan struct{}, 1)})
		}
	}()
}

// takes expects of the next batch how many it has and when it begins.
func (q *queue) takes(t *testing.T, n int, after time.Duration) {
	t.Helper()
	start := time.Now()
	batch := q.next()
	if took := time.Since(start); len(batch) != n || took != after {
		t.Errorf("the next batch had %d requests after %s, want %d after %s",
			len(batch), took, n, after)
	}
}

// TestGather_SlowSync_WaitsForWhoComesAgain, and for nobody else.
func TestGather_SlowSync_WaitsForWhoComesAgain(t *testing.T) {
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		answered, waiting, come int
		pause                   time.Duration
		takes                   int
		after                   time.Duration
	}{
		"one half waits, the other comes again": {16, 16, 16, ms, 32, 16 * ms},
		"all come again":                        {32, 0, 32, ms / 2, 32, 16 * ms},
		"a few don't":                           {16, 16, 14, ms, 30, 18 * ms},
		"nobody comes again":                    {16, 16, 0, 0, 16, aSync / 2},
		"they take longer than it is worth":     {8, 8, 8, 20 * ms, 9, aSync / 2},
		"a lone client":                         {1, 0, 1, 30 * ms, 1, 30 * ms},
		"a lone client at once":                 {1, 0, 1, 0, 1, 0},
		"long ago":                              {32, 0, 1, time.Minute, 1, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := slowQueue()
				q.answerTo(c.answered, c.waiting)
				q.come(c.come, c.pause)
				q.takes(t, c.takes, c.after)
				q.close()
				q.ended()
				time.Sleep(time.Minute) // for those who still come
			})
		})
	}
}

// TestGather_WaitsThatDontPay_AreRare: where each request is somebody else's, no batch gets fuller
// by waiting for it.
func TestGather_WaitsThatDontPay_AreRare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := slowQueue()
		start := time.Now()
		const batches = 1000
		for range batches {
			q.answerTo(8, 8)
			q.next()
		}
		if took := time.Since(start); took > 30*aSync/2 {
			t.Errorf("%d batches waited for %s", batches, took)
		}
		q.answerTo(8, 8)
		q.ended()
	})
}

// TestGather_FastSync_WaitsForNobody: a timer takes longer than such a COMMIT.
func TestGather_FastSync_WaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := slowQueue()
		q.returning.sync = slowSync / 2
		q.answerTo(16, 16)
		q.returning.sync = slowSync / 2
		q.takes(t, 16, 0)
		q.ended()
	})
}

// TestCommit_SlowSync_ClientsShareTheirBatches: those who come again a moment after they were
// answered go together in every batch, and not one half of them in every other.
func TestCommit_SlowSync_ClientsShareTheirBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := OpenAround(t.Context(), Config{Path: filepath.Join(t.TempDir(), "db"),
			Log: slog.New(slog.DiscardHandler)}, func(commit func() error) error {
			time.Sleep(aSync)
			return commit()
		})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		const clients, rounds, away = 32, 20, 2 * time.Millisecond
		before, start := db.Stats(), time.Now()
		var late atomic.Int64
		var wg sync.WaitGroup
		for client := range clients {
			wg.Go(func() {
				time.Sleep(time.Duration(client) * aSync / clients)
				for range rounds {
					time.Sleep(away)
					if err := db.Commit(nil, recordOf("a")); err != nil {
						late.Add(1)
					}
				}
			})
		}
		wg.Wait()
		took, s := time.Since(start), db.Stats()
		perBatch := float64(clients*rounds) / float64(s.Batches-before.Batches)
		if perBatch < 0.8*clients || late.Load() > 0 {
			t.Errorf("a batch had %.1f of %d clients", perBatch, clients)
		}
		if ideal := rounds * (aSync + away); took > ideal*13/10 {
			t.Errorf("%d rounds took %s, and could have taken %s", rounds, took, ideal)
		}
	})
}
