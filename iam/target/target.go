// Package target is what IAM's operations are about: an entity, there or not, with what the caller
// must be allowed and what conditions turn on.
package target

import (
	"maps"
	"slices"

	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

// Entity is an entity that an operation is about, there or not.
type Entity[E any] struct {
	Row *E // nil: the account has none of the name, or its row can't be read

	demands []policy.Demand
	absent  error
	op.There
}

// Demands implements [op.Target].
func (t Entity[E]) Demands() []policy.Demand { return t.demands }

// Missing implements [op.Target].
func (t Entity[E]) Missing() error { return t.absent }

// Asked is one action that an operation needs on an entity, and what the request says to its
// condition keys.
type Asked struct {
	Action string // without its service: CreateUser
	Values policy.Values
}

// Facts are what is known of an entity that is there.
type Facts struct {
	ARN      string
	Tags     []entity.Tag
	Boundary string // ARN of its permissions boundary, or nothing
}

// Kind is how the entities of a kind are found and named.
type Kind[E any] struct {
	Word   string // as in ARNs: user
	Find   func(c *op.Call, name string) (*E, error)
	Facts  func(*E) Facts
	Absent func(name string) error // what is answered where there is none
}

// Named returns the entity of a name in the caller's account. If there is none, the caller may
// learn it only if he may do what he asks for with an entity of that name without a path.
func (k Kind[E]) Named(c *op.Call, name string, asked ...Asked) Entity[E] {
	row, err := k.Find(c, name)
	t := k.Of(c, row, name, asked...)
	switch {
	case err != nil:
		t.absent = err
	case row == nil:
		t.absent = k.Absent(name)
	}
	return t
}

// ByARN returns the entity of an ARN. Those of another account are that one's to show: nobody here
// is allowed anything on them, whether they are there or not.
func (k Kind[E]) ByARN(c *op.Call, arn string, asked ...Asked) (Entity[E], error) {
	account, kind, _, name, ok := entity.ParseARN(arn)
	switch {
	case !ok:
		return Entity[E]{}, model.Invalid("Invalid ARN:  Could not be parsed!")
	case kind != k.Word:
		return Entity[E]{}, model.Invalid("Invalid resource type in ARN")
	case account != c.Caller.Account:
		return k.foreign(account, arn, asked), nil
	}
	row, err := k.Find(c, name)
	if err != nil {
		return Entity[E]{}, err
	}
	if row != nil && k.Facts(row).ARN != arn {
		row = nil
	}
	t := Entity[E]{Row: row}
	for _, a := range asked {
		t.demands = append(t.demands, k.demand(c, a, row, arn))
	}
	if row == nil {
		t.absent = k.Absent(arn)
	}
	return t, nil
}

func (k Kind[E]) foreign(account, arn string, asked []Asked) Entity[E] {
	t := Entity[E]{absent: k.Absent(arn)}
	for _, a := range asked {
		t.demands = append(t.demands, policy.Demand{Action: "iam:" + a.Action,
			Resource: policy.Resource{ARN: arn, Account: account},
			Values:   func() policy.Values { return a.Values }})
	}
	return t
}

// New returns an entity that is to be made under a path. One of the name that is there already is
// in its Row: that it is there is for the plan to say.
func (k Kind[E]) New(c *op.Call, path, name string, asked ...Asked) (Entity[E], error) {
	row, err := k.Find(c, name)
	if err != nil {
		return Entity[E]{}, err
	}
	t := Entity[E]{Row: row}
	for _, a := range asked {
		t.demands = append(t.demands, k.demand(c, a, nil, k.arn(c.Caller.Account, path, name)))
	}
	return t, nil
}

// All is the target of an operation that lists entities under a path. Policies know no resource
// for it but "*", and IAM's refusals call it by the path.
func (k Kind[E]) All(c *op.Call, action string, path *string) domain.Account {
	all := domain.OnAccount("iam:" + action)
	all.Asked = k.arn(c.Caller.Account, domain.Or(path, "/"), "")
	return all
}

// And returns the target with one more demand.
func (t Entity[E]) And(d policy.Demand) Entity[E] {
	t.demands = append(slices.Clone(t.demands), d)
	return t
}

// At is the demand for an action on an entity that would be of a path and name.
func (k Kind[E]) At(c *op.Call, action, path, name string) policy.Demand {
	return k.demand(c, Asked{Action: action}, nil, k.arn(c.Caller.Account, path, name))
}

// Of returns the target of an entity that was found, or not.
func (k Kind[E]) Of(c *op.Call, row *E, name string, asked ...Asked) Entity[E] {
	t := Entity[E]{Row: row}
	for _, a := range asked {
		t.demands = append(t.demands, k.demand(c, a, row, k.arn(c.Caller.Account, "/", name)))
	}
	return t
}

// arn is the name of an entity of an account.
func (k Kind[E]) arn(account, path, name string) string {
	return "arn:aws:iam::" + account + ":" + k.Word + path + name
}

func (k Kind[E]) demand(c *op.Call, a Asked, row *E, asked string) policy.Demand {
	r := policy.Resource{ARN: asked, Asked: asked, Account: c.Caller.Account}
	if row == nil {
		return policy.Demand{Action: "iam:" + a.Action, Resource: r,
			Values: func() policy.Values { return a.Values }}
	}
	facts, action := k.Facts(row), "iam:"+a.Action
	r.ARN = facts.ARN
	r.Tags = func() (map[string]string, error) { return domain.TagMap(facts.Tags), nil }
	return policy.Demand{Action: action, Resource: r, Values: func() policy.Values {
		if !slices.Contains(model.ConditionKeys[action], model.PermissionsBoundary) {
			return a.Values
		}
		return with(a.Values, facts.Boundary)
	}}
}

// with adds the boundary that an entity has. One in the request goes before it.
func with(v policy.Values, boundary string) policy.Values {
	if _, given := v[model.PermissionsBoundary]; given || boundary == "" {
		return v
	}
	out := maps.Clone(v)
	if out == nil {
		out = policy.Values{}
	}
	out[model.PermissionsBoundary] = []string{boundary}
	return out
}

// Bounded adds the boundary that a request sets to its values.
func Bounded(v policy.Values, boundary *string) policy.Values {
	if boundary == nil {
		return v
	}
	return with(v, *boundary)
}
