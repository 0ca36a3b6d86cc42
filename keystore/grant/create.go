package grant

import (
	"context"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/rowmac"
	"claviger/keystore/key"
	"claviger/store"
)

// PerKey is the quota of grants of one key ("Resource quotas" of the KMS developer guide).
const PerKey = 50000

// concurrentInserts is more grants than can be inserted at the same time. A key that is further
// than that from its quota isn't counted in the transaction: all writers wait for it for
// milliseconds.
const concurrentInserts = 8192

// Same returns the verified grant that is like g in all that a request says; nil if there is none.
// CreateGrant answers a request with a name that way when it is made again. A grant without a name
// is made anew each time.
func (s *Grants) Same(ctx context.Context, g *Grant) (*Grant, error) {
	id, err := sameID(s.db, g)
	if err != nil || id == "" {
		return nil, err
	}
	return s.Get(ctx, g.Key, id)
}

// sameID returns the id of the grant that is like g, or nothing. What it reads is not verified.
func sameID(from store.Reader, g *Grant) (id string, err error) {
	if g.Name == "" {
		return "", nil
	}
	err = from.Row(qSame, []any{g.Key.Account, g.Key.Region, g.Key.ID, g.Name, g.Grantee,
		g.RetiringPrincipal, g.IssuingAccount, rowmac.JSONText(g.Operations),
		rowmac.JSONText(g.Constraints)}, &id)
	if domain.IsNoRow(err) {
		return "", nil
	}
	return id, err
}

// StillThere is stale if a grant that [Grants.Same] found has ended meanwhile.
func StillThere(g *Grant) domain.Change {
	return func(tx *store.Tx) error {
		id, err := sameID(tx, g)
		if err != nil {
			return err
		}
		if id != g.ID {
			return store.Stale
		}
		return nil
	}
}

// Insert prepares what stores a new grant. It is stale if another request has made the same one
// meanwhile, and a fault of kind Limit where the key has as many as it may.
func (s *Grants) Insert(ctx context.Context, g *Grant) (domain.Change, error) {
	values, err := signed.Sign(ctx, s.signer, g)
	if err != nil {
		return nil, err
	}
	before, err := count(s.db, g.Key)
	if err != nil {
		return nil, err
	}
	insert := func(tx *store.Tx) error {
		s.byGrantee.Drop(tx, granteeRef{g.Key, g.Grantee})
		_, err := tx.Exec(qInsert, values...)
		return err
	}
	if before < PerKey-concurrentInserts {
		return domain.InOrder(notMade(g), insert), nil
	}
	return domain.InOrder(notMade(g), insert, withinQuota(g.Key)), nil
}

// notMade is stale if another request has just made the same grant.
func notMade(g *Grant) domain.Change {
	return func(tx *store.Tx) error {
		id, err := sameID(tx, g)
		if err != nil {
			return err
		}
		if id != "" {
			return store.Stale
		}
		return nil
	}
}

// withinQuota refuses a grant beyond the quota of its key, once it is inserted: its error takes
// that back, and two requests at once can't both be the last one.
func withinQuota(k key.Ref) domain.Change {
	return func(tx *store.Tx) error {
		n, err := count(tx, k)
		if err != nil {
			return err
		}
		if n > PerKey {
			return fault.Newf(fault.Limit, "LimitExceededException", "A key has at most %d grants.", PerKey)
		}
		return nil
	}
}

func count(from store.Reader, k key.Ref) (n int, err error) {
	err = from.Row(qCount, []any{k.Account, k.Region, k.ID}, &n)
	return n, err
}
