package secrets

import (
	"time"

	"claviger/internal/op"
)

// restoreSecret opens a secret again. One that is not scheduled for deletion is as it should be,
// and nothing is written.
func (s *Secrets) restoreSecret(c *op.Call, _ SecretInput,
	sec *Secret) (*change, SecretOutput, error) {
	if !sec.scheduledForDeletion() {
		return nil, outputOf(sec), nil
	}
	restored := sec.changed(c, func(n *Secret) { n.DeletionDate = time.Time{} })
	return &change{secret: restored, also: s.cancelDeletion(sec)}, outputOf(sec), nil
}
