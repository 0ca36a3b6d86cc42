package recipes_test

import (
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	wrapping "github.com/hashicorp/go-kms-wrapping/v2"
	"github.com/hashicorp/go-kms-wrapping/wrappers/awskms/v2"
)

// TestAutoUnseal_RootKey_OpensAfterRotation does with the library by which Vault and OpenBao unseal
// themselves what their `seal "awskms"` does.
func TestAutoUnseal_RootKey_OpensAfterRotation(t *testing.T) {
	arn := key(t, "vault-unseal", types.KeySpecSymmetricDefault, types.KeyUsageTypeEncryptDecrypt)
	start := func() *awskms.Wrapper {
		w := awskms.NewWrapper()
		_, err := w.SetConfig(t.Context(), wrapping.WithConfigMap(map[string]string{
			"kms_key_id": "alias/vault-unseal", "region": os.Getenv("AWS_REGION"),
			"endpoint": os.Getenv("AWS_ENDPOINT_URL")}))
		must(t, err)
		return w
	}
	root := []byte("a root key of Vault's, 32 bytes.")
	sealed, err := start().Encrypt(t.Context(), root)
	must(t, err)
	if sealed.KeyInfo.KeyId != arn {
		t.Errorf("sealed under %q, want %q", sealed.KeyInfo.KeyId, arn)
	}
	k := kms.NewFromConfig(sdk(t))
	_, err = k.RotateKeyOnDemand(t.Context(), &kms.RotateKeyOnDemandInput{KeyId: aws.String(arn)})
	must(t, err)
	// A restart: nothing is known but the configuration and the sealed key.
	again := start()
	if opened, err := again.Decrypt(t.Context(), sealed); string(opened) != string(root) || err != nil {
		t.Errorf("opened: %q, %v", opened, err)
	}
	_, err = k.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: aws.String(arn)})
	must(t, err)
	if opened, err := again.Decrypt(t.Context(), sealed); err == nil {
		t.Errorf("a disabled key opened it: %q", opened)
	}
}
