package sts

import (
	"claviger/identity/session"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

type GetSessionTokenInput struct {
	DurationSeconds         *int32  `shape:"durationSecondsType"`
	SerialNumber            *string `shape:"serialNumberType"`
	TokenCode               *string `shape:"tokenCodeType"`
	MinimumSessionTokenSize *int32  `shape:"minimumSessionTokenSizeType"`
}

// Validate refuses codes of devices.
func (in GetSessionTokenInput) Validate() error { return noDevice(in.SerialNumber, in.TokenCode) }

type GetSessionTokenOutput struct {
	Credentials             Credentials
	SessionTokenUtilization int32
	SessionTokenSize        int32
}

// findSessionToken demands nothing: the session may do no more than its caller ("GetSessionToken"
// of the STS API Reference).
func findSessionToken(c *op.Call, _ GetSessionTokenInput) (op.Open, error) {
	return op.Open{Action: "sts:GetSessionToken",
		Reason: "the session may do no more than its caller"}, longTermOnly(c, "GetSessionToken")
}

// longTermOnly refuses sessions, in STS's words.
func longTermOnly(c *op.Call, operation string) error {
	if c.Caller.Session != nil {
		return denied("Cannot call " + operation + " with session credentials")
	}
	return nil
}

func (s *STS) getSessionToken(c *op.Call, in GetSessionTokenInput, _ op.Open) (
	out GetSessionTokenOutput, err error) {
	b, err := s.begin(c, session.Session{Kind: session.SessionToken, Account: c.Caller.Account,
		Principal: principal(c)}, userSeconds(c, in.DurationSeconds), in.MinimumSessionTokenSize)
	if err != nil {
		return out, err
	}
	out.Credentials = b.Credentials
	out.SessionTokenSize, out.SessionTokenUtilization = b.size()
	return out, nil
}

// principal is whom a session of the caller acts as.
func principal(c *op.Call) string {
	if c.Caller.Type == policy.Root {
		return c.Caller.Account
	}
	return c.Caller.UniqueID
}

// userSeconds returns how long a session of the caller lives: of the root user an hour at most.
func userSeconds(c *op.Call, wish *int32) int32 {
	seconds := domain.Or(wish, userDuration)
	if c.Caller.Type == policy.Root {
		return min(seconds, rootAtMost)
	}
	return seconds
}
