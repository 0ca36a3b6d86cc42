package op_test

import (
	"testing"

	"claviger/internal/op"
	"claviger/store"
)

// recorder is a ledger that has each record written down and keeps none.
type recorder struct{ bytes int }

func (*recorder) Enter() {}
func (*recorder) Leave() {}

func (l *recorder) Commit(apply func(*store.Tx) error, record func(error) []byte) error {
	l.bytes += len(record(nil))
	return nil
}

// BenchmarkServe_Read is the road of an operation that reads, with its record and no disk.
func BenchmarkServe_Read(b *testing.B) {
	r := build(b)
	ledger := new(recorder)
	r.runner.Ledger = ledger
	q := request(good, "192.0.2.1")
	q.Name = func() (op.Operation, string, error) { return r.look, "", nil }
	b.ReportAllocs()
	for b.Loop() {
		r.stations, r.ended = nil, nil
		if _, err := r.runner.Serve(b.Context(), vault, q); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(ledger.bytes)/float64(b.N), "B/record")
}
