package replication

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/secrets/events"
	"claviger/secrets/secret"
	"claviger/store"
)

// Due has the copies of a secret follow every change of it. It implements [secretrows.Follower].
type Due struct{ Jobs domain.Scheduler }

// Follow leaves a job for each copy that isn't as the secret is now, and says so in the trail if
// it was until now.
func (d Due) Follow(c *op.Call, s *secret.Secret) domain.Change {
	var changes []domain.Change
	for _, r := range s.Replicas {
		due := s.CopyDue(r, c.Time)
		if due.IsZero() {
			continue
		}
		if r.Seen == 0 || r.Seen == s.Rev-1 && r.Status == secret.InSync {
			events.Replication(c, s, r.Region, events.ReplicationStarted, "")
		}
		changes = append(changes, func(tx *store.Tx) error {
			return d.Jobs.Schedule(tx, Job, s.Account, s.Region, subjectOf(s.Tail(), r.Region), due)
		})
	}
	return domain.InOrder(changes...)
}
