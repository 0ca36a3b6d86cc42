// Package sts performs the operations of STS: it says who calls, and starts sessions of roles, of
// users and for those whom an identity provider knows. A session rests nowhere but in its token,
// which package session seals; what is kept is which sessions were ended early.
package sts

import (
	"context"
	"time"

	"claviger/iam/entity"
	"claviger/identity"
	"claviger/identity/session"
	"claviger/internal/domain"
	"claviger/internal/op"
)

// Sessions seals sessions, and ends them before their time; *identity.Directory does.
type Sessions interface {
	// NewSession seals a session in a token of at least so many characters, and draws its access key.
	NewSession(ctx context.Context, s session.Session, least int) (identity.Credentials, error)
	// RevokeSession prepares the end of a session, which holds once it is committed.
	RevokeSession(ctx context.Context, id, account string, now time.Time) (domain.Change, error)
}

// STS performs the operations. [New] makes it.
type STS struct {
	sessions Sessions
	entities *entity.Directory

	revokeRole    op.Command[revokeRoleInput, op.None]
	revokeSession op.Command[revokeSessionInput, op.None]
}

// New returns STS over the entities of an installation.
func New(sessions Sessions, entities *entity.Directory) *STS {
	s := &STS{sessions: sessions, entities: entities}
	s.build()
	return s
}

// Jobs is empty: a session ends by itself.
func (*STS) Jobs() map[string]domain.Job { return nil }
