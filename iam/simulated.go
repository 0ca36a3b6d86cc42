package iam

import (
	"context"
	"fmt"

	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/simulate"
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/policy"
)

// simulated are the entities of a directory as simulations see them: with the texts of their
// policies.
type simulated struct{ *entity.Directory }

// PoliciesOf implements [simulate.Principals].
func (d simulated) PoliciesOf(ctx context.Context, account, arn string) (
	simulate.Principal, error) {
	owner, kind, _, name, ok := entity.ParseARN(arn)
	if ok && owner == account {
		switch kind {
		case simulate.OfUser:
			return d.user(ctx, account, name)
		case simulate.OfGroup:
			return d.group(ctx, account, name)
		case simulate.OfRole:
			return d.role(ctx, account, name)
		}
	}
	return simulate.Principal{}, model.NoSuchEntity("The entity with ARN %s cannot be found.", arn)
}

// absent is the answer where there is no entity of a name, and err if it couldn't be looked for.
func absent(err error, kind, name string) error {
	if err != nil {
		return err
	}
	return model.NoSuchEntity("The %s with name %s cannot be found.", kind, name)
}

func (d simulated) user(ctx context.Context, account, name string) (
	p simulate.Principal, err error) {
	u, err := d.Users.ByName(ctx, account, name)
	if err != nil || u == nil {
		return p, absent(err, simulate.OfUser, name)
	}
	p.Caller = policy.Caller{Type: policy.IAMUser, Account: account, ARN: u.ARN(), UniqueID: u.ID,
		PrincipalID: u.ID, Tags: domain.TagMap(u.Tags)}
	err = d.give(ctx, &p, simulate.OfUser, u.Name, &u.Permissions)
	if err != nil {
		return p, err
	}
	for _, id := range u.Groups {
		g, err := d.Groups.ByID(ctx, account, id)
		if err != nil || g == nil {
			return p, gone(err, id)
		}
		if err := d.give(ctx, &p, simulate.OfGroup, g.Name, &g.Permissions); err != nil {
			return p, err
		}
	}
	return p, d.bound(ctx, &p, u.Boundary)
}

func (d simulated) group(ctx context.Context, account, name string) (
	p simulate.Principal, err error) {
	g, err := d.Groups.ByName(ctx, account, name)
	if err != nil || g == nil {
		return p, absent(err, simulate.OfGroup, name)
	}
	p.Caller = policy.Caller{Account: account, ARN: g.ARN()}
	return p, d.give(ctx, &p, simulate.OfGroup, g.Name, &g.Permissions)
}

func (d simulated) role(ctx context.Context, account, name string) (
	p simulate.Principal, err error) {
	r, err := d.Roles.ByName(ctx, account, name)
	if err != nil || r == nil {
		return p, absent(err, simulate.OfRole, name)
	}
	p.Caller = policy.Caller{Type: policy.AssumedRole, Account: account, ARN: r.ARN(),
		Role: r.ARN(), UniqueID: r.ID, PrincipalID: r.ID, Tags: domain.TagMap(r.Tags)}
	if err := d.give(ctx, &p, simulate.OfRole, r.Name, &r.Permissions); err != nil {
		return p, err
	}
	return p, d.bound(ctx, &p, r.Boundary)
}

// give adds the policies of an entity.
func (d simulated) give(ctx context.Context, p *simulate.Principal, kind, name string,
	of *entity.Permissions) error {
	for _, i := range of.Inline {
		p.Policies = append(p.Policies,
			simulate.NamedPolicy{Name: i.Name, Type: kind, Owner: name, Text: i.Document})
	}
	for _, arn := range of.Attached {
		managed, err := d.managed(ctx, p.Caller.Account, arn)
		if err != nil {
			return err
		}
		p.Policies = append(p.Policies, *managed)
	}
	return nil
}

// bound sets the permissions boundary, if there is one.
func (d simulated) bound(ctx context.Context, p *simulate.Principal, arn string) (err error) {
	if arn != "" {
		p.Boundary, err = d.managed(ctx, p.Caller.Account, arn)
	}
	return err
}

func (d simulated) managed(ctx context.Context, account, arn string) (
	*simulate.NamedPolicy, error) {
	m, err := d.PolicyByARN(ctx, account, arn)
	if err != nil || m == nil {
		return nil, gone(err, arn)
	}
	kind := simulate.UserManaged
	if m.Account != account {
		kind = simulate.AWSManaged
	}
	return &simulate.NamedPolicy{Name: m.Name, Type: kind, ARN: arn,
		Text: m.Version(m.Default).Document}, nil
}

// gone says that what an entity names was taken away behind the service's back: what its policies
// would do can't be said then.
func gone(err error, what string) error {
	if err == nil {
		err = fault.New(fault.Internal, "", "").Because(
			fmt.Errorf("%s is gone, and an entity of IAM names it", what))
	}
	return err
}
