package users

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type CreateUserInput struct {
	Path                *string      `shape:"pathType"`
	UserName            string       `shape:"userNameType,required"`
	PermissionsBoundary *string      `shape:"arnType"`
	Tags                []entity.Tag `shape:"tagListType"`
}

// Validate implements [op.Input].
func (in CreateUserInput) Validate() error { return tags.Check(in.Tags) }

type CreateUserOutput struct{ User model.User }

// mostUsers may be in an account.
const mostUsers = 5000

func (s *Users) findCreate(c *op.Call, in CreateUserInput) (target.Entity[entity.User], error) {
	values := model.TagValues(in.Tags)
	asked := []target.Asked{{Action: "CreateUser",
		Values: target.Bounded(values, in.PermissionsBoundary)}}
	if len(in.Tags) > 0 {
		asked = append(asked, target.Asked{Action: "TagUser", Values: values})
	}
	return s.Kinds.Users.New(c, domain.Or(in.Path, "/"), in.UserName, asked...)
}

func (s *Users) create(c *op.Call, in CreateUserInput, t target.Entity[entity.User]) (
	op.Commit[CreateUserOutput], error) {
	if t.Row != nil {
		return nil, model.EntityAlreadyExists("User with name %s already exists.", in.UserName)
	}
	there, err := s.Boundary(c, in.PermissionsBoundary)
	if err != nil {
		return nil, err
	}
	if n, err := s.Directory.Users.Count(c.Caller.Account); err != nil || n >= mostUsers {
		return nil, orLimit(err)
	}
	u := entity.NewUser(c.Caller.Account, in.UserName, domain.Or(in.Path, "/"), c.Time)
	u.Boundary, u.Tags = domain.Or(in.PermissionsBoundary, ""), domain.SortTags(in.Tags)
	insert, err := s.Directory.Users.Insert(c, u)
	if err != nil {
		return nil, err
	}
	return op.Apply(domain.InOrder(there, insert), CreateUserOutput{model.WholeUser(u)}), nil
}

// orLimit is the quota's error where counting brought none.
func orLimit(err error) error {
	if err == nil {
		err = model.CannotExceed("UsersPerAccount", mostUsers)
	}
	return err
}
