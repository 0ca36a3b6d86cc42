package control

import (
	"context"

	"claviger/service"
)

// Backup has the manifest of a backup signed.
type Backup struct {
	Account  string // that the record is in
	Manifest []byte
}

func (q Backup) perform(ctx context.Context, s *service.Service, uid int) ([]byte, error) {
	return s.SignBackup(ctx, q.Manifest, q.Account, by("backup", uid))
}
