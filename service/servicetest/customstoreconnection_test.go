package servicetest_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/hsm/hsmtest"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

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
		if st := awaitStore(t, s, id); st.ConnectionState != "DISCONNECTED" {
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
		if err != nil {
			refused(t, err, "CloudHsmClusterInvalidConfigurationException", "*")
			return true
		}
		st := awaitStore(t, s, id)
		if code := st.ConnectionErrorCode; st.ConnectionState != "FAILED" ||
			code != "INSUFFICIENT_CLOUDHSM_HSMS" && code != "NETWORK_ERRORS" {
			t.Errorf("without its token the store is %s %s", st.ConnectionState,
				st.ConnectionErrorCode)
		}
		disconnect(t, s, id)
		return true
	})
	putBack()
	eventually(t, "it connects again", func() bool {
		_, err := c.ConnectCustomKeyStore(t.Context(),
			&kms.ConnectCustomKeyStoreInput{CustomKeyStoreId: id})
		if err != nil {
			return false
		}
		if awaitStore(t, s, id).ConnectionState == "CONNECTED" {
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
