package events

import (
	"claviger/events/connection"
	"claviger/events/eventfault"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"

	"github.com/google/uuid"
)

// CreateApiDestinationInput says where events are sent.
type CreateApiDestinationInput struct {
	Name                         string  `shape:"ApiDestinationName,required"`
	Description                  *string `shape:"ApiDestinationDescription"`
	ConnectionArn                string  `shape:"ConnectionArn,required"`
	InvocationEndpoint           string  `shape:"HttpsEndpoint,required"`
	HttpMethod                   string  `shape:"ApiDestinationHttpMethod,required"`
	InvocationRateLimitPerSecond *int32  `shape:"ApiDestinationInvocationRateLimitPerSecond"` // absent: 300
}

// Validate implements [op.Input].
func (in CreateApiDestinationInput) Validate() error {
	return checkEndpoint("InvocationEndpoint", in.InvocationEndpoint)
}

// ApiDestinationOutput is the API destination's ARN and state.
type ApiDestinationOutput struct {
	ApiDestinationArn   string
	ApiDestinationState string
	CreationTime        wire.Time
	LastModifiedTime    wire.Time
}

func (s *Events) findNewDestination(c *op.Call,
	in CreateApiDestinationInput) (*destinationTarget, error) {
	t := s.findDestinationOf(c, "CreateApiDestination", in.Name)
	t.absent = nil // it is made
	return t, nil
}

func (s *Events) createAPIDestination(c *op.Call, in CreateApiDestinationInput,
	t *destinationTarget) (op.Commit[ApiDestinationOutput], error) {
	if t.destination != nil {
		return nil, eventfault.DestinationExists(in.Name)
	}
	if err := s.checkRoom(t.ref, true); err != nil {
		return nil, err
	}
	return s.destined(c, nil, &connection.APIDestination{Ref: t.ref, ID: uuid.NewString(), Rev: 1,
		Description: domain.Or(in.Description, ""), ConnectionARN: in.ConnectionArn,
		Endpoint: in.InvocationEndpoint, Method: in.HttpMethod,
		Rate:    int64(domain.Or(in.InvocationRateLimitPerSecond, connection.UsualRate)),
		Created: c.Time, Modified: c.Time})
}

// destined commits an API destination whose connection has to be there.
func (s *Events) destined(c *op.Call,
	before, after *connection.APIDestination) (op.Commit[ApiDestinationOutput], error) {
	if err := s.checkConnection(c, after.ConnectionARN); err != nil {
		return nil, err
	}
	state, err := s.stateOfDestination(c, after)
	if err != nil {
		return nil, err
	}
	change, err := s.connections.ChangeDestination(c, before, after)
	if err != nil {
		return nil, err
	}
	return op.Apply(change, ApiDestinationOutput{ApiDestinationArn: after.ARN(),
		ApiDestinationState: state, CreationTime: wire.Time{Time: after.Created},
		LastModifiedTime: wire.Time{Time: after.Modified}}), nil
}
