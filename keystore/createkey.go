package keystore

import (
	"time"

	"github.com/google/uuid"

	"claviger/internal/custody"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/customstore"
	"claviger/keystore/imports"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/target"
	"claviger/policy"
)

type CreateKeyInput struct {
	Policy                         *string   `shape:"PolicyType"`
	Description                    *string   `shape:"DescriptionType"`
	KeyUsage                       *string   `shape:"KeyUsageType"`
	CustomerMasterKeySpec          *string   `shape:"CustomerMasterKeySpec"`
	KeySpec                        *string   `shape:"KeySpec"`
	Origin                         *string   `shape:"OriginType"`
	CustomKeyStoreId               *string   `shape:"CustomKeyStoreIdType"`
	BypassPolicyLockoutSafetyCheck *bool     `shape:"BooleanType"`
	Tags                           []key.Tag `shape:"TagList"`
	MultiRegion                    *bool     `shape:"NullableBooleanType"`
	XksKeyId                       *string   `shape:"XksKeyIdType"`
}

// Validate checks what members say together, and refuses what this token's keys can't be.
func (in CreateKeyInput) Validate() error {
	switch {
	case in.KeySpec != nil && in.CustomerMasterKeySpec != nil: // even where they are the same
		return kmsfault.Invalid("You cannot specify KeySpec and CustomerMasterKeySpec in the same " +
			"request. CustomerMasterKeySpec is deprecated.")
	case in.XksKeyId != nil || in.origin() == "EXTERNAL_KEY_STORE":
		return customstore.ErrExternal
	// Its material never leaves the store's token, so that no other Region could have it.
	case in.multiRegion() && in.CustomKeyStoreId != nil:
		return kmsfault.Unsupported("A custom key store holds no multi-Region keys.")
	case (in.origin() == key.OriginCloudHSM) != (in.CustomKeyStoreId != nil):
		return kmsfault.Invalid(
			"A key in a custom key store has a CustomKeyStoreId and the Origin AWS_CLOUDHSM.")
	}
	if err := key.CheckSpec(in.spec(), in.KeyUsage); err != nil {
		return err
	}
	if in.CustomKeyStoreId != nil && in.spec() != key.SymmetricDefault {
		return kmsfault.Unsupported("A custom key store holds symmetric encryption keys only.")
	}
	if in.origin() == key.OriginExternal {
		if err := imports.CheckSpec(in.spec()); err != nil {
			return err
		}
	}
	return domain.CheckTags(tagRules, in.Tags)
}

// origin returns the Origin asked for, or AWS's default.
func (in CreateKeyInput) origin() string { return domain.Or(in.Origin, key.OriginKMS) }

func (in CreateKeyInput) multiRegion() bool { return domain.Or(in.MultiRegion, false) }

// spec returns the key spec by either of its names.
func (in CreateKeyInput) spec() string {
	return domain.Or(in.KeySpec, domain.Or(in.CustomerMasterKeySpec, key.SymmetricDefault))
}

type CreateKeyOutput struct{ KeyMetadata key.KeyMetadata }

// usage returns the usage asked for. Validate has refused a missing one for every spec but the
// symmetric one.
func (in CreateKeyInput) usage() string { return domain.Or(in.KeyUsage, key.EncryptDecrypt) }

// Conditions puts in what the key will be.
func (in CreateKeyInput) Conditions(v policy.Values) {
	key.Conditions(v, in.spec(), in.usage(), in.origin(), in.multiRegion())
	if in.multiRegion() {
		v["kms:MultiRegionKeyType"] = []string{"PRIMARY"}
	}
	domain.SetTags(v, in.Tags)
	target.SetBypass(v, in.BypassPolicyLockoutSafetyCheck)
}

// newKeyTarget is the account that the key is made in, and the token that it is made on.
type newKeyTarget struct {
	customstore.TokenTarget
	in CreateKeyInput
}

// Demands implements [op.Target]: a policy and tags take permissions of their own.
func (t newKeyTarget) Demands() []policy.Demand {
	if t.in.Policy != nil {
		t.Actions = append(t.Actions, "kms:PutKeyPolicy")
	}
	if len(t.in.Tags) > 0 {
		t.Actions = append(t.Actions, "kms:TagResource")
	}
	d := t.TokenTarget.Demands()
	for i := range d {
		d[i].Values = func() policy.Values {
			v := policy.Values{}
			t.in.Conditions(v)
			return v
		}
	}
	return d
}

// findNewKey finds the token that the key is made on: the service's own, or that of a custom key
// store, which must be connected.
func (s *Keys) findNewKey(c *op.Call, in CreateKeyInput) (newKeyTarget, error) {
	on, err := s.storeOperations.FindToken(c, "CreateKey", in.CustomKeyStoreId)
	return newKeyTarget{on, in}, err
}

// createKey makes the material before the transaction. A device may take seconds for it, and a
// transaction keeps all other changes waiting.
func (s *Keys) createKey(c *op.Call, in CreateKeyInput,
	on newKeyTarget) (op.Commit[CreateKeyOutput], error) {
	// First, before the device spends seconds on a key that wouldn't be stored.
	stored, err := s.policies.CheckNew(c, in.Policy, in.BypassPolicyLockoutSafetyCheck)
	if err != nil {
		return nil, err
	}
	usage := in.usage()
	if in.multiRegion() && s.maker.Resident(key.Specs[in.spec()][usage].Kind) {
		return nil, kmsfault.Unsupported("A key of the spec " + in.spec() +
			" rests on the hardware security module of this service, and can't be a multi-Region key.")
	}
	k, also, err := s.newKeyIn(c, on.In, in.origin(), in.spec(), usage)
	if err != nil {
		return nil, err
	}
	k.Description, k.Policy = domain.Or(in.Description, ""), stored
	k.Tags = domain.SortTags(in.Tags)
	// Nothing made so far refers to the key's id, or it could not be replaced here. Clients tell
	// multi-Region keys by the prefix of their ids.
	if in.multiRegion() {
		k.ID, k.PrimaryRegion = key.NewMultiRegionID(), k.Region
	}
	c.Made(k.ARN())
	customstore.NoteNew(c, k)
	insert, err := s.rows.Insert(c, k)
	if err != nil {
		return nil, err
	}
	return op.Apply(domain.InOrder(also, insert), CreateKeyOutput{k.Metadata(s.maker.Signs)}), nil
}

// newKeyIn is [Keys.newKey] for any custody mode: in a custom key store if one is given, or
// resident on the service's own token if the site keeps keys of the kind there. It also returns the
// change that belongs into the transaction that stores the key. The name of a resident key is
// reserved before it is made: if the process dies before the commit, the clean-up finds the key by
// that and destroys it.
func (s *Keys) newKeyIn(c *op.Call, in *customstore.OpenStore,
	origin, spec, usage string) (*key.Key, domain.Change, error) {
	if in == nil && !s.maker.Resident(key.Specs[spec][usage].Kind) {
		k, err := s.newKey(c, key.ManagerCustomer, origin, spec, usage)
		return k, domain.Nothing, err
	}
	k := keyWithoutMaterial(c, key.ManagerCustomer, spec, usage)
	if in == nil {
		removeOrphan, err := s.residents.Generate(c, k, s.ownToken)
		return k, removeOrphan, err
	}
	// Before anything is made: AWS lets no key be made in a cluster with too few HSMs to keep it.
	if _, err := s.stores.Cluster(c, in.Ref.Account, in.Store.ClusterID); err != nil {
		return nil, nil, err
	}
	k.Origin, k.CustomKeyStoreID, k.ClusterID = key.OriginCloudHSM, in.Ref.ID, in.Store.ClusterID
	// The store may be disconnected or deleted while the device works. The commit looks at its row
	// again, or the key would belong to a store that is gone.
	removeOrphan, err := s.residents.Generate(c, k, in.Token)
	return k, domain.InOrder(s.stores.Unchanged(in.Store), removeOrphan), err
}

// keyWithoutMaterial returns a key without its material. Its times have microseconds, as the rows
// have: a finer one would be another after it is read back.
func keyWithoutMaterial(c *op.Call, manager, spec, usage string) *key.Key {
	k := &key.Key{ID: uuid.NewString(), Rev: 1, Manager: manager, Spec: spec, Usage: usage,
		Origin: key.OriginKMS, State: key.Enabled, MaterialID: key.NewMaterialID(),
		Created: c.Time.Truncate(time.Microsecond)}
	k.Account, k.Region = c.Namespace()
	return k
}

// newKey returns a new key whose material the token has generated and wrapped, or one without any
// that waits for an import. Nothing is stored yet.
func (s *Keys) newKey(c *op.Call, manager, origin, spec, usage string) (*key.Key, error) {
	k := keyWithoutMaterial(c, manager, spec, usage)
	kind := k.Purpose().Kind
	// Also of a key that waits for an import: the token must be able to use what comes.
	if !s.maker.Supports(kind) {
		return nil, custody.ErrUnsupported
	}
	if origin == key.OriginExternal {
		k.Origin, k.State = origin, key.PendingImport
		// Each import names its material itself.
		k.MaterialID, k.Materials = "", map[string]key.Material{}
		return k, nil
	}
	m, err := s.maker.Generate(c, k.MaterialID, kind)
	if err != nil {
		return nil, err
	}
	return k, k.SetFirstMaterial(m)
}
