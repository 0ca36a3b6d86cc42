package secret

import "cmp"

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
	Status  string
	Message string `json:",omitzero"` // why it failed
	// the revision of the primary that the copy was last made from; 0: none yet
	Synced int64 `json:",omitzero"`
	// a secret of that name there may be written over
	Overwrite bool `json:",omitzero"`
}

// IsReplica reports whether the secret is a copy, which its primary alone changes.
func (s *Secret) IsReplica() bool { return s.PrimaryRegion != "" && s.PrimaryRegion != s.Region }

// ReplicaStatus is what is shown of a copy.
type ReplicaStatus struct {
	Region        string
	KmsKeyId      string `json:",omitzero"`
	Status        string
	StatusMessage string `json:",omitzero"`
}

// ReplicationStatus is what a primary shows of its copies.
func (s *Secret) ReplicationStatus() (all []ReplicaStatus) {
	for _, r := range s.Replicas {
		all = append(all, ReplicaStatus{Region: r.Region, KmsKeyId: cmp.Or(r.KeyID, ManagedAlias),
			Status: r.Status, StatusMessage: r.Message})
	}
	return all
}
