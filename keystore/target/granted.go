package target

import (
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/policy"
)

// Presented is what a request has that grants and conditions depend on: grant tokens, an encryption
// context, and what else it says to condition keys.
type Presented struct {
	Tokens  []string
	Context map[string]string
	Says    func(policy.Values) // nil: nothing else
}

func (p Presented) says(v policy.Values) {
	v.EncryptionContext(p.Context)
	if p.Says != nil {
		p.Says(v)
	}
}

// FindGranted is [Finder.Find] for an operation that a grant can allow. Grants hold at once and
// everywhere here, so tokens change nothing; but one that isn't ours is refused, as with AWS.
func (s *Finder) FindGranted(c *op.Call, operation, keyID string, aliases bool,
	by Presented) (*Target, error) {
	if err := s.grants.CheckTokens(c, by.Tokens); err != nil {
		return nil, err
	}
	t, err := s.Find(c, operation, keyID, aliases)
	if err != nil {
		return nil, err
	}
	t.Says = by.says
	t.Grants = func() ([]policy.Grant, error) {
		// A key that can't be read may have grants all the same: who has one is told why.
		if t.Absent() || t.Named.ID == "" {
			return nil, nil
		}
		return s.granted(c, t.Named.Ref)
	}
	return t, nil
}

// granted returns what the caller was granted on a key under any of its names.
func (s *Finder) granted(c *op.Call, k key.Ref) (all []policy.Grant, err error) {
	for _, name := range c.Caller.Grantees() {
		grants, err := s.grants.Policies(c, k, name)
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = grants // of the cache, and only read
			continue
		}
		all = append(all[:len(all):len(all)], grants...)
	}
	return all, nil
}
