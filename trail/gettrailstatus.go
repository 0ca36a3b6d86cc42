package trail

import (
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/trail/export"
)

// GetTrailStatusInput names a trail by its name or its ARN.
type GetTrailStatusInput struct {
	Name string `shape:"String,required"`
	op.ByShape
}

func (in GetTrailStatusInput) trail() string { return in.Name }

// GetTrailStatusOutput says how far the trail was exported. It can't be stopped.
type GetTrailStatusOutput struct {
	IsLogging                bool
	LatestDeliveryTime       *wire.Time `json:",omitzero"` // absent before the first export
	LatestDigestDeliveryTime *wire.Time `json:",omitzero"`
}

func (s *Trails) getTrailStatus(*op.Call, *export.Trail) (out GetTrailStatusOutput, err error) {
	newest, err := s.exports.Newest()
	return GetTrailStatusOutput{IsLogging: true, LatestDeliveryTime: wire.At(newest),
		LatestDigestDeliveryTime: wire.At(newest)}, err
}
