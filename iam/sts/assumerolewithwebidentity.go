package sts

import (
	"maps"
	"slices"

	"claviger/iam/model"
	"claviger/iam/webidentity"
	"claviger/identity/session"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

type AssumeRoleWithWebIdentityInput struct {
	RoleArn          string                 `shape:"arnType,required"`
	RoleSessionName  string                 `shape:"roleSessionNameType,required"`
	WebIdentityToken string                 `shape:"clientTokenType,required"`
	ProviderId       *string                `shape:"urlType"`
	PolicyArns       []PolicyDescriptorType `shape:"policyDescriptorListType"`
	Policy           *string                `shape:"sessionPolicyDocumentType"`
	DurationSeconds  *int32                 `shape:"roleDurationSecondsType"`

	MinimumSessionTokenSize *int32 `shape:"minimumSessionTokenSizeType"`
}

func (in AssumeRoleWithWebIdentityInput) passed() passed {
	return passed{policy: in.Policy, arns: in.PolicyArns}
}

// Validate checks what is passed along. ProviderId names a provider of OAuth 2.0, whose tokens are
// no JSON Web Tokens.
func (in AssumeRoleWithWebIdentityInput) Validate() error {
	if in.ProviderId != nil {
		return parameter("ProviderId is for OAuth 2.0 access tokens, which are not supported.")
	}
	if _, ok := roleAccount(in.RoleArn); !ok {
		return errRequestARN
	}
	p := in.passed()
	return p.check()
}

var errRequestARN = invalid("Request ARN is invalid")

func roleAccount(arn string) (account string, ok bool) {
	parsed, ok := domain.ParseARN(arn)
	return parsed.Account, ok && domain.IsAccount(parsed.Account)
}

type AssumeRoleWithWebIdentityOutput struct {
	Credentials                 Credentials
	SubjectFromWebIdentityToken string
	AssumedRoleUser             AssumedRoleUser
	PackedPolicySize            *int32 `json:",omitzero"`
	Provider                    string
	Audience                    string
	SourceIdentity              *string `json:",omitzero"`
	SessionTokenUtilization     int32
	SessionTokenSize            int32
}

// identify proves whose token it is. Nothing that a stranger can send costs more than looking up
// the provider, until a provider of the role's account vouches for it.
func (s *STS) identify(c *op.Call, in AssumeRoleWithWebIdentityInput) (
	caller policy.Caller, said *webidentity.Claims, err error) {
	c.Region = s.Region
	account, _ := roleAccount(in.RoleArn)
	token, err := webidentity.Parse(in.WebIdentityToken)
	if err != nil {
		return caller, nil, err
	}
	p, err := s.Entities.Providers.ByID(c, account, token.Name)
	switch {
	case err != nil:
		return caller, nil, err
	case p == nil:
		return caller, nil, token.NoProvider()
	}
	c.Pause() // its issuer may be asked for keys
	said, err = s.WebIdentities.Verify(c, token, webidentity.Provider{ARN: p.ARN(), URL: p.URL(),
		ClientIDs: p.ClientIDs, Thumbprints: p.Thumbprints})
	if err != nil {
		return caller, nil, err
	}
	return policy.Caller{Type: policy.WebIdentityUser, Account: account,
		PrincipalID: said.Provider + ":" + said.Audience + ":" + said.Subject,
		Session: &policy.Session{Provider: said.Provider, Subject: said.Subject,
			SourceIdentity: said.SourceIdentity},
	}, said, nil
}

// vouched is a role that is about to be assumed by somebody whom a provider vouches for.
type vouched struct {
	taking
	said *webidentity.Claims
}

// findWebIdentity demands what the token needs: its issuer may give the session tags and a source
// identity.
func (s *STS) findWebIdentity(c *op.Call, in AssumeRoleWithWebIdentityInput,
	said *webidentity.Claims) (t vouched, err error) {
	if err := said.MayTake(in.RoleArn); err != nil {
		return t, err
	}
	t = vouched{said: said, taking: taking{sourceIdentity: said.SourceIdentity}}
	p := in.passed()
	for _, key := range slices.Sorted(maps.Keys(said.SessionTags)) {
		p.tags = append(p.tags, Tag{key, said.SessionTags[key]})
	}
	p.transitive = said.TransitiveTagKeys
	if err := p.checkIssued(said.SourceIdentity); err != nil {
		return t, err
	}
	if t.Passed, err = p.along(nil); err != nil {
		return t, err
	}
	if t.assumption, err = s.findRole(c, in.RoleArn); err != nil {
		return t, err
	}
	p.conditions(t.values)
	maps.Copy(t.values, said.Values)
	t.values[model.RoleSessionName] = []string{in.RoleSessionName}
	t.actions = append(t.actions, "sts:AssumeRoleWithWebIdentity")
	if t.sourceIdentity != "" {
		t.values[model.SourceIdentity] = []string{t.sourceIdentity}
		t.actions = append(t.actions, setSource)
	}
	if len(t.Tags) > 0 {
		t.actions = append(t.actions, tagSession)
	}
	return t, nil
}

func (s *STS) assumeRoleWithWebIdentity(c *op.Call, in AssumeRoleWithWebIdentityInput,
	t vouched) (out AssumeRoleWithWebIdentityOutput, err error) {
	seconds, err := t.roleSeconds(in.DurationSeconds, false)
	if err != nil {
		return out, err
	}
	b, err := s.take(c, &t.taking, session.Session{Kind: session.WebIdentity,
		Name: in.RoleSessionName, Provider: t.said.Provider}, seconds, in.MinimumSessionTokenSize)
	if err != nil {
		return out, err
	}
	recordClaims(c, t.said)
	out = AssumeRoleWithWebIdentityOutput{Credentials: b.Credentials,
		SubjectFromWebIdentityToken: t.said.Subject, AssumedRoleUser: t.user(in.RoleSessionName),
		PackedPolicySize: b.packed(t.Passed), Provider: t.said.Provider, Audience: t.said.Audience,
		SourceIdentity: t.source()}
	out.SessionTokenSize, out.SessionTokenUtilization = b.size()
	return out, nil
}
