package control

import (
	"context"
	"fmt"
	"io"
	"time"

	"claviger/service"
)

// Revoke ends sessions.
type Revoke struct {
	Role    string    // ARN
	Before  time.Time // of the role's sessions those that began earlier; zero: all
	Session string    // id of its access key
}

func (q Revoke) perform(ctx context.Context, s *service.Service, uid int) error {
	if q.Session != "" {
		return s.RevokeSession(ctx, q.Session, by("revoke", uid))
	}
	return s.RevokeRole(ctx, q.Role, q.Before, by("revoke", uid))
}

// Show prints the outcome.
func (q Revoke) Show(w io.Writer) error {
	what := "The session " + q.Session + " is over."
	if q.Role != "" {
		what = "The sessions of " + q.Role + " are over."
	}
	if !q.Before.IsZero() {
		what = "The sessions of " + q.Role + " that began up to " + shown(q.Before) + " are over."
	}
	_, err := fmt.Fprintln(w, what)
	return err
}
