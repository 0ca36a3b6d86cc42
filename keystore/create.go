package keystore

import (
	"time"

	"claviger/internal/custody"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/store"

	"github.com/google/uuid"
)

// CreateKeyInput is CreateKeyRequest of AWS.
type CreateKeyInput struct {
	Policy                         *string `shape:"PolicyType"`
	Description                    *string `shape:"DescriptionType"`
	KeyUsage                       *string `shape:"KeyUsageType"`
	CustomerMasterKeySpec          *string `shape:"CustomerMasterKeySpec"`
	KeySpec                        *string `shape:"KeySpec"`
	Origin                         *string `shape:"OriginType"`
	CustomKeyStoreId               *string `shape:"CustomKeyStoreIdType"`
	BypassPolicyLockoutSafetyCheck *bool   `shape:"BooleanType"`
	Tags                           []Tag   `shape:"TagList"`
	MultiRegion                    *bool   `shape:"NullableBooleanType"`
	XksKeyId                       *string `shape:"XksKeyIdType"`
}

// Validate checks what members say together, and refuses what this token's keys can't be.
func (in CreateKeyInput) Validate() error {
	switch {
	case in.KeySpec != nil && in.CustomerMasterKeySpec != nil && *in.KeySpec != *in.CustomerMasterKeySpec:
		return invalid("KeySpec and CustomerMasterKeySpec name different specs. Send KeySpec alone.")
	case in.XksKeyId != nil || in.origin() == "EXTERNAL_KEY_STORE":
		return errExternal
	case in.multiRegion() && in.CustomKeyStoreId != nil:
		return unsupported("A custom key store holds no multi-Region keys.")
	case (in.origin() == originHSM) != (in.CustomKeyStoreId != nil):
		return invalid("A key in a custom key store has a CustomKeyStoreId and the Origin AWS_CLOUDHSM.")
	}
	if err := checkSpec(in.spec(), in.KeyUsage); err != nil {
		return err
	}
	if in.CustomKeyStoreId != nil && in.spec() != symmetricDefault {
		return unsupported("A custom key store holds symmetric encryption keys only.")
	}
	if in.origin() == originExternal {
		if err := importable(in.spec()); err != nil {
			return err
		}
	}
	return checkTags(in.Tags)
}

func (in CreateKeyInput) origin() string { return or(in.Origin, originKMS) }

func (in CreateKeyInput) multiRegion() bool { return or(in.MultiRegion, false) }

// spec returns the key spec by either of its names.
func (in CreateKeyInput) spec() string {
	return or(in.KeySpec, or(in.CustomerMasterKeySpec, symmetricDefault))
}

// CreateKeyOutput is CreateKeyResponse of AWS.
type CreateKeyOutput struct{ KeyMetadata KeyMetadata }

func (s *Keys) findNewKey(c *op.Call, in CreateKeyInput) (place, error) {
	return s.findPlace(c, "CreateKey", in.CustomKeyStoreId)
}

func (s *Keys) createKey(c *op.Call, in CreateKeyInput, at place) (op.Commit[CreateKeyOutput], error) {
	if err := checkNewPolicy(c, in.Policy, in.BypassPolicyLockoutSafetyCheck); err != nil {
		return nil, err
	}
	if kind := specs[in.spec()][or(in.KeyUsage, encryptDecrypt)].kind; in.multiRegion() && s.token.Resident(kind) {
		return nil, unsupported("A key of the spec " + in.spec() + " rests on the hardware security module of this service, and can't be a multi-Region key.")
	}
	k, born, err := s.newKeyIn(c, at.store, in.origin(), in.spec(), or(in.KeyUsage, encryptDecrypt))
	if err != nil {
		return nil, err
	}
	k.Description, k.Policy = or(in.Description, ""), or(in.Policy, "")
	k.Tags = merge(nil, in.Tags)
	if in.multiRegion() {
		k.ID, k.Primary = newMultiRegionID(), k.Region
	}
	noteKey(c, k)
	insert, err := s.insertKey(c, k)
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx) (CreateKeyOutput, error) {
		if err := born(tx); err != nil {
			return CreateKeyOutput{}, err
		}
		return CreateKeyOutput{k.Metadata()}, insert(tx)
	}, nil
}

// newKeyIn is newKey in a custom key store, if one is given, or for a key that rests on the token. It also returns what belongs
// into the transaction that stores the key.
func (s *Keys) newKeyIn(c *op.Call, in *onStore, origin, spec, usage string) (*Key, func(*store.Tx) error, error) {
	if in == nil && !s.token.Resident(specs[spec][usage].kind) {
		k, err := s.newKey(c, byCustomer, origin, spec, usage)
		return k, nothing, err
	}
	k := bareKey(c, byCustomer, spec, usage)
	if in == nil {
		born, err := s.makeResident(c, k, s.token)
		return k, born, err
	}
	if _, err := s.look(c, in.store.cluster); err != nil {
		return nil, nil, err
	}
	k.Origin, k.Store, k.cluster = originHSM, in.ref.id, in.store.cluster
	born, err := s.makeResident(c, k, in.vault)
	return k, func(tx *store.Tx) error {
		if err := s.unchangedStore(tx, in.store); err != nil {
			return err
		}
		return born(tx)
	}, err
}

// noteKey records which key is made: nobody could name it before.
func noteKey(c *op.Call, k *Key) { c.Note(`{"keyId":"` + k.ID + `"}`) }

// bareKey returns a key without its material.
func bareKey(c *op.Call, manager, spec, usage string) *Key {
	k := &Key{ID: uuid.NewString(), Rev: 1, Manager: manager, Spec: spec, Usage: usage,
		Origin: originKMS, State: Enabled, MaterialID: newMaterialID(), Created: c.Time.Truncate(time.Microsecond)}
	k.Account, k.Region = c.Namespace()
	return k
}

// newKey makes the material of a key on the token and the key around it, or one that waits for its material. Nothing is stored
// yet.
func (s *Keys) newKey(c *op.Call, manager, origin, spec, usage string) (*Key, error) {
	k := bareKey(c, manager, spec, usage)
	kind := k.use().kind
	if !s.token.Supports(kind) {
		return nil, custody.ErrUnsupported
	}
	if origin == originExternal {
		k.Origin, k.State, k.MaterialID, k.materials = origin, PendingImport, "", map[string]material{}
		return k, nil
	}
	m, err := s.token.Generate(c, k.MaterialID, kind)
	if err != nil {
		return nil, err
	}
	return k, k.begin(m)
}

// begin gives a new key its first material. A public key that can't be read is noticed now, and not when the first signature
// is to be verified.
func (k *Key) begin(m custody.Material) error {
	k.materials = map[string]material{m.ID: {Material: m, created: k.Created}}
	return k.readPublic(m)
}

// manageInput asks for the key that a service uses when the caller names none.
type manageInput struct {
	Service string `shape:"Service,required"`
	op.ByShape
}

// managed is the alias of a service's own key, not there yet.
type managed struct{ aliasRef }

func (m managed) Demands() []policy.Demand {
	return []policy.Demand{{Action: "kms:CreateKey", Resource: policy.Resource{ARN: m.arn()}}}
}
func (managed) Missing() error { return nil }
func (managed) Ready() error   { return nil }

func managedAlias(service string) string { return "alias/aws/" + service }

// services are those that manage keys: of AWS's, those that we have.
var services = []string{"secretsmanager"}

// managing returns the service that manages the key of an alias, or nothing.
func managing(alias string) string {
	for _, service := range services {
		if alias == managedAlias(service) {
			return service
		}
	}
	return ""
}

func (s *Keys) findManaged(c *op.Call, in manageInput) (managed, error) {
	account, region := c.Namespace()
	return managed{aliasRef{account, region, managedAlias(in.Service)}}, nil
}

// createManaged makes an AWS managed key and its alias in one transaction. If another request was first, that is
// as good.
func (s *Keys) createManaged(c *op.Call, in manageInput, m managed) (op.Commit[op.None], error) {
	if a, err := s.alias(c, m.aliasRef); a != nil || err != nil {
		return nil, err
	}
	k, err := s.newKey(c, byAWS, originKMS, symmetricDefault, encryptDecrypt)
	if err != nil {
		return nil, err
	}
	k.rotateEvery(usualPeriod, c.Time)
	k.Description = "Default key that protects the data of " + in.Service + " when no other key is named"
	k.Policy = managedPolicyOf(c, in.Service)
	noteKey(c, k)
	insertKey, err := s.insertKey(c, k)
	if err != nil {
		return nil, err
	}
	insertAlias, err := s.insertAlias(c, &alias{aliasRef: m.aliasRef, rev: 1, keyID: k.ID, created: c.Time, updated: c.Time})
	if err != nil {
		return nil, err
	}
	return once(func(tx *store.Tx) (op.None, error) {
		err := insertAlias(tx)
		if err == nil {
			err = insertKey(tx)
		}
		return op.None{}, err
	}), nil
}

func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

func invalid(message string) error {
	return fault.New(fault.Invalid, "ValidationException", message)
}

func unsupported(message string) error {
	return fault.New(fault.Invalid, "UnsupportedOperationException", message)
}
