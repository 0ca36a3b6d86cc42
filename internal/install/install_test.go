package install_test

import (
	"crypto/x509"
	"errors"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
	"claviger/internal/install"
	"claviger/internal/signedtoken"
	"claviger/store"
	"claviger/store/storetest"
)

var now = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)

func token(t testing.TB) *hsm.Token {
	t.Helper()
	return hsmtest.Open(t, hsmtest.SoftHSM(t))
}

func file(t testing.TB) string { return filepath.Join(storetest.Dir(t), "claviger.db") }

func load(t testing.TB, db *store.DB, token install.Token) *install.Installation {
	t.Helper()
	in, err := install.Load(t.Context(), db, token)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestLoad_EmptyDatabase_IsAbsent(t *testing.T) {
	_, err := install.Load(t.Context(), storetest.Open(t, file(t)), token(t))
	if !errors.Is(err, install.ErrAbsent) {
		t.Errorf("Load of an empty database: %v", err)
	}
}

func TestCreate_Again_KeepsTheInstallation(t *testing.T) {
	device, path := token(t), file(t)
	db := storetest.Open(t, path)
	if made, err := install.Create(t.Context(), db, device, now); !made || err != nil {
		t.Fatal(err)
	}
	first := load(t, db, device)
	mac, err := first.Rows.Sign(t.Context(), "t", "row")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := device.Seal(t.Context(), first.Identity, []byte("secret"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if made, err := install.Create(t.Context(), db, device, now.Add(time.Hour)); made || err != nil {
		t.Fatalf("a second Create: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	again := load(t, storetest.Open(t, path), device)
	if first.ID == "" || again.ID != first.ID {
		t.Errorf("installation %q became %q", first.ID, again.ID)
	}
	if err := again.Rows.Verify(t.Context(), mac, "t", "row"); err != nil {
		t.Errorf("a row of before: %v", err)
	}
	if last, err := again.Tokens.Read(first.Tokens.Make("x", "List"), "List"); last != "x" ||
		err != nil {
		t.Errorf("a page token of before: %q, %v", last, err)
	}
	if b, err := device.Unseal(t.Context(), again.Identity, sealed, nil); string(b) != "secret" ||
		err != nil {
		t.Errorf("a secret of before: %q, %v", b, err)
	}
}

func TestLoad_TwoInstallationsOnOneToken_ShareNoKey(t *testing.T) {
	device := token(t)
	var all [2]*install.Installation
	for i := range all {
		db := storetest.Open(t, file(t))
		if made, err := install.Create(t.Context(), db, device, now); !made || err != nil {
			t.Fatal(err)
		}
		all[i] = load(t, db, device)
	}
	mac, err := all[0].Rows.Sign(t.Context(), "t", "row")
	if err != nil {
		t.Fatal(err)
	}
	if all[1].Rows.Verify(t.Context(), mac, "t", "row") == nil {
		t.Error("a row of one installation passes in another on the same token")
	}
	_, err = all[1].Tokens.Read(all[0].Tokens.Make("x", "List"), "List")
	if !errors.Is(err, signedtoken.ErrInvalid) {
		t.Errorf("a page token of one installation in another: %v", err)
	}
}

func TestLoad_DatabaseOfAnotherToken_IsRefused(t *testing.T) {
	db := storetest.Open(t, file(t))
	if _, err := install.Create(t.Context(), db, token(t), now); err != nil {
		t.Fatal(err)
	}
	if _, err := install.Load(t.Context(), db, token(t)); !errors.Is(err, install.ErrForeign) {
		t.Errorf("Load with another token: %v", err)
	}
}

// TestRowSets_Installation_HasASecretOfItsOwn: the sets of one installation say nothing in another,
// on the same token too, and the same to each process.
func TestRowSets_Installation_HasASecretOfItsOwn(t *testing.T) {
	device := token(t)
	var secrets []string
	var sets []store.RowSets
	var dbs []*store.DB
	for range 2 {
		db := storetest.Open(t, file(t))
		if _, err := install.Create(t.Context(), db, device, now); err != nil {
			t.Fatal(err)
		}
		first, again := load(t, db, device), load(t, db, device)
		if string(first.RowSets.Secret) != string(again.RowSets.Secret) ||
			len(first.RowSets.Secret) != 32 {
			t.Error("each process has a secret of its own")
		}
		secrets = append(secrets, string(first.RowSets.Secret))
		dbs, sets = append(dbs, db), append(sets, first.RowSets)
	}
	if secrets[0] == secrets[1] {
		t.Error("two installations share a secret")
	}
	if err := dbs[0].KeepRowSets(sets[1]); !errors.Is(err, store.ErrRows) {
		t.Errorf("under the secret of another installation: %v", err)
	}
	if err := dbs[0].KeepRowSets(sets[0]); err != nil {
		t.Error(err)
	}
}

// TestKey_FirstUse_IsMadeOnceAndKept: whoever asks later, or after a restart, gets the same pair.
func TestKey_FirstUse_IsMadeOnceAndKept(t *testing.T) {
	device, db := token(t), storetest.Open(t, file(t))
	if _, err := install.Create(t.Context(), db, device, now); err != nil {
		t.Fatal(err)
	}
	first := load(t, db, device)
	for name, alg := range map[string]custody.Algorithm{
		install.CheckpointKey: "ECDSA_SHA_256", install.DigestKey: "RSASSA_PKCS1_V1_5_SHA_256",
		install.NotificationKey: "RSASSA_PKCS1_V1_5_SHA_256",
	} {
		var asked sync.WaitGroup
		var made [4]custody.Material
		for i := range made {
			asked.Go(func() {
				var err error
				if made[i], err = first.Key(t.Context(), name); err != nil {
					t.Error(err)
				}
			})
		}
		asked.Wait()
		again, err := load(t, db, device).Key(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range made {
			if !reflect.DeepEqual(m, again) {
				t.Errorf("%s is %+v and %+v", name, m, again)
			}
		}
		if _, err := x509.ParsePKIXPublicKey(again.Public); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := device.Sign(t.Context(), again.Rest(), alg, make([]byte, 32)); err != nil {
			t.Errorf("%s signs nothing: %v", name, err)
		}
	}
}
