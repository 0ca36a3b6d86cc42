package servicetest_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/service"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

const anchor = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

// newStore makes a custom key store, not connected.
func newStore(t testing.TB, c *kms.Client, name, password string) *string {
	t.Helper()
	out := must(c.CreateCustomKeyStore(t.Context(), &kms.CreateCustomKeyStoreInput{
		CustomKeyStoreName: &name, CloudHsmClusterId: aws.String(servicetest.Cluster),
		KeyStorePassword: &password, TrustAnchorCertificate: aws.String(anchor),
	}))(t)
	return out.CustomKeyStoreId
}

// storeOf describes one custom key store.
func storeOf(t testing.TB, c *kms.Client, id *string) types.CustomKeyStoresListEntry {
	t.Helper()
	out := must(c.DescribeCustomKeyStores(t.Context(),
		&kms.DescribeCustomKeyStoresInput{CustomKeyStoreId: id}))(t)
	return out.CustomKeyStores[0]
}

// connect connects a custom key store and returns what came of it.
func connect(t testing.TB, s *servicetest.Server, id *string) types.CustomKeyStoresListEntry {
	t.Helper()
	must(s.KMS().ConnectCustomKeyStore(t.Context(),
		&kms.ConnectCustomKeyStoreInput{CustomKeyStoreId: id}))(t)
	return settled(t, s, id)
}

func disconnect(t testing.TB, s *servicetest.Server, id *string) {
	t.Helper()
	must(s.KMS().DisconnectCustomKeyStore(t.Context(),
		&kms.DisconnectCustomKeyStoreInput{CustomKeyStoreId: id}))(t)
	if st := settled(t, s, id); st.ConnectionState != "DISCONNECTED" {
		t.Fatalf("disconnected, the store is %s", st.ConnectionState)
	}
}

// settled waits until a store is neither connecting nor disconnecting.
func settled(t testing.TB, s *servicetest.Server, id *string) (st types.CustomKeyStoresListEntry) {
	t.Helper()
	eventually(t, "the custom key store settles", func() bool {
		s.RunDueJobs(t)
		st = storeOf(t, s.KMS(), id)
		return st.ConnectionState != "CONNECTING" && st.ConnectionState != "DISCONNECTING"
	})
	return st
}

// connectedStore makes a store and connects it.
func connectedStore(t testing.TB, s *servicetest.Server) *string {
	t.Helper()
	id := newStore(t, s.KMS(), "a", servicetest.ClusterPassword)
	if st := connect(t, s, id); st.ConnectionState != "CONNECTED" {
		t.Fatalf("the store is %s: %s", st.ConnectionState, st.ConnectionErrorCode)
	}
	return id
}

// keyIn makes a key in a custom key store.
func keyIn(t testing.TB, c *kms.Client, id *string) *types.KeyMetadata {
	t.Helper()
	in := &kms.CreateKeyInput{Origin: "AWS_CLOUDHSM", CustomKeyStoreId: id}
	return must(c.CreateKey(t.Context(), in))(t).KeyMetadata
}

func stateOf(t testing.TB, c *kms.Client, key *string) types.KeyState {
	t.Helper()
	out := must(c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: key}))(t)
	return out.KeyMetadata.KeyState
}

// decrypted returns what a ciphertext decrypts to.
func decrypted(t testing.TB, c *kms.Client, blob []byte, context map[string]string) string {
	t.Helper()
	in := &kms.DecryptInput{CiphertextBlob: blob, EncryptionContext: context}
	return string(must(c.Decrypt(t.Context(), in))(t).Plaintext)
}

// oneCluster has the server know one cluster, of one token.
func oneCluster(device hsm.Config) func(*service.Config) {
	return servicetest.WithClusters(service.Cluster{ID: servicetest.Cluster,
		Tokens: []hsm.Config{device}, Single: true})
}

// One is taken through all its operations with the SDK.
func TestCustomKeyStore_AllOperations_TakeItThroughItsLife(t *testing.T) {
	s := servicetest.Start(t, servicetest.WithCluster(t))
	c := s.KMS()
	id := newStore(t, c, "first name", "a wrong password")
	if !strings.HasPrefix(*id, "cks-") || len(*id) != 21 {
		t.Errorf("the id is %s", *id)
	}
	st := storeOf(t, c, id)
	if *st.CustomKeyStoreId != *id || *st.CustomKeyStoreName != "first name" ||
		*st.CloudHsmClusterId != servicetest.Cluster || *st.TrustAnchorCertificate != anchor ||
		st.ConnectionState != "DISCONNECTED" || st.ConnectionErrorCode != "" ||
		st.CustomKeyStoreType != "AWS_CLOUDHSM" || time.Since(*st.CreationDate).Abs() > time.Hour {
		t.Errorf("described as %+v", st)
	}
	st = connect(t, s, id)
	if st.ConnectionState != "FAILED" || st.ConnectionErrorCode != "INVALID_CREDENTIALS" {
		t.Fatalf("with a wrong password: %s %s", st.ConnectionState, st.ConnectionErrorCode)
	}
	_, err := c.ConnectCustomKeyStore(t.Context(),
		&kms.ConnectCustomKeyStoreInput{CustomKeyStoreId: id})
	refused(t, err, "CustomKeyStoreInvalidStateException", "*")
	disconnect(t, s, id)
	must(c.UpdateCustomKeyStore(t.Context(),
		&kms.UpdateCustomKeyStoreInput{CustomKeyStoreId: id,
			NewCustomKeyStoreName: aws.String("second"),
			KeyStorePassword:      aws.String(servicetest.ClusterPassword),
			CloudHsmClusterId:     aws.String(servicetest.Cluster)}))(t)
	if st = connect(t, s, id); st.ConnectionState != "CONNECTED" || st.ConnectionErrorCode != "" {
		t.Fatalf("with the right password: %s %s", st.ConnectionState, st.ConnectionErrorCode)
	}
	must(c.ConnectCustomKeyStore(t.Context(),
		&kms.ConnectCustomKeyStoreInput{CustomKeyStoreId: id}))(t)
	if st = settled(t, s, id); st.ConnectionState != "CONNECTED" {
		t.Errorf("connected again: %s", st.ConnectionState)
	}

	key := keyIn(t, c, id)
	if key.Origin != "AWS_CLOUDHSM" || *key.CustomKeyStoreId != *id ||
		*key.CloudHsmClusterId != servicetest.Cluster || key.KeyState != "Enabled" ||
		key.CurrentKeyMaterialId != nil {
		t.Errorf("the key is %+v", deref(key))
	}
	blob := encrypt(t, c, key.KeyId, "x", map[string]string{"a": "b"})
	if got := decrypted(t, c, blob, map[string]string{"a": "b"}); got != "x" {
		t.Errorf("decrypted to %q", got)
	}
	random := must(c.GenerateRandom(t.Context(), &kms.GenerateRandomInput{
		NumberOfBytes: aws.Int32(99), CustomKeyStoreId: id,
	}))(t)
	if len(random.Plaintext) != 99 {
		t.Errorf("%d random bytes", len(random.Plaintext))
	}
	must(c.UpdateCustomKeyStore(t.Context(),
		&kms.UpdateCustomKeyStoreInput{CustomKeyStoreId: id,
			NewCustomKeyStoreName: aws.String("third")}))(t)
	_, err = c.UpdateCustomKeyStore(t.Context(), &kms.UpdateCustomKeyStoreInput{
		CustomKeyStoreId: id, KeyStorePassword: aws.String("another"),
	})
	refused(t, err, "CustomKeyStoreInvalidStateException", "*")
	_, err = c.DeleteCustomKeyStore(t.Context(),
		&kms.DeleteCustomKeyStoreInput{CustomKeyStoreId: id})
	refused(t, err, "CustomKeyStoreInvalidStateException", "*")

	disconnect(t, s, id)
	if st := stateOf(t, c, key.KeyId); st != "Unavailable" {
		t.Errorf("disconnected, the key is %s", st)
	}
	_, err = c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob})
	refused(t, err, "KMSInvalidStateException", *key.Arn+" is unavailable.")
	_, err = c.DisconnectCustomKeyStore(t.Context(),
		&kms.DisconnectCustomKeyStoreInput{CustomKeyStoreId: id})
	refused(t, err, "CustomKeyStoreInvalidStateException", "*")
	_, err = c.CreateKey(t.Context(), &kms.CreateKeyInput{
		Origin: "AWS_CLOUDHSM", CustomKeyStoreId: id,
	})
	refused(t, err, "CustomKeyStoreInvalidStateException", "*")
	_, err = c.GenerateRandom(t.Context(), &kms.GenerateRandomInput{
		NumberOfBytes: aws.Int32(1), CustomKeyStoreId: id,
	})
	refused(t, err, "CustomKeyStoreInvalidStateException", "*")
	_, err = c.DeleteCustomKeyStore(t.Context(),
		&kms.DeleteCustomKeyStoreInput{CustomKeyStoreId: id})
	refused(t, err, "CustomKeyStoreHasCMKsException", "*")
	if name := *storeOf(t, c, id).CustomKeyStoreName; name != "third" {
		t.Errorf("the name is %s", name)
	}
}

// objects counts the keys that rest on a cluster's token, beside its canary and the object that is
// the token itself.
func objects(t testing.TB, device hsm.Config) int {
	t.Helper()
	entries, err := filepath.Glob(
		filepath.Join(hsmtest.Dir(t, hsmtest.Serial(t, device)), "*.object"))
	accepted(t, err)
	return len(entries) - 2
}

// Material goes when its key's window has ended, or as soon as the store is connected then;
// only then, and only disconnected, the store may go.
func TestDeleteCustomKeyStore_KeysDeletedBefore_LeavesNothingOnItsToken(t *testing.T) {
	device := hsmtest.Vault(t)
	s := servicetest.Start(t, oneCluster(device))
	c := s.KMS()
	id := connectedStore(t, s)
	one, two, kept := keyIn(t, c, id), keyIn(t, c, id), keyIn(t, c, id)
	blob := encrypt(t, c, kept.KeyId, "x", nil)
	if n := objects(t, device); n != 3 {
		t.Fatalf("%d keys rest on the token", n)
	}
	days := aws.Int32(7)
	must(c.ScheduleKeyDeletion(t.Context(),
		&kms.ScheduleKeyDeletionInput{KeyId: one.KeyId, PendingWindowInDays: days}))(t)
	s.Clock.Advance(7*24*time.Hour + time.Minute)
	gone := func(key *string) bool {
		s.RunDueJobs(t)
		_, err := c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: key})
		return err != nil
	}
	eventually(t, "the key is gone", func() bool { return gone(one.KeyId) })
	eventually(t, "its material is gone", func() bool {
		s.RunDueJobs(t)
		return objects(t, device) == 2
	})

	must(c.ScheduleKeyDeletion(t.Context(),
		&kms.ScheduleKeyDeletionInput{KeyId: two.KeyId, PendingWindowInDays: days}))(t)
	disconnect(t, s, id)
	if st := stateOf(t, c, two.KeyId); st != "PendingDeletion" {
		t.Errorf("pending deletion and disconnected, the key is %s", st)
	}
	_, err := c.DeleteCustomKeyStore(t.Context(),
		&kms.DeleteCustomKeyStoreInput{CustomKeyStoreId: id})
	refused(t, err, "CustomKeyStoreHasCMKsException", "*")
	s.Clock.Advance(7*24*time.Hour + time.Minute)
	eventually(t, "the key of the disconnected store is gone", func() bool {
		return gone(two.KeyId)
	})
	s.RunDueJobs(t)
	if n := objects(t, device); n != 2 {
		t.Errorf("disconnected, %d keys rest on the token", n)
	}
	if st := connect(t, s, id); st.ConnectionState != "CONNECTED" {
		t.Fatalf("the store is %s", st.ConnectionState)
	}
	eventually(t, "what was left behind is gone", func() bool {
		s.RunDueJobs(t)
		return objects(t, device) == 1
	})
	if got := decrypted(t, c, blob, nil); got != "x" {
		t.Errorf("the key that was kept decrypts to %q", got)
	}
	must(c.ScheduleKeyDeletion(t.Context(),
		&kms.ScheduleKeyDeletionInput{KeyId: kept.KeyId, PendingWindowInDays: days}))(t)
	s.Clock.Advance(7*24*time.Hour + time.Minute)
	eventually(t, "the last key is gone", func() bool { return gone(kept.KeyId) })
	eventually(t, "its material is gone", func() bool {
		s.RunDueJobs(t)
		return objects(t, device) == 0
	})
	disconnect(t, s, id)
	must(c.DeleteCustomKeyStore(t.Context(),
		&kms.DeleteCustomKeyStoreInput{CustomKeyStoreId: id}))(t)
	_, err = c.DescribeCustomKeyStores(t.Context(),
		&kms.DescribeCustomKeyStoresInput{CustomKeyStoreId: id})
	refused(t, err, "CustomKeyStoreNotFoundException", "*")
}

// A key's record can't be written, so its key is destroyed in time.
func TestCreateKey_NotStored_LeavesNothingOnTheToken(t *testing.T) {
	device := hsmtest.Vault(t)
	s := servicetest.Start(t, oneCluster(device))
	id := connectedStore(t, s)
	in := &kms.CreateKeyInput{Origin: "AWS_CLOUDHSM", CustomKeyStoreId: id}
	s.CutLedgerAfter(1)
	if _, err := s.KMS().CreateKey(t.Context(), in); err == nil {
		t.Fatal("a key was made without a record")
	}
	s.RestoreLedger()
	if n := objects(t, device); n != 1 {
		t.Fatalf("%d keys rest on the token: the test tests nothing", n)
	}
	keyIn(t, s.KMS(), id)
	s.Clock.Advance(2 * time.Hour)
	eventually(t, "what was left behind is gone", func() bool {
		s.RunDueJobs(t)
		return objects(t, device) == 1
	})
}

// All of them in pages, one by its name, and ten at most.
func TestDescribeCustomKeyStores_TenAtMost_AreListedInPages(t *testing.T) {
	var all []service.Cluster
	for i := range 11 {
		all = append(all, service.Cluster{
			ID: fmt.Sprintf("cluster-abcdefghij%c", 'a'+i), Tokens: []hsm.Config{hsmtest.Vault(t)},
			Single: true,
		})
	}
	s := servicetest.Start(t, servicetest.WithClusters(all...))
	c := s.KMS()
	create := func(i int) (*kms.CreateCustomKeyStoreOutput, error) {
		return c.CreateCustomKeyStore(t.Context(),
			&kms.CreateCustomKeyStoreInput{CustomKeyStoreName: aws.String(fmt.Sprint("store ", i)),
				CloudHsmClusterId:      &all[i].ID,
				KeyStorePassword:       aws.String(servicetest.ClusterPassword),
				TrustAnchorCertificate: aws.String(anchor), CustomKeyStoreType: "AWS_CLOUDHSM"})
	}
	var ids []string
	for i := range 10 {
		ids = append(ids, *must(create(i))(t).CustomKeyStoreId)
	}
	_, err := create(10)
	refused(t, err, "LimitExceededException", "*")
	slices.Sort(ids)
	for _, size := range []int32{1, 3, 10, 1000} {
		var got []string
		for p := kms.NewDescribeCustomKeyStoresPaginator(c,
			&kms.DescribeCustomKeyStoresInput{Limit: &size}); p.HasMorePages(); {
			page := must(p.NextPage(t.Context()))(t)
			if page.Truncated != (page.NextMarker != nil) {
				t.Errorf("Truncated %v, NextMarker %v", page.Truncated, page.NextMarker)
			}
			for _, st := range page.CustomKeyStores {
				got = append(got, *st.CustomKeyStoreId)
			}
		}
		if !slices.Equal(got, ids) {
			t.Errorf("pages of %d: %v, want %v", size, got, ids)
		}
	}
	got := must(c.DescribeCustomKeyStores(t.Context(), &kms.DescribeCustomKeyStoresInput{
		CustomKeyStoreName: aws.String("store 7"),
	}))(t).CustomKeyStores
	if len(got) != 1 || *got[0].CustomKeyStoreName != "store 7" {
		t.Errorf("by name: %v", got)
	}
	_, err = c.DescribeCustomKeyStores(t.Context(),
		&kms.DescribeCustomKeyStoresInput{CustomKeyStoreName: aws.String("nobody's")})
	refused(t, err, "CustomKeyStoreNotFoundException", "*")
	_, err = c.DescribeCustomKeyStores(t.Context(), &kms.DescribeCustomKeyStoresInput{
		CustomKeyStoreName: aws.String("store 7"), CustomKeyStoreId: &ids[7],
	})
	refused(t, err, "ValidationException", "*")
	_, err = c.DescribeCustomKeyStores(t.Context(),
		&kms.DescribeCustomKeyStoresInput{Marker: aws.String("made up")})
	refused(t, err, "InvalidMarkerException", "*")
	abroad := s.KMS(servicetest.WithRegion(servicetest.Abroad))
	got = must(abroad.DescribeCustomKeyStores(t.Context(),
		&kms.DescribeCustomKeyStoresInput{}))(t).CustomKeyStores
	if len(got) != 0 {
		t.Errorf("abroad there are %d", len(got))
	}
}

// By AWS's names, and nothing is changed.
func TestCustomKeyStore_WrongInput_IsRefusedByName(t *testing.T) {
	token := func() []hsm.Config { return []hsm.Config{hsmtest.Vault(t)} }
	missing := hsmtest.Vault(t)
	missing.TokenLabel = "pulled"
	pem := func(s string) string {
		return "-----BEGIN CERTIFICATE-----\n" + s + "\n-----END CERTIFICATE-----\n"
	}
	const few, pair, anchored, copied, unrelated, absent, dead = "cluster-few22222222",
		"cluster-pair2222222", "cluster-anchored222", "cluster-copied22222",
		"cluster-unrelated22", "cluster-absent22222", "cluster-dead2222222"
	s := servicetest.Start(t, servicetest.WithCluster(t), servicetest.WithClusters(
		service.Cluster{ID: few, Tokens: append(token(), missing)},
		service.Cluster{ID: pair, Tokens: append(token(), token()...)},
		service.Cluster{ID: anchored, Tokens: token(), Single: true, Anchor: pem("one")},
		service.Cluster{ID: copied, Tokens: token(), Single: true, Anchor: pem("one")},
		service.Cluster{ID: unrelated, Tokens: token(), Single: true, Anchor: pem("two")},
		service.Cluster{ID: absent, Tokens: []hsm.Config{missing}, Single: true},
		service.Cluster{
			ID: dead, Tokens: []hsm.Config{{Module: "/nonexistent/libpkcs11.so", TokenLabel: "x"}},
			Single: true,
		}))
	c := s.KMS()
	create := func(name, cluster, certificate string) (*kms.CreateCustomKeyStoreOutput, error) {
		return c.CreateCustomKeyStore(t.Context(),
			&kms.CreateCustomKeyStoreInput{CustomKeyStoreName: &name, CloudHsmClusterId: &cluster,
				KeyStorePassword:       aws.String(servicetest.ClusterPassword),
				TrustAnchorCertificate: &certificate})
	}
	no := func(code string, err error) {
		t.Helper()
		refused(t, err, code, "*")
	}
	_, err := create("x", "cluster-nobodys2222", anchor)
	no("CloudHsmClusterNotFoundException", err)
	_, err = create("x", few, anchor)
	no("CloudHsmClusterInvalidConfigurationException", err)
	_, err = create("x", absent, anchor)
	no("CloudHsmClusterInvalidConfigurationException", err)
	_, err = create("x", dead, anchor)
	no("CloudHsmClusterNotActiveException", err)
	_, err = create("x", anchored, pem("two"))
	no("IncorrectTrustAnchorException", err)
	spaced := " " + strings.ReplaceAll(pem("one"), "\n", "\r\n")
	first := must(create("first", anchored, spaced))(t).CustomKeyStoreId
	_, err = create("x", anchored, pem("one"))
	no("CloudHsmClusterInUseException", err)
	_, err = create("x", copied, pem("one"))
	no("CloudHsmClusterInUseException", err)
	_, err = create("first", servicetest.Cluster, anchor)
	no("CustomKeyStoreNameInUseException", err)
	_, err = s.KMS(servicetest.WithRegion(servicetest.Abroad)).CreateCustomKeyStore(t.Context(),
		&kms.CreateCustomKeyStoreInput{CustomKeyStoreName: aws.String("first"),
			CloudHsmClusterId:      aws.String(anchored),
			KeyStorePassword:       aws.String(servicetest.ClusterPassword),
			TrustAnchorCertificate: aws.String(pem("one"))})
	no("CloudHsmClusterInUseException", err)
	second := must(create("second", pair, anchor))(t).CustomKeyStoreId
	if st := connect(t, s, second); st.ConnectionState != "CONNECTED" {
		t.Errorf("a cluster of two: %s %s", st.ConnectionState, st.ConnectionErrorCode)
	}

	for _, in := range []kms.CreateCustomKeyStoreInput{
		{CustomKeyStoreName: aws.String("x"), CustomKeyStoreType: "EXTERNAL_KEY_STORE",
			XksProxyUriEndpoint:  aws.String("https://xks.example.com"),
			XksProxyUriPath:      aws.String("/kms/xks/v1"),
			XksProxyConnectivity: "PUBLIC_ENDPOINT",
			XksProxyAuthenticationCredential: &types.XksProxyAuthenticationCredentialType{
				AccessKeyId:        aws.String("ABCDEFGHIJ2345672345"),
				RawSecretAccessKey: aws.String(strings.Repeat("s", 43))}},
		{CustomKeyStoreName: aws.String("x"),
			XksProxyVpcEndpointServiceName: aws.String(
				"com.amazonaws.vpce.us-east-1.vpce-svc-example"),
			XksProxyVpcEndpointServiceOwner: aws.String("111122223333")},
	} {
		_, err = c.CreateCustomKeyStore(t.Context(), &in)
		no("UnsupportedOperationException", err)
	}
	_, err = c.CreateCustomKeyStore(t.Context(), &kms.CreateCustomKeyStoreInput{
		CustomKeyStoreName: aws.String("x"), CloudHsmClusterId: aws.String(servicetest.Cluster),
	})
	no("ValidationException", err)

	update := func(in kms.UpdateCustomKeyStoreInput) error {
		in.CustomKeyStoreId = first
		_, err := c.UpdateCustomKeyStore(t.Context(), &in)
		return err
	}
	no("ValidationException", update(kms.UpdateCustomKeyStoreInput{}))
	no("UnsupportedOperationException",
		update(kms.UpdateCustomKeyStoreInput{XksProxyUriPath: aws.String("/kms/xks/v1")}))
	no("CustomKeyStoreNameInUseException",
		update(kms.UpdateCustomKeyStoreInput{NewCustomKeyStoreName: aws.String("second")}))
	no("CloudHsmClusterNotFoundException",
		update(kms.UpdateCustomKeyStoreInput{CloudHsmClusterId: aws.String("cluster-nobodys2222")}))
	no("CloudHsmClusterNotRelatedException",
		update(kms.UpdateCustomKeyStoreInput{CloudHsmClusterId: aws.String(unrelated)}))
	no("CloudHsmClusterNotActiveException",
		update(kms.UpdateCustomKeyStoreInput{CloudHsmClusterId: aws.String(dead)}))
	no("CloudHsmClusterInvalidConfigurationException",
		update(kms.UpdateCustomKeyStoreInput{CloudHsmClusterId: aws.String(few)}))
	st := storeOf(t, c, first)
	if *st.CloudHsmClusterId != anchored || *st.CustomKeyStoreName != "first" {
		t.Errorf("changed to %+v", st)
	}
	accepted(t, update(kms.UpdateCustomKeyStoreInput{CloudHsmClusterId: aws.String(copied)}))

	for _, in := range []kms.CreateKeyInput{
		{Origin: "AWS_CLOUDHSM"}, {CustomKeyStoreId: second},
		{CustomKeyStoreId: second, Origin: "EXTERNAL"},
	} {
		_, err = c.CreateKey(t.Context(), &in)
		no("ValidationException", err)
	}
	for _, in := range []kms.CreateKeyInput{
		{Origin: "EXTERNAL_KEY_STORE", CustomKeyStoreId: second, XksKeyId: aws.String("k")},
		{Origin: "AWS_CLOUDHSM", CustomKeyStoreId: second, MultiRegion: aws.Bool(true)},
		{Origin: "AWS_CLOUDHSM", CustomKeyStoreId: second, KeySpec: "RSA_2048",
			KeyUsage: "SIGN_VERIFY"},
		{Origin: "AWS_CLOUDHSM", CustomKeyStoreId: second, KeySpec: "HMAC_256",
			KeyUsage: "GENERATE_VERIFY_MAC"},
	} {
		_, err = c.CreateKey(t.Context(), &in)
		no("UnsupportedOperationException", err)
	}
	key := keyIn(t, c, second)
	_, err = c.GenerateDataKeyPair(t.Context(), &kms.GenerateDataKeyPairInput{
		KeyId: key.KeyId, KeyPairSpec: "ECC_NIST_P256",
	})
	no("UnsupportedOperationException", err)
}

// It is never tried again, not even by a server that starts anew.
func TestConnectCustomKeyStore_WrongPassword_IsTriedOnce(t *testing.T) {
	device := hsmtest.Vault(t)
	s := servicetest.Start(t, oneCluster(device))
	c := s.KMS()
	id := connectedStore(t, s)
	key := keyIn(t, c, id)
	s.Restart(t, func() { hsmtest.SetPIN(t, device, "another PIN now") })
	eventually(t, "the store has failed", func() bool {
		return storeOf(t, c, id).ConnectionState == "FAILED"
	})
	if code := storeOf(t, c, id).ConnectionErrorCode; code != "INVALID_CREDENTIALS" {
		t.Errorf("the code is %s", code)
	}
	if st := stateOf(t, c, key.KeyId); st != "Unavailable" {
		t.Errorf("the key is %s", st)
	}
	mark := s.Mark(t)
	s.Restart(t, nil)
	s.RunDueJobs(t)
	time.Sleep(2 * time.Second) // for what must not happen
	if st := storeOf(t, c, id); st.ConnectionState != "FAILED" {
		t.Errorf("after another start the store is %s", st.ConnectionState)
	}
	for _, r := range s.Trail(t, mark) {
		if r.EventName == "ConnectCustomKeyStore" {
			t.Errorf("it was tried again: %s", r.Line)
		}
	}
	disconnect(t, s, id)
	must(c.UpdateCustomKeyStore(t.Context(),
		&kms.UpdateCustomKeyStoreInput{CustomKeyStoreId: id,
			KeyStorePassword: aws.String("another PIN now")}))(t)
	st := connect(t, s, id)
	if st.ConnectionState != "CONNECTED" || stateOf(t, c, key.KeyId) != "Enabled" {
		t.Errorf("with the new password: %s %s", st.ConnectionState, st.ConnectionErrorCode)
	}
}

// Nobody has to ask for it.
func TestConnectedStore_Restart_IsOpenedAgain(t *testing.T) {
	s := servicetest.Start(t, servicetest.WithCluster(t))
	c := s.KMS()
	id := connectedStore(t, s)
	key := keyIn(t, c, id)
	blob := encrypt(t, c, key.KeyId, "x", nil)
	s.Restart(t, nil)
	eventually(t, "the key can be used", func() bool {
		return stateOf(t, c, key.KeyId) == "Enabled"
	})
	if got := decrypted(t, c, blob, nil); got != "x" {
		t.Errorf("decrypted to %q", got)
	}
}

// Each use succeeds or is refused by name, and none succeeds that begins after the answer.
func TestDisconnectCustomKeyStore_UnderLoad_ClosesItsKeysAtOnce(t *testing.T) {
	s := servicetest.Start(t, servicetest.WithCluster(t))
	c, m := s.KMS(), s.SecretsManager()
	id := connectedStore(t, s)
	key := keyIn(t, c, id)
	blob := encrypt(t, c, key.KeyId, "x", nil)
	must(m.CreateSecret(t.Context(),
		&secretsmanager.CreateSecretInput{Name: aws.String("s"), SecretString: aws.String("x"),
			KmsKeyId: key.KeyId}))(t)
	for range 3 {
		var closed, stop atomic.Bool
		var done, after atomic.Int32
		var users sync.WaitGroup
		use := func(do func() error) {
			users.Go(func() {
				for !stop.Load() {
					late := closed.Load()
					err := do()
					switch {
					case err == nil && late:
						t.Error("a key of a disconnected store was used")
					case err == nil:
						done.Add(1)
					case strings.Contains(err.Error(), "KMSInvalidStateException"),
						strings.Contains(err.Error(), "DecryptionFailure"):
						after.Add(1)
					// The others were on their way.
					case late ||
						!strings.Contains(err.Error(), "KeyUnavailableException") &&
							!strings.Contains(err.Error(), "InternalServiceError"):
						t.Errorf("refused with %v", err)
						return
					}
				}
			})
		}
		for range 4 {
			use(func() error {
				_, err := c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob})
				return err
			})
			use(func() error {
				_, err := m.GetSecretValue(t.Context(),
					&secretsmanager.GetSecretValueInput{SecretId: aws.String("s")})
				return err
			})
		}
		eventually(t, "keys are used", func() bool { return done.Load() > 100 })
		must(c.DisconnectCustomKeyStore(t.Context(),
			&kms.DisconnectCustomKeyStoreInput{CustomKeyStoreId: id}))(t)
		closed.Store(true)
		eventually(t, "uses are refused", func() bool { return after.Load() > 100 })
		stop.Store(true)
		users.Wait()
		if st := settled(t, s, id); st.ConnectionState != "DISCONNECTED" {
			t.Fatalf("the store is %s", st.ConnectionState)
		}
		if st := connect(t, s, id); st.ConnectionState != "CONNECTED" {
			t.Fatalf("the store is %s: %s", st.ConnectionState, st.ConnectionErrorCode)
		}
	}
	secretValue(t, m, "s")
}

// The rest of the service doesn't notice, and the store returns by itself.
func TestConnectedStore_TokenPulledAndPutBack_ReturnsByItself(t *testing.T) {
	device := hsmtest.Vault(t)
	s := servicetest.Start(t, oneCluster(device))
	c := s.KMS()
	id := connectedStore(t, s)
	key, own := keyIn(t, c, id), createKey(t, c)
	blob, ownBlob := encrypt(t, c, key.KeyId, "x", nil), encrypt(t, c, own.KeyId, "y", nil)
	secret := must(s.SecretsManager().CreateSecret(t.Context(),
		&secretsmanager.CreateSecretInput{Name: aws.String("s"), SecretString: aws.String("z"),
			KmsKeyId: key.Arn}))(t)
	read := func() error {
		_, err := s.SecretsManager().GetSecretValue(t.Context(),
			&secretsmanager.GetSecretValueInput{SecretId: secret.ARN})
		return err
	}
	accepted(t, read())
	decrypt := func(blob []byte) error {
		_, err := c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob})
		return err
	}
	putBack := hsmtest.Pull(t, hsmtest.Serial(t, device))
	eventually(t, "the key can't be used", func() bool { return decrypt(blob) != nil })
	eventually(t, "what its data keys sealed is closed", func() bool { return read() != nil })
	refused(t, decrypt(blob), "KeyUnavailableException", "*")
	accepted(t, decrypt(ownBlob))
	a := s.Send(t, servicetest.Request{Method: "GET", Path: "/readyz", Unsigned: true})
	if a.Status != 200 {
		t.Errorf("a lost store makes the service unready: %s", a.Body)
	}
	if st := storeOf(t, c, id); st.ConnectionState != "CONNECTED" {
		t.Errorf("meanwhile the store is %s", st.ConnectionState)
	}
	putBack()
	eventually(t, "the key can be used again", func() bool {
		return decrypt(blob) == nil && read() == nil
	})

	disconnect(t, s, id)
	putBack = hsmtest.Pull(t, hsmtest.Serial(t, device))
	eventually(t, "the cluster is seen to be gone", func() bool {
		_, err := c.ConnectCustomKeyStore(t.Context(),
			&kms.ConnectCustomKeyStoreInput{CustomKeyStoreId: id})
		if err == nil {
			st := settled(t, s, id)
			if code := st.ConnectionErrorCode; st.ConnectionState != "FAILED" ||
				code != "INSUFFICIENT_CLOUDHSM_HSMS" && code != "NETWORK_ERRORS" {
				t.Errorf("without its token the store is %s %s", st.ConnectionState,
					st.ConnectionErrorCode)
			}
			disconnect(t, s, id)
			return true
		}
		refused(t, err, "CloudHsmClusterInvalidConfigurationException", "*")
		return true
	})
	putBack()
	eventually(t, "it connects again", func() bool {
		_, err := c.ConnectCustomKeyStore(t.Context(),
			&kms.ConnectCustomKeyStoreInput{CustomKeyStoreId: id})
		if err != nil {
			return false
		}
		if settled(t, s, id).ConnectionState == "CONNECTED" {
			return true
		}
		disconnect(t, s, id)
		return false
	})
	accepted(t, decrypt(blob))
}

// They are closed while the store is disconnected, and open again afterwards.
func TestDisconnectedStore_SecretsUnderItsKeys_AreClosed(t *testing.T) {
	s := servicetest.Start(t, servicetest.WithCluster(t))
	c, m := s.KMS(), s.SecretsManager()
	id := connectedStore(t, s)
	key := keyIn(t, c, id)
	must(m.CreateSecret(t.Context(),
		&secretsmanager.CreateSecretInput{Name: aws.String("s"), SecretString: aws.String("x"),
			KmsKeyId: key.KeyId}))(t)
	secretValue(t, m, "s")
	disconnect(t, s, id)
	_, err := m.GetSecretValue(t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: aws.String("s")})
	if err == nil {
		t.Fatal("a secret was read whose key is in a disconnected store")
	}
	s.Restart(t, nil)
	_, err = m.GetSecretValue(t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: aws.String("s")})
	if err == nil {
		t.Fatal("after a start it was read")
	}
	if st := connect(t, s, id); st.ConnectionState != "CONNECTED" {
		t.Fatalf("the store is %s", st.ConnectionState)
	}
	if got := secretValue(t, m, "s"); got != "x" {
		t.Errorf("the secret is %q", got)
	}
}

// It is looked for where the service writes, after uses of all kinds.
func TestStorePassword_AllUses_IsWrittenNowhere(t *testing.T) {
	device := hsmtest.Vault(t)
	right, wrong, short := hex.EncodeToString(unique(10)), hex.EncodeToString(unique(10)),
		hex.EncodeToString(unique(20))
	hsmtest.SetPIN(t, device, right)
	s := servicetest.Start(t, oneCluster(device))
	c := s.KMS()
	planted := []canary{
		plant("the password", []byte(right)), plant("a wrong password", []byte(wrong)),
		plant("a password that is too long", []byte(short)),
	}
	_, err := c.CreateCustomKeyStore(t.Context(),
		&kms.CreateCustomKeyStoreInput{CustomKeyStoreName: aws.String("a"),
			CloudHsmClusterId: aws.String(servicetest.Cluster),
			KeyStorePassword:  &short, TrustAnchorCertificate: aws.String(anchor)})
	refused(t, err, "ValidationException", "*")
	absentFrom(t, "an error", []byte(err.Error()), planted)
	id := newStore(t, c, "a", wrong)
	connect(t, s, id)
	disconnect(t, s, id)
	must(c.UpdateCustomKeyStore(t.Context(),
		&kms.UpdateCustomKeyStoreInput{CustomKeyStoreId: id, KeyStorePassword: &right}))(t)
	if st := connect(t, s, id); st.ConnectionState != "CONNECTED" {
		t.Fatalf("the store is %s: %s", st.ConnectionState, st.ConnectionErrorCode)
	}
	keyIn(t, c, id)
	a := s.Do(t, "TrentService.DescribeCustomKeyStores", "{}")
	absentFrom(t, "a description", a.Body, planted)
	absentFrom(t, "the log", []byte(s.Log.String()), planted)
	for _, r := range s.Trail(t, 0) {
		absentFrom(t, "a record", []byte(r.Line), planted)
	}
	s.Restart(t, func() {
		for _, suffix := range []string{"", "-wal"} {
			b, err := os.ReadFile(s.Database + suffix)
			if err == nil {
				absentFrom(t, "the database", b, planted)
			}
		}
	})
	if bytes.Contains([]byte(s.Log.String()), []byte(right)) {
		t.Error("the log has the password")
	}
}
