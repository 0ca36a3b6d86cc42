// Package sts performs the operations of STS: it says who calls, and starts sessions of roles, of
// users and for those whom an identity provider knows. A session rests nowhere but in its token,
// which package session seals; what is kept is which sessions were ended early.
package sts

import (
	"context"
	"time"

	"claviger/iam/entity"
	"claviger/iam/webidentity"
	"claviger/identity"
	"claviger/identity/session"
	"claviger/internal/clock"
	"claviger/internal/domain"
	"claviger/internal/op"
)

// Sessions seals sessions, and ends them before their time; *identity.Directory does.
type Sessions interface {
	// NewSession seals a session in a token of at least so many characters, and draws its access key.
	NewSession(ctx context.Context, s session.Session, least int) (identity.Credentials, error)
	// RevokeSession prepares the end of a session, which holds once it is committed.
	RevokeSession(ctx context.Context, id, account string, now time.Time, settled clock.Settled) (
		domain.Change, error)
}

// Config is what STS is made of.
type Config struct {
	Sessions      Sessions
	Entities      *entity.Directory
	WebIdentities *webidentity.Verifier
	Region        string // that requests are in which nobody has signed for one
}

// STS performs the operations. [New] makes it.
type STS struct {
	Config

	// RevokeSession is for commands alone.
	RevokeSession op.Command[RevokeSessionInput, op.None]

	assumeFor op.Query[assumeForInput, AssumeRoleOutput]
}

// New returns STS over the entities of an installation.
func New(c Config) *STS {
	s := &STS{Config: c}
	s.RevokeSession = op.Write(routes.Internal("RevokeSession"), findRevocation, s.revoke)
	s.assumeFor = op.Read(routes.Internal("AssumeRole"), s.findAssumeFor, s.assumeForService)
	return s
}

// Jobs is empty: a session ends by itself.
func (*STS) Jobs() map[string]domain.Job { return nil }
