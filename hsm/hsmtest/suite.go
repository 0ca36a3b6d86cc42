package hsmtest

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"os"
	"testing"

	"claviger/hsm"
	"claviger/internal/custody"
)

// Vendor returns the configuration of a real device from CLAVIGER_TEST_MODULE, CLAVIGER_TEST_TOKEN
// (its label) and CLAVIGER_TEST_PIN, and false when they aren't set. The token must have a root.
func Vendor() (hsm.Config, bool) {
	c := hsm.Config{
		Module:     os.Getenv("CLAVIGER_TEST_MODULE"),
		TokenLabel: os.Getenv("CLAVIGER_TEST_TOKEN"),
		PIN:        func() ([]byte, error) { return []byte(os.Getenv("CLAVIGER_TEST_PIN")), nil },
	}
	return c, c.Module != "" && c.TokenLabel != ""
}

// Run is what every token must do, whatever it is made of. Config is called once for each test and
// names a token with a root; it may be the same each time.
func Run(t *testing.T, config func(testing.TB) hsm.Config) {
	for name, test := range map[string]func(*testing.T, hsm.Config){
		"Seal_AnyValue_IsUnsealed":             seals,
		"Unseal_Forgery_IsKnown":               forgeries,
		"MAC_AnyData_IsHMAC":                   authenticates,
		"Key_WrongUse_IsRefused":               kinds,
		"Load_WrongMaterial_IsRefused":         wrongMaterials,
		"Seal_WrongCheckValue_IsRefused":       checks,
		"Random_AnyLength_IsGiven":             randoms,
		"Handles_ManyUses_LoadOnce":            loads,
		"Handles_LoadFails_ErrorIsHandedOn":    loadErrors,
		"Handles_MoreThanTheLimit_AreDropped":  bounded,
		"Forget_CachedKey_IsLoadedAgain":       forgets,
		"Open_AfterRestart_MaterialsStillOpen": restarts,
		"Token_ManyCallers_AreServed":          hammer,
		"Call_DeadlinePassed_IsUnavailable":    deadlines,
		"Close_UsedAfterwards_IsUnavailable":   closes,
		"Inspect_OpenToken_IsListed":           listed,

		"Sign_EveryAlgorithm_Verifies":            signs,
		"Decrypt_EveryAlgorithm_Decrypts":         decrypts,
		"Derive_BothSides_Agree":                  derives,
		"Decapsulate_Encapsulated_GivesTheSecret": decapsulates,
		"MAC_EveryHash_IsHMAC":                    authenticatesAll,
		"Pair_WrongUse_IsRefused":                 pairKinds,
		"Pair_WrongCheckValue_IsRefused":          pairChecks,
		"Open_AfterRestart_PairsStillOpen":        pairsAfterRestart,
		"Generate_CallerGone_TokenIsNoneTheWorse": generatesUnderCancel,

		"Import_EveryKindAndAlgorithm_Works": imports,
		"Import_KnownKey_IsRecognized":       recognizes,
		"Import_UnfitInput_IsRefused":        refusesImports,
	} {
		t.Run(name, func(t *testing.T) { test(t, config(t)) })
	}
}

var background = context.Background()

// Open opens a token for as long as t runs.
func Open(t testing.TB, c hsm.Config) *hsm.Token {
	t.Helper()
	tok, err := hsm.Open(background, c)
	if err != nil {
		t.Fatalf("opening the token: %v", err)
	}
	t.Cleanup(func() {
		if err := tok.Close(); err != nil {
			t.Errorf("closing the token: %v", err)
		}
	})
	return tok
}

// Make generates a material or fails the test.
func Make(t testing.TB, tok *hsm.Token, id string, k custody.Kind) custody.Material {
	t.Helper()
	m, err := tok.Generate(background, id, k)
	if err != nil {
		t.Fatalf("generating %s: %v", id, err)
	}
	return m
}

func seal(t testing.TB, tok *hsm.Token, m custody.Material, plaintext, aad []byte) []byte {
	t.Helper()
	sealed, err := tok.Seal(background, m.Rest(), plaintext, aad)
	if err != nil {
		t.Fatalf("sealing: %v", err)
	}
	return sealed
}

func seals(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	m := Make(t, tok, "k", custody.AES256)
	if root, err := hex.DecodeString(tok.Root()); err != nil || len(root) != 16 ||
		m.Root != tok.Root() {
		t.Errorf("root %q, material under %q", tok.Root(), m.Root)
	}
	for _, size := range []int{0, 1, 31, 32, 4096, 15 << 10} {
		for _, aad := range [][]byte{nil, {0}, make([]byte, 8192)} {
			plaintext := bytes.Repeat([]byte{0xA5}, size)
			sealed := seal(t, tok, m, plaintext, aad)
			if len(sealed) != 12+size+16 {
				t.Errorf("%d bytes became %d", size, len(sealed))
			}
			if again := seal(t, tok, m, plaintext, aad); bytes.Equal(again[:12], sealed[:12]) {
				t.Error("an IV was used twice")
			}
			got, err := tok.Unseal(background, m.Rest(), sealed, aad)
			if err != nil || !bytes.Equal(got, plaintext) {
				t.Errorf("%d bytes came back as %d: %v", size, len(got), err)
			}
		}
	}
}

func forgeries(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	m, other := Make(t, tok, "k", custody.AES256), Make(t, tok, "other", custody.AES256)
	sealed := seal(t, tok, m, []byte("attack at dawn"), []byte("context"))
	forged := func(what string, m custody.Material, sealed, aad []byte) {
		t.Helper()
		if got, err := tok.Unseal(background, m.Rest(), sealed,
			aad); !errors.Is(err, custody.ErrForged) || got != nil {
			t.Errorf("%s: %q, %v", what, got, err)
		}
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		forged("a changed byte", m, changed, []byte("context"))
	}
	for n := range sealed {
		forged("a short ciphertext", m, sealed[:n], []byte("context"))
	}
	forged("a long ciphertext", m, append(bytes.Clone(sealed), 0), []byte("context"))
	forged("other additional data", m, sealed, []byte("Context"))
	forged("no additional data", m, sealed, nil)
	forged("another key", other, sealed, []byte("context"))
	if err := tok.Ready(); err != nil {
		t.Errorf("forgeries took the token down: %v", err)
	}
	if n := tok.Stats().Renewals; n != 0 {
		t.Errorf("forgeries renewed the token %d times", n)
	}
}

func authenticates(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	m, other := Make(t, tok, "k", custody.HMAC256), Make(t, tok, "other", custody.HMAC256)
	mac := func(m custody.Material, data string) []byte {
		t.Helper()
		b, err := tok.MAC(background, m.Rest(), []byte(data))
		if err != nil || len(b) != 32 {
			t.Fatalf("%d bytes, %v", len(b), err)
		}
		return b
	}
	first := mac(m, "row")
	tok.Forget("k")
	if !bytes.Equal(first, mac(m, "row")) {
		t.Error("the code changed with the handle")
	}
	if bytes.Equal(first, mac(m, "Row")) || bytes.Equal(first, mac(other, "row")) {
		t.Error("other data or another key has the same code")
	}
	if len(mac(m, "")) != 32 {
		t.Error("no code for no data")
	}
}

func kinds(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	aes, mac := Make(t, tok, "aes", custody.AES256), Make(t, tok, "mac", custody.HMAC256)
	if _, err := tok.Seal(background, mac.Rest(), []byte("x"), nil); err == nil {
		t.Error("an HMAC key encrypts")
	}
	if _, err := tok.MAC(background, aes.Rest(), []byte("x")); err == nil {
		t.Error("an AES key authenticates")
	}
	tok.Forget("mac")
	mac.Kind = custody.AES256
	if _, err := tok.Seal(background, mac.Rest(), []byte("x"), nil); err == nil {
		t.Error("an HMAC key that is called an AES key encrypts")
	}
	if _, err := tok.Generate(background, "odd", "RSA_2048"); err == nil {
		t.Error("an unknown kind was made")
	}
	if err := tok.Ready(); err != nil {
		t.Error(err)
	}
}

func wrongMaterials(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	m := Make(t, tok, "k", custody.AES256)
	sealed := seal(t, tok, m, []byte("x"), nil)
	for what, change := range map[string]func(*custody.Material){
		"no wrapped form": func(m *custody.Material) { m.Wrapped = nil },
		"an empty one":    func(m *custody.Material) { m.Wrapped = []byte{} },
		"a short one":     func(m *custody.Material) { m.Wrapped = m.Wrapped[:32] },
		"a damaged one": func(m *custody.Material) {
			m.Wrapped = bytes.Clone(m.Wrapped)
			m.Wrapped[7] ^= 1
		},
		"another root": func(m *custody.Material) {
			m.Root = "00000000000000000000000000000000"
		},
		"another mechanism":   func(m *custody.Material) { m.Mechanism = "CKM_AES_KEY_WRAP" },
		"an unknown kind":     func(m *custody.Material) { m.Kind = "DES" },
		"another material id": func(m *custody.Material) { m.ID = "j" },
	} {
		bad := m
		change(&bad)
		tok.Forget("k")
		ref := bad.Rest()
		ref.ID = "k"
		_, err := tok.Unseal(background, ref, sealed, nil)
		if err == nil || errors.Is(err, custody.ErrForged) ||
			errors.Is(err, custody.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got, err := tok.Unseal(background, m.Rest(), sealed, nil); err != nil || string(got) != "x" {
		t.Errorf("afterwards: %q, %v", got, err)
	}
}

func checks(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	for _, k := range []custody.Kind{custody.AES256, custody.HMAC256} {
		m, other := Make(t, tok, "k", k), Make(t, tok, "other", k)
		use := func(m custody.Material) error {
			tok.Forget("k")
			if k == custody.HMAC256 {
				_, err := tok.MAC(background, m.Rest(), []byte("x"))
				return err
			}
			_, err := tok.Seal(background, m.Rest(), []byte("x"), nil)
			return err
		}
		swapped, unproved := m, m
		swapped.Wrapped = other.Wrapped
		unproved.Check = nil
		if use(swapped) == nil {
			t.Errorf("%s: another key under this name was used", k)
		}
		if use(unproved) == nil {
			t.Errorf("%s: a key without a check value was used", k)
		}
		if err := use(m); err != nil {
			t.Errorf("%s: %v", k, err)
		}
	}
}

func randoms(t *testing.T, c hsm.Config) {
	tok := Open(t, c)
	seen := map[string]bool{}
	for _, n := range []int{0, 8, 32, 1024} {
		b, err := tok.Random(background, n)
		if err != nil || len(b) != n || n > 0 && seen[string(b[:8])] {
			t.Errorf("%d bytes: %x, %v", n, b, err)
		}
		if n > 0 {
			seen[string(b[:8])] = true
		}
	}
}
