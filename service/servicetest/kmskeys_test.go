package servicetest_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// TestKey_OtherRegion_IsNotThere: a key lives in the Region that it was made in and nowhere else.
func TestKey_OtherRegion_IsNotThere(t *testing.T) {
	s := servicetest.Start(t)
	here, abroad := s.KMS(), s.KMS(servicetest.WithRegion(servicetest.Abroad))
	key := createKey(t, here)
	createAlias(t, here, "alias/same", key.KeyId)
	if k := keys(t, abroad); len(k) != 0 {
		t.Errorf("keys abroad: %v", k)
	}
	_, err := abroad.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: key.KeyId})
	refused(t, err, "NotFoundException", "*")
	other := createKey(t, abroad)
	createAlias(t, abroad, "alias/same", other.KeyId)
	if *describe(t, abroad, aws.String("alias/same")).KeyId == *describe(t, here,
		aws.String("alias/same")).KeyId {
		t.Error("one alias in two Regions is one key")
	}
	_, err = s.KMS(servicetest.WithRegion("ap-south-1")).ListKeys(t.Context(), &kms.ListKeysInput{})
	refused(t, err, "InvalidSignatureException", "*")
}

// TestDryRun_PermittedOrNot_SaysSo: DryRun answers what would have happened, and does nothing.
func TestDryRun_PermittedOrNot_SaysSo(t *testing.T) {
	s := servicetest.Start(t)
	key := createKey(t, s.KMS())
	blob := encrypt(t, s.KMS(), key.KeyId, "x", nil)
	dry := aws.Bool(true)
	ignore := []types.DryRunModifierType{types.DryRunModifierTypeIgnoreCiphertext}
	calls := func(c *kms.Client, ctx context.Context) map[string]error {
		return map[string]error{
			"Encrypt": second(c.Encrypt(ctx,
				&kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x"), DryRun: dry})),
			"Decrypt": second(c.Decrypt(ctx,
				&kms.DecryptInput{CiphertextBlob: blob, DryRun: dry})),
			"Decrypt without a ciphertext": second(c.Decrypt(ctx,
				&kms.DecryptInput{KeyId: key.KeyId, DryRun: dry, DryRunModifiers: ignore})),
			"ReEncrypt": second(c.ReEncrypt(ctx,
				&kms.ReEncryptInput{CiphertextBlob: blob, DestinationKeyId: key.KeyId, DryRun: dry})),
			"ReEncrypt without a ciphertext": second(c.ReEncrypt(ctx,
				&kms.ReEncryptInput{SourceKeyId: key.KeyId, DestinationKeyId: key.KeyId, DryRun: dry,
					DryRunModifiers: ignore})),
			"GenerateDataKey": second(c.GenerateDataKey(ctx,
				&kms.GenerateDataKeyInput{KeyId: key.KeyId, KeySpec: "AES_256", DryRun: dry})),
			"GenerateDataKeyWithoutPlaintext": second(c.GenerateDataKeyWithoutPlaintext(ctx,
				&kms.GenerateDataKeyWithoutPlaintextInput{KeyId: key.KeyId, KeySpec: "AES_256", DryRun: dry})),
		}
	}
	for name, err := range calls(s.KMS(), t.Context()) {
		t.Run(name, func(t *testing.T) {
			refused(t, err, "DryRunOperationException",
				"The request would have succeeded, but the DryRun option is set.")
		})
	}
	for name, err := range calls(s.KMS(s.AsNobody()), t.Context()) {
		t.Run(name+" by nobody", func(t *testing.T) { refused(t, err, "AccessDeniedException", "*") })
	}
	must(s.KMS().DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyId}))(t)
	for name, err := range calls(s.KMS(), t.Context()) {
		t.Run(name+" with a disabled key",
			func(t *testing.T) { refused(t, err, "DisabledException", "*") })
	}
	_, err := s.KMS().Decrypt(t.Context(), &kms.DecryptInput{DryRun: dry, DryRunModifiers: ignore})
	refused(t, err, "ValidationException", "*")
}

// TestKey_ConcurrentChanges_UndoNoneOfAnother: of changes to one key at the same time each is
// there, and none undoes another.
func TestKey_ConcurrentChanges_UndoNoneOfAnother(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	key := createKey(t, c)
	var wg sync.WaitGroup
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	for i := range 40 {
		wg.Go(func() {
			name := fmt.Sprintf("tag%02d", i)
			_, err := c.TagResource(t.Context(),
				&kms.TagResourceInput{KeyId: key.KeyId, Tags: []types.Tag{tag(name, "x")}})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			acknowledged[name+"=x"] = true
		})
	}
	wg.Wait()
	for _, found := range strings.Fields(tagsOf(t, c, key.KeyId, nil)) {
		delete(acknowledged, found)
	}
	if len(acknowledged) > 0 {
		t.Errorf("acknowledged and lost: %v", acknowledged)
	}
}
