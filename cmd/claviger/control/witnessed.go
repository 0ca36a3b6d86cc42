package control

import (
	"context"
	"errors"
	"time"

	"claviger/service"
	"claviger/trail/witnessed"
)

// Witnessed tells the server how the places stand that hold the trail's checkpoints. It leaves no
// record: nothing is changed, and what is wrong becomes an event.
type Witnessed struct{ Reports []witnessed.Report }

func (q Witnessed) perform(s *service.Service) (any, error) {
	return nil, s.Witnessed(q.Reports)
}

// told is how long a server is waited for: a witness has other things to do.
const told = 5 * time.Second

// Tell has the server that runs on a database know of it, if there is one.
func (q Witnessed) Tell(ctx context.Context, database string) error {
	ctx, cancel := context.WithTimeout(ctx, told)
	defer cancel()
	var nothing any
	err := Request{Witnessed: &q}.Ask(ctx, database, &nothing)
	if errors.Is(err, ErrNoServer) {
		return nil
	}
	return err
}
