package customstore

import (
	"context"
	"errors"
	"testing"

	"claviger/internal/custody"
	"claviger/internal/op"
)

// slow are clusters that say nothing before whoever asks has gone.
type slow struct {
	gone  context.CancelFunc
	reads bool // the password, in time
	login Login
}

func (s *slow) Look(context.Context, string, string) (*Cluster, error) { return nil, nil }

func (s *slow) Open(ctx context.Context, login Login) (Connection, error) {
	s.login = login
	if s.reads {
		if _, err := login.Password(); err != nil {
			return nil, err
		}
	}
	s.gone()
	return nil, ctx.Err()
}

// opener opens every password.
type opener struct{}

func (opener) Seal(context.Context, custody.Ref, []byte, []byte) ([]byte, error) { return nil, nil }

func (opener) Unseal(context.Context, custody.Ref, []byte, []byte) ([]byte, error) {
	return []byte("password"), nil
}

// What a cluster has been given counts, and one that nobody waits for is given nothing.
func TestOpen_GivenUp_PasswordCountsOrIsNotGiven(t *testing.T) {
	for _, reads := range []bool{true, false} {
		ctx, cancel := context.WithCancel(t.Context())
		clusters := &slow{gone: cancel, reads: reads}
		s := &Stores{config: Config{Clusters: clusters, Token: opener{}}}
		_, unsure, err := s.open(&op.Call{Context: ctx}, &Store{}, false)
		if !errors.Is(err, context.Canceled) || unsure != reads {
			t.Errorf("given the password %v: unsure %v, %v", reads, unsure, err)
		}
		if _, err := clusters.login.Password(); !errors.Is(err, errGivenUp) {
			t.Errorf("a password is given after its time: %v", err)
		}
	}
}
