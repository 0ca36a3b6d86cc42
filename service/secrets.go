package service

import (
	"cmp"
	"context"

	"claviger/secrets/rotation/diagnosis"
	"claviger/secrets/secret"
)

// DiagnoseRotation says how the rotation of a secret stands, which is named as in a request. The
// Region is the first one that is served unless another is named.
func (s *Service) DiagnoseRotation(ctx context.Context, account, region, id, by string) (
	diagnosis.Diagnosis, error) {
	if err := s.known(ctx, account); err != nil {
		return diagnosis.Diagnosis{}, err
	}
	c := s.runner.Own(ctx, account, cmp.Or(region, s.region), secret.Service)
	c.SourceIP, c.UserAgent = by, by
	return s.services.secretsManager.DiagnoseRotation(c, id)
}
