package sts

import (
	"time"

	"claviger/identity/session"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
)

// Credentials are temporary credentials.
type Credentials struct {
	AccessKeyId     string
	SecretAccessKey string
	SessionToken    string
	Expiration      wire.Time
}

// begun is a session that was started, as answers tell it.
type begun struct {
	Credentials
	percent int32 // of the room for what is passed
}

// begin starts a session that lives from now on for so many seconds, in a token of at least so many
// characters. The record has the id of its access key: by it one of the session's leads to the one
// who started it.
func (s *STS) begin(c *op.Call, of session.Session, seconds int32, least *int32) (
	b begun, err error) {
	of.Issued = c.Time.UTC().Truncate(time.Millisecond)
	of.Expires = of.Issued.Add(time.Duration(seconds) * time.Second).Truncate(time.Second)
	percent, err := of.Packed()
	if err != nil {
		return b, err
	}
	made, err := s.Sessions.NewSession(c, of, int(domain.Or(least, 0)))
	if err != nil {
		return b, err
	}
	return begun{Credentials{made.AccessKeyID, made.Secret, made.Token, wire.Time{Time: of.Expires}},
		int32(percent)}, nil
}

// packed returns PackedPolicySize: it is told if anything was passed.
func (b *begun) packed(p session.Passed) *int32 {
	if len(p.Policies)+len(p.PolicyARNs)+len(p.Tags) == 0 {
		return nil
	}
	return &b.percent
}

// size returns SessionTokenSize and SessionTokenUtilization.
func (b *begun) size() (characters, percent int32) {
	n := len(b.SessionToken)
	return int32(n), int32((n*100 + session.MaxSize - 1) / session.MaxSize)
}
