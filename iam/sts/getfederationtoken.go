package sts

import (
	"claviger/identity"
	"claviger/identity/session"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

type GetFederationTokenInput struct {
	Name                    string                 `shape:"userNameType,required"`
	Policy                  *string                `shape:"sessionPolicyDocumentType"`
	PolicyArns              []PolicyDescriptorType `shape:"policyDescriptorListType"`
	DurationSeconds         *int32                 `shape:"durationSecondsType"`
	Tags                    []Tag                  `shape:"tagListType"`
	MinimumSessionTokenSize *int32                 `shape:"minimumSessionTokenSizeType"`
}

func (in GetFederationTokenInput) passed() passed {
	return passed{policy: in.Policy, arns: in.PolicyArns, tags: in.Tags}
}

// Validate checks what is passed along.
func (in GetFederationTokenInput) Validate() error {
	p := in.passed()
	return p.check()
}

// FederatedUser is what a federated user is called.
type FederatedUser struct {
	FederatedUserId string // the account, and the user's name
	Arn             string
}

type GetFederationTokenOutput struct {
	Credentials             Credentials
	FederatedUser           FederatedUser
	PackedPolicySize        int32
	SessionTokenUtilization int32
	SessionTokenSize        int32
}

// federation is a federated user that is about to be.
type federation struct {
	arn     string
	actions []string
	values  policy.Values
	session.Passed
	op.There
}

// Demands implements [op.Target].
func (f federation) Demands() []policy.Demand {
	var demands []policy.Demand
	for _, action := range f.actions {
		d := domain.On(action, f.arn, "")
		d.Values = func() policy.Values { return f.values }
		demands = append(demands, d)
	}
	return demands
}

func findFederationToken(c *op.Call, in GetFederationTokenInput) (f federation, err error) {
	if err := longTermOnly(c, "GetFederationToken"); err != nil {
		return f, err
	}
	f = federation{arn: identity.FederatedUserARN(c.Caller.Account, in.Name),
		actions: []string{"sts:GetFederationToken"}, values: policy.Values{}}
	p := in.passed()
	p.conditions(f.values)
	if len(in.Tags) > 0 {
		f.actions = append(f.actions, tagSession)
	}
	f.Passed, err = p.along(nil)
	return f, err
}

func (s *STS) getFederationToken(c *op.Call, in GetFederationTokenInput, f federation) (
	out GetFederationTokenOutput, err error) {
	if err := s.managed(c, c.Caller.Account, f.PolicyARNs); err != nil {
		return out, err
	}
	b, err := s.begin(c, session.Session{Kind: session.FederationToken, Account: c.Caller.Account,
		Principal: principal(c), Name: in.Name, Passed: f.Passed},
		userSeconds(c, in.DurationSeconds), in.MinimumSessionTokenSize)
	if err != nil {
		return out, err
	}
	out = GetFederationTokenOutput{Credentials: b.Credentials,
		FederatedUser: FederatedUser{c.Caller.Account + ":" + in.Name, f.arn}}
	if size := b.packed(f.Passed); size != nil {
		out.PackedPolicySize = *size
	}
	out.SessionTokenSize, out.SessionTokenUtilization = b.size()
	return out, nil
}
