package servicetest_test

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"claviger/hsm/hsmtest"
	"claviger/hsm/hsmtest/fakedevice"
	"claviger/internal/op"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/uuid"
)

// stage makes the things that the words of a request stand for, and returns the request with them
// in it, and a twin that is the same about things that are not there.
func stage(t testing.TB, s *servicetest.Server, request string) (there, absent string) {
	t.Helper()
	real, gone := stageWords(t, s, request)
	return strings.NewReplacer(real...).Replace(request), strings.NewReplacer(gone...).Replace(request)
}

// stageWords makes the things that the words of a request stand for, and returns the words, each
// followed by what it stands for; and the same of things that are not there.
func stageWords(t testing.TB, s *servicetest.Server, request string) (there, absent []string) {
	t.Helper()
	k, m := s.KMS(), s.SecretsManager()
	unique := uuid.NewString()
	key, other, going := createKey(t, k), createKey(t, k), createKey(t, k)
	createAlias(t, k, "alias/"+unique, key.KeyId)
	must(k.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: going.KeyId}))(t)
	secret := createSecret(t, m, "s-"+unique, "x")
	marked := createSecret(t, m, "p-"+unique, "x")
	must(m.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: marked.ARN}))(t)
	copies, noCopies := stageReplicas(t, s, request, unique)
	blob, err := json.Marshal(encrypt(t, k, key.KeyId, "x", nil))
	accepted(t, err)
	special, gone := stageSpecial(t, k, request)
	entities, nobody := stageEntities(t, s, request, unique)
	special, gone = append(special, entities...), append(gone, nobody...)
	special, gone = append(special, copies...), append(gone, noCopies...)
	rotated, unknown := stageRotations(t, s, request, unique)
	special, gone = append(special, rotated...), append(gone, unknown...)
	placed, missed := stageParameters(t, s, request, unique)
	special, gone = append(special, placed...), append(gone, missed...)
	told, untold := stageTopics(t, s, request, unique)
	special, gone = append(special, told...), append(gone, untold...)
	routed, unrouted := stageEvents(t, s, request, unique)
	special, gone = append(special, routed...), append(gone, unrouted...)
	special = append(special, "DECLARED", servicetest.Trail)
	gone = append(gone, "DECLARED", "absent")
	if strings.Contains(request, "GRANT") {
		grant := must(k.CreateGrant(t.Context(),
			&kms.CreateGrantInput{KeyId: key.KeyId, GranteePrincipal: aws.String(servicetest.NobodyARN),
				Operations: []types.GrantOperation{"Decrypt"}}))(t)
		special, gone = append(special, "GRANT", *grant.GrantId), append(gone, "GRANT", *grant.GrantId)
	}
	opened, room := strings.Contains(request, "CONNECTED"), strings.Contains(request, "CLUSTER")
	if opened || room || strings.Contains(request, "STORE") {
		id := stageStore(t, s, opened, !room)
		special = append(special, "STORE", id, "CONNECTED", id, "CLUSTER", servicetest.Cluster)
		gone = append(gone, "STORE", noStore, "CONNECTED", noStore, "CLUSTER", servicetest.Cluster)
	}
	same := []string{"TOKEN", uuid.NewString(), "NEW", "new-" + unique, "BLOB",
		strings.Trim(string(blob), `"`), "VERSION", *secret.VersionId}
	there = slices.Concat(same, special, []string{"KEY", *key.KeyId, "OTHER", *other.KeyId,
		"GOING", *going.KeyId, "ALIAS", "alias/" + unique, "SECRET", *secret.Name,
		"MARKED", *marked.Name})
	absent = slices.Concat(same, gone, []string{"KEY", noKey, "OTHER", noKey, "GOING", noKey,
		"ALIAS", "alias/absent", "SECRET", "absent", "MARKED", "absent"})
	return there, absent
}

// noStore is the id of no custom key store.
const noStore = "cks-0123456789abcdef0"

// stageStore makes a custom key store, connected or not, in the place of the one that was there; or
// only makes room.
func stageStore(t testing.TB, s *servicetest.Server, opened, made bool) string {
	t.Helper()
	k := s.KMS()
	for _, st := range must(k.DescribeCustomKeyStores(t.Context(),
		&kms.DescribeCustomKeyStoresInput{}))(t).CustomKeyStores {
		if awaitStore(t, s, st.CustomKeyStoreId).ConnectionState != "DISCONNECTED" {
			disconnect(t, s, st.CustomKeyStoreId)
		}
		must(k.DeleteCustomKeyStore(t.Context(),
			&kms.DeleteCustomKeyStoreInput{CustomKeyStoreId: st.CustomKeyStoreId}))(t)
	}
	if !made {
		return ""
	}
	id := newStore(t, k, "staged", servicetest.ClusterPassword)
	if opened {
		connect(t, s, id)
	}
	return *id
}

// awaitStores waits until nothing goes on with any custom key store.
func awaitStores(t testing.TB, s *servicetest.Server) {
	t.Helper()
	for _, st := range must(s.KMS().DescribeCustomKeyStores(t.Context(),
		&kms.DescribeCustomKeyStoresInput{}))(t).CustomKeyStores {
		awaitStore(t, s, st.CustomKeyStoreId)
	}
}

// stageSpecial makes the keys that are for one thing only, and what was made by them, where a
// request needs them.
func stageSpecial(t testing.TB, k *kms.Client, request string) (there, absent []string) {
	t.Helper()
	add := func(name string, id *string, others ...string) {
		there = append(append(there, name, *id), others...)
		absent = append(append(absent, name, noKey), others...)
	}
	base64 := func(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
	switch message := []byte("x"); {
	case strings.Contains(request, "SIGNER"):
		id := createSpecial(t, k, "ECC_NIST_P256", "SIGN_VERIFY").KeyId
		out := must(k.Sign(t.Context(),
			&kms.SignInput{KeyId: id, Message: message, SigningAlgorithm: "ECDSA_SHA_256"}))(t)
		add("SIGNER", id, "SIGNATURE", base64(out.Signature))
	case strings.Contains(request, "AUTHENTICATOR"):
		id := createSpecial(t, k, "HMAC_256", "GENERATE_VERIFY_MAC").KeyId
		out := must(k.GenerateMac(t.Context(),
			&kms.GenerateMacInput{KeyId: id, Message: message, MacAlgorithm: "HMAC_SHA_256"}))(t)
		add("AUTHENTICATOR", id, "CODE", base64(out.Mac))
	case strings.Contains(request, "AGREER"):
		id := createSpecial(t, k, "ECC_NIST_P256", "KEY_AGREEMENT").KeyId
		out := must(k.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: id}))(t)
		add("AGREER", id, "PEER", base64(out.PublicKey))
	case strings.Contains(request, "OPENER"):
		id := createSpecial(t, k, "ML_KEM_768", "ENCAPSULATE_DECAPSULATE").KeyId
		out := must(k.Encapsulate(t.Context(),
			&kms.EncapsulateInput{KeyId: id, EncapsulationAlgorithm: "ML_KEM"}))(t)
		add("OPENER", id, "CAPSULE", base64(out.SharedSecretCiphertextBlob))
	case strings.Contains(request, "WAITING"):
		id := external(t, k, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
		key, _ := hsmtest.Outside(t, "SYMMETRIC_DEFAULT")
		in := parcel(t, k, id, "RSAES_OAEP_SHA_256", key)
		deadline := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)
		add("WAITING", id, "PASS", base64(in.ImportToken), "PARCEL", base64(in.EncryptedKeyMaterial),
			"DEADLINE", deadline)
	case strings.Contains(request, "LONE"):
		add("LONE", multiRegionKey(t, k).KeyId)
	case strings.Contains(request, "COUPLE"):
		add("COUPLE", multiRegionKey(t, k, servicetest.Abroad).KeyId)
	}
	return there, absent
}

// walkServers are the servers that operations are walked on. SoftHSM2 2.6.1 makes no keys for key
// encapsulation, so the two operations that take one are walked on a token in software that does;
// nothing else is.
type walkServers struct{ soft, v32 walkServer }

// walkServer is a server and its database.
type walkServer struct {
	*servicetest.Server
	db *sql.DB
}

// startWalkServers starts both. The keys that the service manages are made now, and not in a case.
func startWalkServers(t testing.TB) walkServers {
	t.Helper()
	on := func(s *servicetest.Server) walkServer {
		createSecret(t, s.SecretsManager(), "first", "x")
		stageParameters(t, s, "PARAMETER", "first")
		stageTopics(t, s, "SUBSCRIPTION", "first")
		stageEvents(t, s, "LINK", "first")
		return walkServer{s, database(t, s.Database)}
	}
	return walkServers{on(servicetest.Start(t, servicetest.WithCluster(t))),
		on(servicetest.StartOn(t, fakedevice.LikeV32(t).Config()))}
}

// of returns the one for an operation.
func (g walkServers) of(n op.Info) walkServer {
	if strings.Contains(walk[idOf(n)].request, "OPENER") {
		return g.v32
	}
	return g.soft
}
