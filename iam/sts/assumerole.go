package sts

import (
	"strings"

	"claviger/iam/model"
	"claviger/identity"
	"claviger/identity/session"
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/policy"
)

type AssumeRoleInput struct {
	RoleArn           string                 `shape:"arnType,required"`
	RoleSessionName   string                 `shape:"roleSessionNameType,required"`
	PolicyArns        []PolicyDescriptorType `shape:"policyDescriptorListType"`
	Policy            *string                `shape:"unrestrictedSessionPolicyDocumentType"`
	DurationSeconds   *int32                 `shape:"roleDurationSecondsType"`
	Tags              []Tag                  `shape:"tagListType"`
	TransitiveTagKeys []string               `shape:"tagKeyListType"`
	ExternalId        *string                `shape:"externalIdType"`
	SerialNumber      *string                `shape:"serialNumberType"`
	TokenCode         *string                `shape:"tokenCodeType"`
	SourceIdentity    *string                `shape:"sourceIdentityType"`
	ProvidedContexts  []ProvidedContext      `shape:"ProvidedContextsListType" json:",omitzero"`

	MinimumSessionTokenSize *int32 `shape:"minimumSessionTokenSizeType"`
}

// ProvidedContext is what a context provider of AWS asserts. There is none here.
type ProvidedContext struct {
	ProviderArn      *string `shape:"arnType"`
	ContextAssertion *string `shape:"contextAssertionType"`
}

func (in AssumeRoleInput) passed() passed {
	return passed{in.Policy, in.PolicyArns, in.Tags, in.TransitiveTagKeys}
}

// Validate checks what is passed along, and refuses what is not here.
func (in AssumeRoleInput) Validate() error {
	if len(in.ProvidedContexts) > 0 {
		return invalid("ProvidedContexts are not supported: there are no context providers.")
	}
	if err := noDevice(in.SerialNumber, in.TokenCode); err != nil {
		return err
	}
	if err := checkSource(domain.Or(in.SourceIdentity, "")); err != nil {
		return err
	}
	p := in.passed()
	return p.check()
}

func checkSource(identity string) error {
	if strings.HasPrefix(strings.ToLower(identity), "aws:") {
		return invalid("A source identity must not begin with aws:.")
	}
	return nil
}

// errDevice is STS's answer to the serial number of a device that nobody has, letter by letter.
var errDevice = denied("MultiFactorAuthentication failed, unable to validate MFA code.  Please " +
	"verify your MFA serial number is valid and associated with this user.")

// noDevice refuses a code of an MFA device: nobody here has one.
func noDevice(serial, code *string) error {
	if serial != nil || code != nil {
		return errDevice
	}
	return nil
}

func denied(text string) *fault.Error {
	return fault.New(fault.Denied, "AccessDeniedException", text)
}

type AssumeRoleOutput struct {
	Credentials             Credentials
	AssumedRoleUser         AssumedRoleUser
	PackedPolicySize        *int32  `json:",omitzero"`
	SourceIdentity          *string `json:",omitzero"`
	SessionTokenUtilization int32
	SessionTokenSize        int32
}

// STS's answers to those who may assume no role, or none with that source identity.
var (
	errRoot      = denied("Roles may not be assumed by root accounts.")
	errSourceSet = invalid("The source identity is already set for this assume role session")
)

// taking is a role that is about to be assumed, with what its session gets.
type taking struct {
	assumption
	session.Passed
	sourceIdentity string
}

// findAssumeRole demands each of the actions that the request needs. Whoever has a source identity
// or transitive tags hands them on, and needs the permission for that. Which of several actions is
// named in a refusal is known of two: a source identity that the trust policy doesn't take is
// reported on sts:SetSourceIdentity.
func (s *STS) findAssumeRole(c *op.Call, in AssumeRoleInput) (t taking, err error) {
	if c.Caller.Type == policy.Root {
		return t, errRoot
	}
	if t.sourceIdentity, err = sourceIdentity(c, in.SourceIdentity); err != nil {
		return t, err
	}
	p := in.passed()
	if t.Passed, err = p.along(c.Caller.Session); err != nil {
		return t, err
	}
	if t.assumption, err = s.findRole(c, in.RoleArn); err != nil {
		return t, err
	}
	p.conditions(t.values)
	t.values[model.RoleSessionName] = []string{in.RoleSessionName}
	domain.SetText(t.values, model.ExternalID, in.ExternalId)
	if t.sourceIdentity != "" {
		t.values[model.SourceIdentity] = []string{t.sourceIdentity}
		t.actions = append(t.actions, setSource)
	}
	t.actions = append(t.actions, assume)
	if len(t.Tags) > 0 {
		t.actions = append(t.actions, tagSession)
	}
	if c.Caller.Type == policy.FederatedUser {
		t.role = nil // of STS it has only GetCallerIdentity
	}
	return t, nil
}

// sourceIdentity is who stands behind the session: whom the caller's session names, or the request.
func sourceIdentity(c *op.Call, asked *string) (string, error) {
	wish := domain.Or(asked, "")
	if c.Caller.Session == nil || c.Caller.Session.SourceIdentity == "" {
		return wish, nil
	}
	set := c.Caller.Session.SourceIdentity
	if asked != nil && wish != set {
		return "", errSourceSet
	}
	return set, nil
}

func (s *STS) assumeRole(c *op.Call, in AssumeRoleInput, t taking) (
	out AssumeRoleOutput, err error) {
	seconds, err := t.roleSeconds(in.DurationSeconds, c.Caller.Type == policy.AssumedRole)
	if err != nil {
		return out, err
	}
	b, err := s.take(c, &t, session.Session{Kind: session.AssumeRole, Name: in.RoleSessionName},
		seconds, in.MinimumSessionTokenSize)
	if err != nil {
		return out, err
	}
	recordIncoming(c)
	out = AssumeRoleOutput{Credentials: b.Credentials, PackedPolicySize: b.packed(t.Passed),
		AssumedRoleUser: t.user(in.RoleSessionName), SourceIdentity: t.source()}
	out.SessionTokenSize, out.SessionTokenUtilization = b.size()
	return out, nil
}

// take starts a session of the role.
func (s *STS) take(c *op.Call, t *taking, of session.Session, seconds int32, least *int32) (
	begun, error) {
	if err := s.managed(c, t.account, t.PolicyARNs); err != nil {
		return begun{}, err
	}
	of.Account, of.Principal = t.account, t.role.ID
	of.Passed, of.SourceIdentity = t.Passed, t.sourceIdentity
	return s.begin(c, of, seconds, least)
}

// source returns SourceIdentity, which is told if there is one.
func (t *taking) source() *string {
	if t.sourceIdentity == "" {
		return nil
	}
	return &t.sourceIdentity
}

// user is what a session of the role is called.
func (t *assumption) user(name string) AssumedRoleUser {
	return AssumedRoleUser{t.role.ID + ":" + name, identity.RoleSessionARN(t.role.ARN(), name)}
}
