package events

import (
	"claviger/events/connection"
	"claviger/internal/op"
)

// DeauthorizeConnectionInput names a connection.
type DeauthorizeConnectionInput struct {
	Name string `shape:"ConnectionName,required"`
	op.ByShape
}

func (in DeauthorizeConnectionInput) connectionName() string { return in.Name }

// deauthorizeConnection takes the credentials away for good. What the connection is stays.
func (s *Events) deauthorizeConnection(c *op.Call, _ DeauthorizeConnectionInput,
	t *connectionTarget) (op.Commit[UpdateConnectionOutput], error) {
	after := t.connection.Next(func(n *connection.Connection) {
		n.State, n.Modified = connection.Deauthorized, c.Time
		n.KeyARN, n.Epoch, n.Sealed = "", 0, []byte{}
	})
	change, err := s.connections.ChangeConnection(c, t.connection, after)
	if err != nil {
		return nil, err
	}
	return op.Apply(change, stateOf(after, connection.Deauthorizing)), nil
}
