package trail

import (
	"slices"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/trail/export"
)

// DescribeTrailsInput names trails by name or ARN. The model begins its members with small letters.
type DescribeTrailsInput struct {
	TrailNameList       []string `shape:"TrailNameList" json:"trailNameList,omitzero"`
	IncludeShadowTrails *bool    `shape:"Boolean" json:"includeShadowTrails,omitzero"` // absent: true
	op.ByShape
}

// DescribeTrailsOutput has no trail that isn't there, whether it was named or not.
type DescribeTrailsOutput struct {
	TrailList []Trail `json:"trailList"`
}

// Trail is a trail as it is shown. Members that can't have a value here are absent.
type Trail struct {
	Name                       string
	S3BucketName               string
	S3KeyPrefix                string `json:",omitzero"`
	IncludeGlobalServiceEvents bool
	IsMultiRegionTrail         bool
	HomeRegion                 string
	TrailARN                   string
	LogFileValidationEnabled   bool
	HasCustomEventSelectors    bool
	HasInsightSelectors        bool
	IsOrganizationTrail        bool
}

func shown(t *export.Trail) Trail {
	return Trail{
		Name:                       t.Name,
		S3BucketName:               t.Bucket,
		S3KeyPrefix:                t.Prefix,
		IncludeGlobalServiceEvents: true,
		IsMultiRegionTrail:         true,
		HomeRegion:                 t.Home,
		TrailARN:                   t.ARN(),
		LogFileValidationEnabled:   true,
	}
}

func (s *Trails) describeTrails(c *op.Call, in DescribeTrailsInput) (out DescribeTrailsOutput,
	err error) {
	var asked []string
	for _, name := range in.TrailNameList {
		arn, err := s.read(c, name)
		if err != nil {
			return out, err
		}
		asked = append(asked, arn.String())
	}
	out.TrailList = []Trail{}
	t := s.of(c.Caller.Account)
	switch {
	case t == nil:
	case len(asked) > 0 && !slices.Contains(asked, t.ARN()):
	case t.Home != c.Region && !domain.Or(in.IncludeShadowTrails, true):
	default:
		out.TrailList = append(out.TrailList, shown(t))
	}
	return out, nil
}
