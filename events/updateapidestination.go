package events

import (
	"claviger/events/connection"
	"claviger/internal/domain"
	"claviger/internal/op"
)

// UpdateApiDestinationInput says what shall be different of an API destination.
type UpdateApiDestinationInput struct {
	Name                         string  `shape:"ApiDestinationName,required"`
	Description                  *string `shape:"ApiDestinationDescription"`
	ConnectionArn                *string `shape:"ConnectionArn"`
	InvocationEndpoint           *string `shape:"HttpsEndpoint"`
	HttpMethod                   *string `shape:"ApiDestinationHttpMethod"`
	InvocationRateLimitPerSecond *int32  `shape:"ApiDestinationInvocationRateLimitPerSecond"`
}

// Validate implements [op.Input].
func (in UpdateApiDestinationInput) Validate() error {
	if in.InvocationEndpoint == nil {
		return nil
	}
	return checkEndpoint("InvocationEndpoint", *in.InvocationEndpoint)
}

func (in UpdateApiDestinationInput) destinationName() string { return in.Name }

func (s *Events) updateAPIDestination(c *op.Call, in UpdateApiDestinationInput,
	t *destinationTarget) (op.Commit[ApiDestinationOutput], error) {
	after := t.destination.Next(func(n *connection.APIDestination) {
		n.Description = domain.Or(in.Description, n.Description)
		n.ConnectionARN = domain.Or(in.ConnectionArn, n.ConnectionARN)
		n.Endpoint = domain.Or(in.InvocationEndpoint, n.Endpoint)
		n.Method = domain.Or(in.HttpMethod, n.Method)
		n.Rate = int64(domain.Or(in.InvocationRateLimitPerSecond, int32(n.Rate)))
		n.Modified = c.Time
	})
	return s.destined(c, t.destination, after)
}
