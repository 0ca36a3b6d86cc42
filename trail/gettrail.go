package trail

import (
	"claviger/internal/op"
	"claviger/trail/export"
)

// GetTrailInput names a trail by its name or its ARN.
type GetTrailInput struct {
	Name string `shape:"String,required"`
	op.ByShape
}

func (in GetTrailInput) trail() string { return in.Name }

// GetTrailOutput is the trail.
type GetTrailOutput struct {
	Trail Trail
}

func (s *Trails) getTrail(_ *op.Call, t *export.Trail) (GetTrailOutput, error) {
	return GetTrailOutput{Trail: shown(t)}, nil
}
