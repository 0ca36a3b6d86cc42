package parameterrows

import (
	"claviger/internal/domain"
	"claviger/internal/op"
)

// Follower is told of every change of a parameter before it is committed.
type Follower interface {
	// Follow returns what belongs into the transaction of a change, or nil if nothing does. It runs
	// behind the parameter's own row, which is the fence.
	Follow(c *op.Call, ch *Change) (domain.Change, error)
}

// follow returns what all who follow changes do in the transaction of one.
func (s *Rows) follow(c *op.Call, ch *Change) (domain.Change, error) {
	changes := make([]domain.Change, len(s.followers))
	for i, f := range s.followers {
		var err error
		if changes[i], err = f.Follow(c, ch); err != nil {
			return nil, err
		}
	}
	return domain.InOrder(changes...), nil
}
