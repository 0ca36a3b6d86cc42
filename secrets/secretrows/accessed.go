package secretrows

import (
	"maps"
	"sync"
	"time"

	"claviger/internal/domain"
	"claviger/secrets/secret"
	"claviger/store"
)

// reads remembers the days of reads whose bookkeeping is on its way to the database, about a second
// of them. AWS shows the day of a read with the next request.
type reads struct {
	mu   sync.Mutex
	days map[string]map[string]int64 // by the secret's ARN and the version's id, in microseconds
}

// rememberedSecrets bounds what is kept while the database takes no bookkeeping.
const rememberedSecrets = 10240

// add remembers a read.
func (r *reads) add(arn, id string, day int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.days == nil || len(r.days) == rememberedSecrets {
		r.days = map[string]map[string]int64{}
	}
	if r.days[arn] == nil {
		r.days[arn] = map[string]int64{}
	}
	r.days[arn][id] = day
}

// written forgets a read whose day is in the rows now. A later day is still on its way.
func (r *reads) written(arn, id string, day int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.days[arn][id] > day {
		return
	}
	delete(r.days[arn], id)
	if len(r.days[arn]) == 0 {
		delete(r.days, arn)
	}
}

// of returns the days that are on their way, by version id. Whoever lays them over rows asks before
// the rows are read: what is written in between is in the rows.
func (r *reads) of(arn string) map[string]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.days[arn])
}

// AccessesOnTheirWay returns the days of reads of a secret that are not in its rows yet, by version
// id; see [reads.of].
func (s *Rows) AccessesOnTheirWay(arn string) map[string]int64 { return s.reads.of(arn) }

// AccessedOn returns the day a secret was last read.
func (s *Rows) AccessedOn(sec *secret.Secret) (time.Time, error) {
	onTheirWay := s.reads.of(sec.ARN())
	var day int64
	err := s.db.Row(qSecretAccess, []any{sec.Account, sec.Region, sec.Name}, &day)
	if domain.IsNoRow(err) {
		err = nil // gone this moment
	}
	for _, later := range onTheirWay {
		day = max(day, later)
	}
	return store.FromMicros(day), err
}

// noteAccess remembers that a version was read on a day. It rides in another's transaction, at most
// once a version and day.
func (s *Rows) noteAccess(sec *secret.Secret, id string, day int64) {
	arn := sec.ARN()
	s.reads.add(arn, id, day)
	s.db.Note("secrets accessed "+arn+" "+id, func(tx *store.Tx) error {
		tx.After(func() { s.reads.written(arn, id, day) })
		_, err := tx.Exec(qSecretAccessed, day, sec.Account, sec.Region, sec.Name, sec.Suffix)
		if err != nil {
			return err
		}
		_, err = tx.Exec(qVersionAccessed, day, sec.Account, sec.Region, sec.Name, id, sec.Suffix)
		return err
	})
}

// NoteRead remembers the day of a read, once a day for each version. AWS tells no more than the
// day, so that a read costs no write of its own.
func (s *Rows) NoteRead(at time.Time, e *Entry, v *secret.Version) {
	day := at.Truncate(24 * time.Hour).UnixMicro()
	switch {
	case v == e.Current && e.noted.Load() >= day, v.Accessed >= day:
		return
	case v == e.Current:
		e.noted.Store(day)
	}
	s.noteAccess(e.Secret, v.ID, day)
}
