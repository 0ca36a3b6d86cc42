package keystore

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
	"claviger/internal/envelope"
	"claviger/internal/op"
	"claviger/internal/op/optest"
	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
	"claviger/policy"
)

const ssm = "ssm"

// parameter is the encryption context of a parameter's value.
func parameter(name string) map[string]string {
	return map[string]string{"PARAMETER_ARN": "arn:aws:ssm:us-east-1:111122223333:parameter/" + name}
}

// encryptAs encrypts for a service, as a caller.
func (s *service) encryptAs(caller policy.Caller, keyID string, context map[string]string,
	value string) (out envelope.Ciphertext, err error) {
	err = s.withinAs(caller, ourRegion, func(c *op.Call) (err error) {
		out, err = s.keys.Encrypt(c, ssm, keyID, context, []byte(value))
		return err
	})
	return out, err
}

func (s *service) decryptAs(caller policy.Caller, e envelope.Ciphertext,
	context map[string]string) (value string, err error) {
	err = s.withinAs(caller, ourRegion, func(c *op.Call) error {
		b, err := s.keys.Decrypt(c, ssm, e, context)
		value = string(b)
		return err
	})
	return value, err
}

// What a service encrypts is what kms:Encrypt makes: kms:Decrypt opens it for whoever may use the
// key, and the service opens what kms:Encrypt made.
func TestEncryptForService_Ciphertext_IsThatOfKMS(t *testing.T) {
	s := start(t)
	id := s.key()
	e, err := s.encryptAs(owner(), id, parameter("a"), "hunter2")
	if err != nil || e.KeyARN != key.ARN(ourAccount, ourRegion, id) ||
		strings.Contains(string(e.Blob), "hunter2") {
		t.Fatalf("%+v, %v", e, err)
	}
	for range 2 {
		if got, err := s.decryptAs(owner(), e, parameter("a")); got != "hunter2" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		got, code := ask[cryptoops.DecryptOutput](s, "Decrypt", M{
			"CiphertextBlob": e.Blob, "EncryptionContext": parameter("a")})
		if code != "" || string(got.Plaintext) != "hunter2" || got.KeyId != e.KeyARN {
			t.Errorf("kms:Decrypt: %q, %q", code, got.Plaintext)
		}
		s.Restart()
	}
	made := must[cryptoops.EncryptOutput](s, "Encrypt", M{"KeyId": id, "Plaintext": "eA==",
		"EncryptionContext": parameter("b")})
	theirs := envelope.Ciphertext{KeyARN: made.KeyId, Blob: made.CiphertextBlob}
	if got, err := s.decryptAs(owner(), theirs, parameter("b")); got != "x" || err != nil {
		t.Errorf("of kms:Encrypt: %q, %v", got, err)
	}
}

func TestDecryptForService_AnotherCiphertext_IsRefused(t *testing.T) {
	s := start(t)
	id, other := s.key(), s.key()
	arn := key.ARN(ourAccount, ourRegion, id)
	e, err := s.encryptAs(owner(), id, parameter("a"), "x")
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := s.encryptAs(owner(), other, parameter("a"), "x")
	if err != nil {
		t.Fatal(err)
	}
	edited := append([]byte{}, e.Blob...)
	edited[len(edited)-1] ^= 1
	sealed, secretARN := s.seal(id, "x").Sealed, map[string]string{"SecretARN": "arn"}
	at := func(blob []byte) envelope.Ciphertext {
		return envelope.Ciphertext{KeyARN: arn, Blob: blob}
	}
	for name, c := range map[string]struct {
		e       envelope.Ciphertext
		context map[string]string
		code    string
	}{
		"another context":    {e, parameter("b"), "InvalidCiphertextException"},
		"no context":         {e, nil, "InvalidCiphertextException"},
		"edited":             {at(edited), parameter("a"), "InvalidCiphertextException"},
		"cut short":          {at(e.Blob[:20]), parameter("a"), "InvalidCiphertextException"},
		"an envelope's seal": {at(sealed), secretARN, "InvalidCiphertextException"},
		"of another key":     {at(foreign.Blob), parameter("a"), "IncorrectKeyException"},
		"no key":             {envelope.Ciphertext{Blob: e.Blob}, parameter("a"), "ValidationException"},
		"empty":              {at(nil), parameter("a"), "ValidationException"},
	} {
		got, err := s.decryptAs(owner(), c.e, c.context)
		if faultCode(err) != c.code || got != "" {
			t.Errorf("%s: %q, %v; want %s", name, got, err, c.code)
		}
		if c.code == "InvalidCiphertextException" && !errors.Is(err, custody.ErrForged) {
			t.Errorf("%s: %v is no forgery to the service", name, err)
		}
	}
}

// TestEncryptForService_KeyThatCantBeUsed_SaysWhy: what a service makes its own error of.
func TestEncryptForService_KeyThatCantBeUsed_SaysWhy(t *testing.T) {
	s := start(t)
	special := func(spec, usage string) string {
		in := M{"KeySpec": spec, "KeyUsage": usage}
		return must[CreateKeyOutput](s, "CreateKey", in).KeyMetadata.KeyId
	}
	disabled, doomed, ours := s.key(), s.key(), s.key()
	must[any](s, "DisableKey", M{"KeyId": disabled})
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": doomed})
	closed := s.policed([3]string{"Allow", "arn:aws:iam::" + ourAccount + ":root", whatever},
		[3]string{"Deny", "*", `"Action":"kms:Encrypt"`})
	const unknown = "11111111-2222-3333-4444-555555555555"
	rsa, signing := special("RSA_2048", key.EncryptDecrypt), special("ECC_NIST_P256", key.SignVerify)
	hmac := special("HMAC_256", key.GenerateVerifyMac)
	own, farther := key.ARN(ourAccount, ourRegion, ""), key.ARN(ourAccount, abroad, "")
	managed := strings.TrimSuffix(own, "key/") + managedAlias(ssm)
	eve := stranger(allowsAll)
	for name, c := range map[string]struct {
		caller policy.Caller
		keyID  string
		code   string
	}{
		"an unknown key":             {owner(), unknown, "NotFoundException"},
		"no KeyId at all":            {owner(), "nonsense", "NotFoundException"},
		"an ARN of nothing":          {owner(), "arn:aws:s3:::bucket", "InvalidArnException"},
		"an alias of nothing":        {owner(), "alias/nothing", "NotFoundException"},
		"of a service that has none": {owner(), managedAlias("s3"), "NotFoundException"},
		"another Region":             {owner(), farther + ours, "NotFoundException"},
		"disabled":                   {owner(), disabled, "DisabledException"},
		"pending deletion":           {owner(), doomed, "KMSInvalidStateException"},
		"asymmetric":                 {owner(), rsa, "InvalidKeyUsageException"},
		"one that signs":             {owner(), signing, "InvalidKeyUsageException"},
		"HMAC":                       {owner(), hmac, "InvalidKeyUsageException"},
		"denied by its policy":       {owner(), closed, denied},
		"a user without permission":  {optest.User("alice"), ours, denied},
		"another account's":          {eve, own + ours, denied},
		"another account's, unknown": {eve, own + unknown, denied},
		"another account's managed":  {eve, managed, denied},
	} {
		if _, err := s.encryptAs(c.caller, c.keyID, parameter("a"), "x"); faultCode(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

// What a key is now decides whether it opens.
func TestDecryptForService_KeyThatCantBeUsed_SaysWhy(t *testing.T) {
	s := start(t)
	id := s.key()
	e, err := s.encryptAs(owner(), id, parameter("a"), "x")
	if err != nil {
		t.Fatal(err)
	}
	check := func(caller policy.Caller, want string) {
		t.Helper()
		if _, err := s.decryptAs(caller, e, parameter("a")); faultCode(err) != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
	check(owner(), "")
	check(optest.User("alice"), "AccessDeniedException")
	check(stranger(allowsAll), "AccessDeniedException")
	must[any](s, "DisableKey", M{"KeyId": id})
	check(owner(), "DisabledException")
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	check(owner(), "KMSInvalidStateException")
	s.passAndRun(8 * key.Day)
	check(owner(), "NotFoundException")
}

// A grant with the service's context is enough, for what it names.
func TestEncryptForService_GrantAlone_IsEnough(t *testing.T) {
	s := start(t)
	id, alice := s.key(), optest.User("alice")
	s.grantTo("alice", id, byPairs("EncryptionContextSubset", M(anyOf(parameter("a")))), "Encrypt")
	e, err := s.encryptAs(alice, id, parameter("a"), "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.encryptAs(alice, id, parameter("b"), "x"); faultCode(err) != denied {
		t.Errorf("another parameter: %v", err)
	}
	if _, err := s.decryptAs(alice, e, parameter("a")); faultCode(err) != denied {
		t.Errorf("without a grant to decrypt: %v", err)
	}
	s.grantTo("alice", id, nil, "Decrypt")
	if got, err := s.decryptAs(alice, e, parameter("a")); got != "x" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func anyOf(in map[string]string) M {
	out := M{}
	for k, v := range in {
		out[k] = v
	}
	return out
}

// A policy may turn on the service, and on what it is used for.
func TestEncryptForService_ViaService_Decides(t *testing.T) {
	s := start(t)
	alice := optest.User("alice")
	id := s.policed([3]string{"Allow", alice.ARN, `"Action":["kms:Encrypt","kms:Decrypt"],
		"Condition":{"StringEquals":{"kms:ViaService":"ssm.us-east-1.amazonaws.com",
		"kms:CallerAccount":"111122223333","kms:EncryptionContext:PARAMETER_ARN":
		"arn:aws:ssm:us-east-1:111122223333:parameter/a"}}`})
	e, err := s.encryptAs(alice, id, parameter("a"), "x")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.decryptAs(alice, e, parameter("a")); got != "x" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := s.encryptAs(alice, id, parameter("b"), "x"); faultCode(err) != denied {
		t.Errorf("of another parameter: %v", err)
	}
	for name, in := range map[string]M{"Encrypt": {"KeyId": id, "Plaintext": "eA=="},
		"Decrypt": {"KeyId": id, "CiphertextBlob": e.Blob}} {
		in["EncryptionContext"] = parameter("a")
		if _, code := ask[any](client{s, alice}, name, in); code != denied {
			t.Errorf("%s without the service: %q", name, code)
		}
	}
}

func TestEncryptForService_Size_IsThatOfKMS(t *testing.T) {
	s := start(t)
	id := s.key()
	for n, code := range map[int]string{0: "ValidationException", 1: "", 4096: "",
		4097: "ValidationException"} {
		value := strings.Repeat("x", n)
		e, err := s.encryptAs(owner(), id, parameter("a"), value)
		if faultCode(err) != code {
			t.Errorf("%d bytes: %v, want %q", n, err, code)
		}
		if code != "" {
			continue
		}
		if got, err := s.decryptAs(owner(), e, parameter("a")); got != value || err != nil {
			t.Errorf("%d bytes: %d came back, %v", n, len(got), err)
		}
	}
	for n, code := range map[int]string{8191: "", 8192: "ValidationException"} {
		_, err := s.encryptAs(owner(), id, map[string]string{"a": strings.Repeat("x", n)}, "x")
		if faultCode(err) != code {
			t.Errorf("a context of %d bytes: %v, want %q", n+1, err, code)
		}
	}
}

func TestEncryptForService_EachUse_IsRecordedAsItself(t *testing.T) {
	s := start(t)
	id := s.key()
	e, err := s.encryptAs(owner(), id, parameter("a"), "hunter2")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = s.decryptAs(owner(), e, parameter("a")); err != nil {
		t.Fatal(err)
	}
	if _, err = s.decryptAs(owner(), e, parameter("b")); err == nil {
		t.Fatal("it opened with another context")
	}
	for _, want := range [][]string{
		{`"eventName":"Encrypt"`, `"PARAMETER_ARN":"` + parameter("a")["PARAMETER_ARN"]},
		{`"eventName":"Decrypt"`, `"PARAMETER_ARN":"` + parameter("a")["PARAMETER_ARN"]},
		{`"eventName":"Decrypt"`, `"errorCode":"InvalidCiphertextException"`},
	} {
		n := 0
		for _, r := range s.Records() {
			found := true
			for _, part := range append(want, e.KeyARN, `"type":"Root"`,
				`"invokedBy":"ssm.amazonaws.com"`) {
				found = found && strings.Contains(r, part)
			}
			if found {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d records with %v", n, want)
		}
	}
	all := strings.Join(s.Records(), "\n")
	if strings.Contains(all, "hunter2") ||
		strings.Contains(all, base64.StdEncoding.EncodeToString(e.Blob)) {
		t.Error("the trail holds the value or its ciphertext")
	}
}

func TestEncryptForService_ConcurrentFirstUses_MakeManagedKeyOnce(t *testing.T) {
	s := start(t)
	names := []string{"", "alias/aws/" + ssm,
		"arn:aws:kms:" + ourRegion + ":" + ourAccount + ":alias/aws/" + ssm}
	var all sync.WaitGroup
	made := make([]envelope.Ciphertext, 12)
	for i := range made {
		all.Go(func() {
			var err error
			made[i], err = s.encryptAs(optest.User("alice"), names[i%3], parameter("a"), "x")
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, e := range made {
		if e.KeyARN != made[0].KeyARN {
			t.Errorf("several keys: %s and %s", e.KeyARN, made[0].KeyARN)
		}
		if got, err := s.decryptAs(optest.User("bob"), e, parameter("a")); got != "x" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	}
	// The key is the service's: neither its caller nor another service uses it.
	if _, code := ask[any](s, "Decrypt", M{"CiphertextBlob": made[0].Blob,
		"EncryptionContext": parameter("a")}); code != denied {
		t.Errorf("kms:Decrypt: %q", code)
	}
	if _, err := s.sealAs(sm, made[0].KeyARN, nil, "x"); faultCode(err) != denied {
		t.Errorf("another service: %v", err)
	}
	if _, err := s.sealAs(ssm, "", nil, "x"); err != nil {
		t.Errorf("an envelope of the same service: %v", err)
	}
	s.checkNoFailure()
}

// counted is a token that counts what is asked of it to seal and open.
type counted struct {
	Token
	calls *atomic.Int64
}

func (t counted) Seal(ctx context.Context, ref custody.Ref, plaintext, aad []byte) ([]byte, error) {
	t.calls.Add(1)
	return t.Token.Seal(ctx, ref, plaintext, aad)
}

func (t counted) Unseal(ctx context.Context, ref custody.Ref, sealed, aad []byte) ([]byte, error) {
	t.calls.Add(1)
	return t.Token.Unseal(ctx, ref, sealed, aad)
}

// What a service keeps is opened once before it is handed out.
func TestEncryptForService_EachUse_IsTwoCallsOfTheTokenAndOneToDecrypt(t *testing.T) {
	calls := new(atomic.Int64)
	s := startAround(t, hsmtest.SoftHSM(t),
		func(real *hsm.Token) Token { return counted{real, calls} })
	id := s.key()
	for range 3 {
		before := calls.Load()
		e, err := s.encryptAs(owner(), id, parameter("a"), "x")
		if err != nil || calls.Load() != before+2 {
			t.Fatalf("Encrypt made %d calls, %v", calls.Load()-before, err)
		}
		if _, err := s.decryptAs(owner(), e, parameter("a")); err != nil || calls.Load() != before+3 {
			t.Errorf("Decrypt made %d calls, %v", calls.Load()-before-2, err)
		}
	}
}
