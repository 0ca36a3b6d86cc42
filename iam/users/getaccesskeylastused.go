package users

import (
	"claviger/iam/entity"
	"claviger/iam/target"
	"claviger/identity"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/policy"
)

type GetAccessKeyLastUsedInput struct {
	AccessKeyId string `shape:"accessKeyIdType,required"`
	op.ByShape
}

type GetAccessKeyLastUsedOutput struct {
	UserName          string `json:",omitzero"` // not of the root user's key
	AccessKeyLastUsed AccessKeyLastUsed
}

// AccessKeyLastUsed is the last use of an access key. Of one that never signed service and Region
// are N/A.
type AccessKeyLastUsed struct {
	LastUsedDate *wire.Time `json:",omitzero"`
	ServiceName  string
	Region       string
}

// usedKey is an access key of the account, and the user that it is of.
type usedKey struct {
	target.Entity[entity.User]
	key    *identity.AccessKey
	demand policy.Demand // where there is no user
}

// Demands implements [op.Target].
func (t usedKey) Demands() []policy.Demand {
	if t.Row != nil {
		return t.Entity.Demands()
	}
	return []policy.Demand{t.demand}
}

// elsewhere owns what is of no account here: nobody is allowed anything on it.
const elsewhere = "elsewhere"

// findLastUsed has no way to tell a key that is unknown from one of another account.
func (s *Users) findLastUsed(c *op.Call, in GetAccessKeyLastUsedInput) (usedKey, error) {
	const action = "GetAccessKeyLastUsed"
	k, err := s.keys.AccessKey(c, in.AccessKeyId)
	if err != nil {
		return usedKey{}, err
	}
	account := c.Caller.Account
	if k == nil || k.Account != account {
		return usedKey{demand: domain.On("iam:"+action, "*", elsewhere)}, nil
	}
	if k.PrincipalID == account {
		return usedKey{key: k,
			demand: domain.On("iam:"+action, identity.RootUser(account).ARN, account)}, nil
	}
	u, err := s.Directory.Users.ByID(c, account, k.PrincipalID)
	if err != nil || u == nil {
		return usedKey{key: k, demand: domain.On("iam:"+action, "*", account)}, err
	}
	asked := target.Asked{Action: action}
	return usedKey{Entity: s.Kinds.Users.Of(c, u, u.Name, asked), key: k}, nil
}

func (s *Users) lastUsed(_ *op.Call, _ GetAccessKeyLastUsedInput, t usedKey) (
	out GetAccessKeyLastUsedOutput, err error) {
	if t.Row != nil {
		out.UserName = t.Row.Name
	}
	used, err := s.uses.LastUse(t.key.ID)
	out.AccessKeyLastUsed = AccessKeyLastUsed{LastUsedDate: wire.At(used.Time),
		ServiceName: used.Service, Region: used.Region}
	if used.Time.IsZero() {
		out.AccessKeyLastUsed.ServiceName, out.AccessKeyLastUsed.Region = "N/A", "N/A"
	}
	return out, err
}
