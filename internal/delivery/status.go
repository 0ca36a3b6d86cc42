package delivery

import (
	"slices"
	"time"
)

// Stats are for the metrics. Counters are of this process.
type Stats struct {
	Waiting int       // messages
	Oldest  time.Time // when the oldest of them was put; zero: none waits
	Sick    int       // receivers that have failed several times in a row
	Dead    int       // letters that are kept

	Delivered, Failed, Died, Dropped int64
}

// Stats returns what the metrics show.
func (q *Queue) Stats() (s Stats) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var oldest int64
	for _, r := range q.schedule.receivers {
		s.Waiting += r.count
		if r.count > 0 && r.lane() == sick {
			s.Sick++
		}
		if at := r.oldest(); at != 0 && (oldest == 0 || at < oldest) {
			oldest = at
		}
	}
	if oldest != 0 {
		s.Oldest = time.UnixMicro(oldest).UTC()
	}
	for _, h := range q.dead {
		s.Dead += h.count
	}
	s.Delivered, s.Failed = q.counts.delivered.Load(), q.counts.failed.Load()
	s.Died, s.Dropped = q.counts.died.Load(), q.counts.dropped.Load()
	return s
}

// Standing is how a receiver stands for which something waits.
type Standing struct {
	Account, Kind, Receiver string

	Waiting  int
	Bytes    int64
	Oldest   time.Time // when its oldest message was put
	Failures int       // in a row
	Code     string    // of the last one
	Text     string
}

// Standings returns those of all receivers, with most that wait first.
func (q *Queue) Standings() (all []Standing) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for n, r := range q.schedule.receivers {
		if r.count == 0 {
			continue
		}
		s := Standing{Account: n.account, Kind: n.kind, Receiver: n.receiver, Waiting: r.count,
			Bytes: r.bytes, Failures: r.failed, Code: r.code, Text: r.text}
		if at := r.oldest(); at != 0 {
			s.Oldest = time.UnixMicro(at).UTC()
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Standing) int {
		if a.Waiting != b.Waiting {
			return b.Waiting - a.Waiting
		}
		return a.Oldest.Compare(b.Oldest)
	})
	return all
}
