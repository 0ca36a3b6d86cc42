package grant

import (
	"context"

	"claviger/internal/domain"
	"claviger/internal/rowmac"
	"claviger/internal/signedtoken"
	"claviger/keystore/key"
	"claviger/policy"
	"claviger/store"
)

// Grants are the grants of one installation, of all accounts and Regions.
type Grants struct {
	db        *store.DB
	signer    *rowmac.Signer
	tokens    *signedtoken.Maker
	byGrantee *domain.Cache[granteeRef, []policy.Grant]
}

// granteeRef names what a principal was granted on a key.
type granteeRef struct {
	key     key.Ref
	grantee string
}

// Bounds of the cache.
const (
	cachedGrantees = 8192 // pairs of a key and a caller that asked for it
	heavyGrants    = 4096 // bytes of what one caller was granted on one key: more is read each time
	stringHeaders  = 32   // bytes that a pair, or an action, takes beside its text
)

// New returns the grants in a database.
func New(db *store.DB, signer *rowmac.Signer, tokens *signedtoken.Maker) *Grants {
	return &Grants{db: db, signer: signer, tokens: tokens,
		byGrantee: domain.NewCache[granteeRef](cachedGrantees, heavyGrants, weight)}
}

// Policies returns what a principal was granted on a key, from the cache or from verified rows. It
// caches also that there is nothing: most callers need no grant.
func (s *Grants) Policies(ctx context.Context, k key.Ref, grantee string) ([]policy.Grant, error) {
	return s.byGrantee.Get(granteeRef{k, grantee}, func() ([]policy.Grant, error) {
		grants, err := s.OfGrantee(ctx, k, grantee, "", PerKey)
		if err != nil {
			return nil, err
		}
		policies := make([]policy.Grant, len(grants))
		for i, g := range grants {
			policies[i] = g.Policy()
		}
		return policies, nil
	})
}

// weight is about how many bytes grants take in memory.
func weight(grants []policy.Grant) (n int) {
	for _, g := range grants {
		n += len(g.ID) + len(g.Grantee) + len(g.SourceARN) + stringHeaders*(1+len(g.Actions))
		for _, pairs := range []map[string]string{g.Equals, g.Subset} {
			for k, v := range pairs {
				n += len(k) + len(v) + stringHeaders
			}
		}
	}
	return n
}
