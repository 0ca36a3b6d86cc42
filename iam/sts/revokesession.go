package sts

import (
	"strings"

	"claviger/identity/accesskey"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

// RevokeSessionInput names the session that is to end, by the id of its access key.
type RevokeSessionInput struct {
	AccessKeyId string `shape:"accessKeyIdType,required"`
	op.ByShape
}

// revocation is the end of one session. Whether there is one nobody knows: it rests with its
// holder.
type revocation struct {
	account string
	op.There
}

// Demands implements [op.Target].
func (t revocation) Demands() []policy.Demand {
	return []policy.Demand{domain.On("sts:RevokeSession", "*", t.account)}
}

// ErrNoSession says that an id is of no session.
var ErrNoSession = invalid("A session is named by the id of its access key, which begins with " +
	accesskey.Temporary + ".")

// AccountOf returns the account of a session, or [ErrNoSession].
func AccountOf(id string) (string, error) {
	account, ok := accesskey.Account(id)
	if !ok || !strings.HasPrefix(id, accesskey.Temporary) {
		return "", ErrNoSession
	}
	return account, nil
}

func findRevocation(_ *op.Call, in RevokeSessionInput) (revocation, error) {
	account, err := AccountOf(in.AccessKeyId)
	return revocation{account: account}, err
}

func (s *STS) revoke(c *op.Call, in RevokeSessionInput, t revocation) (
	op.Commit[op.None], error) {
	return domain.Done(s.Sessions.RevokeSession(c, in.AccessKeyId, t.account, c.Latest(), c.Settled()))
}
