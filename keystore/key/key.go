// Package key is one KMS key: its facts, and the rules that follow from them. Which specs there are
// and what each serves, what each state allows, when the key is rotated and to what, and what its
// materials are. It is pure: no clock, no database and no device.
package key

import (
	"cmp"
	"crypto"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"claviger/internal/custody"
	"claviger/internal/fault"
	"claviger/internal/wire"
	"claviger/keystore/publickey"
	"claviger/policy"
)

// State is a KeyState of AWS.
type State string

// The states of the KMS developer guide ("Key states of KMS keys"). A row never says Unavailable:
// that follows from the state of the key's custom key store. Creating and Updating are shown by
// answers and end with them, since a change and all that belongs to it is one transaction here.
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

// States are all there are.
var States = []State{Creating, Enabled, Disabled, PendingDeletion, PendingReplicaDeletion,
	PendingImport, Unavailable, Updating}

// Where a key's material comes from, as OriginType, and who manages the key, as KeyManagerType.
const (
	OriginKMS       = "AWS_KMS"
	OriginExternal  = "EXTERNAL"
	OriginCloudHSM  = "AWS_CLOUDHSM"
	ManagerCustomer = "CUSTOMER"
	ManagerAWS      = "AWS"
)

// Key is one KMS key as its row says. It is never changed: a change makes a copy with the next
// revision.
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
	CustomKeyStoreID    string    // the custom key store that holds its material, or nothing
	PrimaryRegion       string    // of a multi-Region key, the Region of the primary
	Replicas            []string  // of a multi-Region key, the Regions of the replicas, in order
	RotationPeriod      int64     // period of automatic rotation in days; 0 means off
	NextRotation        time.Time // the next automatic rotation, or zero
	PendingWindow       int64     // the window of a scheduled deletion in days, or 0
	Created             time.Time
	DeletionDate        time.Time // end of the deletion window, or zero

	Materials map[string]Material
	Lost      []string         // ids of materials that the key's row names and no row has, in order
	Public    crypto.PublicKey // of an asymmetric key, as [parsePublic] returns it
	Rules     *policy.Rules    // the policy compiled; nil of a key that wasn't read from its row
	UseNoted  *atomic.Int64    // the last minute, since the epoch, of which a use was written down

	// Of a key in a custom key store, as it was looked up.
	ClusterID    string
	Connection   Connection // nil while it is closed
	Disconnected bool       // its store isn't connected
}

// Connection is the cluster that holds the material of a key in a custom key store, while it is
// connected.
type Connection interface {
	custody.Sealer
	Ready() error // why it can't be used just now, or nil
}

// CurrentState is the key's state as callers see it.
func (k *Key) CurrentState() State {
	if k.Disconnected && k.State != PendingDeletion {
		return Unavailable
	}
	return k.State
}

// IsPendingDeletion reports whether the key's deletion is scheduled, also where a primary key still
// waits for that of its replicas.
func (k *Key) IsPendingDeletion() bool {
	state := k.CurrentState()
	return state == PendingDeletion || state == PendingReplicaDeletion
}

// Reachable returns nil unless the key's material is resident on a custom key store's token that
// can't be used now. A data key under it can't be used then either, though it may be loaded
// already: whoever pulls the token closes everything.
func (k *Key) Reachable() error {
	if k.Connection == nil {
		return nil
	}
	return k.Connection.Ready()
}

// ARN returns the key's Amazon Resource Name.
func (k *Key) ARN() string { return ARN(k.Account, k.Region, k.ID) }

// ARN returns the Amazon Resource Name of a key.
func ARN(account, region, id string) string {
	return "arn:aws:kms:" + region + ":" + account + ":key/" + id
}

// MaterialRef returns a reference to one of the key's materials for use on the token.
func (k *Key) MaterialRef(id string) (custody.Ref, bool) {
	m := k.Materials[id]
	return m.Rest(), m.IsPresent()
}

// CurrentRef returns a reference to the material that the key uses now.
func (k *Key) CurrentRef() (custody.Ref, error) {
	ref, ok := k.MaterialRef(k.MaterialID)
	if !ok {
		return ref, ErrLost(k, k.MaterialID)
	}
	return ref, nil
}

// ShownMaterialID is what callers are told of the current material where it was used: AWS names
// those of symmetric keys only.
func (k *Key) ShownMaterialID() string {
	if k.IsSymmetric() {
		return k.MaterialID
	}
	return ""
}

// tagOverhead is what a tag takes beside its text, in bytes: the headers of two strings.
const tagOverhead = 32

// Weight is about how many bytes of text callers gave the key, or more if its policy takes more
// memory than such texts do.
func (k *Key) Weight() int {
	n := max(len(k.Policy), k.Rules.Weight()) + len(k.Description)
	for _, t := range k.Tags {
		n += len(t.TagKey) + len(t.TagValue) + tagOverhead
	}
	return n
}

// Changed returns a copy of k with the next revision, for change to alter.
func (k *Key) Changed(change func(*Key)) *Key {
	c := *k
	c.Rev++
	change(&c)
	return &c
}

// Put puts materials into a key that is being changed, new ones or over those with their ids.
func (k *Key) Put(materials ...Material) {
	k.Materials = maps.Clone(k.Materials)
	for _, m := range materials {
		k.Materials[m.ID] = m
	}
}

// Tag is a tag of a key.
type Tag struct {
	TagKey   string `shape:"TagKeyType,required"`
	TagValue string `shape:"TagValueType,required"`
}

// Pair returns the tag's key and value.
func (t Tag) Pair() (key, value string) { return t.TagKey, t.TagValue }

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

// expiration returns the expiration model of imported material and when the first of it goes:
// without any one of those that it has used the key can't be used.
func (k *Key) expiration() (model string, first *wire.Time) {
	for _, m := range k.Materials {
		switch {
		case !m.IsPresent() || m.IsPending():
		case m.Expires.IsZero():
			model = cmp.Or(model, m.ExpirationModel)
		case first == nil || m.Expires.Before(first.Time):
			model, first = m.ExpirationModel, wire.At(m.Expires)
		}
	}
	return model, first
}

// ReadPublic takes the public key from the key's material, if it is a key that has one.
func (k *Key) ReadPublic(m custody.Material) (err error) {
	if !k.IsAsymmetric() || m.Public == nil {
		return nil
	}
	k.Public, err = publickey.Parse(k.Spec, m.Public)
	return err
}

// MultiRegionConfiguration says where the related keys of a multi-Region key are.
type MultiRegionConfiguration struct {
	MultiRegionKeyType string // PRIMARY or REPLICA
	PrimaryKey         MultiRegionKey
	ReplicaKeys        []MultiRegionKey
}

// MultiRegionKey is one of several keys with one id and one material.
type MultiRegionKey struct{ Arn, Region string }

// Metadata returns what AWS tells of a key. signs reports whether its device makes signatures by an
// algorithm: a key names none by which it can't sign.
func (k *Key) Metadata(signs func(custody.Algorithm) bool) KeyMetadata {
	m := KeyMetadata{
		AWSAccountId:             k.Account,
		KeyId:                    k.ID,
		Arn:                      k.ARN(),
		CreationDate:             wire.Time{Time: k.Created},
		Enabled:                  k.CurrentState() == Enabled,
		Description:              k.Description,
		KeyUsage:                 k.Usage,
		KeyState:                 k.CurrentState(),
		DeletionDate:             wire.At(k.DeletionDate),
		Origin:                   k.Origin,
		CustomKeyStoreId:         k.CustomKeyStoreID,
		CloudHsmClusterId:        k.ClusterID,
		KeyManager:               k.Manager,
		CustomerMasterKeySpec:    k.Spec,
		KeySpec:                  k.Spec,
		CurrentKeyMaterialId:     k.ShownMaterialID(),
		MultiRegion:              k.PrimaryRegion != "",
		MultiRegionConfiguration: k.multiRegion(),
	}
	if k.Origin == OriginCloudHSM {
		m.CurrentKeyMaterialId = "" // AWS names those that rotation may replace
	}
	m.ExpirationModel, m.ValidTo = k.expiration()
	if k.State == PendingReplicaDeletion {
		m.PendingDeletionWindowInDays = int32(k.PendingWindow)
	}
	switch algorithms := k.Purpose().Algorithms; k.Usage {
	case EncryptDecrypt:
		m.EncryptionAlgorithms = algorithms
	case SignVerify:
		for _, a := range algorithms {
			if signs(custody.Algorithm(a)) {
				m.SigningAlgorithms = append(m.SigningAlgorithms, a)
			}
		}
	case KeyAgreement:
		m.KeyAgreementAlgorithms = algorithms
	case GenerateVerifyMac:
		m.MacAlgorithms = algorithms
	case EncapsulateDecapsulate:
		m.EncapsulationAlgorithms = algorithms
	}
	return m
}

// IsLost reports whether a material is one that the key's row names and no row has. It is the
// service's loss: a ciphertext under it may be as good as any.
func (k *Key) IsLost(material string) bool { return slices.Contains(k.Lost, material) }

// Settle takes the materials that were found for the key, which names them in Lost when it has just
// been read. One that it doesn't name is none of its own: it was deleted, and somebody put its row
// back. Nor is one of another kind than the key's spec and usage say.
func (k *Key) Settle(found map[string]Material) error {
	named := k.Lost
	k.Materials, k.Lost = make(map[string]Material, len(named)), nil
	for _, id := range named {
		m, ok := found[id]
		switch {
		case !ok:
			k.Lost = append(k.Lost, id)
			continue
		case m.Kind != k.Purpose().Kind:
			return fault.Of(fmt.Errorf("the key %s has a material of kind %s", k.ARN(), m.Kind))
		}
		k.Materials[id] = m
	}
	return nil
}

// MaterialIDs are the ids of the key's materials, lost ones included, in order.
func (k *Key) MaterialIDs() []string {
	ids := slices.AppendSeq(slices.Clone(k.Lost), maps.Keys(k.Materials))
	slices.Sort(ids)
	return slices.Compact(ids) // a related key may have given one back
}

// ErrLost is an internal error: a key without a material that its row names.
func ErrLost(k *Key, material string) error {
	return fault.Of(fmt.Errorf("the key %s has lost its material %s: no row of kms_materials has it, "+
		"so bring it back from a backup of the database", k.ARN(), material))
}

// ErrGone is an internal error: a row that nothing but a deletion of more than it takes away.
func ErrGone(what string) error {
	return fault.Of(errors.New(what + " is gone from the database and was not deleted: bring it back " +
		"from a backup"))
}
