package secret

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"claviger/internal/wire"
)

// The states of a replica, by AWS's names.
const (
	InProgress = "InProgress" // the copy isn't as the primary is yet
	InSync     = "InSync"
	Failed     = "Failed" // it could not be made so, and will be tried again
)

// Replica is what a primary knows of its copy in another Region.
type Replica struct {
	Region  string
	KeyID   string // as it was asked for, for the KMS key there; empty: the managed key
	Status  string // of the last attempt, InSync or Failed; empty: there was none
	Message string `json:",omitzero"` // why it failed
	// the revision of the primary that Status is about; after any other change there is work to do
	Seen int64 `json:",omitzero"`
	// a secret of that name there may be written over
	Overwrite bool      `json:",omitzero"`
	Attempts  int       `json:",omitzero"` // that failed, one after the other
	Retry     time.Time `json:",omitzero"` // when the next one begins
}

// IsReplica reports whether the secret is a copy, which its primary alone changes.
func (s *Secret) IsReplica() bool { return s.PrimaryRegion != "" && s.PrimaryRegion != s.Region }

// Replica returns what is known of the copy in a Region.
func (s *Secret) Replica(region string) (r Replica, ok bool) {
	i := s.indexOf(region)
	if i < 0 {
		return r, false
	}
	return s.Replicas[i], true
}

// ReplicaRegions are the Regions with a copy, in order.
func (s *Secret) ReplicaRegions() (regions []string) {
	for _, r := range s.Replicas {
		regions = append(regions, r.Region)
	}
	return regions
}

func (s *Secret) indexOf(region string) int {
	return slices.IndexFunc(s.Replicas, func(r Replica) bool { return r.Region == region })
}

// PutReplica keeps what is known of one copy, in a secret that is a next revision. The copies
// that were as the revision before are as this one, too: nothing that is copied changes thereby.
func (s *Secret) PutReplica(r Replica) {
	s.keepInStep()
	i := s.indexOf(r.Region)
	if i >= 0 {
		s.Replicas[i] = r
		return
	}
	s.Replicas = append(s.Replicas, r)
	slices.SortFunc(s.Replicas, func(a, b Replica) int { return strings.Compare(a.Region, b.Region) })
}

// DropReplica forgets a copy. A secret without any is one that stands alone.
func (s *Secret) DropReplica(region string) {
	s.keepInStep()
	s.Replicas = slices.DeleteFunc(s.Replicas, func(r Replica) bool { return r.Region == region })
	if len(s.Replicas) == 0 {
		s.PrimaryRegion = ""
	}
}

// keepInStep makes the list of copies this revision's own.
func (s *Secret) keepInStep() {
	s.Replicas = slices.Clone(s.Replicas)
	for i := range s.Replicas {
		if s.Replicas[i].Seen == s.Rev-1 && s.Rev > 1 {
			s.Replicas[i].Seen = s.Rev
		}
	}
}

// CopyDue is when there is work to do on a copy; zero: it is as the secret is.
func (s *Secret) CopyDue(r Replica, now time.Time) time.Time {
	switch {
	case r.Seen != s.Rev:
		return now
	case r.Status == Failed:
		return r.Retry
	}
	return time.Time{}
}

// ReplicaStatus is what is shown of a copy.
type ReplicaStatus struct {
	Region           string
	KmsKeyId         string `json:",omitzero"`
	Status           string
	StatusMessage    string     `json:",omitzero"`
	LastAccessedDate *wire.Time `json:",omitzero"` // the day it was last read there
}

// ReplicationStatus is what a primary shows of its copies.
func (s *Secret) ReplicationStatus() (all []ReplicaStatus) {
	for _, r := range s.Replicas {
		shown := ReplicaStatus{Region: r.Region, KmsKeyId: cmp.Or(r.KeyID, ManagedAlias),
			Status: r.Status, StatusMessage: r.Message}
		if r.Seen != s.Rev {
			shown.Status, shown.StatusMessage = InProgress, ""
		}
		all = append(all, shown)
	}
	return all
}

// Copied is the rotation as a copy shows it. Nothing runs there.
func (r *Rotation) Copied() Rotation {
	return Rotation{Configured: r.Configured, Enabled: r.Enabled, Function: r.Function, Role: r.Role,
		Metadata: r.Metadata, Rules: r.Rules, Last: r.Last, Next: r.Next, Empty: r.Empty}
}

// StandAlone makes a copy a secret of its own. Its rotation is off, and a version that a rotation
// of the primary was about to fill goes.
func (s *Secret) StandAlone() {
	s.PrimaryRegion, s.PrimaryRev = "", 0
	r := &s.Rotation
	if r.Empty != "" {
		s.Stages = s.Stages.clone()
		for _, label := range s.Stages.Of(r.Empty) {
			delete(s.Stages, label)
		}
	}
	r.Enabled, r.Next, r.Empty = false, time.Time{}, ""
}
