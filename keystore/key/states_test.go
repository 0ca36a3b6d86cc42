package key

import (
	"errors"
	"testing"
	"time"

	"claviger/internal/custody"
	"claviger/internal/fault"
)

const (
	here  = "us-east-1"
	there = "eu-central-1"
)

var began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// made is a customer's key of AES-256 in its Region, changed.
func made(change func(*Key)) *Key {
	k := &Key{Account: "111122223333", Region: here, ID: "1234abcd-12ab-34cd-56ef-1234567890ab",
		Manager: ManagerCustomer, Spec: SymmetricDefault, Usage: EncryptDecrypt, Origin: OriginKMS,
		State: Enabled, Created: began}
	if change != nil {
		change(k)
	}
	return k
}

func codeOf(err error) string {
	if f := fault.Of(err); f != nil {
		return f.Code
	}
	return ""
}

// TestState_DisconnectedStore_MakesUnavailable: what is to be deleted is shown as that, and all
// else as not to be had.
func TestState_DisconnectedStore_MakesUnavailable(t *testing.T) {
	for _, state := range States {
		k := made(func(k *Key) { k.State = state })
		if k.CurrentState() != state {
			t.Errorf("%s: %s", state, k.CurrentState())
		}
		pending := state == PendingDeletion || state == PendingReplicaDeletion
		if k.IsPendingDeletion() != pending {
			t.Errorf("%s: pending deletion is %v", state, !pending)
		}
		if m := k.Metadata(everything); m.Enabled != (state == Enabled) || m.KeyState != state {
			t.Errorf("%s is shown as %+v", state, m)
		}
		k.Disconnected = true
		want := Unavailable
		if state == PendingDeletion {
			want = PendingDeletion
		}
		if m := k.Metadata(everything); k.CurrentState() != want || m.KeyState != want || m.Enabled {
			t.Errorf("%s, disconnected: %s", state, k.CurrentState())
		}
	}
}

// TestAllowsInState_EachAnswer_IsTheStates: one operation of each row; the whole table is compared
// with the guide in the tests of keystore.
func TestAllowsInState_EachAnswer_IsTheStates(t *testing.T) {
	for _, c := range []struct {
		operation string
		state     State
		code      string
	}{
		{"Encrypt", Enabled, ""}, {"Encrypt", Disabled, "DisabledException"},
		{"Encrypt", PendingReplicaDeletion, "KMSInvalidStateException"},
		{"DescribeKey", PendingDeletion, ""}, {"EnableKey", Disabled, ""},
		{"CancelKeyDeletion", PendingDeletion, ""}, {"CancelKeyDeletion", PendingReplicaDeletion, ""},
		{"CancelKeyDeletion", Enabled, "KMSInvalidStateException"},
	} {
		k := made(func(k *Key) { k.State = c.state })
		if got := codeOf(k.AllowsInState(c.operation, time.Time{})); got != c.code {
			t.Errorf("%s in state %s: %s", c.operation, c.state, got)
		}
	}
}

// away is a custom key store that can't be used.
type away struct{ custody.Sealer }

func (away) Ready() error { return errAway }

var errAway = errors.New("away")

func TestReachable_StoreAway_IsNot(t *testing.T) {
	if made(nil).Reachable() != nil || made(func(k *Key) { k.Connection = away{} }).Reachable() !=
		errAway {
		t.Error("a key is as reachable as its store")
	}
}

// TestServes_EachRule_Refuses: the usage, the public half, the primary, the origin.
func TestServes_EachRule_Refuses(t *testing.T) {
	signer := func(k *Key) { k.Spec, k.Usage = "ECC_NIST_P256", SignVerify }
	mac := func(k *Key) { k.Spec, k.Usage = "HMAC_256", GenerateVerifyMac }
	primary := func(k *Key) { k.PrimaryRegion = here }
	replica := func(k *Key) { k.PrimaryRegion = there }
	external := func(k *Key) { k.Origin = OriginExternal }
	const usage, unsupported = "InvalidKeyUsageException", "UnsupportedOperationException"
	for _, c := range []struct {
		operation string
		change    func(*Key)
		code      string
	}{
		{"Encrypt", nil, ""}, {"Encrypt", signer, usage}, {"Sign", signer, ""}, {"Sign", nil, usage},
		{"DescribeKey", signer, ""},
		{"GetPublicKey", signer, ""}, {"GetPublicKey", nil, unsupported},
		{"GetPublicKey", mac, unsupported},
		{"ReplicateKey", primary, ""}, {"ReplicateKey", replica, unsupported},
		{"ReplicateKey", nil, unsupported}, {"Encrypt", replica, ""},
		{"EnableKeyRotation", nil, ""}, {"EnableKeyRotation", primary, ""},
		{"EnableKeyRotation", replica, unsupported}, {"EnableKeyRotation", external, unsupported},
		{"RotateKeyOnDemand", external, ""}, {"ImportKeyMaterial", external, ""},
		{"ImportKeyMaterial", nil, unsupported},
	} {
		if got := codeOf(made(c.change).Serves(c.operation, c.operation)); got != c.code {
			t.Errorf("%s of %+v: %q, want %q", c.operation, made(c.change), got, c.code)
		}
	}
	for operation := range aboutRotation {
		if made(nil).Rotatable(operation) != nil || codeOf(made(signer).Rotatable(operation)) !=
			unsupported {
			t.Errorf("%s is for symmetric keys", operation)
		}
	}
	if made(signer).Rotatable("Sign") != nil {
		t.Error("Sign is not about rotation")
	}
}

// TestTakes_AlgorithmAndLength_AreTheSpecs: RFC 8017 gives RSAES_OAEP_SHA_256 190 bytes under 2048
// bits.
func TestTakes_AlgorithmAndLength_AreTheSpecs(t *testing.T) {
	k := made(func(k *Key) { k.Spec = "RSA_2048" })
	const oaep = "RSAES_OAEP_SHA_256"
	if k.TakesAlgorithm("") != nil || k.TakesAlgorithm(oaep) != nil ||
		codeOf(k.TakesAlgorithm(SymmetricDefault)) != "InvalidKeyUsageException" {
		t.Error("an RSA key takes the algorithms of its row")
	}
	if k.TakesPlaintext(oaep, 190) != nil ||
		codeOf(k.TakesPlaintext(oaep, 191)) != "ValidationException" ||
		made(nil).TakesPlaintext(SymmetricDefault, 4096) != nil {
		t.Error("190 bytes are what RSA-2048 takes, and a symmetric key has no limit of its own")
	}
}

// TestReplaceable_OtherKindOrUsage_IsNot: who uses an alias expects what was there before.
func TestReplaceable_OtherKindOrUsage_IsNot(t *testing.T) {
	rsa := made(func(k *Key) { k.Spec = "RSA_2048" })
	rsa4 := made(func(k *Key) { k.Spec = "RSA_4096" })
	signing := made(func(k *Key) { k.Spec, k.Usage = "RSA_2048", SignVerify })
	for _, c := range []struct {
		from, to *Key
		want     bool
	}{
		{made(nil), made(nil), true}, {rsa, rsa4, true}, {rsa, signing, false}, {made(nil), rsa, false},
		{rsa, made(nil), false},
	} {
		if err := c.from.Replaceable(c.to); (err == nil) != c.want {
			t.Errorf("%s for %s to %s for %s: %v", c.from.Spec, c.from.Usage, c.to.Spec, c.to.Usage, err)
		}
	}
}

// TestRegions_PrimaryAndReplica_KnowEachOther.
func TestRegions_PrimaryAndReplica_KnowEachOther(t *testing.T) {
	alone := made(nil)
	primary := made(func(k *Key) { k.PrimaryRegion, k.Replicas = here, []string{there} })
	replica := made(func(k *Key) {
		k.Region, k.PrimaryRegion, k.Replicas = there, here, []string{there}
	})
	for _, c := range []struct {
		k                *Key
		primary, replica bool
		lead, related    string
		shown            string
	}{
		{alone, false, false, here, "", ""}, {primary, true, false, here, there, "PRIMARY"},
		{replica, false, true, here, here, "REPLICA"},
	} {
		related, shown := "", ""
		if r := c.k.RelatedRegions(); len(r) == 1 {
			related = r[0]
		}
		m := c.k.Metadata(everything)
		if m.MultiRegionConfiguration != nil {
			shown = m.MultiRegionConfiguration.MultiRegionKeyType
		}
		if c.k.IsPrimary() != c.primary || c.k.IsReplica() != c.replica || c.k.LeadRegion() != c.lead ||
			related != c.related || shown != c.shown || m.MultiRegion != (shown != "") {
			t.Errorf("%+v: %v %v %s %s %s", c.k, c.k.IsPrimary(), c.k.IsReplica(), c.k.LeadRegion(),
				related, shown)
		}
	}
}

// TestSettle_NamedMaterials_AreTheKeysOwn: what the row names and nobody has is lost, what it
// doesn't name is none of its own, and what is of another kind is refused.
func TestSettle_NamedMaterials_AreTheKeysOwn(t *testing.T) {
	of := func(id string, kind custody.Kind) Material {
		return Material{Material: custody.Material{ID: id, Kind: kind, Wrapped: []byte{1}}}
	}
	k := made(func(k *Key) { k.Lost, k.MaterialID = []string{"a", "b"}, "a" })
	found := map[string]Material{"a": of("a", custody.AES256), "c": of("c", custody.AES256)}
	if err := k.Settle(found); err != nil {
		t.Fatal(err)
	}
	if len(k.Materials) != 1 || !k.IsLost("b") || k.IsLost("a") || k.IsLost("c") ||
		len(k.MaterialIDs()) != 2 {
		t.Errorf("settled as %+v", k)
	}
	if _, err := k.CurrentRef(); err != nil {
		t.Errorf("the current material is there: %v", err)
	}
	k.MaterialID = "b"
	if _, err := k.CurrentRef(); codeOf(err) != "" || err == nil {
		t.Errorf("the current material is lost: %v", err)
	}
	k = made(func(k *Key) { k.Lost = []string{"a"} })
	if k.Settle(map[string]Material{"a": of("a", custody.Kind("another"))}) == nil {
		t.Error("a material of another kind was taken")
	}
}

// TestWeight_TextOfCallers_Counts: the policy, the description and each tag with its overhead.
func TestWeight_TextOfCallers_Counts(t *testing.T) {
	k := made(func(k *Key) {
		k.Policy, k.Description, k.Tags = "four", "seven77", []Tag{{"k", "vv"}, {"kkk", ""}}
	})
	if want := 4 + 7 + 3 + 3 + 2*tagOverhead; k.Weight() != want {
		t.Errorf("%d, want %d", k.Weight(), want)
	}
}

// TestChanged_Copy_HasTheNextRevision: the key that was read stays as it is.
func TestChanged_Copy_HasTheNextRevision(t *testing.T) {
	k := made(func(k *Key) { k.Rev = 7 })
	c := k.Changed(func(k *Key) { k.State = Disabled })
	if c.Rev != 8 || c.State != Disabled || k.Rev != 7 || k.State != Enabled {
		t.Errorf("%+v of %+v", c, k)
	}
}

// TestReadPublic_KeyWithAPublicHalf_IsRead: one that can't be read is noticed at once; where there
// is none, nothing is looked for.
func TestReadPublic_KeyWithAPublicHalf_IsRead(t *testing.T) {
	signer := func(k *Key) { k.Spec, k.Usage = "ECC_NIST_P256", SignVerify }
	garbage := custody.Material{Public: []byte("no key")}
	for _, c := range []struct {
		k    *Key
		m    custody.Material
		good bool
	}{
		{made(signer), garbage, false}, {made(signer), custody.Material{}, true},
		{made(nil), garbage, true},
	} {
		if err := c.k.ReadPublic(c.m); (err == nil) != c.good {
			t.Errorf("%s with %q: %v", c.k.Spec, c.m.Public, err)
		}
	}
}

// TestCheckSpec_SpecAndUsage_FitEachOther: only a symmetric key may leave its usage out.
func TestCheckSpec_SpecAndUsage_FitEachOther(t *testing.T) {
	usage := func(s string) *string { return &s }
	for _, c := range []struct {
		spec  string
		usage *string
		code  string
	}{
		{SymmetricDefault, nil, ""}, {SymmetricDefault, usage(EncryptDecrypt), ""},
		{SymmetricDefault, usage(SignVerify), "ValidationException"},
		{"RSA_2048", nil, "ValidationException"}, {"RSA_2048", usage(SignVerify), ""},
		{"HMAC_256", usage(SignVerify), "ValidationException"},
		{"SM2", usage(SignVerify), "UnsupportedOperationException"},
	} {
		if got := codeOf(CheckSpec(c.spec, c.usage)); got != c.code {
			t.Errorf("%s for %v: %q, want %q", c.spec, c.usage, got, c.code)
		}
	}
}

// everything is a device that signs by every algorithm.
func everything(custody.Algorithm) bool { return true }
