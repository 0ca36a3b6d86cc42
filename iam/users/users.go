// Package users performs IAM's operations on users.
package users

import (
	"context"
	"time"

	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/identity"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

// AccessKeys are the access keys of principals; *identity.Directory is them. What changes holds for
// the next request.
type AccessKeys interface {
	// NewAccessKey prepares an access key, whose secret can't be read again.
	NewAccessKey(ctx context.Context, account, principal string, now time.Time) (
		k *identity.AccessKey, secret string, change domain.Change, err error)
	AccessKey(ctx context.Context, id string) (*identity.AccessKey, error) // nil if there is none
	// AccessKeysOf returns the keys of one principal in order of id, or without one those of the
	// account, the oldest first.
	AccessKeysOf(ctx context.Context, account, principal string) ([]*identity.AccessKey, error)
	SetStatus(ctx context.Context, k *identity.AccessKey, status string) (domain.Change, error)
	Delete(k *identity.AccessKey) domain.Change
}

// LastUses knows when access keys signed last; *identity.Directory does.
type LastUses interface {
	LastUse(id string) (identity.LastUse, error)
}

// Users performs the operations. [New] makes it.
type Users struct {
	target.Entities
	keys AccessKeys
	uses LastUses

	// Those that commands have performed, too.
	CreateUser      op.Command[CreateUserInput, CreateUserOutput]
	ListUsers       op.Query[ListUsersInput, ListUsersOutput]
	DeleteUser      op.Command[DeleteUserInput, op.None]
	CreateAccessKey op.Command[CreateAccessKeyInput, CreateAccessKeyOutput]
	UpdateAccessKey op.Command[UpdateAccessKeyInput, op.None]
	DeleteAccessKey op.Command[DeleteAccessKeyInput, op.None]
	ListAccessKeys  op.Query[ListAccessKeysInput, ListAccessKeysOutput]

	// ListAccountAccessKeys is for commands alone.
	ListAccountAccessKeys op.Query[ListAccountAccessKeysInput, []OwnedKey]
}

// New returns the users among entities, with their access keys.
func New(e target.Entities, keys AccessKeys, uses LastUses) *Users {
	s := &Users{Entities: e, keys: keys, uses: uses}
	s.build()
	return s
}

// tags are the rules of users' tags.
var tags = model.Tags{CaseIgnored: true}

// named is the target of an operation on the user of a name.
func (s *Users) named(c *op.Call, action, name string, values policy.Values) (
	target.Entity[entity.User], error) {
	return s.Kinds.Users.Named(c, name, target.Asked{Action: action, Values: values}), nil
}

// build makes the operations that commands have performed, too.
func (s *Users) build() {
	iam := domain.Routes{Service: model.IAM}
	s.CreateUser = op.Write(iam.Post("CreateUser", "/v1/iam/users",
		"Makes a user, who may do nothing yet.").Makes("/v1/iam/users/{UserName}"),
		s.findCreate, s.create)
	s.ListUsers = op.Read(iam.Get("ListUsers", "/v1/iam/users", "Lists the users of the account."),
		s.findList, s.list)
	s.DeleteUser = op.Write(iam.Delete("DeleteUser", "/v1/iam/users/{UserName}",
		"Deletes a user who has no access keys, policies and groups any more."),
		s.findDelete, s.delete)
	s.CreateAccessKey = op.Write(iam.Post("CreateAccessKey", "/v1/iam/access-keys",
		"Makes an access key for a user; its secret can't be read again."),
		s.findCreateKey, s.createKey)
	s.UpdateAccessKey = op.Write(iam.Patch("UpdateAccessKey", "/v1/iam/access-keys/{AccessKeyId}",
		"Makes an access key active or inactive."), s.findUpdateKey, s.updateKey)
	s.DeleteAccessKey = op.Write(iam.Delete("DeleteAccessKey", "/v1/iam/access-keys/{AccessKeyId}",
		"Deletes an access key for good."), s.findDeleteKey, s.deleteKey)
	s.ListAccessKeys = op.Read(iam.Get("ListAccessKeys", "/v1/iam/access-keys",
		"Lists the access keys of a user; without a name of the one who asks."),
		s.findKeys, s.listKeys)
	s.ListAccountAccessKeys = op.Read(iam.Internal("ListAccountAccessKeys"), findAccountKeys,
		s.listAccountKeys)
}

// Operations is the table of contents.
func (s *Users) Operations() []op.Operation {
	iam := domain.Routes{Service: model.IAM}
	users := iam.Of("/v1/iam/users", "UserName")
	return []op.Operation{
		s.CreateUser,
		op.Read(iam.Get("GetUser", "/v1/iam/user",
			"Returns a user; without a name the one who asks.").At("GET", "/v1/iam/users/{UserName}"),
			s.findGet, s.get),
		s.ListUsers,
		op.Write(iam.Patch("UpdateUser", "/v1/iam/users/{UserName}",
			"Gives a user another name or path; whoever names it elsewhere goes on to mean it."),
			s.findUpdate, s.update),
		s.DeleteUser,
		op.Write(users.Post("TagUser", "tags", "Puts tags on a user."), s.findTag, s.tag),
		op.Write(users.Delete("UntagUser", "tags", "Takes tags off a user."), s.findUntag, s.untag),
		op.Read(users.Get("ListUserTags", "tags", "Lists the tags of a user."),
			s.findTags, s.listTags),
		s.CreateAccessKey, s.UpdateAccessKey, s.DeleteAccessKey, s.ListAccessKeys,
		op.Read(iam.Get("GetAccessKeyLastUsed", "/v1/iam/access-keys/{AccessKeyId}/last-used",
			"Returns when and for what an access key signed last."), s.findLastUsed, s.lastUsed),
	}
}
