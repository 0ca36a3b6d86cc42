package sts

import (
	"claviger/iam/model"
	"claviger/internal/op"
)

// ForService is a session of a role that a service of ours asks for, to have something done by
// others on behalf of a resource.
type ForService struct {
	Service string // whose principal the role's trust policy has to allow: secretsmanager
	Account string // of the resource
	Source  string // the resource's ARN, which is aws:SourceArn
	RoleARN string
	Name    string // of the session
	Policy  string // all that the session may do, of what the role may
	Seconds int32
}

// AssumeForService starts a session of a role for a service. The role's trust policy decides, and
// may turn on aws:SourceArn and aws:SourceAccount, so that a role which serves one resource serves
// no other by mistake.
func (s *STS) AssumeForService(c *op.Call, f ForService) (Credentials, error) {
	out, err := op.AsService(c, f.Service, f.Account, s.assumeFor, assumeForInput{
		RoleArn: f.RoleARN, RoleSessionName: f.Name, Policy: f.Policy, DurationSeconds: f.Seconds,
		SourceArn: f.Source})
	return out.Credentials, err
}

// assumeForInput is what a service asks for, of what [AssumeRoleInput] has.
type assumeForInput struct {
	RoleArn         string `shape:"arnType,required"`
	RoleSessionName string `shape:"roleSessionNameType,required"`
	Policy          string `shape:"unrestrictedSessionPolicyDocumentType,required"`
	DurationSeconds int32  `shape:"roleDurationSecondsType,required"`
	SourceArn       string `shape:"arnType,required"`
	op.ByShape
}

func (in assumeForInput) role() AssumeRoleInput {
	return AssumeRoleInput{RoleArn: in.RoleArn, RoleSessionName: in.RoleSessionName,
		Policy: &in.Policy, DurationSeconds: &in.DurationSeconds}
}

func (s *STS) findAssumeFor(c *op.Call, in assumeForInput) (taking, error) {
	t, err := s.findAssumeRole(c, in.role())
	if err == nil {
		t.values[model.SourceARN] = []string{in.SourceArn}
		t.values[model.SourceAccount] = []string{c.Caller.Account}
	}
	return t, err
}

func (s *STS) assumeForService(c *op.Call, in assumeForInput, t taking) (AssumeRoleOutput, error) {
	return s.assumeRole(c, in.role(), t)
}
