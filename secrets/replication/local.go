package replication

import (
	"maps"
	"reflect"
	"strings"
	"time"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/secrets/sealing"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/target"
)

// local is a Region that this service serves itself. It implements [Region].
type local struct {
	*Replication
	region string
	store  op.Command[storeInput, outcome]
}

// errTaken is what AWS shows of a copy that another secret's name stands in the way of.
var errTaken = fault.New(fault.Exists, "ResourceExistsException",
	"Secret with this name already exists in this region")

// storeInput is a copy that is to be stored, named by the last part of its ARN.
type storeInput struct {
	Subject string `shape:"Subject,required"`
	Copy    Copy   `shape:"Copy"`
	op.ByShape
}

// outcome is why there is no copy. It is no failure of the operation, whose errors are those that
// callers get: the trail has what KMS refused, and the event that says so.
type outcome struct{ failure error }

func newLocal(r *Replication, region string, n op.Info) *local {
	l := &local{Replication: r, region: region}
	l.store = op.Write(n, l.findStore, func(c *op.Call, in storeInput,
		o target.Owned) (op.Commit[outcome], error) {
		change, err := l.stored(c, in, o)
		if err != nil && reason(err) != "" {
			return op.Unchanged(outcome{err}), nil
		}
		return op.Apply(change, outcome{}), err
	})
	return l
}

// here returns the call in this Region.
func (l *local) here(c *op.Call) *op.Call {
	there := *c
	there.Region = l.region
	return &there
}

// Try implements [Region].
func (l *local) Try(c *op.Call, of *secret.Secret, keyID string) error {
	is := &secret.Secret{Account: of.Account, Region: l.region, Name: of.Name, Suffix: of.Suffix}
	is.KeepKey(keyID)
	return l.sealer.TrySealing(l.here(c), is)
}

// Store implements [Region].
func (l *local) Store(c *op.Call, is Copy) error {
	sec := is.Secret()
	out, err := op.AsService(l.here(c.Anew()), secret.Service, sec.Account, l.store,
		storeInput{Subject: sec.Tail(), Copy: is})
	if err != nil {
		return err
	}
	return out.failure
}

// findStore reads whatever has the name.
func (l *local) findStore(c *op.Call, in storeInput) (target.Owned, error) {
	is := in.Copy.Secret()
	arn := secret.ARN(is.Account, l.region, in.Subject)
	sec, err := l.rows.Secret(c, secret.Ref{Account: is.Account, Region: l.region, Name: is.Name})
	return target.OwnedFor("ReplicateSecretToRegions", arn, sec, err)
}

// stored plans the copy: its row with the next revision, and the versions that it lacks. Whether
// it is still wanted is asked after what is there was read, so that a copy that was made a secret
// of its own meanwhile is left alone: the commit is against the revision that was read.
func (l *local) stored(c *op.Call, in storeInput, o target.Owned) (domain.Change, error) {
	is, was := in.Copy.Secret(), o.Secret
	wanted, _, err := in.Copy.Wanted(c, "")
	if err != nil || !wanted {
		return domain.Nothing, err
	}
	if was != nil && was.Suffix == is.Suffix && was.PrimaryRegion == is.PrimaryRegion &&
		was.PrimaryRev > is.PrimaryRev {
		return domain.Nothing, nil
	}
	if !mayTake(is, was, in.Copy.Replica()) {
		return nil, errTaken
	}
	var first domain.Change
	if was != nil && was.Suffix != is.Suffix {
		first, was = l.rows.Remove(was), nil
	}
	ch := &secretrows.Change{Secret: l.next(c, in.Copy, was)}
	if err := l.addVersions(c, in.Copy, was, ch); err != nil {
		return nil, err
	}
	if was != nil && same(was, ch.Secret) && len(ch.Added)+len(ch.Resealed)+len(ch.Removed) == 0 {
		return domain.Nothing, nil
	}
	apply, err := l.rows.Prepare(c, ch)
	return domain.InOrder(first, apply), err
}

// mayTake reports whether a copy may be where was is. What is written over is a secret that
// stands alone: copies of others, and primaries, are more than one secret.
func mayTake(is, was *secret.Secret, to secret.Replica) bool {
	switch {
	case was == nil:
		return true
	case was.Suffix == is.Suffix && was.PrimaryRegion == is.PrimaryRegion:
		return true
	}
	return to.Overwrite && was.PrimaryRegion == ""
}

// next is the copy's row as it shall be.
func (l *local) next(c *op.Call, of Copy, was *secret.Secret) *secret.Secret {
	next := *of.Secret()
	next.Region, next.Rev = l.region, 1
	next.Created, next.Changed = secret.Now(c), secret.Now(c)
	next.KeepKey(of.Replica().KeyID)
	if was != nil {
		next.Rev, next.Created, next.Before = was.Rev+1, was.Created, was.Stages
	}
	return &next
}

// addVersions puts into a change what the copy lacks. A version that can never be opened again
// isn't copied, unless it is the current one.
func (l *local) addVersions(c *op.Call, of Copy, was *secret.Secret, ch *secretrows.Change) error {
	next := ch.Secret
	for _, v := range of.Versions() {
		have, err := l.have(c, was, v.ID)
		if err != nil {
			return err
		}
		if have != nil && have.Created.Equal(v.Created) && have.Binary == v.Binary &&
			was.KeyID == next.KeyID {
			continue
		}
		made, err := l.seal(c, of, next, v)
		switch {
		case err != nil && sealing.IsGone(err) && next.Stages[secret.Current] != v.ID:
			next.Stages = without(next.Stages, v.ID)
			continue
		case err != nil:
			return err
		case have != nil:
			ch.Resealed = append(ch.Resealed, made)
		default:
			ch.Added = append(ch.Added, made)
		}
	}
	if was == nil {
		return nil
	}
	return l.removeVersions(c, of, was, ch)
}

// removeVersions puts into a change that those versions go that the primary has no more, and
// those that are too many.
func (l *local) removeVersions(c *op.Call, of Copy, was *secret.Secret,
	ch *secretrows.Change) error {
	gone := map[string]bool{}
	for _, id := range was.Stages {
		if gone[id] || ch.Secret.Stages.Labelled(id) {
			continue
		}
		_, has, err := of.Wanted(c, id)
		if err != nil {
			return err
		}
		if !has {
			gone[id] = true
			ch.Removed = append(ch.Removed, id)
		}
	}
	if len(ch.Added) == 0 {
		return nil
	}
	old, err := l.rows.Outdated(c, ch.Secret)
	ch.Removed = append(ch.Removed, old...)
	return err
}

func without(stages secret.Stages, id string) secret.Stages {
	stages = maps.Clone(stages)
	maps.DeleteFunc(stages, func(_, on string) bool { return on == id })
	return stages
}

// have returns the copy of a version, or nil.
func (l *local) have(c *op.Call, was *secret.Secret, id string) (*secret.Version, error) {
	if was == nil {
		return nil, nil
	}
	v, err := l.rows.Facts(c, was, id)
	if domain.IsNoRow(err) {
		return nil, nil
	}
	return v, err
}

// seal returns a version of the copy with the value of one of the primary's.
func (l *local) seal(c *op.Call, of Copy, next *secret.Secret,
	v *secret.Version) (*secret.Version, error) {
	plain, err := of.Open(c, v)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	made, err := l.sealer.Seal(c, next, v.ID, &secret.Value{Bytes: plain, Binary: v.Binary})
	if err != nil {
		return nil, err
	}
	made.Created = v.Created
	return made, nil
}

// same reports whether two revisions of a copy show the same.
func same(was, next *secret.Secret) bool {
	a, b := *was, *next
	a.Rev, a.Changed, a.PrimaryRev, a.Rules = b.Rev, b.Changed, b.PrimaryRev, b.Rules
	a.Before = b.Before
	return reflect.DeepEqual(a, b)
}

// copyAt returns the copy that is meant, or nil if there is none.
func (l *local) copyAt(c *op.Call, at Place) (*secret.Secret, error) {
	sec, err := l.rows.Named(c, at.Account, l.region, at.Tail)
	switch {
	case domain.IsNoRow(err):
		return nil, nil
	case err != nil:
		return nil, err
	case !sec.IsReplica() || sec.PrimaryRegion != at.PrimaryRegion:
		return nil, nil
	}
	return sec, nil
}

// Remove implements [Region]. The rows are the same database's, so that the copy goes in the
// commit.
func (l *local) Remove(c *op.Call, at Place) (domain.Change, error) {
	sec, err := l.copyAt(c, at)
	if err != nil || sec == nil {
		return domain.Nothing, err
	}
	return l.rows.Remove(sec), nil
}

// Release implements [Region].
func (l *local) Release(c *op.Call, at Place, region string) (domain.Change, error) {
	sec, err := l.rows.Named(c, at.Account, l.region, at.Tail)
	if domain.IsNoRow(err) {
		return domain.Nothing, nil
	}
	if err != nil {
		return nil, err
	}
	if _, ok := sec.Replica(region); !ok {
		return domain.Nothing, nil
	}
	next := sec.Next(c, func(n *secret.Secret) { n.DropReplica(region) })
	return l.rows.Prepare(c, &secretrows.Change{Secret: next})
}

// Accessed implements [Region].
func (l *local) Accessed(_ *op.Call, at Place) (time.Time, error) {
	i := strings.LastIndexByte(at.Tail, '-')
	return l.rows.AccessedOn(&secret.Secret{Account: at.Account, Region: l.region,
		Name: at.Tail[:i], Suffix: at.Tail[i+1:]})
}
