package replication

import (
	"context"
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/secrets/secret"
)

// Place is which copy is meant: a secret by the last part of its ARN, which is the same in all
// its Regions, and its primary's Region.
type Place struct{ Account, Tail, PrimaryRegion string }

func placeOf(s *secret.Secret) Place { return Place{s.Account, s.Tail(), s.PrimaryRegion} }

// Region is a Region as the Regions know it that its secrets are copied from or to. Calls come in
// the Region of who asks.
type Region interface {
	// Try asks as the call's caller whether a copy of a secret may be sealed by a KMS key there.
	Try(c *op.Call, of *secret.Secret, keyID string) error

	// Store makes the copy what it shall be, durably. It may be repeated, and what is older than
	// what is there changes nothing. An error of the kinds that are a caller's says for people why
	// there is no copy, and nothing has changed then.
	Store(c *op.Call, is Copy) error

	// Remove deletes a copy. What it returns belongs into the commit that decides on it.
	Remove(c *op.Call, at Place) (domain.Change, error)

	// Release has the primary that is there forget its copy in a Region, which stands alone from the
	// commit on that what it returns belongs into.
	Release(c *op.Call, at Place, region string) (domain.Change, error)

	// Accessed returns the day when the copy was last read.
	Accessed(c *op.Call, at Place) (time.Time, error)
}

// Copy is what a primary gives away of itself.
type Copy interface {
	// Secret is the copy without its versions as it shall be, but for its Region, KMS key and
	// revision; PrimaryRev says which revision of the primary it is.
	Secret() *secret.Secret

	// Replica is what was asked for: the KMS key, and whether another secret may be written over.
	Replica() secret.Replica

	// Versions are the facts of those to copy.
	Versions() []*secret.Version

	// Open returns the value of a version in clear, for no longer than it takes to seal it again.
	Open(c *op.Call, v *secret.Version) ([]byte, error)

	// Wanted asks of the primary as it is at this moment whether it still wants the copy, and
	// whether it has the version of an id, which may be empty.
	Wanted(ctx context.Context, version string) (copy, has bool, err error)
}
