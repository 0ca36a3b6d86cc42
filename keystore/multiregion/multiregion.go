// Package multiregion changes KMS keys, and with one of them the keys related to it.
//
// Multi-Region keys that are related have one id and are a key each: in its Region each has its
// row, and a copy of every material. What they share is the same in all of them because every
// change of a key goes through [Keys.Amend], and what that stores is the whole set. Shared are id,
// spec, usage, origin and manager, which never change, and then the Regions, the rotation and the
// materials. Policy, tags, aliases, grants, description, state and deletion are each key's own.
//
// The bytes of imported material are each key's own too: they are imported, deleted and expire
// Region by Region. Only which materials there are is shared, and which of them is current.
package multiregion

import (
	"context"
	"maps"
	"slices"
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/outbox"
	"claviger/keystore/events"
	"claviger/keystore/key"
	"claviger/keystore/keyrows"
)

// Change is a key as it shall be, with its materials, and what else belongs into the same
// transaction.
type Change struct {
	Key  *key.Key
	Also domain.Change // nil: nothing
	Adds *key.Key      // a new replica, or nil
}

// Keys are the keys that may be related.
type Keys struct{ rows *keyrows.Rows }

// New returns the keys of an installation.
func New(rows *keyrows.Rows) *Keys { return &Keys{rows: rows} }

// Amend prepares what a change makes of k and of the keys related to it, each against the revision
// that was read. Every change of a key goes through it, so that none forgets to tell of a rotation.
func (s *Keys) Amend(c *op.Call, k *key.Key, ch Change) (domain.Change, error) {
	set, err := s.relatedRevisions(c, k, ch)
	if err != nil {
		return nil, err
	}
	change, err := domain.Amend(c, s.rows, set)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(set[1:], isSynchronized) {
		primary := k.RelatedRef(ch.Key.PrimaryRegion)
		c.Event(op.Event{Name: "SynchronizeMultiRegionKey", Account: k.Account,
			Region: primary.Region, ARN: primary.ARN(), RequestID: c.RequestID, IsCall: true})
	}
	told := outbox.Outbox{}.Put(events.Rotated(k, ch.Key)...)
	return domain.InOrder(change, ch.Also, told), nil
}

// isSynchronized reports whether a related key takes over what it shares, which CloudTrail tells of
// in the primary key's Region, as a call. That a replica comes or goes has records of its own.
func isSynchronized(r revision) bool { return r.From != nil && r.To != nil && isAltered(r) }

// revision is one key of a set, as it is and as it shall be.
type revision = domain.Revision[key.Key]

// relatedRevisions returns every key that a change of k changes: k, and those of its related keys
// that have to be stored because of it. A key that the change takes out of the set is not among
// them: its own deletion stores that.
//
// A change of materials always takes the primary's row along: changes in two Regions would else not
// see each other, and a material that both have been waiting for would be pending for ever.
func (s *Keys) relatedRevisions(ctx context.Context, k *key.Key, ch Change) ([]revision, error) {
	all := []revision{{From: k, To: ch.Key}}
	staying := ch.Key.RelatedRegions()
	for _, region := range k.RelatedRegions() {
		if !slices.Contains(staying, region) {
			continue
		}
		related, err := s.rows.Key(ctx, k.RelatedRef(region))
		if err != nil {
			return nil, err
		}
		all = append(all, revision{From: related, To: withShared(related, ch.Key)})
	}
	if ch.Adds != nil {
		all = append(all, revision{To: ch.Adds})
	}
	markPending(all)
	newMaterials := changesMaterials(all[0])
	others := slices.DeleteFunc(all[1:], func(r revision) bool {
		return !isAltered(r) && !(newMaterials && r.To.IsPrimary())
	})
	return all[:1+len(others)], nil
}

// isAltered reports whether the rows of a key have to be stored.
func isAltered(r revision) bool {
	if r.From == nil || r.To == nil {
		return true
	}
	from := r.From.Changed(func(*key.Key) {}) // at the same revision
	return !keyrows.Same(from, r.To) || changesMaterials(r)
}

func changesMaterials(r revision) bool {
	return !maps.EqualFunc(r.From.Materials, r.To.Materials, key.Material.Equal)
}

// withShared returns the next revision of k, with everything that it shares with by, a key related
// to it. A k that is gone stays gone.
func withShared(k, by *key.Key) *key.Key {
	if k == nil {
		return nil
	}
	return k.Changed(func(k *key.Key) {
		k.PrimaryRegion, k.Replicas = by.PrimaryRegion, by.Replicas
		k.MaterialID = by.MaterialID
		k.RotationPeriod, k.NextRotation = by.RotationPeriod, by.NextRotation
		k.Materials = relatedMaterials(by, k.Materials)
	})
}

// relatedMaterials returns the materials of a key related to k which has had those given. Material
// of KMS's own is copied. Of imported material only the rotation is shared: the bytes, the
// description and the expiry are what the other key has imported itself. What k has lost the other
// keeps.
func relatedMaterials(k *key.Key, had map[string]key.Material) map[string]key.Material {
	out := map[string]key.Material{}
	maps.Copy(out, had)
	if k.Origin != key.OriginExternal {
		maps.Copy(out, k.Materials)
		return out
	}
	for id, m := range k.Materials {
		own, ok := had[id]
		if !ok {
			own = m.WithoutBytes()
		}
		own.RotationType, own.Rotated = m.RotationType, m.Rotated
		out[id] = own
	}
	return out
}

// markPending marks each material that is pending rotation by whether all Regions have imported it:
// AWS rotates to one only then.
func markPending(set []revision) {
	for id, m := range set[0].To.Materials {
		if !m.IsPending() || set[0].To.PrimaryRegion == "" {
			continue
		}
		state := key.RotationPending
		for _, r := range set {
			if r.To != nil && !r.To.Materials[id].IsPresent() {
				state = key.RotationPendingImport
			}
		}
		for _, r := range set {
			if r.To == nil {
				continue
			}
			m := r.To.Materials[id]
			m.RotationType = state
			r.To.Put(m)
		}
	}
}

// Replica returns a new replica of k, a primary key, with all that the two share. Material of KMS's
// own is wrapped by the root of the installation, which serves all its Regions, so its rows are
// copied; imported material must be imported there again.
func Replica(k *key.Key, region string, now time.Time) *key.Key {
	r := &key.Key{Account: k.Account, Region: region, ID: k.ID, Rev: 1, Manager: k.Manager,
		Spec: k.Spec, Usage: k.Usage, Origin: k.Origin, State: key.Enabled, MaterialID: k.MaterialID,
		PrimaryRegion: k.PrimaryRegion, Replicas: WithRegion(k.Replicas, region),
		RotationPeriod: k.RotationPeriod, NextRotation: k.NextRotation,
		Created: now.Truncate(time.Microsecond), Materials: relatedMaterials(k, nil),
		Lost: k.Lost}
	if k.Origin == key.OriginExternal {
		r.State = key.PendingImport
	}
	return r
}

// WithRegion returns a list of Regions in order, with one more.
func WithRegion(regions []string, region string) []string {
	return slices.Sorted(slices.Values(append([]string{region}, regions...)))
}

// WithoutRegion returns a list of Regions with one less.
func WithoutRegion(regions []string, region string) []string {
	return slices.DeleteFunc(slices.Clone(regions), func(r string) bool { return r == region })
}
