package roles

import (
	"strings"

	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type CreateRoleInput struct {
	Path                     *string      `shape:"pathType"`
	RoleName                 string       `shape:"roleNameType,required"`
	AssumeRolePolicyDocument string       `shape:"policyDocumentType,required"`
	Description              *string      `shape:"roleDescriptionType"`
	MaxSessionDuration       *int32       `shape:"roleMaxSessionDurationType"` // seconds
	PermissionsBoundary      *string      `shape:"arnType"`
	Tags                     []entity.Tag `shape:"tagListType"`
}

// ofServices is where AWS keeps the roles of its services. None here has one.
const ofServices = "/aws-service-role/"

// Validate implements [op.Input].
func (in CreateRoleInput) Validate() error {
	if strings.HasPrefix(domain.Or(in.Path, "/"), ofServices) {
		return model.InvalidInput("Path prefix '" + ofServices +
			"' can only be used for AWS Service linked Roles")
	}
	return tags.Check(in.Tags)
}

type CreateRoleOutput struct{ Role model.Role }

const (
	mostRoles    = 1000 // may be in an account
	usualSession = 3600 // seconds that a session lasts at most, unless the role says otherwise
)

func (s *Roles) findCreate(c *op.Call, in CreateRoleInput) (target.Entity[entity.Role], error) {
	values := model.TagValues(in.Tags)
	asked := []target.Asked{{Action: "CreateRole",
		Values: target.Bounded(values, in.PermissionsBoundary)}}
	if len(in.Tags) > 0 {
		asked = append(asked, target.Asked{Action: "TagRole", Values: values})
	}
	return s.Kinds.Roles.New(c, domain.Or(in.Path, "/"), in.RoleName, asked...)
}

// create answers without what AWS leaves out: how long sessions may last, and their last use.
func (s *Roles) create(c *op.Call, in CreateRoleInput, t target.Entity[entity.Role]) (
	op.Commit[CreateRoleOutput], error) {
	if t.Row != nil {
		return nil, model.EntityAlreadyExists("Role with name %s already exists.", in.RoleName)
	}
	there, err := s.Boundary(c, in.PermissionsBoundary)
	if err != nil {
		return nil, err
	}
	trust, err := s.trust(c, in.AssumeRolePolicyDocument)
	if err != nil {
		return nil, err
	}
	if n, err := s.Directory.Roles.Count(c.Caller.Account); err != nil || n >= mostRoles {
		return nil, orLimit(err)
	}
	r := entity.NewRole(c.Caller.Account, in.RoleName, domain.Or(in.Path, "/"), c.Time)
	r.Trust, r.Description = trust, domain.Or(in.Description, "")
	r.MaxSessionDuration = int64(domain.Or(in.MaxSessionDuration, usualSession))
	r.Boundary, r.Tags = domain.Or(in.PermissionsBoundary, ""), domain.SortTags(in.Tags)
	insert, err := s.Directory.Roles.Insert(c, r)
	if err != nil {
		return nil, err
	}
	out := model.RoleOf(r, in.AssumeRolePolicyDocument)
	out.PermissionsBoundary, out.Tags = model.BoundaryOf(r.Boundary), r.Tags
	return op.Apply(domain.InOrder(there, insert), CreateRoleOutput{out}), nil
}

// orLimit is the quota's error where counting brought none.
func orLimit(err error) error {
	if err == nil {
		err = model.CannotExceed("RolesPerAccount", mostRoles)
	}
	return err
}
