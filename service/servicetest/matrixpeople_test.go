package servicetest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"claviger/iam/webidentity/issuertest"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// person is a principal with credentials.
type person struct {
	account string
	arn     string // as refusals name it
	named   string // as policies of resources do
	keys    aws.Credentials
}

// holding is what a principal has of the policies of a kind.
type holding struct {
	principalKind
	identity, boundary, session string
}

func holdingOf(c cell) holding {
	h := holding{c.principalKind, c.identity, c.boundary, c.session}
	if c.name() == "root" || c.name() == "anonymous" {
		h.identity = ""
	}
	return h
}

func (c cell) name() string { return c.principalKind.name }

// matrix has who asks, on one server.
type matrix struct {
	*servicetest.Server
	people  map[holding]*person
	clients map[string]*iam.Client // of the root user, by account
	version map[string]string      // of the managed policies whose text turns with the operation
	learner aws.Credentials
	keeper  aws.Credentials // whom every key policy lets in
	issuer  *issuertest.Issuer
}

// The managed policies of which each account has its own: their texts are those of the operation
// that is looked at.
var turning = []string{"exact", "lacking", "denied"}

func managedARN(account, name string) string {
	return "arn:aws:iam::" + account + ":policy/" + name
}

const everythingARN = "arn:aws:iam::aws:policy/AdministratorAccess"

// newMatrix makes everybody who is in a cell.
func newMatrix(t *testing.T, s *servicetest.Server) *matrix {
	t.Helper()
	m := &matrix{Server: s, people: map[holding]*person{}, version: map[string]string{},
		clients: map[string]*iam.Client{}, learner: s.User(t, "learner"),
		keeper: s.User(t, "keeper"), issuer: issuertest.Start(t)}
	must(s.IAM().CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{
		Url: &m.issuer.URL, ClientIDList: []string{issuertest.Audience}}))(t)
	for _, account := range []string{servicetest.Account, otherAccount} {
		root := s.RootOf(t, account)
		c := s.IAM(servicetest.As(root))
		m.clients[account] = c
		for _, name := range turning {
			made := must(c.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: &name,
				PolicyDocument: aws.String(allowing("*"))}))(t).Policy
			m.version[*made.Arn] = *made.DefaultVersionId
		}
		must(c.CreateGroup(t.Context(), &iam.CreateGroupInput{GroupName: aws.String("all")}))(t)
		must(c.AttachGroupPolicy(t.Context(), &iam.AttachGroupPolicyInput{
			GroupName: aws.String("all"), PolicyArn: aws.String(everythingARN)}))(t)
		maker := s.UserOf(t, account, "maker")
		for _, p := range principalKinds {
			for _, k := range policyKinds {
				h := holdingOf(cell{p, k})
				if p.foreign != (account == otherAccount) || !p.has(k) || m.people[h] != nil {
					continue
				}
				m.people[h] = m.make(t, account, h, root, maker)
			}
		}
	}
	return m
}

func (m *matrix) person(c cell) *person { return m.people[holdingOf(c)] }

// make makes one principal. Its name has a number, for one of its own kind has other policies.
func (m *matrix) make(t *testing.T, account string, h holding, root,
	maker aws.Credentials) *person {
	t.Helper()
	rootARN := "arn:aws:iam::" + account + ":root"
	switch h.principalKind.name {
	case "root":
		return &person{account, rootARN, account, root}
	case "anonymous":
		return &person{account: account}
	case "role", "web":
		return m.makeRole(t, account, h, maker)
	}
	name := fmt.Sprint("m", len(m.people))
	keys := m.UserOf(t, account, name)
	c := m.clients[account]
	attach := func(arn string) {
		must(c.AttachUserPolicy(t.Context(),
			&iam.AttachUserPolicyInput{UserName: &name, PolicyArn: &arn}))(t)
	}
	switch h.identity {
	case "group":
		must(c.AddUserToGroup(t.Context(), &iam.AddUserToGroupInput{GroupName: aws.String("all"),
			UserName: &name}))(t)
	default:
		attach(identityARN(account, h.identity)) // for tokens, of those too who shall have none
	}
	if h.boundary != "" {
		must(c.PutUserPermissionsBoundary(t.Context(), &iam.PutUserPermissionsBoundaryInput{
			UserName:            &name,
			PermissionsBoundary: aws.String(managedARN(account, h.boundary))}))(t)
	}
	p := &person{account, "arn:aws:iam::" + account + ":user/" + name, "", keys}
	p.named = p.arn
	client := m.STS(servicetest.As(keys))
	switch h.principalKind.name {
	case "token":
		out := must(client.GetSessionToken(t.Context(), &sts.GetSessionTokenInput{}))(t)
		p.keys = temporary(out.Credentials)
	case "federated":
		out := must(client.GetFederationToken(t.Context(), &sts.GetFederationTokenInput{Name: &name,
			PolicyArns: sessionPolicies(account, h.session, everythingARN)}))(t)
		p.keys, p.arn, p.named = temporary(out.Credentials), *out.FederatedUser.Arn,
			*out.FederatedUser.Arn
	}
	if h.identity == "" {
		must(c.DetachUserPolicy(t.Context(), &iam.DetachUserPolicyInput{UserName: &name,
			PolicyArn: aws.String(everythingARN)}))(t)
	}
	return p
}

// identityARN is the managed policy that gives a principal what it has.
func identityARN(account, identity string) string {
	if identity == "exact" || identity == "denied" {
		return managedARN(account, identity)
	}
	return everythingARN
}

// sessionPolicies are those of a session. usual are those where nothing is said of them.
func sessionPolicies(account, session string, usual ...string) (
	all []types.PolicyDescriptorType) {
	if session == "lacking" || session == "denied" {
		usual = []string{managedARN(account, session)}
	} else if session == "none" {
		usual = nil
	}
	for _, arn := range usual {
		all = append(all, types.PolicyDescriptorType{Arn: &arn})
	}
	return all
}

func temporary(c *types.Credentials) aws.Credentials {
	return aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey,
		SessionToken: *c.SessionToken}
}

// makeRole makes a role, and a session of it.
func (m *matrix) makeRole(t *testing.T, account string, h holding,
	maker aws.Credentials) *person {
	t.Helper()
	name := fmt.Sprint("m", len(m.people))
	c := m.clients[account]
	in := &iam.CreateRoleInput{RoleName: &name,
		AssumeRolePolicyDocument: aws.String(trust("AWS", "arn:aws:iam::"+account+":user/maker"))}
	if h.boundary != "" {
		in.PermissionsBoundary = aws.String(managedARN(account, h.boundary))
	}
	role := must(c.CreateRole(t.Context(), in))(t).Role
	if h.identity != "" {
		must(c.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: &name,
			PolicyArn: aws.String(identityARN(account, h.identity))}))(t)
	}
	if h.principalKind.name == "web" {
		return m.assumeByToken(t, account, role, h)
	}
	out := must(m.STS(servicetest.As(maker)).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: role.Arn, RoleSessionName: aws.String("session"),
		PolicyArns: sessionPolicies(account, h.session)}))(t)
	return &person{account, *out.AssumedRoleUser.Arn, *role.Arn, temporary(out.Credentials)}
}

// assumeByToken starts a session of a role for who has a token of an identity provider.
func (m *matrix) assumeByToken(t *testing.T, account string, role *iamtypes.Role,
	h holding) *person {
	t.Helper()
	c, p := m.clients[account], m.issuer
	arn := "arn:aws:iam::" + account + ":oidc-provider/" + p.Name
	must(c.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{
		RoleName: role.RoleName, PolicyDocument: aws.String(strings.Replace(trust("Federated", arn),
			"sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", 1))}))(t)
	out := must(m.STS().AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: role.Arn, RoleSessionName: aws.String("session"),
		PolicyArns:       sessionPolicies(account, h.session),
		WebIdentityToken: aws.String(p.Token(time.Now(), nil))}))(t)
	return &person{account, *out.AssumedRoleUser.Arn, *role.Arn, temporary(out.Credentials)}
}

// turn makes the managed policies speak of an operation.
func (m *matrix) turn(t *testing.T, o *matrixOperation, names ...string) {
	t.Helper()
	var exact, actions []string
	for _, d := range o.demands {
		exact = append(exact, fmt.Sprintf(`{"Effect":"Allow","Action":%q,"Resource":%q}`, d.action,
			resourceOf(o.info, o.fill(d.on))))
		actions = append(actions, `"`+d.action+`"`)
	}
	if exact == nil { // it needs no permission, and no policy takes it away
		actions = []string{`"` + o.info.Service.Name + ":" + o.info.Name + `"`}
		exact = []string{`{"Effect":"Allow","Action":"kms:ListKeys","Resource":"*"}`}
	}
	list := strings.Join(actions, ",")
	text := map[string]string{"exact": strings.Join(exact, ","),
		"lacking": `{"Effect":"Allow","NotAction":[` + list + `],"Resource":"*"}`,
		"denied": `{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":[` +
			list + `],"Resource":"*"}`}
	for account, c := range m.clients {
		for _, name := range names {
			if account == otherAccount && name == "exact" {
				continue
			}
			arn := managedARN(account, name)
			made := must(c.CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{
				PolicyArn: &arn, SetAsDefault: true, PolicyDocument: aws.String(
					`{"Version":"2012-10-17","Statement":[` + text[name] + `]}`)}))(t).PolicyVersion
			must(c.DeletePolicyVersion(t.Context(), &iam.DeletePolicyVersionInput{PolicyArn: &arn,
				VersionId: aws.String(m.version[arn])}))(t)
			m.version[arn] = *made.VersionId
		}
	}
}
