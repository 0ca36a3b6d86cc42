package keystore

import (
	"context"
	"errors"
	"testing"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/keystore/cryptoops"
	"claviger/keystore/customstore"
	"claviger/keystore/key"
)

// clusters are clusters of one true token each.
type clusters struct {
	t      testing.TB
	main   *hsm.Token
	tokens map[string]hsm.Config
	asked  int    // how often a password was tried
	during func() // what happens before one is; nil: nothing
}

func (c *clusters) Look(_ context.Context, _, id string) (*customstore.Cluster, error) {
	if _, ok := c.tokens[id]; !ok {
		return nil, nil
	}
	return &customstore.Cluster{Works: true, Active: 1, Needed: 1, Ready: true}, nil
}

func (c *clusters) Open(ctx context.Context,
	login customstore.Login) (customstore.Connection, error) {
	if c.during != nil {
		c.during()
	}
	device := c.tokens[login.Cluster]
	device.PIN = func() ([]byte, error) { c.asked++; return login.Password() }
	device.SparePIN = !login.Again
	opened, err := hsm.OpenVault(ctx, device, c.main)
	switch {
	case errors.Is(err, hsm.ErrPIN):
		return nil, &customstore.ConnectionError{Code: "INVALID_CREDENTIALS", Final: true, Err: err}
	case err != nil:
		return nil, &customstore.ConnectionError{Code: "NETWORK_ERRORS", Err: err}
	}
	c.t.Cleanup(func() { opened.Close() })
	return connection{opened}, nil
}

type connection struct{ *hsm.Vault }

func (c connection) FinalError() *customstore.ConnectionError { return nil }
func (c connection) Close()                                   { c.Vault.Close() }

const aCluster = "cluster-abcdefghijk"

// connectedStore makes a custom key store and connects it.
func (s *service) connectedStore() string {
	s.t.Helper()
	if _, ok := s.clusters.tokens[aCluster]; !ok {
		s.clusters.tokens[aCluster] = hsmtest.Vault(s.t)
	}
	id := must[customstore.CreateCustomKeyStoreOutput](s, "CreateCustomKeyStore",
		M{"CustomKeyStoreName": "a",
			"CloudHsmClusterId": aCluster, "KeyStorePassword": hsmtest.PIN,
			"TrustAnchorCertificate": "anchor"}).CustomKeyStoreId
	s.connect(id)
	return id
}

func (s *service) connect(id string) {
	s.t.Helper()
	must[customstore.CustomKeyStoreOutput](s, "ConnectCustomKeyStore", M{"CustomKeyStoreId": id})
	s.Jobs.RunDue(s.t.Context())
	s.checkConnectionState(id, customstore.Connected)
}

func (s *service) disconnect(id string) {
	s.t.Helper()
	must[customstore.CustomKeyStoreOutput](s, "DisconnectCustomKeyStore", M{"CustomKeyStoreId": id})
	s.checkConnectionState(id, customstore.Disconnecting)
	s.Jobs.RunDue(s.t.Context())
	s.checkConnectionState(id, customstore.Disconnected)
}

func (s *service) checkConnectionState(id string, want customstore.State) {
	s.t.Helper()
	out := must[customstore.DescribeCustomKeyStoresOutput](s, "DescribeCustomKeyStores",
		M{"CustomKeyStoreId": id})
	if got := out.CustomKeyStores[0].ConnectionState; got != string(want) {
		s.t.Errorf("the store is %s, want %s", got, want)
	}
}

// keyInStore makes a key in a store.
func (s *service) keyInStore(id string) string {
	s.t.Helper()
	return must[CreateKeyOutput](s, "CreateKey",
		M{"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": id}).KeyMetadata.KeyId
}

// The column Unavailable of the table of key states is held to true keys. PendingDeletion shows
// through it, and so do the origins that an operation isn't for.
func TestDisconnectedStore_UsesOfItsKeys_AreRefusedByState(t *testing.T) {
	s := start(t)
	st := s.connectedStore()
	const unsupported, invalid = "UnsupportedOperationException", "KMSInvalidStateException"
	inUse := M{
		"Encrypt":                             invalid,
		"Decrypt":                             invalid,
		"ReEncrypt":                           invalid,
		"GenerateDataKey":                     invalid,
		"GenerateDataKeyWithoutPlaintext":     invalid,
		"GenerateDataKeyPair":                 unsupported,
		"GenerateDataKeyPairWithoutPlaintext": unsupported,
		"CancelKeyDeletion":                   invalid,
		"GetParametersForImport":              unsupported,
		"ImportKeyMaterial":                   unsupported,
		"DeleteImportedKeyMaterial":           unsupported,
		"ReplicateKey":                        unsupported,
		"UpdatePrimaryRegion":                 unsupported,
		"EnableKeyRotation":                   unsupported,
		"DisableKeyRotation":                  unsupported,
		"GetKeyRotationStatus":                unsupported,
		"RotateKeyOnDemand":                   unsupported,
		"ListKeyRotations":                    unsupported,
	}
	rows := map[string]sampleKey{}
	n := 0
	for name, row := range keyStates {
		if _, special := samples[name]; row.request == nil || special {
			continue
		}
		n++
		rows[name] = s.nameAndUse(n, s.keyInStore(st), cipher)
	}
	going := s.keyInStore(st)
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": going})
	s.disconnect(st)
	for name, m := range rows {
		want, _ := inUse[name].(string)
		if _, code := ask[any](s, name, keyStates[name].request(m)); code != want {
			t.Errorf("%s of an unavailable key: %q, want %q", name, code, want)
		}
	}
	described := must[DescribeKeyOutput](s, "DescribeKey", M{"KeyId": going}).KeyMetadata
	if described.KeyState != key.PendingDeletion {
		t.Errorf("a key pending deletion is %s", described.KeyState)
	}
	s.connect(st)
	out := must[cryptoops.DecryptOutput](s, "Decrypt", M{"CiphertextBlob": rows["Encrypt"].blob})
	if string(out.Plaintext) != "x" {
		t.Errorf("connected again, it decrypts to %q", out.Plaintext)
	}
}

// The job that connects a store is no failure while its cluster can't be reached: whoever keeps
// stores connected asks for the next one.
func TestConnectedStore_ClusterUnreachable_StaysConnectedAndComesBack(t *testing.T) {
	s := start(t)
	st := s.connectedStore()
	id := s.keyInStore(st)
	device := s.clusters.tokens[aCluster]
	s.keys.stores.Close()
	s.Restart()
	connect := func() {
		t.Helper()
		c := s.Runner.Own(t.Context(), ourAccount, ourRegion, "kms")
		if err := s.keys.stores.Connect(c, st); err != nil {
			t.Errorf("the job that connects: %v", err)
		}
	}
	usable := func(want bool, lost int) {
		t.Helper()
		s.checkConnectionState(st, customstore.Connected)
		_, code := ask[any](s, "Encrypt", M{"KeyId": id, "Plaintext": []byte("x")})
		if (code == "") != want {
			t.Errorf("a use of its key: %q", code)
		}
		if n := s.keys.stores.Lost(); n != lost {
			t.Errorf("%d stores are lost, want %d", n, lost)
		}
	}
	delete(s.clusters.tokens, aCluster)
	connect()
	usable(false, 1)
	s.clusters.tokens[aCluster] = device
	connect()
	usable(true, 0)
	delete(s.clusters.tokens, aCluster) // what is open stays open
	connect()
	usable(true, 0)
}

// What is no refusal of a password counts as none.
func TestConnectCustomKeyStore_ClusterUnreachableManyTimes_IsStillTried(t *testing.T) {
	s := start(t)
	st := s.connectedStore()
	device := s.clusters.tokens[aCluster]
	s.disconnect(st)
	delete(s.clusters.tokens, aCluster)
	for range 4 {
		must[customstore.CustomKeyStoreOutput](s, "ConnectCustomKeyStore", M{"CustomKeyStoreId": st})
		s.Jobs.RunDue(t.Context())
		s.checkConnectionState(st, customstore.Failed)
		s.disconnect(st)
	}
	s.clusters.tokens[aCluster] = device
	s.connect(st)
}

// Nobody knows whether the cluster has counted a password when the process ended under it.
func TestConnectCustomKeyStore_ProcessEndsUnderIt_CountsAsRefused(t *testing.T) {
	s := start(t)
	st := s.connectedStore()
	s.keys.stores.Close()
	for range customstore.MaxRefusals {
		s.clusters.tokens[aCluster] = hsmtest.Vault(t)
		s.clusters.during = func() { panic("the process ends") }
		s.Restart()
		c := s.Runner.Own(t.Context(), ourAccount, ourRegion, "kms")
		func() {
			defer func() { _ = recover() }()
			_ = s.keys.stores.Connect(c, st)
		}()
	}
	s.clusters.during = nil
	asked := s.clusters.asked
	s.Restart()
	c := s.Runner.Own(t.Context(), ourAccount, ourRegion, "kms")
	if err := s.keys.stores.Connect(c, st); err != nil || s.clusters.asked != asked {
		t.Errorf("tried once more, %v", err)
	}
	s.checkConnectionState(st, customstore.Connected) // and waits for the operator
	if err := s.keys.stores.ResetRefusals(c, aCluster); err != nil {
		t.Fatal(err)
	}
	if err := s.keys.stores.Connect(c, st); err != nil || s.clusters.asked != asked+1 {
		t.Errorf("after the reset it was tried %d times, %v", s.clusters.asked-asked, err)
	}
	if err := s.keys.stores.ResetRefusals(c, "cluster-nobodys2222"); err == nil {
		t.Error("a cluster that isn't there was reset")
	}
}
