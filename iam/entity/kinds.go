package entity

import (
	"strconv"
	"strings"
	"time"

	"claviger/internal/rowmac"
	"claviger/policy"
)

// User is an IAM user.
type User struct {
	Head
	Permissions
	Groups   []string // ids of the groups that it is a member of
	Boundary string   // ARN of its permissions boundary, or nothing
	Tags     []Tag
}

// NewUser returns a user that is about to be made.
func NewUser(account, name, path string, now time.Time) *User {
	return &User{Head: newHead(ofUser, account, name, path, now)}
}

// ARN returns the user's name in policies.
func (u *User) ARN() string { return u.arn("user") }

func (u *User) head() *Head { return &u.Head }
func (u *User) weight() int { return overhead + u.Permissions.weight() + weighTags(u.Tags) }

func (u *User) links() []link {
	out := append(u.Permissions.links(UserAttached), boundary(u.Boundary, UserBoundary)...)
	for _, id := range u.Groups {
		out = append(out, link{id, Member})
	}
	return out
}

func boundary(arn, kind string) []link {
	if arn == "" {
		return nil
	}
	return []link{{arn, kind}}
}

var users = declare("iam_users", func(u *User) []rowmac.Column {
	return []rowmac.Column{
		rowmac.JSON("member_of", &u.Groups),
		rowmac.JSON("attached", &u.Attached),
		rowmac.JSON("inline", &u.Inline),
		rowmac.Text("boundary", &u.Boundary),
		rowmac.JSON("tags", &u.Tags),
	}
})

// Group is an IAM group. It is no principal: its policies are those of its members.
type Group struct {
	Head
	Permissions
}

// NewGroup returns a group that is about to be made.
func NewGroup(account, name, path string, now time.Time) *Group {
	return &Group{Head: newHead(ofGroup, account, name, path, now)}
}

// ARN returns the group's name in policies.
func (g *Group) ARN() string { return g.arn("group") }

func (g *Group) head() *Head   { return &g.Head }
func (g *Group) links() []link { return g.Permissions.links(GroupAttached) }
func (g *Group) weight() int   { return overhead + g.Permissions.weight() }

var groups = declare("iam_groups", func(g *Group) []rowmac.Column {
	return []rowmac.Column{
		rowmac.JSON("attached", &g.Attached),
		rowmac.JSON("inline", &g.Inline),
	}
})

// Role is an IAM role. Its principals are the sessions of it.
type Role struct {
	Head
	Permissions
	Trust              string // AssumeRolePolicyDocument as it is stored: principals by unique id
	Description        string
	MaxSessionDuration int64     // seconds
	Revoked            time.Time // sessions that began before are over; zero: none is
	Boundary           string
	Tags               []Tag

	trust *policy.Document
}

// NewRole returns a role that is about to be made.
func NewRole(account, name, path string, now time.Time) *Role {
	return &Role{Head: newHead(ofRole, account, name, path, now)}
}

// ARN returns the role's name in policies.
func (r *Role) ARN() string { return r.arn("role") }

// TrustPolicy returns the trust policy as it decides. One that can't be read denies everything.
func (r *Role) TrustPolicy() *policy.Document { return r.trust }

func (r *Role) head() *Head { return &r.Head }

func (r *Role) links() []link {
	return append(r.Permissions.links(RoleAttached), boundary(r.Boundary, RoleBoundary)...)
}

func (r *Role) compile() {
	r.Permissions.compile()
	r.trust = compiled(r.Trust)
}

func (r *Role) weight() int {
	return overhead + r.Permissions.weight() + len(r.Trust) + r.trust.Weight() + weighTags(r.Tags)
}

var roles = declare("iam_roles", func(r *Role) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("trust", &r.Trust),
		rowmac.Text("description", &r.Description),
		rowmac.Integer("max_session_duration", &r.MaxSessionDuration),
		rowmac.Time("revoked", &r.Revoked),
		rowmac.JSON("attached", &r.Attached),
		rowmac.JSON("inline", &r.Inline),
		rowmac.Text("boundary", &r.Boundary),
		rowmac.JSON("tags", &r.Tags),
	}
})

// Policy is a managed policy with all its versions.
type Policy struct {
	Head
	Updated     time.Time
	Description string
	Versions    []Version // the oldest first
	Default     string    // ID of the version that is in force
	Next        int64     // number of the next version: none is used again
	Tags        []Tag

	document *policy.Document
}

// Version is one version of a managed policy.
type Version struct {
	ID       string // v1
	Document string
	Created  time.Time
}

// NewPolicy returns a managed policy without a version that is about to be made.
func NewPolicy(account, name, path string, now time.Time) *Policy {
	return &Policy{Head: newHead(ofPolicy, account, name, path, now), Updated: now, Next: 1}
}

// AddVersion appends a version with the next number, which isn't in force by that.
func (p *Policy) AddVersion(document string, now time.Time) *Version {
	p.Versions = append(p.Versions,
		Version{ID: "v" + strconv.FormatInt(p.Next, 10), Document: document, Created: now})
	p.Next, p.Updated = p.Next+1, now
	return &p.Versions[len(p.Versions)-1]
}

// ARN returns the policy's name.
func (p *Policy) ARN() string { return p.arn("policy") }

// Version returns a version by its ID, or nil.
func (p *Policy) Version(id string) *Version {
	for i := range p.Versions {
		if p.Versions[i].ID == id {
			return &p.Versions[i]
		}
	}
	return nil
}

func (p *Policy) head() *Head   { return &p.Head }
func (p *Policy) links() []link { return nil }

func (p *Policy) compile() {
	p.document = policy.Closed
	if v := p.Version(p.Default); v != nil {
		p.document = compiled(v.Document)
	}
}

func (p *Policy) weight() int {
	n := overhead + p.document.Weight() + weighTags(p.Tags)
	for i := range p.Versions {
		n += len(p.Versions[i].Document)
	}
	return n
}

var policies = declare("iam_policies", func(p *Policy) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Time("updated", &p.Updated),
		rowmac.Text("description", &p.Description),
		rowmac.JSON("versions", &p.Versions),
		rowmac.Text("default_version", &p.Default),
		rowmac.Integer("next_version", &p.Next),
		rowmac.JSON("tags", &p.Tags),
	}
})

// Provider is an identity provider of OpenID Connect. Its name and id are its URL without the
// scheme; it has no path.
type Provider struct {
	Head
	Scheme      string // https, or http on loopback
	ClientIDs   []string
	Thumbprints []string // 40 hex digits each
	Tags        []Tag
}

// NewProvider returns an identity provider that is about to be made.
func NewProvider(account, scheme, name string, now time.Time) *Provider {
	return &Provider{Scheme: scheme,
		Head: Head{Account: account, ID: name, Name: name, Path: "/", Created: now, Rev: 1}}
}

// ARN returns the provider's name in trust policies.
func (p *Provider) ARN() string { return p.arn("oidc-provider") }

// URL returns the issuer's URL.
func (p *Provider) URL() string { return p.Scheme + "://" + p.Name }

func (p *Provider) head() *Head   { return &p.Head }
func (p *Provider) links() []link { return nil }
func (p *Provider) compile()      {}

func (p *Provider) weight() int {
	n := overhead + weighTags(p.Tags)
	for _, id := range p.ClientIDs {
		n += len(id)
	}
	return n
}

var providers = declare("iam_oidc_providers", func(p *Provider) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("scheme", &p.Scheme),
		rowmac.JSON("client_ids", &p.ClientIDs),
		rowmac.JSON("thumbprints", &p.Thumbprints),
		rowmac.JSON("tags", &p.Tags),
	}
})

// ParseARN reads the ARN of an entity of IAM: its account, its kind (user, role, policy, ...), and
// path and name. ok is false for whatever else it is.
func ParseARN(arn string) (account, kind, path, name string, ok bool) {
	rest, ok := strings.CutPrefix(arn, "arn:aws:iam::")
	if !ok {
		return "", "", "", "", false
	}
	account, rest, ok = strings.Cut(rest, ":")
	at := strings.IndexByte(rest, '/')
	if !ok || at < 0 {
		return "", "", "", "", false
	}
	kind, rest = rest[:at], rest[at:]
	end := strings.LastIndexByte(rest, '/')
	if kind == "oidc-provider" {
		end = 0 // its name is a URL
	}
	return account, kind, rest[:end+1], rest[end+1:], rest[end+1:] != ""
}
