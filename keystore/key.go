package keystore

import (
	"crypto"
	"time"

	"claviger/internal/custody"
	"claviger/internal/wire"
)

// State is a KeyState of AWS.
type State string

// The states of keys whose material is on the service's own token.
const (
	Enabled         State = "Enabled"
	Disabled        State = "Disabled"
	PendingDeletion State = "PendingDeletion"
)

const (
	originKMS  = "AWS_KMS"
	byCustomer = "CUSTOMER"
	byAWS      = "AWS"
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
	Tags                []Tag // in order of key
	MaterialID          string
	Created             time.Time
	Deletes             time.Time // end of the deletion window, or zero

	materials map[string]custody.Material
	public    crypto.PublicKey // of an asymmetric key, as [parsePublic] returns it
}

// ARN returns the key's Amazon Resource Name.
func (k *Key) ARN() string { return keyARN(k.Account, k.Region, k.ID) }

func keyARN(account, region, id string) string {
	return "arn:aws:kms:" + region + ":" + account + ":key/" + id
}

// material returns a reference to one of the key's materials for use on the token.
func (k *Key) material(id string) (custody.Ref, bool) {
	m, ok := k.materials[id]
	return m.Rest(), ok
}

// current returns a reference to the material that the key uses now.
func (k *Key) current() (custody.Ref, error) {
	ref, ok := k.material(k.MaterialID)
	if !ok {
		return ref, errLost(k)
	}
	return ref, nil
}

// currentMaterialID is what callers are told of the current material: AWS names those of symmetric keys only.
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

// Tag is a tag of a key.
type Tag struct {
	TagKey   string `shape:"TagKeyType,required"`
	TagValue string `shape:"TagValueType,required"`
}

// KeyMetadata describes a key to callers. It has one list of algorithms, by the key's usage.
type KeyMetadata struct {
	AWSAccountId           string
	KeyId                  string
	Arn                    string
	CreationDate           wire.Time
	Enabled                bool
	Description            string
	KeyUsage               string
	KeyState               State
	DeletionDate           *wire.Time `json:",omitzero"`
	Origin                 string
	KeyManager             string
	CustomerMasterKeySpec  string
	KeySpec                string
	EncryptionAlgorithms   []string `json:",omitzero"`
	SigningAlgorithms      []string `json:",omitzero"`
	KeyAgreementAlgorithms []string `json:",omitzero"`
	MacAlgorithms          []string `json:",omitzero"`
	MultiRegion            bool
	CurrentKeyMaterialId   string `json:",omitzero"`
}

// Metadata returns what AWS tells of a key.
func (k *Key) Metadata() KeyMetadata {
	m := KeyMetadata{
		AWSAccountId: k.Account, KeyId: k.ID, Arn: k.ARN(), CreationDate: wire.Time{Time: k.Created},
		Enabled: k.State == Enabled, Description: k.Description, KeyUsage: k.Usage, KeyState: k.State,
		DeletionDate: wire.At(k.Deletes), Origin: k.Origin, KeyManager: k.Manager,
		CustomerMasterKeySpec: k.Spec, KeySpec: k.Spec, CurrentKeyMaterialId: k.currentMaterialID(),
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
	}
	return m
}
