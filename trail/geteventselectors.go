package trail

import (
	"claviger/internal/op"
	"claviger/trail/export"
)

// GetEventSelectorsInput names a trail by its name or its ARN.
type GetEventSelectorsInput struct {
	TrailName string `shape:"String,required"`
	op.ByShape
}

func (in GetEventSelectorsInput) trail() string { return in.TrailName }

// GetEventSelectorsOutput is what is recorded: everything.
type GetEventSelectorsOutput struct {
	TrailARN       string
	EventSelectors []EventSelector
}

// EventSelector is a rule of what is recorded.
type EventSelector struct {
	ReadWriteType                 string
	IncludeManagementEvents       bool
	DataResources                 []DataResource
	ExcludeManagementEventSources []string
}

// DataResource names resources of one type. No selector has any.
type DataResource struct {
	Type   string
	Values []string
}

func (s *Trails) getEventSelectors(_ *op.Call, t *export.Trail) (GetEventSelectorsOutput, error) {
	return GetEventSelectorsOutput{TrailARN: t.ARN(), EventSelectors: []EventSelector{{
		ReadWriteType: "All", IncludeManagementEvents: true, DataResources: []DataResource{},
		ExcludeManagementEventSources: []string{}}}}, nil
}
