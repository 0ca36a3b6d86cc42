package users

import (
	"time"

	"claviger/identity"
	"claviger/internal/domain"
	"claviger/internal/op"
)

// ListAccountAccessKeysInput is empty: the keys are those of the account.
type ListAccountAccessKeysInput struct{ op.ByShape }

// OwnedKey is an access key, and whose it is.
type OwnedKey struct {
	*identity.AccessKey
	Owner string    // ARN of the user, or of the account's root user; the id of a user who is gone
	Used  time.Time // when it signed last; zero: never
}

func findAccountKeys(*op.Call, ListAccountAccessKeysInput) (domain.Account, error) {
	return domain.OnAccount("iam:ListAccessKeys"), nil
}

// listAccountKeys returns the keys of all users, for whoever runs the service.
func (s *Users) listAccountKeys(c *op.Call, _ ListAccountAccessKeysInput, _ domain.Account) (
	out []OwnedKey, err error) {
	keys, err := s.keys.AccessKeysOf(c, c.Caller.Account, "")
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		owner := k.PrincipalID
		who, err := s.Principal(c, k.Account, k.PrincipalID)
		if err != nil {
			return nil, err
		}
		if who != nil {
			owner = who.ARN
		}
		used, err := s.uses.LastUse(k.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, OwnedKey{AccessKey: k, Owner: owner, Used: used.Time})
	}
	return out, nil
}
