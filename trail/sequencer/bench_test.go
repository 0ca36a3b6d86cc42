package sequencer_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"claviger/audit/tree"
	"claviger/audit/verify"
	"claviger/hsm/hsmtest"
	"claviger/store/storetest"
	"claviger/trail/treerows"
)

// BenchmarkMillionRecords_OfUsualLength has a trail of a million records, 16 to a batch, caught up
// with, verified, and one record of it proved. bench/README.md has what came of it.
func BenchmarkMillionRecords_OfUsualLength(b *testing.B) {
	const records, each = 1_000_000, 16
	s := &site{token: hsmtest.Open(b, hsmtest.SoftHSM(b)), path: storetest.Dir(b) + "/claviger.db"}
	s.open(b)
	filling := bytes.Repeat([]byte("x"), 760)
	for n := 0; n < records; {
		var batch []byte
		for range each {
			n++
			batch = fmt.Appendf(batch, "{\"eventID\":\"%036d\",\"x\":\"%s\"}\n", n, filling)
		}
		err := s.db.Commit(nil, func(error) []byte { return batch[:len(batch)-1] })
		if err != nil {
			b.Fatal(err)
		}
	}
	began := time.Now()
	q, stop := s.run()
	for q.Lag() > 0 {
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	b.Logf("caught up with %d records in %s, %d checkpoints", q.Size(), time.Since(began), q.Signed())
	m, err := s.key(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	key, err := tree.NewKey(tree.Origin(s.in.ID), m.Public)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			r, err := verify.Verify(b.Context(), treerows.Open(s.db), verify.Options{Key: key, Closed: true})
			if err != nil || !r.OK() || r.Records != records {
				b.Fatalf("%+v, %v", r, err)
			}
		}
	})
	b.Run("prove", func(b *testing.B) {
		_, note, err := treerows.NewestNote(s.db)
		if err != nil {
			b.Fatal(err)
		}
		trail := treerows.Open(s.db)
		for n := int64(1); b.Loop(); n = n*7919%records + 1 {
			record, err := trail.Record(n)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := tree.Prove([]byte(note), key, trail, n, record); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkPace_20000RecordsASecond_BesideLoad has records committed at that pace for ten seconds,
// 16 to a batch of the usual length, while as many goroutines as there are processors do nothing
// but compute. It says for how long a record waits at most for the signature that proves it.
func BenchmarkPace_20000RecordsASecond_BesideLoad(b *testing.B) {
	const pace, each, span = 20_000, 16, 10 * time.Second
	s := &site{token: hsmtest.Open(b, hsmtest.SoftHSM(b)), path: storetest.Dir(b) + "/claviger.db"}
	s.open(b)
	q, stop := s.run()
	over := make(chan struct{})
	var load sync.WaitGroup
	for range runtime.NumCPU() {
		load.Go(func() {
			for sum := sha256.Sum256(nil); ; sum = sha256.Sum256(sum[:]) {
				select {
				case <-over:
					return
				default:
				}
			}
		})
	}
	batch := bytes.Repeat(append(bytes.Repeat([]byte("x"), 1200), '\n'), each)
	var oldest time.Duration
	records, most, began := 0, int64(0), time.Now()
	for time.Since(began) < span {
		if due := int(time.Since(began).Seconds() * pace); records >= due {
			time.Sleep(time.Millisecond)
			continue
		}
		err := s.db.Commit(nil, func(error) []byte { return batch[:len(batch)-1] })
		if err != nil {
			b.Fatal(err)
		}
		records += each
		oldest, most = max(oldest, q.Age()), max(most, q.Lag())
	}
	took := time.Since(began)
	close(over)
	load.Wait()
	stop()
	b.ReportMetric(float64(records)/took.Seconds(), "records/s")
	b.ReportMetric(oldest.Seconds(), "s-until-provable")
	b.ReportMetric(float64(most), "records-behind")
}
