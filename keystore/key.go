package keystore

import (
	"cmp"
	"crypto"
	"maps"
	"sync/atomic"
	"time"

	"claviger/internal/custody"
	"claviger/internal/wire"
)

// State is a KeyState of AWS.
type State string

// The states of the KMS developer guide ("Key states of KMS keys"). A row never says Unavailable: that follows from the
// state of the key's custom key store. Creating and Updating are shown by answers and end with them, since a change and
// all that belongs to it is one transaction here.
const (
	Creating               State = "Creating"
	Enabled                State = "Enabled"
	Disabled               State = "Disabled"
	PendingDeletion        State = "PendingDeletion"
	PendingReplicaDeletion State = "PendingReplicaDeletion"
	PendingImport          State = "PendingImport"
	Unavailable            State = "Unavailable"
	Updating               State = "Updating"
)

// states are all there are.
var states = []State{Creating, Enabled, Disabled, PendingDeletion, PendingReplicaDeletion, PendingImport, Unavailable, Updating}

const (
	originKMS      = "AWS_KMS"
	originExternal = "EXTERNAL"
	originHSM      = "AWS_CLOUDHSM"
	byCustomer     = "CUSTOMER"
	byAWS          = "AWS"
)

// Key is one KMS key as its row says. It is never changed: a change makes a copy with the next revision.
type Key struct {
	Account, Region, ID string
	Rev                 int64
	Manager             string // CUSTOMER or AWS
	Spec, Usage, Origin string
	State               State
	Description         string
	Policy              string
	Tags                []Tag     // in order of key
	MaterialID          string    // the current one; empty before the first import
	Store               string    // the custom key store that holds its material, or nothing
	Primary             string    // of a multi-Region key, the Region of the primary
	Replicas            []string  // of a multi-Region key, the Regions of the replicas, in order
	Rotation            int64     // period of automatic rotation in days; 0 means off
	Rotates             time.Time // the next automatic rotation, or zero
	Waits               int64     // the window of a scheduled deletion in days, or 0
	Created             time.Time
	Deletes             time.Time // end of the deletion window, or zero

	materials map[string]material
	public    crypto.PublicKey // of an asymmetric key, as [parsePublic] returns it
	noted     *atomic.Int64    // the last minute, since the epoch, of which a use was written down

	// Of a key in a custom key store, as it was looked up; see [Keys.inStore].
	cluster string
	vault   Vault // nil while it is closed
	closed  bool  // its store isn't connected
}

// state is the key's state as callers see it.
func (k *Key) state() State {
	if k.closed && k.State != PendingDeletion {
		return Unavailable
	}
	return k.State
}

// parting reports whether the key is pending deletion, its own or behind that of its replicas.
func (k *Key) parting() bool {
	state := k.state()
	return state == PendingDeletion || state == PendingReplicaDeletion
}

// reachable returns nil unless the key's material rests on another token, which can't be used just now. What the key opened
// before is closed then too: a data key that is loaded is no way around a token that was pulled.
func (k *Key) reachable() error {
	if k.vault == nil {
		return nil
	}
	return k.vault.Ready()
}

// ARN returns the key's Amazon Resource Name.
func (k *Key) ARN() string { return keyARN(k.Account, k.Region, k.ID) }

func keyARN(account, region, id string) string {
	return "arn:aws:kms:" + region + ":" + account + ":key/" + id
}

// material returns a reference to one of the key's materials for use on the token.
func (k *Key) material(id string) (custody.Ref, bool) {
	m := k.materials[id]
	return m.Rest(), m.there()
}

// current returns a reference to the material that the key uses now.
func (k *Key) current() (custody.Ref, error) {
	ref, ok := k.material(k.MaterialID)
	if !ok {
		return ref, errLost(k)
	}
	return ref, nil
}

// currentMaterialID is what callers are told of the current material where it was used: AWS names those of symmetric keys only.
func (k *Key) currentMaterialID() string {
	if k.symmetric() {
		return k.MaterialID
	}
	return ""
}

// weight is about how many bytes of text callers gave the key.
func (k *Key) weight() int {
	n := len(k.Policy) + len(k.Description)
	for _, t := range k.Tags {
		n += len(t.TagKey) + len(t.TagValue) + overhead
	}
	return n
}

// changed returns a copy of k with the next revision, for change to alter.
func (k *Key) changed(change func(*Key)) *Key {
	c := *k
	c.Rev++
	change(&c)
	return &c
}

// with puts materials into a key that is being changed, new ones or over those with their ids.
func (k *Key) with(materials ...material) {
	k.materials = maps.Clone(k.materials)
	for _, m := range materials {
		k.materials[m.ID] = m
	}
}

// Tag is a tag of a key.
type Tag struct {
	TagKey   string `shape:"TagKeyType,required"`
	TagValue string `shape:"TagValueType,required"`
}

// KeyMetadata describes a key to callers. It has one list of algorithms, by the key's usage.
type KeyMetadata struct {
	AWSAccountId                string
	KeyId                       string
	Arn                         string
	CreationDate                wire.Time
	Enabled                     bool
	Description                 string
	KeyUsage                    string
	KeyState                    State
	DeletionDate                *wire.Time `json:",omitzero"`
	PendingDeletionWindowInDays int32      `json:",omitzero"`
	ValidTo                     *wire.Time `json:",omitzero"`
	ExpirationModel             string     `json:",omitzero"`
	Origin                      string
	CustomKeyStoreId            string `json:",omitzero"`
	CloudHsmClusterId           string `json:",omitzero"`
	KeyManager                  string
	CustomerMasterKeySpec       string
	KeySpec                     string
	EncryptionAlgorithms        []string `json:",omitzero"`
	SigningAlgorithms           []string `json:",omitzero"`
	KeyAgreementAlgorithms      []string `json:",omitzero"`
	MacAlgorithms               []string `json:",omitzero"`
	EncapsulationAlgorithms     []string `json:",omitzero"`
	MultiRegion                 bool
	MultiRegionConfiguration    *MultiRegionConfiguration `json:",omitzero"`
	CurrentKeyMaterialId        string                    `json:",omitzero"`
}

// expires returns the expiration model of imported material and when the first of it goes: without any one of those that it has
// used the key can't be used.
func (k *Key) expires() (model string, first *wire.Time) {
	for _, m := range k.materials {
		switch {
		case !m.there() || m.pending():
		case m.expires.IsZero():
			model = cmp.Or(model, m.expiration)
		case first == nil || m.expires.Before(first.Time):
			model, first = m.expiration, wire.At(m.expires)
		}
	}
	return model, first
}

// MultiRegionConfiguration says where the related keys of a multi-Region key are.
type MultiRegionConfiguration struct {
	MultiRegionKeyType string // PRIMARY or REPLICA
	PrimaryKey         MultiRegionKey
	ReplicaKeys        []MultiRegionKey
}

// MultiRegionKey is one of several keys with one id and one material.
type MultiRegionKey struct{ Arn, Region string }

// Metadata returns what AWS tells of a key.
func (k *Key) Metadata() KeyMetadata {
	m := KeyMetadata{
		AWSAccountId: k.Account, KeyId: k.ID, Arn: k.ARN(), CreationDate: wire.Time{Time: k.Created},
		Enabled: k.state() == Enabled, Description: k.Description, KeyUsage: k.Usage, KeyState: k.state(),
		DeletionDate: wire.At(k.Deletes), Origin: k.Origin, CustomKeyStoreId: k.Store, CloudHsmClusterId: k.cluster, KeyManager: k.Manager,
		CustomerMasterKeySpec: k.Spec, KeySpec: k.Spec, CurrentKeyMaterialId: k.currentMaterialID(),
		MultiRegion: k.Primary != "", MultiRegionConfiguration: k.regions(),
	}
	if k.Origin == originHSM {
		m.CurrentKeyMaterialId = "" // AWS names those that rotation may replace
	}
	m.ExpirationModel, m.ValidTo = k.expires()
	if k.State == PendingReplicaDeletion {
		m.PendingDeletionWindowInDays = int32(k.Waits)
	}
	switch algorithms := k.use().algorithms; k.Usage {
	case encryptDecrypt:
		m.EncryptionAlgorithms = algorithms
	case signVerify:
		m.SigningAlgorithms = algorithms
	case keyAgreement:
		m.KeyAgreementAlgorithms = algorithms
	case generateMac:
		m.MacAlgorithms = algorithms
	case encapsulate:
		m.EncapsulationAlgorithms = algorithms
	}
	return m
}
