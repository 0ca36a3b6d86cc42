package servicetest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/service"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
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
	return awaitStore(t, s, id)
}

func disconnect(t testing.TB, s *servicetest.Server, id *string) {
	t.Helper()
	must(s.KMS().DisconnectCustomKeyStore(t.Context(),
		&kms.DisconnectCustomKeyStoreInput{CustomKeyStoreId: id}))(t)
	if st := awaitStore(t, s, id); st.ConnectionState != "DISCONNECTED" {
		t.Fatalf("disconnected, the store is %s", st.ConnectionState)
	}
}

// awaitStore waits until a store is neither connecting nor disconnecting.
func awaitStore(t testing.TB, s *servicetest.Server,
	id *string) (st types.CustomKeyStoresListEntry) {
	t.Helper()
	eventually(t, "the custom key store is connected, disconnected or has failed", func() bool {
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
	if st = awaitStore(t, s, id); st.ConnectionState != "CONNECTED" {
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
