package store_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"claviger/store"
	"claviger/store/storetest"
)

var (
	newSecret = store.SQL(`INSERT INTO bench_secret (account, region, name, rev, changed)
		VALUES ($1, $2, $3, 0, 0)`)
	putSecret = store.SQL(`UPDATE bench_secret SET rev = rev + 1, changed = $1
		WHERE account = $2 AND region = $3 AND name = $4`)
	putVersion = store.SQL(`INSERT INTO bench_version (account, region, name, id, sealed)
		VALUES ($1, $2, $3, $4, $5)`)
	putStage = store.SQL(`INSERT INTO bench_stage (account, region, name, stage, id)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account, region, name, stage) DO UPDATE SET id = excluded.id`)
)

// benchTables are the benchmark's own.
const benchTables = `
CREATE TABLE bench_secret (
	account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
	rev INTEGER NOT NULL, changed INTEGER NOT NULL,
	PRIMARY KEY (account, region, name)) STRICT, WITHOUT ROWID;
CREATE TABLE bench_version (
	account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
	id TEXT NOT NULL, sealed BLOB NOT NULL,
	PRIMARY KEY (account, region, name, id)) STRICT, WITHOUT ROWID;
CREATE TABLE bench_stage (
	account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,
	stage TEXT NOT NULL, id TEXT NOT NULL,
	PRIMARY KEY (account, region, name, stage)) STRICT, WITHOUT ROWID;`

const account, region = "123456789012", "eu-central-1"

// syncs counts what the committer reports.
type syncs struct{ batches, entries, nanos atomic.Int64 }

func (s *syncs) Batch(entries int, d time.Duration) {
	s.batches.Add(1)
	s.entries.Add(int64(entries))
	s.nanos.Add(int64(d))
}

// BenchmarkCommit reports, for a number of clients that each commit again and again, commits a
// second, the processor time of the whole process for each, and how many share an fsync.
// CLAVIGER_BENCH_DIR names the disk.
func BenchmarkCommit(b *testing.B) {
	record := make([]byte, 700)
	for i := range record {
		record[i] = 'r'
	}
	for _, clients := range []int{1, 4, 16, 64} {
		b.Run(fmt.Sprintf("record/clients=%d", clients), func(b *testing.B) {
			bench(b, clients, func(db *store.DB, client, i int) error {
				return db.Commit(nil, func(error) []byte { return record })
			})
		})
		b.Run(fmt.Sprintf("computing/clients=%d", clients), func(b *testing.B) {
			bench(b, clients, func(db *store.DB, client, i int) error {
				data := record
				for range 40 { // what a request does besides: about 40 µs here
					sum := sha256.Sum256(data)
					data = append(data[:0:0], record...)
					copy(data, sum[:])
				}
				return db.Commit(nil, func(error) []byte { return record })
			})
		})
		b.Run(fmt.Sprintf("change/clients=%d", clients), func(b *testing.B) {
			sealed := make([]byte, 200)
			bench(b, clients, func(db *store.DB, client, i int) error {
				name := fmt.Sprint("secret/", client)
				id := fmt.Sprintf("%08d-%d-%d", i, client, b.N)
				return db.Commit(func(tx *store.Tx) error {
					if err := tx.Change(putSecret, int64(i), account, region, name); err != nil {
						return err
					}
					if _, err := tx.Exec(putVersion, account, region, name, id, sealed); err != nil {
						return err
					}
					if _, err := tx.Exec(putStage, account, region, name, "AWSCURRENT", id); err != nil {
						return err
					}
					_, err := tx.Exec(putStage, account, region, name, "AWSPREVIOUS", id)
					return err
				}, func(error) []byte { return record })
			})
		})
	}
}

// BenchmarkCommit_SlowSync is a disk that takes its time for each fsync. Its clients are as far
// away as those of a service: a little over a millisecond, in which the token is asked, too. An
// ideal store would do clients / (sync + away) commits a second. full is the part of it that is
// reached, with the time that a sync really took.
func BenchmarkCommit_SlowSync(b *testing.B) {
	const away = 1500 * time.Microsecond
	record := make([]byte, 700)
	for _, sync := range []time.Duration{10 * time.Millisecond, 50 * time.Millisecond} {
		for _, clients := range []int{1, 4, 16, 32, 64} {
			b.Run(fmt.Sprintf("sync=%s/clients=%d", sync, clients), func(b *testing.B) {
				slow := func(commit func() error) error {
					time.Sleep(sync)
					return commit()
				}
				seen := benchAround(b, slow, clients, func(db *store.DB, client, i int) error {
					time.Sleep(away/2 + rand.N(away))
					return db.Commit(nil, func(error) []byte { return record })
				})
				took := time.Duration(seen.nanos.Load() / seen.batches.Load())
				ideal := float64(clients) / (took + away).Seconds()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/ideal, "full")
			})
		}
	}
}

func bench(b *testing.B, clients int, once func(db *store.DB, client, i int) error) {
	benchAround(b, nil, clients, once)
}

// benchAround measures a store with a function around each COMMIT, if there is one.
func benchAround(b *testing.B, around func(func() error) error, clients int,
	once func(db *store.DB, client, i int) error) *syncs {
	dir, err := os.MkdirTemp(os.Getenv("CLAVIGER_BENCH_DIR"), "bench")
	if err != nil {
		b.Fatal(err)
	}
	defer os.RemoveAll(dir)
	seen := &syncs{}
	c := store.Config{Path: filepath.Join(dir, "db"), Observe: seen,
		Migrations: storetest.WithTables(benchTables)}
	open := store.Open
	if around != nil {
		open = func(ctx context.Context, c store.Config) (*store.DB, error) {
			return store.OpenAround(ctx, c, around)
		}
	}
	db, err := open(b.Context(), c)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	err = db.Commit(func(tx *store.Tx) error {
		for client := range clients {
			if _, err := tx.Exec(newSecret, account, region, fmt.Sprint("secret/", client)); err != nil {
				return err
			}
		}
		return nil
	}, nil)
	if err != nil {
		b.Fatal(err)
	}
	seen.batches.Store(0)
	seen.entries.Store(0)
	seen.nanos.Store(0)
	var next atomic.Int64
	var wg sync.WaitGroup
	before := processor()
	b.ResetTimer()
	for client := range clients {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				db.Enter()
				err := once(db, client, int(i))
				db.Leave()
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	n := float64(b.N)
	b.ReportMetric(n/b.Elapsed().Seconds(), "commits/s")
	b.ReportMetric(float64(processor()-before)/1e3/n, "cpu-µs/commit")
	b.ReportMetric(n/float64(seen.batches.Load()), "commits/fsync")
	b.ReportMetric(float64(seen.nanos.Load())/1e3/float64(seen.batches.Load()), "µs/fsync")
	return seen
}

// processor returns the time that this process has used of all processors.
func processor() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
