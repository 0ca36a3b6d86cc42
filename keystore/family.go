package keystore

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"time"

	"claviger/internal/op"
	"claviger/store"
)

// Multi-Region keys that are related have one id and are a key each: in its Region each has its row, and a copy of every
// material. What they share is the same in all of them because every change of a key goes through amend, and what amend stores
// is the family that is made here. Shared are id, spec, usage, origin and manager, which never change, and then the Regions, the
// rotation and the materials. Policy, tags, aliases, grants, description, state and deletion are each key's own.
//
// The bytes of imported material are each key's own too: they are imported, deleted and expire Region by Region. Only which
// materials there are is shared, and which of them is current.

// primary reports whether k is the primary key of a multi-Region key, and replica whether it is a replica.
func (k *Key) primary() bool { return k.Primary != "" && k.Primary == k.Region }
func (k *Key) replica() bool { return k.Primary != "" && k.Primary != k.Region }

// leader returns the Region of the key that this one follows: its own, but for a replica.
func (k *Key) leader() string {
	if k.replica() {
		return k.Primary
	}
	return k.Region
}

// related returns the Regions of the keys that share k's id.
func (k *Key) related() []string {
	if k.Primary == "" {
		return nil
	}
	return slices.DeleteFunc(append([]string{k.Primary}, k.Replicas...), func(region string) bool { return region == k.Region })
}

// in returns the name of the related key in another Region.
func (k *Key) in(region string) keyRef { return keyRef{k.Account, region, k.ID} }

// regions is what callers are told of the keys related to k.
func (k *Key) regions() *MultiRegionConfiguration {
	if k.Primary == "" {
		return nil
	}
	at := func(region string) MultiRegionKey { return MultiRegionKey{keyARN(k.Account, region, k.ID), region} }
	c := &MultiRegionConfiguration{MultiRegionKeyType: "PRIMARY", PrimaryKey: at(k.Primary), ReplicaKeys: []MultiRegionKey{}}
	if k.replica() {
		c.MultiRegionKeyType = "REPLICA"
	}
	for _, region := range k.Replicas {
		c.ReplicaKeys = append(c.ReplicaKeys, at(region))
	}
	return c
}

// withRegion and withoutRegion return a list of Regions in order, with one more or one less.
func withRegion(regions []string, region string) []string {
	return slices.Sorted(slices.Values(append([]string{region}, regions...)))
}

func withoutRegion(regions []string, region string) []string {
	return slices.DeleteFunc(slices.Clone(regions), func(r string) bool { return r == region })
}

// member is one key of a family, as it is and as it shall be. A new one is nil before, and one that has gone meanwhile after.
type member struct{ from, to *Key }

// altered reports whether the rows of the key have to be stored.
func (m member) altered() bool {
	if m.from == nil || m.to == nil {
		return true
	}
	from := m.from.changed(func(*Key) {}) // at the same revision
	return !reflect.DeepEqual(from.columns(), m.to.columns()) || m.supplied()
}

// supplied reports whether the key's materials change.
func (m member) supplied() bool {
	return !maps.EqualFunc(m.from.materials, m.to.materials, func(a, b material) bool { return reflect.DeepEqual(a, b) })
}

// family returns all that a change of k is a change of: k, and of the related keys those that have to be stored because of it. A
// key that the change takes out of the family is not among them: whoever takes it out deletes it.
//
// A change of materials always takes the primary's row along: changes in two Regions would else not see each other, and a
// material that both have been waiting for would be pending for ever.
func (s *Keys) family(ctx context.Context, k *Key, ch change) ([]member, error) {
	all := []member{{k, ch.key}}
	stay := ch.key.related()
	for _, region := range k.related() {
		if !slices.Contains(stay, region) {
			continue
		}
		sibling, err := s.key(ctx, k.in(region))
		if err != nil {
			return nil, err
		}
		all = append(all, member{sibling, sibling.sharing(ch.key)})
	}
	if ch.adds != nil {
		all = append(all, member{nil, ch.adds})
	}
	settle(all)
	supplied := all[0].supplied()
	others := slices.DeleteFunc(all[1:], func(m member) bool {
		return !m.altered() && !(supplied && m.to.primary())
	})
	return all[:1+len(others)], nil
}

// sharing returns what becomes of k when by is changed, a key related to it. If k is gone it stays gone.
func (k *Key) sharing(by *Key) *Key {
	if k == nil {
		return nil
	}
	return k.changed(func(k *Key) {
		k.Primary, k.Replicas = by.Primary, by.Replicas
		k.MaterialID, k.Rotation, k.Rotates = by.MaterialID, by.Rotation, by.Rotates
		k.materials = by.supply(k.materials)
	})
}

// supply returns the materials of a key related to k, which has had those given.
func (k *Key) supply(had map[string]material) map[string]material {
	if k.Origin != originExternal {
		return k.materials
	}
	out := map[string]material{}
	for id, m := range k.materials {
		own, ok := had[id]
		if !ok {
			own = m.awaited()
		}
		own.rotation, own.rotated = m.rotation, m.rotated
		out[id] = own
	}
	return out
}

// awaited returns m as it is where it is yet to be imported: it is known, and its bytes are not there.
func (m material) awaited() material {
	m.Wrapped, m.expiration, m.expires, m.description = []byte{}, "", time.Time{}, ""
	return m
}

// settle says of each material that waits to become current whether all Regions have it.
func settle(family []member) {
	for id, m := range family[0].to.materials {
		if !m.pending() || family[0].to.Primary == "" {
			continue
		}
		state := rotationPending
		for _, of := range family {
			if of.to != nil && !of.to.materials[id].there() {
				state = rotationIncomplete
			}
		}
		for _, of := range family {
			if of.to == nil {
				continue
			}
			m := of.to.materials[id]
			m.rotation = state
			of.to.with(m)
		}
	}
}

// leaving returns what takes a replica that is about to be deleted out of the lists of the keys related to it. A primary key that
// waits for its replicas begins its own window with the last of them. Of other keys nothing is to be taken.
func (s *Keys) leaving(c *op.Call, k *Key) (func(*store.Tx) error, error) {
	if !k.replica() {
		return nothing, nil
	}
	primary, err := s.key(c, k.in(k.Primary))
	if err != nil {
		return nil, err
	}
	if primary == nil {
		return func(*store.Tx) error { return store.Stale }, nil
	}
	replicas := withoutRegion(primary.Replicas, k.Region)
	ch := change{key: primary.changed(func(p *Key) { p.Replicas = replicas })}
	if primary.State == PendingReplicaDeletion && len(replicas) == 0 {
		without := *primary
		without.Replicas = nil
		ch = s.ending(c, &without, primary.Waits)
	}
	return s.amend(c, primary, ch)
}
