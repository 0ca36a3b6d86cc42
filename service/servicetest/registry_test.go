package servicetest_test

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"claviger/hsm/hsmtest"
	"claviger/hsm/hsmtest/fakedevice"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/uuid"
)

// walk has a row for every operation of the registry: a request that is allowed, and the error when
// what it is about is not there. In a request the words in capitals stand for things that are made
// for it; see [stage].
var walk = map[string]struct {
	request string
	missing string // the error's name; empty where there is nothing that could be absent
	why     string // the reason then
}{
	"kms.CreateKey": {`{"Description":"d","Tags":[{"TagKey":"a","TagValue":"b"}]}`, "",
		"it makes its own target"},
	"kms.DescribeKey": {`{"KeyId":"KEY"}`, "NotFoundException", ""},
	"kms.ListKeys":    {`{"Limit":5}`, "", "an account is always there"},
	"kms.EnableKey":   {`{"KeyId":"KEY"}`, "NotFoundException", ""},
	"kms.DisableKey":  {`{"KeyId":"KEY"}`, "NotFoundException", ""},
	"kms.ScheduleKeyDeletion": {`{"KeyId":"KEY","PendingWindowInDays":7}`,
		"NotFoundException", ""},
	"kms.CancelKeyDeletion": {`{"KeyId":"GOING"}`, "NotFoundException", ""},
	"kms.UpdateKeyDescription": {`{"KeyId":"KEY","Description":"d"}`,
		"NotFoundException", ""},
	"kms.GetKeyPolicy": {`{"KeyId":"KEY","PolicyName":"default"}`,
		"NotFoundException", ""},
	"kms.PutKeyPolicy":    {`{"KeyId":"KEY","Policy":"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"kms:*\",\"Resource\":\"*\"}}"}`, "NotFoundException", ""},
	"kms.ListKeyPolicies": {`{"KeyId":"KEY"}`, "NotFoundException", ""},
	"kms.ReplicateKey":    {`{"KeyId":"LONE","ReplicaRegion":"eu-central-1","Tags":[{"TagKey":"a","TagValue":"b"}]}`, "NotFoundException", ""},
	"kms.UpdatePrimaryRegion": {`{"KeyId":"COUPLE","PrimaryRegion":"eu-central-1"}`,
		"NotFoundException", ""},
	"kms.CreateGrant": {`{"KeyId":"KEY","GranteePrincipal":"arn:aws:iam::111122223333:user/a","Operations":["Decrypt"],"Constraints":{"EncryptionContextSubset":{"a":"b"}}}`, "NotFoundException", ""},
	"kms.ListGrants":  {`{"KeyId":"KEY","Limit":5}`, "NotFoundException", ""},
	"kms.ListRetirableGrants": {`{"RetiringPrincipal":"arn:aws:iam::111122223333:user/a"}`, "",
		"an account is always there"},
	"kms.RetireGrant": {`{"KeyId":"KEY","GrantId":"GRANT"}`,
		"NotFoundException", ""},
	"kms.RevokeGrant": {`{"KeyId":"KEY","GrantId":"GRANT"}`,
		"NotFoundException", ""},
	"kms.EnableKeyRotation": {`{"KeyId":"KEY","RotationPeriodInDays":90}`,
		"NotFoundException", ""},
	"kms.DisableKeyRotation":   {`{"KeyId":"KEY"}`, "NotFoundException", ""},
	"kms.GetKeyRotationStatus": {`{"KeyId":"KEY"}`, "NotFoundException", ""},
	"kms.RotateKeyOnDemand":    {`{"KeyId":"KEY"}`, "NotFoundException", ""},
	"kms.ListKeyRotations": {`{"KeyId":"KEY","IncludeKeyMaterial":"ROTATIONS_ONLY"}`,
		"NotFoundException", ""},
	"kms.GetKeyLastUsage":           {`{"KeyId":"KEY"}`, "NotFoundException", ""},
	"kms.GetParametersForImport":    {`{"KeyId":"WAITING","WrappingAlgorithm":"RSAES_OAEP_SHA_256","WrappingKeySpec":"RSA_2048"}`, "NotFoundException", ""},
	"kms.ImportKeyMaterial":         {`{"KeyId":"WAITING","ImportToken":"PASS","EncryptedKeyMaterial":"PARCEL","ValidTo":DEADLINE}`, "NotFoundException", ""},
	"kms.DeleteImportedKeyMaterial": {`{"KeyId":"WAITING"}`, "NotFoundException", ""},
	"kms.CreateAlias": {`{"AliasName":"alias/NEW","TargetKeyId":"KEY"}`,
		"NotFoundException", ""},
	"kms.UpdateAlias": {`{"AliasName":"ALIAS","TargetKeyId":"OTHER"}`,
		"NotFoundException", ""},
	"kms.DeleteAlias": {`{"AliasName":"ALIAS"}`, "NotFoundException", ""},
	"kms.ListAliases": {`{"KeyId":"KEY"}`, "NotFoundException", ""},
	"kms.TagResource": {`{"KeyId":"KEY","Tags":[{"TagKey":"a","TagValue":"b"}]}`, "NotFoundException",
		""},
	"kms.UntagResource": {`{"KeyId":"KEY","TagKeys":["a"]}`, "NotFoundException",
		""},
	"kms.ListResourceTags": {`{"KeyId":"KEY"}`, "NotFoundException", ""},
	"kms.Encrypt": {`{"KeyId":"KEY","Plaintext":"eA==","EncryptionContext":{"a":"b"}}`,
		"NotFoundException", ""},
	"kms.Decrypt": {`{"KeyId":"KEY","CiphertextBlob":"BLOB"}`,
		"NotFoundException", ""},
	"kms.ReEncrypt": {`{"SourceKeyId":"KEY","DestinationKeyId":"OTHER","CiphertextBlob":"BLOB"}`,
		"NotFoundException", ""},
	"kms.GenerateDataKey": {`{"KeyId":"KEY","KeySpec":"AES_256"}`,
		"NotFoundException", ""},
	"kms.GenerateDataKeyWithoutPlaintext": {`{"KeyId":"KEY","NumberOfBytes":64}`,
		"NotFoundException", ""},
	"kms.GenerateDataKeyPair": {`{"KeyId":"KEY","KeyPairSpec":"ECC_NIST_P256"}`,
		"NotFoundException", ""},
	"kms.GenerateDataKeyPairWithoutPlaintext": {`{"KeyId":"KEY","KeyPairSpec":"ECC_SECG_P256K1"}`,
		"NotFoundException", ""},
	"kms.GetPublicKey": {`{"KeyId":"SIGNER"}`, "NotFoundException", ""},
	"kms.Sign": {`{"KeyId":"SIGNER","Message":"eA==","SigningAlgorithm":"ECDSA_SHA_256"}`,
		"NotFoundException", ""},
	"kms.Verify": {`{"KeyId":"SIGNER","Message":"eA==","Signature":"SIGNATURE","SigningAlgorithm":"ECDSA_SHA_256"}`, "NotFoundException", ""},
	"kms.GenerateMac": {`{"KeyId":"TALLY","Message":"eA==","MacAlgorithm":"HMAC_SHA_256"}`,
		"NotFoundException", ""},
	"kms.VerifyMac": {`{"KeyId":"TALLY","Message":"eA==","Mac":"CODE","MacAlgorithm":"HMAC_SHA_256"}`,
		"NotFoundException", ""},
	"kms.DeriveSharedSecret": {`{"KeyId":"AGREER","PublicKey":"PEER","KeyAgreementAlgorithm":"ECDH"}`,
		"NotFoundException", ""},
	"kms.Encapsulate": {`{"KeyId":"OPENER","EncapsulationAlgorithm":"ML_KEM"}`,
		"NotFoundException", ""},
	"kms.Decapsulate":          {`{"KeyId":"OPENER","EncapsulationAlgorithm":"ML_KEM","SharedSecretCiphertextBlob":"CAPSULE"}`, "NotFoundException", ""},
	"kms.CreateCustomKeyStore": {`{"CustomKeyStoreName":"NEW","CloudHsmClusterId":"CLUSTER","KeyStorePassword":"4711-user-pin","TrustAnchorCertificate":"x"}`, "", "it makes its own target"},
	"kms.DescribeCustomKeyStores": {`{"CustomKeyStoreId":"VAULT"}`,
		"CustomKeyStoreNotFoundException", ""},
	"kms.UpdateCustomKeyStore": {`{"CustomKeyStoreId":"VAULT","NewCustomKeyStoreName":"NEW"}`,
		"CustomKeyStoreNotFoundException", ""},
	"kms.DeleteCustomKeyStore": {`{"CustomKeyStoreId":"VAULT"}`,
		"CustomKeyStoreNotFoundException", ""},
	"kms.ConnectCustomKeyStore": {`{"CustomKeyStoreId":"VAULT"}`,
		"CustomKeyStoreNotFoundException", ""},
	"kms.DisconnectCustomKeyStore": {`{"CustomKeyStoreId":"LINKED"}`,
		"CustomKeyStoreNotFoundException", ""},
	"kms.GenerateRandom": {`{"NumberOfBytes":32}`, "",
		"the token is always there"},

	"secretsmanager.CreateSecret": {`{"Name":"NEW","ClientRequestToken":"TOKEN","SecretString":"x","Tags":[{"Key":"a","Value":"b"}]}`, "", "it makes its own target"},
	"secretsmanager.DescribeSecret": {`{"SecretId":"SECRET"}`, "ResourceNotFoundException",
		""},
	"secretsmanager.ListSecrets":  {`{"MaxResults":5}`, "", "an account is always there"},
	"secretsmanager.UpdateSecret": {`{"SecretId":"SECRET","ClientRequestToken":"TOKEN","SecretString":"y","Description":"d"}`, "ResourceNotFoundException", ""},
	"secretsmanager.DeleteSecret": {`{"SecretId":"SECRET","RecoveryWindowInDays":7}`,
		"ResourceNotFoundException", ""},
	"secretsmanager.RestoreSecret": {`{"SecretId":"PARTING"}`, "ResourceNotFoundException",
		""},
	"secretsmanager.GetSecretValue": {`{"SecretId":"SECRET"}`, "ResourceNotFoundException",
		""},
	"secretsmanager.BatchGetSecretValue": {`{"SecretIdList":["SECRET"]}`, "",
		"an absent secret is in the answer's Errors"},
	"secretsmanager.PutSecretValue": {`{"SecretId":"SECRET","ClientRequestToken":"TOKEN","SecretBinary":"eA=="}`, "ResourceNotFoundException", ""},
	"secretsmanager.ListSecretVersionIds": {`{"SecretId":"SECRET"}`, "ResourceNotFoundException",
		""},
	"secretsmanager.UpdateSecretVersionStage": {`{"SecretId":"SECRET","VersionStage":"S","MoveToVersionId":"VERSION"}`, "ResourceNotFoundException", ""},
	"secretsmanager.TagResource":              {`{"SecretId":"SECRET","Tags":[{"Key":"a","Value":"b"}]}`, "ResourceNotFoundException", ""},
	"secretsmanager.UntagResource": {`{"SecretId":"SECRET","TagKeys":["a"]}`,
		"ResourceNotFoundException", ""},
	"secretsmanager.GetRandomPassword": {`{"PasswordLength":20}`, "",
		"the token is always there"},

	"sts.GetCallerIdentity": {`{}`, "", "whoever asks is there"},
}

// unrestricted are the operations that need no permission, each with the reason.
var unrestricted = map[string]string{
	"sts.GetCallerIdentity": "whoever can sign may know as whom",
}

// stage makes the things that the words of a request stand for, and returns the request with them
// in it, and a twin that is the same about things that are not there.
func stage(t testing.TB, s *servicetest.Server, request string) (there, absent string) {
	t.Helper()
	k, m := s.KMS(), s.SecretsManager()
	unique := uuid.NewString()
	key, other, going := createKey(t, k), createKey(t, k), createKey(t, k)
	createAlias(t, k, "alias/"+unique, key.KeyId)
	must(k.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: going.KeyId}))(t)
	secret := createSecret(t, m, "s-"+unique, "x")
	parting := createSecret(t, m, "p-"+unique, "x")
	must(m.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: parting.ARN}))(t)
	blob, err := json.Marshal(encrypt(t, k, key.KeyId, "x", nil))
	accepted(t, err)
	special, gone := stageSpecial(t, k, request)
	if strings.Contains(request, "GRANT") {
		grant := must(k.CreateGrant(t.Context(),
			&kms.CreateGrantInput{KeyId: key.KeyId, GranteePrincipal: aws.String(servicetest.UserARN("a")),
				Operations: []types.GrantOperation{"Decrypt"}}))(t)
		special, gone = append(special, "GRANT", *grant.GrantId), append(gone, "GRANT", *grant.GrantId)
	}
	if opened := strings.Contains(request, "LINKED"); opened || strings.Contains(request, "VAULT") ||
		strings.Contains(request, "CLUSTER") {
		id := stageStore(t, s, opened, !strings.Contains(request, "CLUSTER"))
		special = append(special, "VAULT", id, "LINKED", id, "CLUSTER", servicetest.Cluster)
		gone = append(gone, "VAULT", "cks-0123456789abcdef0", "LINKED", "cks-0123456789abcdef0",
			"CLUSTER", servicetest.Cluster)
	}
	same := []string{"TOKEN", uuid.NewString(), "NEW", "new-" + unique, "BLOB",
		strings.Trim(string(blob), `"`), "VERSION", *secret.VersionId}
	there = strings.NewReplacer(append(append(same, special...), "KEY", *key.KeyId, "OTHER",
		*other.KeyId, "GOING", *going.KeyId, "ALIAS", "alias/"+unique,
		"SECRET", *secret.Name, "PARTING", *parting.Name)...).Replace(request)
	absent = strings.NewReplacer(append(append(same, gone...), "KEY", noKey, "OTHER", noKey, "GOING",
		noKey, "ALIAS", "alias/absent",
		"SECRET", "absent", "PARTING", "absent")...).Replace(request)
	return there, absent
}

// stageStore makes a custom key store, connected or not, in the place of the one that was there; or
// only makes room.
func stageStore(t testing.TB, s *servicetest.Server, opened, made bool) string {
	t.Helper()
	k := s.KMS()
	for _, st := range must(k.DescribeCustomKeyStores(t.Context(),
		&kms.DescribeCustomKeyStoresInput{}))(t).CustomKeyStores {
		if settled(t, s, st.CustomKeyStoreId).ConnectionState != "DISCONNECTED" {
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

// settleStores waits until nothing goes on with any custom key store.
func settleStores(t testing.TB, s *servicetest.Server) {
	t.Helper()
	for _, st := range must(s.KMS().DescribeCustomKeyStores(t.Context(),
		&kms.DescribeCustomKeyStoresInput{}))(t).CustomKeyStores {
		settled(t, s, st.CustomKeyStoreId)
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
	case strings.Contains(request, "TALLY"):
		id := createSpecial(t, k, "HMAC_256", "GENERATE_VERIFY_MAC").KeyId
		out := must(k.GenerateMac(t.Context(),
			&kms.GenerateMacInput{KeyId: id, Message: message, MacAlgorithm: "HMAC_SHA_256"}))(t)
		add("TALLY", id, "CODE", base64(out.Mac))
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
		add("LONE", family(t, k).KeyId)
	case strings.Contains(request, "COUPLE"):
		add("COUPLE", family(t, k, servicetest.Abroad).KeyId)
	}
	return there, absent
}

// grounds are the servers that operations are walked on. SoftHSM2 2.6.1 makes no keys for key
// encapsulation, so the two operations that take one are walked on a token in software that does;
// nothing else is.
type grounds struct{ soft, v32 ground }

// ground is a server and its database.
type ground struct {
	*servicetest.Server
	db *sql.DB
}

// startGrounds starts both. The keys that the service manages are made now, and not in a case.
func startGrounds(t testing.TB) grounds {
	t.Helper()
	on := func(s *servicetest.Server) ground {
		createSecret(t, s.SecretsManager(), "first", "x")
		return ground{s, database(t, s.Database)}
	}
	return grounds{on(servicetest.Start(t, servicetest.WithCluster(t))),
		on(servicetest.StartOn(t, fakedevice.LikeV32(t).Config()))}
}

// of returns the one for an operation.
func (g grounds) of(n op.Info) ground {
	if strings.Contains(walk[idOf(n)].request, "OPENER") {
		return g.v32
	}
	return g.soft
}

// routed are the operations that a client can name.
func routed(s *servicetest.Server) (all []op.Info) {
	for _, o := range s.Service().Operations {
		if n := o.Info(); n.Method != "" {
			all = append(all, n)
		}
	}
	return all
}

func idOf(n op.Info) string     { return n.Service.Name + "." + n.Name }
func targetOf(n op.Info) string { return n.Service.Target + "." + n.Name }

// TestRegistry_EveryOperation_HasItsRow: no operation can be added without its five cases.
func TestRegistry_EveryOperation_HasItsRow(t *testing.T) {
	s := servicetest.Start(t)
	known := map[string]bool{}
	for _, n := range routed(s) {
		known[idOf(n)] = true
		row, ok := walk[idOf(n)]
		switch {
		case !ok:
			t.Errorf("%s has no row in walk: add a request that is allowed and the error when its target "+
				"is absent", idOf(n))
		case unrestricted[idOf(n)] != "" && row.missing != "":
			t.Errorf("%s needs no permission, so that it shows absence to everybody", idOf(n))
		case (row.missing == "") == (row.why == ""):
			t.Errorf("the row of %s needs the error of an absent target, or the reason why there is none, "+
				"and not both", idOf(n))
		}
	}
	for name := range walk {
		if !known[name] {
			t.Errorf("walk has a row for %s, and there is no such operation", name)
		}
	}
}

// restOf returns the REST request that says the same as a JSON 1.1 document: the identifier in the
// path, and the rest in the body, or in the query of a method that has none.
func restOf(t testing.TB, n op.Info, document string) servicetest.Request {
	t.Helper()
	members := map[string]json.RawMessage{}
	accepted(t, json.Unmarshal([]byte(document), &members))
	path, member, _ := strings.Cut(n.Path, "{")
	if member = strings.TrimSuffix(member, "...}"); member != "" {
		path += text(members[member])
		delete(members, member)
	}
	if n.Method != http.MethodGet && n.Method != http.MethodDelete {
		body, err := json.Marshal(members)
		accepted(t, err)
		return servicetest.Request{Method: n.Method, Path: path, Body: body}
	}
	query := url.Values{}
	for name, value := range members {
		var list []string
		if json.Unmarshal(value, &list) == nil {
			query[name] = list
		} else {
			query.Set(name, text(value))
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return servicetest.Request{Method: n.Method, Path: path}
}

// callOf returns the request that says the same in the protocol of the service's own clients.
func callOf(t testing.TB, n op.Info, document string) servicetest.Request {
	t.Helper()
	if n.Service.Target != "" {
		return servicetest.Request{Target: targetOf(n), Body: []byte(document)}
	}
	form := url.Values{"Action": {n.Name}, "Version": {n.Service.Version}}
	members := map[string]json.RawMessage{}
	accepted(t, json.Unmarshal([]byte(document), &members))
	for name, value := range members {
		form.Set(name, text(value))
	}
	return servicetest.Request{Type: "application/x-www-form-urlencoded; charset=utf-8",
		Body: []byte(form.Encode())}
}

// text returns a JSON string's text, and any other value as it stands.
func text(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil {
		return s
	}
	return string(value)
}

// TestRegistry_EveryOperation_KeepsThePromisesOfAll takes every operation through what must hold for each of them, in both dialects.
func TestRegistry_EveryOperation_KeepsThePromisesOfAll(t *testing.T) {
	g := startGrounds(t)
	for _, n := range routed(g.soft.Server) {
		row, s, db := walk[idOf(n)], g.of(n).Server, g.of(n).db
		t.Run(idOf(n), func(t *testing.T) {
			there, absent := stage(t, s, row.request)
			settleStores(t, s)
			w := &walker{s, n, s.Mark(t)}
			before := snapshot(t, db)
			t.Run("denied", func(t *testing.T) { w.denied(t, there) })
			unchanged(t, db, before)
			t.Run("missing", func(t *testing.T) { w.missing(t, absent, row.missing) })
			unchanged(t, db, before)
			t.Run("audit down", func(t *testing.T) { w.auditDown(t, there) })
			unchanged(t, db, before)
			t.Run("allowed", func(t *testing.T) { w.allowed(t, there, false) })
			if (snapshot(t, db) == before) != n.ReadOnly {
				t.Errorf("ReadOnly is %v, and that is not what happened to the database", n.ReadOnly)
			}
			there, _ = stage(t, s, row.request)
			t.Run("allowed by REST", func(t *testing.T) { w.allowed(t, there, true) })
		})
	}
}

// walker takes one operation through its cases.
type walker struct {
	*servicetest.Server
	n    op.Info
	mark servicetest.Mark
}

// send sends a document as somebody, in one of the dialects.
func (w *walker) send(t testing.TB, document string, as aws.Credentials,
	rest bool) servicetest.Answer {
	t.Helper()
	q := callOf(t, w.n, document)
	if rest {
		q = restOf(t, w.n, document)
	}
	q.As, q.Service = as, w.n.Service.Name
	return w.Send(t, q)
}

// refusal checks an error's status and name, and that it left exactly one record, which says the
// same.
func (w *walker) refusal(t testing.TB, a servicetest.Answer, rest bool, status int, code string) {
	t.Helper()
	if rest {
		status = restStatus[code]
	}
	code = w.n.Service.Code(fault.New(fault.Invalid, code, ""))
	if a.Status != status || a.Code() != code {
		t.Errorf("answered %d %s, want %d %s", a.Status, a.Body, status, code)
	}
	records := w.Records(t, w.mark, a.RequestID())
	if len(records) != 1 {
		t.Fatalf("the refusal left %d records", len(records))
	}
	r := records[0]
	if r.EventName != w.n.Name || r.EventSource != w.n.Service.Name+".amazonaws.com" ||
		r.ErrorCode != code || r.ErrorMessage != a.Message() || r.ReadOnly != w.n.ReadOnly {
		t.Errorf("the refusal is recorded as %s", r.Line)
	}
}

var restStatus = map[string]int{"AccessDeniedException": 403, "NotFoundException": 404,
	"ResourceNotFoundException": 404, "CustomKeyStoreNotFoundException": 404, "ValidationException": 400, "SerializationException": 400}

// denied: who has no permission gets nothing done and is told by name what it lacks.
func (w *walker) denied(t *testing.T, document string) {
	if unrestricted[idOf(w.n)] != "" {
		for _, rest := range []bool{false, true} {
			if a := w.send(t, document, w.Nobody, rest); a.Status != 200 {
				t.Errorf("it needs no permission, and answered %d %s", a.Status, a.Body)
			}
		}
		return
	}
	for _, rest := range []bool{false, true} {
		a := w.send(t, document, w.Nobody, rest)
		w.refusal(t, a, rest, 400, "AccessDeniedException")
		if !strings.HasPrefix(a.Message(), "User: "+servicetest.NobodyARN+
			" is not authorized to perform: "+w.n.Service.Name+":") {
			t.Errorf("told: %s", a.Message())
		}
	}
}

// missing: absence is shown to those who may know, and to nobody else.
func (w *walker) missing(t *testing.T, document, code string) {
	if code == "" {
		return
	}
	for _, rest := range []bool{false, true} {
		w.refusal(t, w.send(t, document, w.Root, rest), rest, 400, code)
		w.refusal(t, w.send(t, document, w.Nobody, rest), rest, 400, "AccessDeniedException")
	}
}

// auditDown: no record, no answer.
func (w *walker) auditDown(t *testing.T, document string) {
	w.CutLedger()
	defer w.RestoreLedger()
	for _, rest := range []bool{false, true} {
		for _, as := range []aws.Credentials{w.Root, w.Nobody} {
			a := w.send(t, document, as, rest)
			status := 503
			if !rest && w.n.Service.Target != "" {
				status = 500
			}
			if a.Status != status || a.Code() != w.n.Service.Down {
				t.Errorf("without a ledger: %d %s", a.Status, a.Body)
			}
			if n := len(w.Records(t, w.mark, a.RequestID())); n != 0 {
				t.Errorf("without a ledger there are %d records", n)
			}
		}
	}
}

// allowed: it is done, and a record says by whom and to what.
func (w *walker) allowed(t *testing.T, document string, rest bool) {
	a := w.send(t, document, w.Root, rest)
	if a.Status/100 != 2 {
		t.Fatalf("answered %d %s", a.Status, a.Body)
	}
	if got := a.Header.Get("Cache-Control"); !strings.Contains(got, "no-store") {
		t.Errorf("Cache-Control is %q", got)
	}
	records := w.Records(t, w.mark, a.RequestID())
	if len(records) == 0 {
		t.Fatal("no record")
	}
	r := records[len(records)-1]
	if r.EventName != w.n.Name || r.ErrorCode != "" || r.UserIdentity.ARN != servicetest.RootARN ||
		r.ReadOnly != w.n.ReadOnly || r.AWSRegion != servicetest.Region ||
		r.RecipientAccountID != servicetest.Account || r.SourceIPAddress != "127.0.0.1" ||
		r.EventID == "" {
		t.Errorf("recorded as %s", r.Line)
	}
	own := []string{}
	for _, other := range records[:len(records)-1] {
		if other.UserIdentity.Type == policy.Service && other.UserIdentity.ARN == "" &&
			other.UserIdentity.InvokedBy == r.EventSource && other.ErrorCode == "" {
			own = append(own, other.EventName)
			continue
		}
		if other.UserIdentity.ARN != servicetest.RootARN || other.ErrorCode != "" {
			t.Errorf("on the way it left %s", other.Line)
		}
	}
	if want := ownWork[idOf(w.n)]; !slices.Equal(own, want) {
		t.Errorf("on the way the service did %v itself, want %v", own, want)
	}
}

// ownWork has what operations have the service do in its own name before they are done, each time.
var ownWork = map[string][]string{
	"kms.ImportKeyMaterial": {"CountImportAttempt", "TakeBackImportAttempt"},
}
