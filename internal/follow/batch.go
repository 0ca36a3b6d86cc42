package follow

import (
	"bytes"
	"iter"
	"time"
)

// Batch is the records of one transaction. Several followers have the same bytes: none may change
// them.
type Batch struct {
	First   int64     // number of its first record
	At      time.Time // of its COMMIT by the committer's clock, which may step back
	Records []byte    // lines, without a newline at the end
}

// Len is how many records it has.
func (b Batch) Len() int64 { return int64(bytes.Count(b.Records, newline)) + 1 }

// Last is the number of its last record.
func (b Batch) Last() int64 { return b.First + b.Len() - 1 }

// Lines are its records with their numbers, each as the exact bytes that the trail has.
func (b Batch) Lines() iter.Seq2[int64, []byte] {
	return func(yield func(int64, []byte) bool) {
		n := b.First
		for line := range bytes.SplitSeq(b.Records, newline) {
			if !yield(n, line) {
				return
			}
			n++
		}
	}
}

var newline = []byte("\n")
