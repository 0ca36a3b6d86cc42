package servicetest_test

import (
	"encoding/base64"
	"fmt"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/uuid"
)

// TestDryRun_NoCiphertext_IsRefused: a key that is named does not make a dry run
// of any bytes succeed.
func TestDryRun_NoCiphertext_IsRefused(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	key := createKey(t, c)
	good := encrypt(t, c, key.KeyId, "x", nil)
	for name, x := range map[string]struct {
		blob []byte
		code string
	}{
		"good":       {good, "DryRunOperationException"},
		"junk":       {[]byte("junk"), "InvalidCiphertextException"},
		"cut short":  {good[:len(good)-30], "InvalidCiphertextException"},
		"not a kind": {append([]byte{good[0] ^ 0x80}, good[1:]...), "InvalidCiphertextException"},
	} {
		blob := `"CiphertextBlob":"` + base64.StdEncoding.EncodeToString(x.blob) + `","DryRun":true`
		for target, body := range map[string]string{
			"TrentService.Decrypt": `{"KeyId":"` + *key.KeyId + `",` + blob + `}`,
			"TrentService.ReEncrypt": `{"SourceKeyId":"` + *key.KeyId + `","DestinationKeyId":"` +
				*key.KeyId + `",` + blob + `}`,
		} {
			if a := s.Do(t, target, body); a.Code() != x.code {
				t.Errorf("%s, %s: answered %d %s, want %s", target, name, a.Status, a.Body, x.code)
			}
		}
	}
}

// TestSerialization_WrongType_NamesTheOneWanted: the text names what stood there, what belongs
// there and where, in AWS's names of types.
func TestSerialization_WrongType_NamesTheOneWanted(t *testing.T) {
	s := servicetest.Start(t)
	for _, x := range []struct{ target, body, text string }{
		{"ListKeys", `{"Limit":"1"}`, "STRING_VALUE can not be converted to Integer (at /Limit)"},
		{"ListKeys", `{"Limit":[]}`, "Start of list found where not expected (at /Limit)"},
		{"ListKeys", `{"Limit":{}}`, "Start of structure or map found where not expected. (at /Limit)"},
		{"ListKeys", `{"Marker":1}`, "NUMBER_VALUE can not be converted to String (at /Marker)"},
		{"Encrypt", `{"DryRun":1}`, "NUMBER_VALUE can not be converted to Boolean (at /DryRun)"},
		{"Encrypt", `{"GrantTokens":1}`, "NUMBER_VALUE can not be converted to List (at /GrantTokens)"},
		{"Encrypt", `{"EncryptionContext":true}`,
			"TRUE_VALUE can not be converted to Map (at /EncryptionContext)"},
		{"CreateKey", `{"Tags":[1]}`, "NUMBER_VALUE can not be converted to Structure (at /Tags/0)"},
		{"GenerateRandom", `{"NumberOfBytes":false}`,
			"FALSE_VALUE can not be converted to Integer (at /NumberOfBytes)"},
	} {
		a := s.Do(t, "TrentService."+x.target, x.body)
		if want := `{"__type":"SerializationException","message":"` + x.text + `"}`; a.Status != 400 ||
			string(a.Body) != want {
			t.Errorf("%s: answered %d %s, want %s", x.body, a.Status, a.Body, want)
		}
	}
}

// TestUpdateSecret_TokenOfFormerVersion_IsRefused: a retry is answered as the first time, but the
// token of a version that is no longer current is refused even with the same value: the caller
// would take it for the current one.
func TestUpdateSecret_TokenOfFormerVersion_IsRefused(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	made := createSecret(t, c, "n", "1")
	update := func(token *string, value string) error {
		_, err := c.UpdateSecret(t.Context(),
			&secretsmanager.UpdateSecretInput{SecretId: made.Name, ClientRequestToken: token,
				SecretString: &value})
		return err
	}
	second := aws.String(uuid.NewString())
	for range 2 {
		if err := update(second, "2"); err != nil {
			t.Fatal(err)
		}
	}
	refused(t, update(made.VersionId, "1"), "ResourceExistsException", "*")
	if got := secretValue(t, c, "n"); got != "2" {
		t.Errorf("the value is %q", got)
	}
	if got := labels(t, c, "n", *made.VersionId, *second); got != "AWSCURRENT=1 AWSPREVIOUS=0" {
		t.Error(got)
	}
}

// TestCreateAlias_FiftyFirst_IsRefused: the fifty-first is refused wherever it comes from, and a
// name that is taken is said to be taken even then: SDKs try again on LimitExceededException, and
// on AlreadyExistsException they don't.
func TestCreateAlias_FiftyFirst_IsRefused(t *testing.T) {
	s := servicetest.Start(t)
	full, other := createKey(t, s.KMS()), createKey(t, s.KMS())
	alias := func(operation string, n int, key *string) string {
		return s.Do(t, "TrentService."+operation,
			fmt.Sprintf(`{"AliasName":"alias/n%d","TargetKeyId":"%s"}`, n, *key)).Code()
	}
	for n := range 50 {
		if code := alias("CreateAlias", n, full.KeyId); code != "" {
			t.Fatalf("alias %d: %s", n+1, code)
		}
	}
	for _, x := range []struct {
		operation string
		n         int
		key       *string
		code      string
	}{
		{"CreateAlias", 50, full.KeyId, "LimitExceededException"},
		{"CreateAlias", 0, full.KeyId, "AlreadyExistsException"},
		{"UpdateAlias", 0, full.KeyId, ""},
		{"CreateAlias", 50, other.KeyId, ""},
		{"UpdateAlias", 50, full.KeyId, "LimitExceededException"},
		{"UpdateAlias", 0, other.KeyId, ""},
		{"UpdateAlias", 50, full.KeyId, ""},
	} {
		if code := alias(x.operation, x.n, x.key); code != x.code {
			t.Errorf("%s of alias %d: %q, want %q", x.operation, x.n, code, x.code)
		}
	}
}

// TestInvalidRequest_SomethingMissing_IsNoConflict: AWS has one name for a request that lacks
// something and for a secret in the wrong state; REST tells the two apart. A token that is missing
// is made up there.
func TestInvalidRequest_SomethingMissing_IsNoConflict(t *testing.T) {
	s := servicetest.Start(t)
	made := createSecret(t, s.SecretsManager(), "n", "1")
	must(s.SecretsManager().DeleteSecret(t.Context(),
		&secretsmanager.DeleteSecretInput{SecretId: made.Name}))(t)
	for _, x := range []struct {
		method, path, body string
		status             int
	}{
		{"PUT", "/v1/secrets/value/n", `{}`, 400},
		{"PUT", "/v1/secrets/value/n", `{"SecretString":"x"}`, 409},
		{"PUT", "/v1/secrets/value/n", `{"ClientRequestToken":"` + uuid.NewString() + `"}`, 400},
		{"PUT", "/v1/secrets/value/n", `{"ClientRequestToken":"` + uuid.NewString() +
			`","SecretString":"x"}`, 409},
	} {
		a := s.Send(t, servicetest.Request{Method: x.method, Path: x.path, Service: "secretsmanager",
			Body: []byte(x.body)})
		if a.Status != x.status || a.Code() != "InvalidRequestException" {
			t.Errorf("%s %s %s: answered %d %s, want %d", x.method, x.path, x.body, a.Status, a.Body,
				x.status)
		}
	}
}
