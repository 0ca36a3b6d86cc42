package target

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/signedtoken"
	"claviger/policy"
)

// Entities are what IAM's operations are performed on.
type Entities struct {
	*entity.Directory
	Kinds
	pages   domain.Pager
	unknown domain.UnknownKeys
}

// Over returns the entities of a directory, whose markers tokens makes. unknown says what becomes
// of their policies' condition keys.
func Over(d *entity.Directory, tokens *signedtoken.Maker, unknown domain.UnknownKeys) Entities {
	return Entities{Directory: d, Kinds: New(d), unknown: unknown,
		pages: domain.Pager{Tokens: tokens, Invalid: model.InvalidMarker}}
}

// CheckKeys looks at the condition keys of a policy that is to be saved.
func (e Entities) CheckKeys(c *op.Call, d *policy.Document) error {
	if err := e.unknown.Check(c, d); err != nil {
		return model.MalformedPolicyDocument(err)
	}
	return nil
}

// CheckManaged holds the document of a managed policy to the language and to its size.
func (e Entities) CheckManaged(c *op.Call, document string) error {
	d, err := policy.ParseManaged(document)
	if err != nil {
		return model.MalformedPolicyDocument(err)
	}
	if policy.Size(document) > policy.ManagedLimit {
		return model.CannotExceed("PolicySize", policy.ManagedLimit)
	}
	return e.CheckKeys(c, d)
}

// usualPage is how many entries a page has unless the request says otherwise.
const usualPage = 100

// Page reads which page of a listing a request asks for. filter is what its marker must have been
// made for besides the operation and the account.
func (e Entities) Page(c *op.Call, operation, filter string, size *int32, marker *string) (
	domain.Page, error) {
	return e.pages.Page(c, operation, filter, int(domain.Or(size, usualPage)), marker)
}

// Attachable returns the managed policy of an ARN, which an entity of the caller's account is to
// name, and the change that has it there still when that is committed.
func (e Entities) Attachable(c *op.Call, arn string) (*entity.Policy, domain.Change, error) {
	p, err := e.PolicyByARN(c, c.Caller.Account, arn)
	if err != nil || p == nil {
		return nil, nil, err
	}
	if p.Account != c.Caller.Account { // AWS's own are never gone
		return p, domain.Nothing, nil
	}
	return p, e.Directory.Policies.Present(p.Account, p.ID), nil
}

// Boundary is [Entities.Attachable] for a permissions boundary that a request may set.
func (e Entities) Boundary(c *op.Call, arn *string) (domain.Change, error) {
	if arn == nil {
		return domain.Nothing, nil
	}
	p, there, err := e.Attachable(c, *arn)
	if err == nil && p == nil {
		err = model.NoSuchEntity("Scope ARN: %s does not exist or is not attachable.", *arn)
	}
	return there, err
}

// Self returns the user of a name, or without one whoever asks. The Row of the account's root user
// is nil, and of the service itself, which is the root user to commands.
func (e Entities) Self(c *op.Call, name *string, asked Asked) (Entity[entity.User], error) {
	if name != nil {
		return e.Kinds.Users.Named(c, *name, asked), nil
	}
	switch c.Caller.Type {
	case policy.Root, policy.Service:
		root := "arn:aws:iam::" + c.Caller.Account + ":root"
		return Entity[entity.User]{
			demands: []policy.Demand{domain.On("iam:"+asked.Action, root, c.Caller.Account)}}, nil
	case policy.IAMUser:
		u, err := e.Directory.Users.ByID(c, c.Caller.Account, c.Caller.UniqueID)
		if err != nil {
			return Entity[entity.User]{}, err
		}
		if u != nil {
			return e.Kinds.Users.Of(c, u, u.Name, asked), nil
		}
	}
	return Entity[entity.User]{}, model.Invalid(
		"Must specify userName when calling with non-User credentials")
}

// TagPage returns the tags of an entity that a page of a listing shows, in order of key, and the
// marker of the next page or nothing. id is the entity's.
func (e Entities) TagPage(c *op.Call, operation, id string, tags []entity.Tag, size *int32,
	marker *string) (shown []entity.Tag, next string, err error) {
	p, err := e.Page(c, operation, id, size, marker)
	if err != nil {
		return nil, "", err
	}
	shown, next = model.Cut(p, tags, func(t entity.Tag) string { return t.Key })
	return shown, next, nil
}
