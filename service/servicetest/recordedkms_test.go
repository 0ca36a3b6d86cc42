package servicetest_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// Where an answer of AWS's KMS is known from.
const (
	localStack = "snapshots of LocalStack's tests, which were run against AWS"
	moto       = "moto's tests, with texts of AWS's"
	localKMS   = "local-kms's tests, with texts of AWS's"
	terraform  = "acceptance tests and messages of Terraform's provider"
	reported   = "error messages in public reports"
	reference  = "AWS's API reference"
	emulators  = "texts that emulators of different authors have alike"
	siblings   = "answers of AWS's other JSON services"
)

// recorded is a request and what AWS answered to it. In body and text {NAME} is the id of a key of
// [recordedKeys], {NAME.arn} its ARN and {NAME.blob} what it encrypted or signed.
type recorded struct {
	source, operation, body string
	code, text              string // text: "-" is no message at all; one that ends with * begins so
	members                 string // of a success, in order: see [membersOf]
}

// recordedKeys are the keys that the requests are about.
var recordedKeys = map[string]string{
	"sym":      `{}`,
	"sym2":     `{}`,
	"mrk":      `{"MultiRegion":true}`,
	"external": `{"Origin":"EXTERNAL"}`,
	"rsa":      `{"KeySpec":"RSA_2048","KeyUsage":"ENCRYPT_DECRYPT"}`,
	"off":      `{"KeySpec":"RSA_2048","KeyUsage":"ENCRYPT_DECRYPT"}`,
	"sign":     `{"KeySpec":"ECC_NIST_P256","KeyUsage":"SIGN_VERIFY"}`,
	"agree":    `{"KeySpec":"ECC_NIST_P256","KeyUsage":"KEY_AGREEMENT"}`,
	"hmac":     `{"KeySpec":"HMAC_256","KeyUsage":"GENERATE_VERIFY_MAC"}`,
	"hmac224":  `{"KeySpec":"HMAC_224","KeyUsage":"GENERATE_VERIFY_MAC"}`,
}

// stageRecorded makes the keys and returns what stands for their names in requests and answers.
func stageRecorded(t *testing.T, s *servicetest.Server) *strings.Replacer {
	t.Helper()
	var words []string
	made := map[string]types.KeyMetadata{}
	for name, body := range recordedKeys {
		a := s.Do(t, "TrentService.CreateKey", body)
		var out struct{ KeyMetadata struct{ KeyId, Arn string } }
		if err := json.Unmarshal(a.Body, &out); err != nil || a.Status != 200 {
			t.Fatalf("%s: %d %s", name, a.Status, a.Body)
		}
		m := out.KeyMetadata
		made[name] = types.KeyMetadata{KeyId: &m.KeyId}
		words = append(words, "{"+name+"}", m.KeyId, "{"+name+".arn}", m.Arn)
	}
	blob := encrypt(t, s.KMS(), made["sym"].KeyId, "x", map[string]string{"context-key": "value"})
	signed := s.Do(t, "TrentService.Sign", fmt.Sprintf(
		`{"KeyId":%q,"Message":"eA==","SigningAlgorithm":"ECDSA_SHA_256"}`, *made["sign"].KeyId))
	for operation, body := range map[string]string{
		"DisableKey": `{"KeyId":"` + *made["off"].KeyId + `"}`,
		"CreateAlias": `{"AliasName":"alias/taken","TargetKeyId":"` +
			aws.ToString(made["sym"].KeyId) + `"}`,
	} {
		if a := s.Do(t, "TrentService."+operation, body); a.Status != 200 {
			t.Fatalf("%s: %d %s", operation, a.Status, a.Body)
		}
	}
	words = append(words, "{sym.blob}", base64.StdEncoding.EncodeToString(blob),
		"{sign.blob}", signed.Text("Signature"), "{4128}",
		base64.StdEncoding.EncodeToString(make([]byte, 4128)), "{300}",
		base64.StdEncoding.EncodeToString(make([]byte, 300)), "{129}", strings.Repeat("a", 129))
	return strings.NewReplacer(words...)
}

// TestRecordedAnswers_KMS_AreOurs: codes, texts and members are AWS's, as far as its answers are
// known.
func TestRecordedAnswers_KMS_AreOurs(t *testing.T) {
	s := servicetest.Start(t)
	names := stageRecorded(t, s)
	s.User(t, "alice") // whom they name
	for _, r := range slices.Concat(recordedFailures, recordedPolicies, recordedSuccesses) {
		body := names.Replace(r.body)
		a := s.Do(t, "TrentService."+r.operation, body)
		var doc map[string]json.RawMessage
		if len(a.Body) > 0 {
			if err := json.Unmarshal(a.Body, &doc); err != nil {
				t.Errorf("%s %s: answered %s", r.operation, r.body, a.Body)
			}
		}
		_, spoke := doc["message"]
		text, begins := strings.CutSuffix(names.Replace(r.text), "*")
		switch {
		case r.code == "" && (a.Status != 200 || membersOf(doc) != r.members):
			t.Errorf("%s %s: answered %d %s with %s\nwant %s (%s)", r.operation, r.body, a.Status, a.Body,
				membersOf(doc), r.members, r.source)
		case r.code == "":
		case a.Status != 400 || a.Code() != r.code || (text == "-") == spoke ||
			text != "-" && a.Message() != text && !(begins && strings.HasPrefix(a.Message(), text)):
			t.Errorf("%s %s: answered %d %s\nwant %s %s (%s)", r.operation, r.body, a.Status, a.Body,
				r.code, text, r.source)
		}
	}
}

// membersOf lists the members of an answer, of a structure in it that is not empty, and of the
// first structure of a list.
func membersOf(doc map[string]json.RawMessage) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(doc)) {
		var inner map[string]json.RawMessage
		var list []map[string]json.RawMessage
		switch value := doc[name]; {
		case json.Unmarshal(value, &inner) == nil && len(inner) > 0:
			name += "(" + membersOf(inner) + ")"
		case string(value) == "[]":
			name += "[]"
		case json.Unmarshal(value, &list) == nil && len(list) > 0:
			name += "[" + membersOf(list[0]) + "]"
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}
