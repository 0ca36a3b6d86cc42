package keystore

import (
	"claviger/internal/op"
	"claviger/policy"
)

// presented is what a request brings that its grants may turn on.
type presented struct {
	tokens  []string
	context map[string]string
}

// values are what the request says to condition keys.
func (p presented) values() policy.Values {
	v := policy.Values{}
	v.EncryptionContext(p.context)
	return v
}

// findGranted is [Keys.find] for an operation that a grant can allow. Grants hold at once and
// everywhere here, so tokens change nothing; but one that isn't ours is refused, as with AWS.
func (s *finder) findGranted(c *op.Call, operation, keyID string, aliases bool,
	by presented) (*target, error) {
	if err := s.grants.CheckTokens(c, by.tokens); err != nil {
		return nil, err
	}
	t, err := s.find(c, operation, keyID, aliases)
	if err != nil {
		return nil, err
	}
	t.values = by.values
	t.grants = func() ([]policy.Grant, error) {
		if t.key == nil {
			return nil, nil
		}
		return s.grants.Policies(c, t.key.Ref(), c.Caller.Name())
	}
	return t, nil
}
