package events

import (
	"claviger/internal/op"
	"claviger/internal/wire"
)

// DescribeApiDestinationInput names an API destination.
type DescribeApiDestinationInput struct {
	Name string `shape:"ApiDestinationName,required"`
	op.ByShape
}

func (in DescribeApiDestinationInput) destinationName() string { return in.Name }

// DescribeApiDestinationOutput is an API destination.
type DescribeApiDestinationOutput struct {
	ApiDestinationArn            string
	Name                         string
	Description                  string `json:",omitzero"`
	ApiDestinationState          string
	ConnectionArn                string
	InvocationEndpoint           string
	HttpMethod                   string
	InvocationRateLimitPerSecond int32
	CreationTime                 wire.Time
	LastModifiedTime             wire.Time
}

func (s *Events) describeAPIDestination(c *op.Call, _ DescribeApiDestinationInput,
	t *destinationTarget) (out DescribeApiDestinationOutput, err error) {
	d := t.destination
	state, err := s.stateOfDestination(c, d)
	if err != nil {
		return out, err
	}
	return DescribeApiDestinationOutput{ApiDestinationArn: d.ARN(), Name: d.Name,
		Description: d.Description, ApiDestinationState: state, ConnectionArn: d.ConnectionARN,
		InvocationEndpoint: d.Endpoint, HttpMethod: d.Method, InvocationRateLimitPerSecond: int32(d.Rate),
		CreationTime:     wire.Time{Time: d.Created},
		LastModifiedTime: wire.Time{Time: d.Modified}}, nil
}
