package trail

import "claviger/internal/op"

// ListTrailsInput asks for a page. There is one page, whatever the token.
type ListTrailsInput struct {
	NextToken *string `shape:"String"`
	op.ByShape
}

// ListTrailsOutput is the account's trails in all Regions.
type ListTrailsOutput struct {
	Trails []TrailInfo
}

// TrailInfo names a trail.
type TrailInfo struct {
	TrailARN   string
	Name       string
	HomeRegion string
}

func (s *Trails) listTrails(c *op.Call, _ ListTrailsInput) (out ListTrailsOutput, err error) {
	out.Trails = []TrailInfo{}
	if t := s.of(c.Caller.Account); t != nil {
		out.Trails = append(out.Trails, TrailInfo{TrailARN: t.ARN(), Name: t.Name,
			HomeRegion: t.Home})
	}
	return out, nil
}
