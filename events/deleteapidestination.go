package events

import (
	"claviger/internal/domain"
	"claviger/internal/op"
)

// DeleteApiDestinationInput names an API destination.
type DeleteApiDestinationInput struct {
	Name string `shape:"ApiDestinationName,required"`
	op.ByShape
}

func (in DeleteApiDestinationInput) destinationName() string { return in.Name }

// deleteAPIDestination deletes an API destination. Rules whose target it is reach nobody there from
// then on.
func (s *Events) deleteAPIDestination(c *op.Call, _ DeleteApiDestinationInput,
	t *destinationTarget) (op.Commit[op.None], error) {
	return domain.Done(s.connections.ChangeDestination(c, t.destination, nil))
}
