package secrets

import (
	"claviger/internal/op"
	"claviger/secrets/secret"
)

// tellOfVersions has the trail tell of what becomes of the versions of a secret, by the names of
// events. A secret may have thousands of young versions: those that are left out are noted.
func (s *Secrets) tellOfVersions(c *op.Call, sec *secret.Secret, names ...string) error {
	ids, more, err := s.rows.Foremost(sec)
	if err != nil {
		return err
	}
	for _, id := range ids {
		for _, name := range names {
			c.Event(sec.VersionEvent(name, id))
		}
	}
	if more {
		c.Note(`{"moreVersions":true}`)
	}
	return nil
}
