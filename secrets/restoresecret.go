package secrets

import (
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/target"
)

// restoreSecret opens a secret again. One that is not scheduled for deletion is as it should be,
// and nothing is written.
func (s *Secrets) restoreSecret(c *op.Call, _ target.Input,
	sec *secret.Secret) (*secretrows.Change, target.Output, error) {
	if !sec.ScheduledForDeletion() {
		return nil, target.OutputOf(sec), nil
	}
	if err := s.tellOfVersions(c, sec, secret.CancelVersionDelete); err != nil {
		return nil, target.Output{}, err
	}
	restored := sec.Next(c, func(n *secret.Secret) { n.DeletionDate = time.Time{} })
	ch := &secretrows.Change{Secret: restored,
		Also: domain.InOrder(s.cancelDeletion(sec), s.rotation.Resume(restored))}
	return ch, target.OutputOf(sec), nil
}
