package accounts

import (
	"slices"
	"strings"

	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
)

type GetAccountAuthorizationDetailsInput struct {
	Filter   []string `shape:"entityListType"` // kinds of entities; all of them unless it is said
	Marker   *string  `shape:"markerType"`
	MaxItems *int32   `shape:"maxItemsType"`
	op.ByShape
}

// GetAccountAuthorizationDetailsOutput is a page: users, groups, roles, the account's managed
// policies and those of AWS's that it uses, each in order of name.
type GetAccountAuthorizationDetailsOutput struct {
	UserDetailList  []UserDetail
	GroupDetailList []GroupDetail
	RoleDetailList  []RoleDetail
	Policies        []ManagedPolicyDetail
	IsTruncated     bool
	Marker          string `json:",omitzero"`
}

// detailed is a kind of entities by the filter's word, and what reads as many of them as are wanted
// whose names follow after, and reports of them to out.
type detailed struct {
	word string
	read func(d *details, after string, wanted int) (names []string, err error)
}

// inOrder are the kinds as they follow each other over the pages.
var inOrder = []detailed{
	{"User", (*details).users}, {"Group", (*details).groups}, {"Role", (*details).roles},
	{"LocalManagedPolicy", (*details).policies}, {"AWSManagedPolicy", (*details).policiesOfAWS},
}

// details are one answer in the making.
type details struct {
	*Accounts
	*op.Call
	account string
	uses    map[string]entity.Uses
	out     GetAccountAuthorizationDetailsOutput
}

func (s *Accounts) details(c *op.Call, in GetAccountAuthorizationDetailsInput) (
	out GetAccountAuthorizationDetailsOutput, err error) {
	asked := slices.Sorted(slices.Values(in.Filter))
	p, err := s.Page(c, "GetAccountAuthorizationDetails", strings.Join(asked, " "), in.MaxItems,
		in.Marker)
	if err != nil {
		return out, err
	}
	d := &details{Accounts: s, Call: c, account: c.Caller.Account}
	d.out = GetAccountAuthorizationDetailsOutput{UserDetailList: []UserDetail{},
		GroupDetailList: []GroupDetail{}, RoleDetailList: []RoleDetail{},
		Policies: []ManagedPolicyDetail{}}
	if d.uses, err = s.Uses(d.account); err != nil {
		return out, err
	}
	from, after, _ := strings.Cut(p.After, " ")
	wanted := p.Size
	for _, kind := range inOrder {
		if from != "" && from != kind.word || len(asked) > 0 && !slices.Contains(asked, kind.word) {
			continue
		}
		names, err := kind.read(d, after, wanted)
		if err != nil {
			return out, err
		}
		if len(names) == wanted { // there may be no more: the next page is empty then, as with AWS
			d.out.IsTruncated, d.out.Marker = true, p.Next(kind.word+" "+names[wanted-1])
			break
		}
		wanted, from, after = wanted-len(names), "", ""
	}
	return d.out, nil
}

// UserDetail is a user with its groups and policies.
type UserDetail struct {
	Path                    string
	UserName                string
	UserId                  string
	Arn                     string
	CreateDate              wire.Time
	UserPolicyList          []PolicyDetail
	GroupList               []string // names
	AttachedManagedPolicies []model.AttachedPolicy
	PermissionsBoundary     *model.Boundary `json:",omitzero"`
	Tags                    []entity.Tag
}

// GroupDetail is a group with its policies.
type GroupDetail struct {
	Path                    string
	GroupName               string
	GroupId                 string
	Arn                     string
	CreateDate              wire.Time
	GroupPolicyList         []PolicyDetail
	AttachedManagedPolicies []model.AttachedPolicy
}

// RoleDetail is a role with its policies.
type RoleDetail struct {
	Path                     string
	RoleName                 string
	RoleId                   string
	Arn                      string
	CreateDate               wire.Time
	AssumeRolePolicyDocument model.Document
	InstanceProfileList      []Nothing // none
	RolePolicyList           []PolicyDetail
	AttachedManagedPolicies  []model.AttachedPolicy
	PermissionsBoundary      *model.Boundary `json:",omitzero"`
	Tags                     []entity.Tag
	RoleLastUsed             model.RoleLastUsed
}

// ManagedPolicyDetail is a managed policy with all its versions.
type ManagedPolicyDetail struct {
	PolicyName                    string
	PolicyId                      string
	Arn                           string
	Path                          string
	DefaultVersionId              string
	AttachmentCount               int32
	PermissionsBoundaryUsageCount int32
	IsAttachable                  bool
	Description                   string `json:",omitzero"`
	CreateDate                    wire.Time
	UpdateDate                    wire.Time
	PolicyVersionList             []model.PolicyVersion
}

// PolicyDetail is an inline policy.
type PolicyDetail struct {
	PolicyName     string
	PolicyDocument model.Document
}

// policiesOf returns the policies of an entity.
func policiesOf(p *entity.Permissions) (inline []PolicyDetail, attached []model.AttachedPolicy) {
	inline, attached = []PolicyDetail{}, []model.AttachedPolicy{}
	for _, i := range p.Inline {
		inline = append(inline, PolicyDetail{i.Name, model.Document(i.Document)})
	}
	for _, arn := range p.Attached {
		_, _, _, name, _ := entity.ParseARN(arn)
		attached = append(attached, model.AttachedPolicy{PolicyName: name, PolicyArn: arn})
	}
	return inline, attached
}

func (d *details) users(after string, wanted int) (names []string, err error) {
	rows, err := d.Directory.Users.List(d, d.account, "/", after, wanted)
	if err != nil {
		return nil, err
	}
	for _, u := range rows {
		one := UserDetail{Path: u.Path, UserName: u.Name, UserId: u.ID, Arn: u.ARN(),
			CreateDate: wire.Time{Time: u.Created}, GroupList: []string{},
			PermissionsBoundary: model.BoundaryOf(u.Boundary), Tags: append([]entity.Tag{}, u.Tags...)}
		one.UserPolicyList, one.AttachedManagedPolicies = policiesOf(&u.Permissions)
		for _, id := range u.Groups {
			g, err := d.Directory.Groups.ByID(d, d.account, id)
			if err != nil {
				return nil, err
			}
			if g != nil {
				one.GroupList = append(one.GroupList, g.Name)
			}
		}
		d.out.UserDetailList = append(d.out.UserDetailList, one)
		names = append(names, u.Name)
	}
	return names, nil
}

func (d *details) groups(after string, wanted int) (names []string, err error) {
	rows, err := d.Directory.Groups.List(d, d.account, "/", after, wanted)
	for _, g := range rows {
		one := GroupDetail{Path: g.Path, GroupName: g.Name, GroupId: g.ID, Arn: g.ARN(),
			CreateDate: wire.Time{Time: g.Created}}
		one.GroupPolicyList, one.AttachedManagedPolicies = policiesOf(&g.Permissions)
		d.out.GroupDetailList = append(d.out.GroupDetailList, one)
		names = append(names, g.Name)
	}
	return names, err
}

func (d *details) roles(after string, wanted int) (names []string, err error) {
	rows, err := d.Directory.Roles.List(d, d.account, "/", after, wanted)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		trust, err := domain.ShownPolicy(d, d.Directory, r.Trust)
		if err != nil {
			return nil, err
		}
		used, err := d.RoleUse(r)
		if err != nil {
			return nil, err
		}
		one := RoleDetail{Path: r.Path, RoleName: r.Name, RoleId: r.ID, Arn: r.ARN(),
			CreateDate: wire.Time{Time: r.Created}, AssumeRolePolicyDocument: model.Document(trust),
			InstanceProfileList: []Nothing{}, PermissionsBoundary: model.BoundaryOf(r.Boundary),
			Tags:         append([]entity.Tag{}, r.Tags...),
			RoleLastUsed: model.RoleLastUsed{LastUsedDate: wire.At(used.At), Region: used.Region}}
		one.RolePolicyList, one.AttachedManagedPolicies = policiesOf(&r.Permissions)
		d.out.RoleDetailList = append(d.out.RoleDetailList, one)
		names = append(names, r.Name)
	}
	return names, nil
}

func (d *details) policies(after string, wanted int) (names []string, err error) {
	rows, err := d.Directory.Policies.List(d, d.account, "/", after, wanted)
	for _, p := range rows {
		d.addPolicy(p)
		names = append(names, p.Name)
	}
	return names, err
}

func (d *details) policiesOfAWS(after string, wanted int) (names []string, err error) {
	behind := after == ""
	for _, p := range entity.AWSPolicies() {
		if _, used := d.uses[p.ARN()]; used && behind && len(names) < wanted {
			d.addPolicy(p)
			names = append(names, p.Name)
		}
		behind = behind || p.Name == after
	}
	return names, nil
}

func (d *details) addPolicy(p *entity.Policy) {
	listed := model.ListedPolicy(p, d.uses[p.ARN()])
	one := ManagedPolicyDetail{PolicyName: p.Name, PolicyId: p.ID, Arn: p.ARN(), Path: p.Path,
		DefaultVersionId: p.Default, AttachmentCount: listed.AttachmentCount,
		PermissionsBoundaryUsageCount: listed.PermissionsBoundaryUsageCount, IsAttachable: true,
		Description: p.Description, CreateDate: listed.CreateDate, UpdateDate: listed.UpdateDate}
	for i := range p.Versions {
		shown := model.ListedVersion(p, &p.Versions[i])
		shown.Document = model.Document(p.Versions[i].Document)
		one.PolicyVersionList = append(one.PolicyVersionList, shown)
	}
	d.out.Policies = append(d.out.Policies, one)
}
