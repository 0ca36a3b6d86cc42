package simulate_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"claviger/hsm/hsmtest"
	"claviger/iam/simulate"
	"claviger/internal/fault"
	"claviger/internal/op/optest"
	"claviger/policy"
)

const (
	account = optest.Account
	other   = "444455556666"
	bob     = "arn:aws:iam::" + account + ":user/people/bob"
	objectA = "arn:aws:s3:::b/a"
	objectB = "arn:aws:s3:::b/b"
)

// The policies that recorded simulations were made with.
const (
	allowGet = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject",` +
		`"Resource":"*"}]}`
	denyGet = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:GetObject",` +
		`"Resource":"*"}]}`
	allowPut = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:PutObject",` +
		`"Resource":"*"}]}`
	allowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
)

// M is a request's document.
type M = map[string]any

// people are principals in memory, by the names behind their paths.
type people map[string]simulate.Principal

var errDown = errors.New("the database is gone")

func (p people) PoliciesOf(_ context.Context, of, arn string) (simulate.Principal, error) {
	name := arn[strings.LastIndexByte(arn, '/')+1:]
	found, ok := p[name]
	switch {
	case name == "down":
		return simulate.Principal{}, errDown
	case !ok || of != account:
		return simulate.Principal{}, fault.New(fault.NotFound, "NoSuchEntity", "whatever")
	}
	return found, nil
}

var everybody = people{
	"bob": {
		Caller: policy.Caller{Type: policy.IAMUser, Account: account, ARN: bob,
			UniqueID: "AIDABOB", PrincipalID: "AIDABOB", Tags: map[string]string{"team": "blue"}},
		Policies: []simulate.NamedPolicy{
			{Name: "Inline", Type: simulate.OfUser, Owner: "bob", Text: allowGet},
			{Name: "GroupInline", Type: simulate.OfGroup, Owner: "staff", Text: allowPut},
			{Name: "Managed", Type: simulate.UserManaged,
				ARN:  "arn:aws:iam::" + account + ":policy/people/Managed",
				Text: strings.ReplaceAll(allowGet, "s3:GetObject", "s3:DeleteObject")},
			{Name: "AWSOwn", Type: simulate.AWSManaged, ARN: "arn:aws:iam::aws:policy/AWSOwn",
				Text: strings.ReplaceAll(allowGet, "s3:GetObject", "kms:ListKeys")},
		},
	},
	"bounded": {
		Caller: policy.Caller{Type: policy.AssumedRole, Account: account,
			ARN:  "arn:aws:iam::" + account + ":role/bounded",
			Role: "arn:aws:iam::" + account + ":role/bounded"},
		Policies: []simulate.NamedPolicy{{Name: "All", Type: simulate.OfRole, Owner: "bounded",
			Text: allowAll}},
		Boundary: &simulate.NamedPolicy{Name: "Limit", Type: simulate.UserManaged,
			ARN: "arn:aws:iam::" + account + ":policy/Limit", Text: allowPut},
	},
	"broken": {Policies: []simulate.NamedPolicy{{Name: "x", ARN: "x", Text: "{"}}},
}

// service performs the simulations below the protocols.
type service struct {
	*optest.Kit
	t  testing.TB
	by policy.Caller
}

func start(t testing.TB) *service {
	t.Helper()
	k := optest.Start(t, hsmtest.SoftHSM(t), func(k *optest.Kit) optest.Parts {
		s := simulate.New(everybody, k.Installation.Tokens)
		return optest.Parts{Operations: s.Operations()}
	})
	return &service{Kit: k, t: t, by: optest.Root(account)}
}

func (s *service) ask(name string, in M) (any, error) {
	s.t.Helper()
	return s.Serve(optest.As(s.t.Context(), s.by), s.Operation("iam:"+name), in)
}

// custom asks what policies would do; what the request doesn't name it has from a usual one.
func (s *service) custom(in M) (simulate.SimulateOutput, error) {
	s.t.Helper()
	request := M{"PolicyInputList": []string{allowGet}, "ActionNames": []string{"s3:GetObject"}}
	for name, value := range in {
		request[name] = value
	}
	return s.simulate("SimulateCustomPolicy", request)
}

// principal asks what somebody may do.
func (s *service) principal(arn string, in M) (simulate.SimulateOutput, error) {
	s.t.Helper()
	request := M{"PolicySourceArn": arn, "ActionNames": []string{"s3:GetObject", "s3:PutObject",
		"s3:DeleteObject"}, "ResourceArns": []string{objectA}}
	for name, value := range in {
		request[name] = value
	}
	return s.simulate("SimulatePrincipalPolicy", request)
}

func (s *service) simulate(name string, in M) (out simulate.SimulateOutput, err error) {
	s.t.Helper()
	answer, err := s.ask(name, in)
	if err != nil {
		return out, err
	}
	return answer.(simulate.SimulateOutput), nil
}

// refused checks an error by its name and its whole text.
func refused(t testing.TB, err error, code, text string) {
	t.Helper()
	f := fault.Of(err)
	if f == nil || f.Code != code || f.Message != text {
		t.Errorf("answered %v, want %s: %s", err, code, text)
	}
}

// decisions are what became of the actions of an answer.
func decisions(out simulate.SimulateOutput) (all []string) {
	for _, r := range out.EvaluationResults {
		all = append(all, r.EvalDecision)
	}
	return all
}

// sources are the policies that statements are in.
func sources(statements []simulate.Statement) (all []string) {
	for _, s := range statements {
		all = append(all, s.SourcePolicyId)
	}
	return all
}

func expect(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}
