package groups

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type CreateGroupInput struct {
	Path      *string `shape:"pathType"`
	GroupName string  `shape:"groupNameType,required"`
	op.ByShape
}

type CreateGroupOutput struct{ Group model.Group }

// mostGroups may be in an account.
const mostGroups = 300

func (s *Groups) findCreate(c *op.Call, in CreateGroupInput) (target.Entity[entity.Group], error) {
	return s.Kinds.Groups.New(c, domain.Or(in.Path, "/"), in.GroupName,
		target.Asked{Action: "CreateGroup"})
}

func (s *Groups) create(c *op.Call, in CreateGroupInput, t target.Entity[entity.Group]) (
	op.Commit[CreateGroupOutput], error) {
	if t.Row != nil {
		return nil, taken(in.GroupName)
	}
	n, err := s.Directory.Groups.Count(c.Caller.Account)
	if err == nil && n >= mostGroups {
		err = model.CannotExceed("GroupsPerAccount", mostGroups)
	}
	if err != nil {
		return nil, err
	}
	g := entity.NewGroup(c.Caller.Account, in.GroupName, domain.Or(in.Path, "/"), c.Time)
	insert, err := s.Directory.Groups.Insert(c, g)
	if err != nil {
		return nil, err
	}
	return op.Apply(insert, CreateGroupOutput{model.GroupOf(g)}), nil
}

func taken(name string) error {
	return model.EntityAlreadyExists("Group with name %s already exists.", name)
}
