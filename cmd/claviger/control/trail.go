package control

import (
	"context"

	"claviger/service"
)

// TrailKey asks for the key by which the trail's checkpoints are verified. It leaves no record: the
// key is public, and nothing is changed.
type TrailKey struct{}

func (TrailKey) perform(ctx context.Context, s *service.Service) (string, error) {
	return s.TrailKey(ctx)
}
