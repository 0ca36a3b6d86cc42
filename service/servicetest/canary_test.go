package servicetest_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/service/servicetest"
	"claviger/store/storetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// canary is a value that must not be found, in all the forms in which it could be written down.
type canary struct {
	what  string
	forms map[string][]byte
}

// plant prepares the forms of a value: as it is, in hex, in JSON, and in base64 at each of the
// three offsets that it may have there.
func plant(what string, value []byte) canary {
	quoted, _ := json.Marshal(string(value))
	c := canary{what, map[string][]byte{"raw": value, "hex": []byte(hex.EncodeToString(value)),
		"HEX":    []byte(strings.ToUpper(hex.EncodeToString(value))),
		"quoted": bytes.Trim(quoted, `"`)}}
	for shift := range 3 {
		shifted := append(make([]byte, shift), value...)
		for name, e := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding,
			"base64url": base64.RawURLEncoding} {
			text := e.EncodeToString(shifted[:len(shifted)/3*3])
			// without what the zeros in front decided
			c.forms[fmt.Sprint(name, shift)] = []byte(text[min(len(text), (shift*8+5)/6):])
		}
	}
	return c
}

// absentFrom fails the test if a canary is in the haystack.
func absentFrom(t testing.TB, where string, haystack []byte, canaries []canary) {
	t.Helper()
	for _, c := range canaries {
		for form, needle := range c.forms {
			if bytes.Contains(haystack, needle) {
				t.Errorf("%s holds %s, %s", where, c.what, form)
			}
		}
	}
}

// unique returns n bytes that stand nowhere else.
func unique(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// TestSecretValue_EveryUse_IsWrittenNowhere stores values that stand nowhere else, lets them be
// used in every way, also in requests that fail, and looks for them afterwards wherever the service
// writes: database, its log, token, output, metrics and trail.
func TestSecretValue_EveryUse_IsWrittenNowhere(t *testing.T) {
	s := servicetest.Start(t)
	c, m := s.KMS(), s.SecretsManager()
	var planted []canary
	add := func(what string, value []byte) []byte {
		planted = append(planted, plant(what, value))
		return value
	}
	key, off := createKey(t, c), createKey(t, c)
	must(c.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: off.KeyId}))(t)

	text, binary := string(add("a secret string",
		[]byte("canary "+hex.EncodeToString(unique(16))+` "quoted"`))), add("a secret binary", unique(40))
	createSecret(t, m, "text", text)
	must(m.CreateSecret(t.Context(),
		&secretsmanager.CreateSecretInput{Name: aws.String("binary"), SecretBinary: binary,
			KmsKeyId: key.KeyId}))(t)
	put(t, m, "text", string(add("a second version", []byte(hex.EncodeToString(unique(24))))))
	secretValue(t, m, "text")
	must(m.BatchGetSecretValue(t.Context(),
		&secretsmanager.BatchGetSecretValueInput{SecretIdList: []string{"text", "binary"}}))(t)
	must(m.UpdateSecret(t.Context(),
		&secretsmanager.UpdateSecretInput{SecretId: aws.String("binary"), KmsKeyId: aws.String("")}))(t)

	p, sealed := s.ParameterStore(), string(add("a sealed parameter",
		[]byte("canary "+hex.EncodeToString(unique(16)))))
	for name, tier := range map[string]ssmtypes.ParameterTier{"/standard": "Standard",
		"/advanced": "Advanced"} {
		must(p.PutParameter(t.Context(), &ssm.PutParameterInput{Name: &name, Value: &sealed,
			Type: "SecureString", Tier: tier}))(t)
		getParameter(t, p, name)
	}
	must(p.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: aws.String("/"),
		WithDecryption: aws.Bool(true)}))(t)

	plaintext := add("a plaintext", unique(48))
	blob := must(c.Encrypt(t.Context(),
		&kms.EncryptInput{KeyId: key.KeyId, Plaintext: plaintext}))(t).CiphertextBlob
	must(c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: blob}))(t)
	must(c.ReEncrypt(t.Context(),
		&kms.ReEncryptInput{CiphertextBlob: blob, DestinationKeyId: key.KeyId}))(t)
	add("a data key", must(c.GenerateDataKey(t.Context(),
		&kms.GenerateDataKeyInput{KeyId: key.KeyId, KeySpec: "AES_256"}))(t).Plaintext)
	add("random bytes", must(c.GenerateRandom(t.Context(),
		&kms.GenerateRandomInput{NumberOfBytes: aws.Int32(32)}))(t).Plaintext)
	add("a password", []byte(*must(m.GetRandomPassword(t.Context(),
		&secretsmanager.GetRandomPasswordInput{ExcludePunctuation: aws.Bool(true)}))(t).RandomPassword))
	made := must(s.IAM().CreateAccessKey(t.Context(),
		&iam.CreateAccessKeyInput{UserName: aws.String("nobody")}))(t).AccessKey
	add("a new access key's secret", []byte(*made.SecretAccessKey))
	session := must(s.STS().GetSessionToken(t.Context(), &sts.GetSessionTokenInput{}))(t).Credentials
	add("a session's secret", []byte(*session.SecretAccessKey))
	add("a session's token", []byte(*session.SessionToken))
	federated := must(s.STS().GetFederationToken(t.Context(),
		&sts.GetFederationTokenInput{Name: aws.String("joe")}))(t).Credentials
	add("a federated user's secret", []byte(*federated.SecretAccessKey))
	add("a federated user's token", []byte(*federated.SessionToken))
	pair := must(c.GenerateDataKeyPair(t.Context(), &kms.GenerateDataKeyPairInput{KeyId: key.KeyId,
		KeyPairSpec: "ECC_NIST_P256"}))(t)
	add("the private key of a data key pair", pair.PrivateKeyPlaintext)
	add("the PIN", []byte(hsmtest.PIN))
	add("an access key's secret", []byte(s.Root.SecretAccessKey))
	add("the other access key's secret", []byte(s.Nobody.SecretAccessKey))

	failing := func(what string) string {
		return string(add(what,
			[]byte(hex.EncodeToString(unique(20)))))
	}
	for _, a := range []servicetest.Answer{
		// failures quote what was wrong, and never a sensitive value
		s.Do(t, "secretsmanager.CreateSecret",
			`{"Name":"x","ClientRequestToken":"short","SecretString":"`+failing("a secret that was refused")+
				`"}`),
		s.Do(t, "secretsmanager.PutSecretValue", `{"SecretId":"text","SecretString":"`+
			failing("a secret without a token")+`"}`),
		s.Do(t, "secretsmanager.PutSecretValue", `{"SecretId":"text","SecretString":["`+
			failing("a secret of the wrong type")+`"]}`),
		s.Do(t, "secretsmanager.PutSecretValue", `{"SecretId":"text","SecretBinary":"`+
			failing("a secret that is no base64")+`!"}`),
		s.Do(t, "secretsmanager.PutSecretValue", `{"SecretId":"text","SecretString":"`+
			failing("a secret in broken JSON")),
		s.Do(t, "secretsmanager.PutSecretValue", `{"SecretId":"text","ClientRequestToken":"`+
			strings.Repeat("t", 32)+`","SecretString":"`+
			strings.Repeat(failing("a secret that is too long"), 2000)+`"}`),
		s.Do(t, "secretsmanager.CreateSecret", `{"Name":"off","KmsKeyId":"`+*off.KeyId+
			`","ClientRequestToken":"`+strings.Repeat("t", 32)+`","SecretString":"`+
			failing("a secret under a disabled key")+`"}`),
		s.Do(t, "AmazonSSM.PutParameter", `{"Name":"/off","KeyId":"`+*off.KeyId+
			`","Type":"SecureString","Value":"`+failing("a parameter under a disabled key")+`"}`),
		s.Do(t, "AmazonSSM.PutParameter", `{"Name":"/p","AllowedPattern":"x","Type":"String",`+
			`"Value":"`+failing("a value that its pattern refuses")+`"}`),
		s.Do(t, "AmazonSSM.PutParameter", `{"Name":"/l","Type":"SecureString","Value":"`+
			strings.Repeat(failing("a parameter that is too long"), 250)+`"}`),
		s.Do(t, "TrentService.Encrypt", `{"KeyId":"`+*off.KeyId+`","Plaintext":"`+
			failing("a plaintext under a disabled key")+`"}`),
		s.Do(t, "TrentService.Encrypt", `{"KeyId":"`+*key.KeyId+`","Plaintext":"`+
			strings.Repeat(failing("a plaintext that is too long"), 200)+`"}`),
		s.Send(t, servicetest.Request{As: s.Nobody, Target: "TrentService.Encrypt",
			Body: []byte(`{"KeyId":"` + *key.KeyId + `","Plaintext":"` + failing("a plaintext of nobody") +
				`"}`)}),
		s.Send(t, servicetest.Request{Unsigned: true, Target: "TrentService.Encrypt",
			Body: []byte(`{"KeyId":"` + *key.KeyId + `","Plaintext":"` +
				failing("a plaintext without a signature") + `"}`)}),
		s.REST(t, "PUT", "/v1/secrets/value/text", `{"ClientRequestToken":"short","SecretString":"`+
			failing("a secret by REST")+`"}`),
	} {
		if a.Status < 400 {
			t.Errorf("accepted: %s", a.Body)
		}
		absentFrom(t, "an error", a.Body, planted)
	}
	s.Restart(t, func() {
		for name, text := range files(t, filepath.Dir(s.Database)) {
			absentFrom(t, name, text, planted)
		}
	})
	for name, text := range files(t, filepath.Dir(s.Database),
		filepath.Dir(os.Getenv("SOFTHSM2_CONF"))) {
		absentFrom(t, name, text, planted)
	}
	metrics := s.Send(t, servicetest.Request{Method: "GET", Path: "/metrics", Unsigned: true})
	absentFrom(t, "/metrics", metrics.Body, planted)
	absentFrom(t, "the log", []byte(s.Log.String()), planted)
	if metrics.Status != http.StatusOK {
		t.Errorf("/metrics: %d", metrics.Status)
	}
}

// files returns everything below some folders.
func files(t testing.TB, roots ...string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				out[path], err = os.ReadFile(path)
			}
			return err
		})
		accepted(t, err)
	}
	if len(out) < len(roots) {
		t.Fatalf("only %d files below %v", len(out), roots)
	}
	return out
}

// TestMemory_AfterUse_HoldsNoSecret reads the memory of the real command, as a debugger would, and
// looks for what the process had in its hands and has no more business with. What can honestly be
// looked for is:
//
//   - secrets and plaintexts of an earlier process that this one was never asked for: they are
//     stored sealed;
//   - bytes that passed through this process without being anybody's answer: the data keys of
//     GenerateDataKeyWithoutPlaintext, and what ReEncrypt carried from one key to the other;
//   - the secret of an access key, of which only signing keys are kept;
//   - the PIN, once the login is over.
//
// What can't be looked for: the bytes of KMS keys, which nobody outside of the token knows. With
// SoftHSM2 the token is in this very process, so they are in its memory, masked by SoftHSM2's own
// means; with a real device they never are. And a value that was an answer may stay in buffers
// until they are used again: that is AWS's contract, and the reason for what harden does.
func TestMemory_AfterUse_HoldsNoSecret(t *testing.T) {
	t.Parallel()
	dir := storetest.Dir(t)
	p := start(t, dir)
	key := createKey(t, p.kms())
	secret, plaintext := []byte(hex.EncodeToString(unique(20))), unique(32)
	createSecret(t, p.secrets(), "n", string(secret))
	blob := must(p.kms().Encrypt(t.Context(),
		&kms.EncryptInput{KeyId: key.KeyId, Plaintext: plaintext}))(t).CiphertextBlob
	p.stop(t)

	p = serve(t, dir, p.env)
	var drawn [][]byte
	for range 20 {
		drawn = append(drawn, must(p.kms().GenerateDataKeyWithoutPlaintext(t.Context(),
			&kms.GenerateDataKeyWithoutPlaintextInput{KeyId: key.KeyId,
				NumberOfBytes: aws.Int32(64)}))(t).CiphertextBlob)
		must(p.kms().ReEncrypt(t.Context(),
			&kms.ReEncryptInput{CiphertextBlob: blob, DestinationKeyId: key.KeyId}))(t)
	}
	must(p.secrets().DescribeSecret(t.Context(),
		&secretsmanager.DescribeSecretInput{SecretId: aws.String("n")}))(t)
	for range 200 { // what was freed is used again by other requests
		must(p.kms().GenerateRandom(t.Context(),
			&kms.GenerateRandomInput{NumberOfBytes: aws.Int32(64)}))(t)
	}
	memory, ok := memoryOf(t, p.cmd.Process.Pid)
	p.stop(t)
	if !ok {
		return
	}
	if !bytes.Contains(memory, []byte(p.env["AWS_ACCESS_KEY_ID"])) {
		t.Fatal("the memory that was read does not even hold the id of the access key in use")
	}

	p = serve(t, dir, p.env)
	pin, err := os.ReadFile(filepath.Join(dir, "pin"))
	accepted(t, err)
	planted := []canary{plant("the secret of an earlier process", secret),
		plant("the plaintext that ReEncrypt carried over", plaintext),
		plant("the PIN", bytes.TrimSpace(pin)), plant("the access key's secret",
			[]byte(p.env["AWS_SECRET_ACCESS_KEY"]))}
	for _, b := range drawn {
		planted = append(planted,
			plant("a data key without plaintext",
				must(p.kms().Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: b}))(t).Plaintext))
	}
	absentFrom(t, "the memory", memory, planted)
}

// serve starts `claviger serve` on what `claviger dev` has made.
func serve(t testing.TB, dir string, env map[string]string) *process {
	t.Helper()
	module, _ := hsm.FindSoftHSM()
	config := fmt.Sprintf("listen = \"127.0.0.1:0\"\naccount = %q\nregions = [%q]\ndatabase = "+
		"%q\n[hsm]\nmodule = %q\ntoken_label = \"claviger-dev\"\npin_file = %q\n",
		servicetest.Account, servicetest.Region, filepath.Join(dir, "claviger.db"), module,
		filepath.Join(dir, "pin"))
	path := filepath.Join(dir, "claviger.toml")
	accepted(t, os.WriteFile(path, []byte(config), 0o600))
	return await(t, dir, env, "serve", "--config", path)
}

// memoryOf reads what a process can write to. A process that may not be read is what every other
// user should find, and the test ends there.
func memoryOf(t testing.TB, pid int) (memory []byte, ok bool) {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	mem, failed := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if os.Geteuid() != 0 {
		if err == nil && failed == nil {
			t.Error("another process of the same user can read the memory of the service")
		}
		return nil, false
	}
	accepted(t, err)
	accepted(t, failed)
	defer mem.Close()
	for line := range strings.Lines(string(maps)) {
		var from, to int64
		var mode string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &mode); err != nil ||
			!strings.HasPrefix(mode, "rw") {
			continue
		}
		part, err := io.ReadAll(io.NewSectionReader(mem, from, to-from))
		if err != nil {
			t.Logf("%s: %v", strings.TrimSpace(line), err)
		}
		for page := range slices.Chunk(part, os.Getpagesize()) {
			if !bytes.Equal(page, make([]byte, len(page))) { // most of it was never touched
				memory = append(memory, page...)
			}
		}
	}
	t.Logf("%d MiB of memory", len(memory)>>20)
	return memory, true
}
