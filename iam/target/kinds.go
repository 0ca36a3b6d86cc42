package target

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/internal/op"
)

// Kinds are the kinds of entities as operations find them.
type Kinds struct {
	Users  Kind[entity.User]
	Groups Kind[entity.Group]
	Roles  Kind[entity.Role]

	// Policies are managed policies by their names. Operations name one by its ARN, but for that
	// which makes it.
	Policies Kind[entity.Policy]
}

// New returns the kinds of a directory.
func New(d *entity.Directory) Kinds {
	return Kinds{
		Users: Kind[entity.User]{Word: "user",
			Find: func(c *op.Call, name string) (*entity.User, error) {
				return d.Users.ByName(c, c.Caller.Account, name)
			},
			Facts:  func(u *entity.User) Facts { return Facts{u.ARN(), u.Tags, u.Boundary} },
			Absent: absent("user"),
		},
		Groups: Kind[entity.Group]{Word: "group",
			Find: func(c *op.Call, name string) (*entity.Group, error) {
				return d.Groups.ByName(c, c.Caller.Account, name)
			},
			Facts:  func(g *entity.Group) Facts { return Facts{ARN: g.ARN()} },
			Absent: absent("group"),
		},
		Roles: Kind[entity.Role]{Word: "role",
			Find: func(c *op.Call, name string) (*entity.Role, error) {
				return d.Roles.ByName(c, c.Caller.Account, name)
			},
			Facts:  func(r *entity.Role) Facts { return Facts{r.ARN(), r.Tags, r.Boundary} },
			Absent: absent("role"),
		},
		Policies: Kind[entity.Policy]{Word: "policy",
			Find: func(c *op.Call, name string) (*entity.Policy, error) {
				return d.Policies.ByName(c, c.Caller.Account, name)
			},
			Facts: func(p *entity.Policy) Facts { return Facts{ARN: p.ARN(), Tags: p.Tags} },
		},
	}
}

func absent(word string) func(string) error {
	return func(name string) error {
		return model.NoSuchEntity("The %s with name %s cannot be found.", word, name)
	}
}
