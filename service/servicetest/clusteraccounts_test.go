package servicetest_test

import (
	"strings"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/service"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// otherAccount owns nothing unless a test gives it something.
const otherAccount = "999988887777"

// otherKMS returns a client of another account's root user.
func otherKMS(t *testing.T, s *servicetest.Server) *kms.Client {
	t.Helper()
	return s.KMS(servicetest.As(s.RootOf(t, otherAccount)))
}

// createStore asks for a store on a cluster.
func createStore(t *testing.T, c *kms.Client, name, cluster, password string) (*string, error) {
	t.Helper()
	out, err := c.CreateCustomKeyStore(t.Context(), &kms.CreateCustomKeyStoreInput{
		CustomKeyStoreName: &name, CloudHsmClusterId: &cluster, KeyStorePassword: &password,
		TrustAnchorCertificate: aws.String(anchor)})
	if err != nil {
		return nil, err
	}
	return out.CustomKeyStoreId, nil
}

// Nothing tells it from one that isn't there: not its name, not that it is in use, not its state.
func TestCluster_OfAnotherAccount_IsNotThere(t *testing.T) {
	const theirs, nobodys = "cluster-theirs22222", "cluster-nobodys2222"
	s := servicetest.Start(t, servicetest.WithCluster(t), servicetest.WithClusters(service.Cluster{
		ID: theirs, Accounts: []string{otherAccount}, Tokens: []hsm.Config{hsmtest.Vault(t)},
		Single: true}))
	ours, other := s.KMS(), otherKMS(t, s)
	said := func(c *kms.Client, cluster string) string {
		t.Helper()
		_, err := createStore(t, c, "x", cluster, servicetest.ClusterPassword)
		refused(t, err, "CloudHsmClusterNotFoundException", "*")
		return strings.ReplaceAll(err.Error()[strings.Index(err.Error(), "CloudHsm"):], cluster, "it")
	}
	connectedStore(t, s) // in use makes no difference
	for c, foreign := range map[*kms.Client]string{ours: theirs, other: servicetest.Cluster} {
		if got, want := said(c, foreign), said(c, nobodys); got != want {
			t.Errorf("%q, and of no cluster at all %q", got, want)
		}
	}
	id, err := createStore(t, other, "mine", theirs, servicetest.ClusterPassword)
	accepted(t, err)
	for _, cluster := range []string{servicetest.Cluster, nobodys} {
		_, err = other.UpdateCustomKeyStore(t.Context(), &kms.UpdateCustomKeyStoreInput{
			CustomKeyStoreId: id, CloudHsmClusterId: &cluster})
		refused(t, err, "CloudHsmClusterNotFoundException", "*")
	}
}

// A store outlives the right of its account to the cluster, and tries nothing.
func TestConnectedStore_AccountLosesItsCluster_IsNotConnected(t *testing.T) {
	device := hsmtest.Vault(t)
	accounts := []string{servicetest.Account}
	s := servicetest.Start(t, servicetest.WithClusters(service.Cluster{ID: servicetest.Cluster,
		Accounts: accounts, Tokens: []hsm.Config{device}, Single: true}))
	id := connectedStore(t, s)
	s.Restart(t, func() { accounts[0] = otherAccount })
	eventually(t, "the store has failed", func() bool {
		return storeOf(t, s.KMS(), id).ConnectionState == "FAILED"
	})
	if code := storeOf(t, s.KMS(), id).ConnectionErrorCode; code != "CLUSTER_NOT_FOUND" {
		t.Errorf("the code is %s", code)
	}
}

// failing connects a store, which has to fail by a code.
func failing(t *testing.T, s *servicetest.Server, id *string, code string) {
	t.Helper()
	st := connect(t, s, id)
	if st.ConnectionState != "FAILED" || string(st.ConnectionErrorCode) != code {
		t.Errorf("the store is %s %s, want %s", st.ConnectionState, st.ConnectionErrorCode, code)
	}
	disconnect(t, s, id)
}

func usePassword(t *testing.T, c *kms.Client, id *string, password string) {
	t.Helper()
	must(c.UpdateCustomKeyStore(t.Context(),
		&kms.UpdateCustomKeyStoreInput{CustomKeyStoreId: id, KeyStorePassword: &password}))(t)
}

// However the caller goes about it: another password, another store, another account, another start
// of the service.
func TestConnectCustomKeyStore_WrongPasswords_StopAfterTwo(t *testing.T) {
	device := hsmtest.Vault(t)
	s := servicetest.Start(t, servicetest.WithClusters(service.Cluster{ID: servicetest.Cluster,
		Accounts: []string{servicetest.Account, otherAccount}, Tokens: []hsm.Config{device},
		Single: true}))
	c := s.KMS()
	id := newStore(t, c, "a", "the first guess")
	failing(t, s, id, "INVALID_CREDENTIALS")
	failing(t, s, id, "INVALID_CREDENTIALS") // the same again, which is the second
	usePassword(t, c, id, "the second guess")
	failing(t, s, id, "USER_LOCKED_OUT")
	usePassword(t, c, id, servicetest.ClusterPassword) // right, and not tried
	failing(t, s, id, "USER_LOCKED_OUT")
	must(c.DeleteCustomKeyStore(t.Context(),
		&kms.DeleteCustomKeyStoreInput{CustomKeyStoreId: id}))(t)

	other := otherKMS(t, s)
	theirs, err := createStore(t, other, "b", servicetest.Cluster, servicetest.ClusterPassword)
	accepted(t, err)
	must(other.ConnectCustomKeyStore(t.Context(),
		&kms.ConnectCustomKeyStoreInput{CustomKeyStoreId: theirs}))(t)
	eventually(t, "the other account's store has failed", func() bool {
		s.RunDueJobs(t)
		return storeOf(t, other, theirs).ConnectionState == "FAILED"
	})
	must(other.DisconnectCustomKeyStore(t.Context(),
		&kms.DisconnectCustomKeyStoreInput{CustomKeyStoreId: theirs}))(t)
	eventually(t, "it is disconnected", func() bool {
		s.RunDueJobs(t)
		return storeOf(t, other, theirs).ConnectionState == "DISCONNECTED"
	})
	must(other.DeleteCustomKeyStore(t.Context(),
		&kms.DeleteCustomKeyStoreInput{CustomKeyStoreId: theirs}))(t)

	s.Restart(t, nil)
	id = newStore(t, c, "c", servicetest.ClusterPassword)
	failing(t, s, id, "USER_LOCKED_OUT")
	if !strings.Contains(s.Log.String(), "claviger clusters reset") {
		t.Error("the operator is not told what to do")
	}
	mark := s.Mark(t)
	accepted(t, s.Service().ResetCluster(t.Context(), servicetest.Account, servicetest.Cluster, "me"))
	records := s.Trail(t, mark)
	if len(records) != 1 || records[0].EventName != "ResetClusterRefusals" ||
		!strings.Contains(records[0].Line, servicetest.Cluster) {
		t.Errorf("the reset is recorded as %v", records)
	}
	if st := connect(t, s, id); st.ConnectionState != "CONNECTED" {
		t.Errorf("after the reset: %s %s", st.ConnectionState, st.ConnectionErrorCode)
	}
}

// What an operator allows is one try.
func TestConnectCustomKeyStore_WrongAfterReset_IsLockedAgain(t *testing.T) {
	s := servicetest.Start(t, servicetest.WithCluster(t))
	id := newStore(t, s.KMS(), "a", "a wrong guess")
	for range 2 {
		failing(t, s, id, "INVALID_CREDENTIALS")
	}
	failing(t, s, id, "USER_LOCKED_OUT")
	accepted(t, s.Service().ResetCluster(t.Context(), servicetest.Account, servicetest.Cluster, "me"))
	failing(t, s, id, "INVALID_CREDENTIALS")
	failing(t, s, id, "USER_LOCKED_OUT")
}

func TestConnectCustomKeyStore_RightInBetween_BeginsTheCountAnew(t *testing.T) {
	s := servicetest.Start(t, servicetest.WithCluster(t))
	c := s.KMS()
	id := newStore(t, c, "a", "a wrong guess")
	for range 3 {
		failing(t, s, id, "INVALID_CREDENTIALS")
		usePassword(t, c, id, servicetest.ClusterPassword)
		if st := connect(t, s, id); st.ConnectionState != "CONNECTED" {
			t.Fatalf("with the right password: %s %s", st.ConnectionState, st.ConnectionErrorCode)
		}
		disconnect(t, s, id)
		usePassword(t, c, id, "a wrong guess")
	}
}

// A wrong PIN that the token has counted and that wasn't ours may be one of several.
func TestConnectCustomKeyStore_TokenCountsAWrongPIN_TriesNone(t *testing.T) {
	device := hsmtest.Vault(t)
	wrong := device
	wrong.PIN = func() ([]byte, error) { return []byte("somebody's guess"), nil }
	if _, err := hsm.OpenVault(t.Context(), wrong, nil); err == nil {
		t.Fatal("a wrong PIN was taken")
	}
	s := servicetest.Start(t, oneCluster(device))
	id := newStore(t, s.KMS(), "a", servicetest.ClusterPassword)
	failing(t, s, id, "USER_LOCKED_OUT")
	if !strings.Contains(s.Log.String(), "somebody else has tried a wrong PIN") {
		t.Error("the operator is not told")
	}
	accepted(t, s.Service().ResetCluster(t.Context(), servicetest.Account, servicetest.Cluster, "me"))
	if st := connect(t, s, id); st.ConnectionState != "CONNECTED" {
		t.Fatalf("after the reset: %s %s", st.ConnectionState, st.ConnectionErrorCode)
	}

	// A store that is connected stays so, and comes back once the token is at ease.
	s.Restart(t, func() {
		if _, err := hsm.OpenVault(t.Context(), wrong, nil); err == nil {
			t.Fatal("a wrong PIN was taken")
		}
	})
	time.Sleep(1500 * time.Millisecond) // for attempts that must not be made
	if st := storeOf(t, s.KMS(), id); st.ConnectionState != "CONNECTED" {
		t.Errorf("after a start it is %s %s", st.ConnectionState, st.ConnectionErrorCode)
	}
	if v, err := hsm.OpenVault(t.Context(), device, s.Service().Token); err != nil {
		t.Error(err)
	} else {
		accepted(t, v.Close())
	}
	key := &kms.CreateKeyInput{Origin: "AWS_CLOUDHSM", CustomKeyStoreId: id}
	eventually(t, "a key can be made", func() bool {
		_, err := s.KMS().CreateKey(t.Context(), key)
		return err == nil
	})
}

func TestKeyStorePassword_FromAFile_LosesItsLineEnd(t *testing.T) {
	s := servicetest.Start(t, servicetest.WithCluster(t))
	c := s.KMS()
	for _, text := range []string{"\xef\xbb\xbf" + servicetest.ClusterPassword,
		servicetest.ClusterPassword + " ", servicetest.ClusterPassword + "\n\n"} {
		_, err := createStore(t, c, "a", servicetest.Cluster, text)
		refused(t, err, "ValidationException", "*")
	}
	id := newStore(t, c, "a", servicetest.ClusterPassword+"\r\n")
	if st := connect(t, s, id); st.ConnectionState != "CONNECTED" {
		t.Fatalf("with CR LF: %s %s", st.ConnectionState, st.ConnectionErrorCode)
	}
	disconnect(t, s, id)
	usePassword(t, c, id, servicetest.ClusterPassword+"\n")
	if st := connect(t, s, id); st.ConnectionState != "CONNECTED" {
		t.Errorf("with LF: %s %s", st.ConnectionState, st.ConnectionErrorCode)
	}
}
