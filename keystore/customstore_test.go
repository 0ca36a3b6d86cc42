package keystore

import (
	"context"
	"errors"
	"testing"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/keystore/key"
)

// vaults are clusters of one true token each.
type vaults struct {
	t      testing.TB
	tokens map[string]hsm.Config
	asked  int // how often a password was tried
}

func (v *vaults) Look(_ context.Context, id string) (*Cluster, error) {
	if _, ok := v.tokens[id]; !ok {
		return nil, nil
	}
	return &Cluster{Works: true, Active: 1, Needed: 1, Ready: true}, nil
}

func (v *vaults) Open(ctx context.Context, id string, password func() ([]byte, error)) (Vault, error) {
	c := v.tokens[id]
	c.PIN = func() ([]byte, error) { v.asked++; return password() }
	opened, err := hsm.OpenVault(ctx, c)
	switch {
	case errors.Is(err, hsm.ErrPIN):
		return nil, &Trouble{Code: "INVALID_CREDENTIALS", Final: true, Err: err}
	case err != nil:
		return nil, &Trouble{Code: "NETWORK_ERRORS", Err: err}
	}
	v.t.Cleanup(func() { opened.Close() })
	return trueVault{opened}, nil
}

type trueVault struct{ *hsm.Vault }

func (v trueVault) Trouble() *Trouble { return nil }
func (v trueVault) Close()            { v.Vault.Close() }

const aCluster = "cluster-abcdefghijk"

// store makes a custom key store and connects it.
func (s *service) store() string {
	s.t.Helper()
	if _, ok := s.clusters.tokens[aCluster]; !ok {
		s.clusters.tokens[aCluster] = hsmtest.Vault(s.t)
	}
	id := must[CreateStoreOutput](s, "CreateCustomKeyStore", M{"CustomKeyStoreName": "a", "CloudHsmClusterId": aCluster,
		"KeyStorePassword": hsmtest.PIN, "TrustAnchorCertificate": "anchor"}).CustomKeyStoreId
	s.connect(id)
	return id
}

func (s *service) connect(id string) {
	s.t.Helper()
	must[StoreOutput](s, "ConnectCustomKeyStore", M{"CustomKeyStoreId": id})
	s.jobRunner.RunDue(s.t.Context())
	s.inConnection(id, connected)
}

func (s *service) disconnect(id string) {
	s.t.Helper()
	must[StoreOutput](s, "DisconnectCustomKeyStore", M{"CustomKeyStoreId": id})
	s.inConnection(id, disconnecting)
	s.jobRunner.RunDue(s.t.Context())
	s.inConnection(id, disconnected)
}

func (s *service) inConnection(id, want string) {
	s.t.Helper()
	out := must[DescribeStoresOutput](s, "DescribeCustomKeyStores", M{"CustomKeyStoreId": id})
	if got := out.CustomKeyStores[0].ConnectionState; got != want {
		s.t.Errorf("the store is %s, want %s", got, want)
	}
}

// resident makes a key in a store.
func (s *service) resident(id string) string {
	s.t.Helper()
	return must[CreateKeyOutput](s, "CreateKey", M{"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": id}).KeyMetadata.KeyId
}

// TestKeysOfADisconnectedStore holds the column Unavailable of the table of key states to true keys. PendingDeletion shows
// through it, and so do the origins that an operation isn't for.
func TestKeysOfADisconnectedStore(t *testing.T) {
	s := start(t)
	st := s.store()
	const unsupported, invalid = "UnsupportedOperationException", "KMSInvalidStateException"
	inUse := M{"Encrypt": invalid, "Decrypt": invalid, "ReEncrypt": invalid, "GenerateDataKey": invalid, "GenerateDataKeyWithoutPlaintext": invalid,
		"GenerateDataKeyPair": unsupported, "GenerateDataKeyPairWithoutPlaintext": unsupported, "CancelKeyDeletion": invalid,
		"GetParametersForImport": unsupported, "ImportKeyMaterial": unsupported, "DeleteImportedKeyMaterial": unsupported, "ReplicateKey": unsupported, "UpdatePrimaryRegion": unsupported,
		"EnableKeyRotation": unsupported, "DisableKeyRotation": unsupported, "GetKeyRotationStatus": unsupported, "RotateKeyOnDemand": unsupported, "ListKeyRotations": unsupported}
	rows := map[string]made{}
	n := 0
	for name, row := range keyStates {
		if _, special := samples[name]; row.request == nil || special {
			continue
		}
		n++
		rows[name] = s.named(n, s.resident(st), cipher)
	}
	going := s.resident(st)
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": going})
	s.disconnect(st)
	for name, m := range rows {
		want, _ := inUse[name].(string)
		if _, code := ask[any](s, name, keyStates[name].request(m)); code != want {
			t.Errorf("%s of an unavailable key: %q, want %q", name, code, want)
		}
	}
	if got := must[DescribeKeyOutput](s, "DescribeKey", M{"KeyId": going}).KeyMetadata.KeyState; got != key.PendingDeletion {
		t.Errorf("a key pending deletion is %s", got)
	}
	s.connect(st)
	if out := must[DecryptOutput](s, "Decrypt", M{"CiphertextBlob": rows["Encrypt"].blob}); string(out.Plaintext) != "x" {
		t.Errorf("connected again, it decrypts to %q", out.Plaintext)
	}
}
