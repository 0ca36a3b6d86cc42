//lint:file-ignore SA1019 clients still send and read CustomerMasterKeySpec, so it has to work

package servicetest_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
)

// refused checks that err is the API error with this name, and with this text unless it is "*".
func refused(t testing.TB, err error, code, message string) {
	t.Helper()
	var e smithy.APIError
	switch {
	case err == nil:
		t.Errorf("accepted; want %s", code)
	case !errors.As(err, &e):
		t.Errorf("%v is no API error; want %s", err, code)
	case e.ErrorCode() != code || message != "*" && e.ErrorMessage() != message:
		t.Errorf("got  %s: %q\nwant %s: %q", e.ErrorCode(), e.ErrorMessage(), code, message)
	}
}

// accepted fails the test at once if err is one.
func accepted(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must returns v, or ends the test.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		accepted(t, err)
		return v
	}
}

func createKey(t testing.TB, c *kms.Client) *types.KeyMetadata {
	t.Helper()
	return must(c.CreateKey(t.Context(), &kms.CreateKeyInput{}))(t).KeyMetadata
}

func createAlias(t testing.TB, c *kms.Client, name string, keyID *string) {
	t.Helper()
	must(c.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: &name, TargetKeyId: keyID}))(t)
}

func encrypt(t testing.TB, c *kms.Client, keyID *string, text string,
	context map[string]string) []byte {
	t.Helper()
	return must(c.Encrypt(t.Context(),
		&kms.EncryptInput{KeyId: keyID, Plaintext: []byte(text),
			EncryptionContext: context}))(t).CiphertextBlob
}

func keyARN(id string) string {
	return "arn:aws:kms:" + servicetest.Region + ":" + servicetest.Account + ":key/" + id
}

func aliasARN(name string) string {
	return "arn:aws:kms:" + servicetest.Region + ":" + servicetest.Account + ":" + name
}

// noKey is the id of a key that was never made.
const noKey = "0badc0de-0bad-4bad-8bad-0badc0de0bad"

func tag(key, value string) types.Tag { return types.Tag{TagKey: &key, TagValue: &value} }

func tags(n int) (out []types.Tag) {
	for i := range n {
		out = append(out, tag(fmt.Sprintf("tag%02d", i), fmt.Sprint(i)))
	}
	return out
}

// deref makes metadata printable.
func deref(m *types.KeyMetadata) map[string]any {
	return map[string]any{
		"account": *m.AWSAccountId, "id": *m.KeyId, "arn": *m.Arn,
		"created": m.CreationDate.UTC(), "material": aws.ToString(m.CurrentKeyMaterialId),
		"spec": m.KeySpec, "old spec": m.CustomerMasterKeySpec, "usage": m.KeyUsage,
		"description": aws.ToString(m.Description), "enabled": m.Enabled, "state": m.KeyState,
		"manager": m.KeyManager, "multi": aws.ToBool(m.MultiRegion), "origin": m.Origin,
		"deletion": m.DeletionDate,
		"algorithms": fmt.Sprint(m.EncryptionAlgorithms, m.SigningAlgorithms, m.MacAlgorithms,
			m.KeyAgreementAlgorithms),
		"others": fmt.Sprint(m.CloudHsmClusterId, m.CustomKeyStoreId, m.ExpirationModel,
			m.MultiRegionConfiguration, m.PendingDeletionWindowInDays, m.ValidTo,
			m.XksKeyConfiguration),
	}
}

// keys returns the ids of all keys.
func keys(t testing.TB, c *kms.Client) (ids []string) {
	t.Helper()
	for p := kms.NewListKeysPaginator(c, &kms.ListKeysInput{}); p.HasMorePages(); {
		for _, k := range must(p.NextPage(t.Context()))(t).Keys {
			ids = append(ids, *k.KeyId)
		}
	}
	return ids
}

// second returns the error of a call.
func second[T any](_ T, err error) error { return err }

func describe(t testing.TB, c *kms.Client, id *string) *types.KeyMetadata {
	t.Helper()
	return must(c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: id}))(t).KeyMetadata
}

func about(a, b time.Time) bool { return a.Sub(b).Abs() < time.Minute }

// eventually polls until a promise without a deadline is kept; after half a minute it is broken.
func eventually(t testing.TB, what string, kept func() bool) {
	t.Helper()
	for range 600 {
		if kept() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("not yet, after half a minute: %s", what)
}
