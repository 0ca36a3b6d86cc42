package events

import (
	"claviger/events/connection"
	"claviger/internal/op"
)

// DeleteConnectionInput names a connection.
type DeleteConnectionInput struct {
	Name string `shape:"ConnectionName,required"`
	op.ByShape
}

func (in DeleteConnectionInput) connectionName() string { return in.Name }

// deleteConnection deletes a connection with its credentials. API destinations that use it are
// inactive from then on.
func (s *Events) deleteConnection(c *op.Call, _ DeleteConnectionInput,
	t *connectionTarget) (op.Commit[UpdateConnectionOutput], error) {
	change, err := s.connections.ChangeConnection(c, t.connection, nil)
	if err != nil {
		return nil, err
	}
	return op.Apply(change, stateOf(t.connection, connection.Deleting)), nil
}
