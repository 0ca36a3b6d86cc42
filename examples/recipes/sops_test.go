package recipes_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// TestSOPS_EncryptedFile_OpensByItsKeyAlone is the recipe for SOPS with the tool itself.
func TestSOPS_EncryptedFile_OpensByItsKeyAlone(t *testing.T) {
	dir := t.TempDir()
	sops := filepath.Join(dir, "sops")
	build := exec.Command("go", "build", "-o", sops, "github.com/getsops/sops/v3/cmd/sops")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building SOPS: %v\n%s", err, out)
	}
	arn := key(t, "sops", types.KeySpecSymmetricDefault, types.KeyUsageTypeEncryptDecrypt)
	rules := "creation_rules:\n  - kms: " + arn + "\n"
	must(t, os.WriteFile(filepath.Join(dir, ".sops.yaml"), []byte(rules), 0o600))
	plain := "db:\n    password: correct horse\n"
	must(t, os.WriteFile(filepath.Join(dir, "plain.yaml"), []byte(plain), 0o600))

	sealed, err := run(t, dir, sops, "encrypt", "--encryption-context", "env:prod", "plain.yaml")
	must(t, err)
	if strings.Contains(sealed, "correct horse") || !strings.Contains(sealed, arn) {
		t.Fatalf("the encrypted file:\n%s", sealed)
	}
	file := filepath.Join(dir, "secrets.yaml")
	must(t, os.WriteFile(file, []byte(sealed), 0o600))
	opened := func(want string) {
		t.Helper()
		if got, err := run(t, dir, sops, "decrypt", "secrets.yaml"); got != want || err != nil {
			t.Errorf("decrypted: %q, %v; want %q", got, err, want)
		}
	}
	opened(plain)
	_, err = run(t, dir, sops, "set", "secrets.yaml", `["db"]["password"]`, `"battery staple"`)
	must(t, err)
	_, err = run(t, dir, sops, "rotate", "--in-place", "secrets.yaml") // a data key of its own
	must(t, err)
	opened(strings.Replace(plain, "correct horse", "battery staple", 1))
	got, err := run(t, dir, sops, "decrypt", "--extract", `["db"]["password"]`, "secrets.yaml")
	if got != "battery staple" || err != nil {
		t.Errorf("extracted: %q, %v", got, err)
	}

	_, err = kms.NewFromConfig(sdk(t)).DisableKey(t.Context(),
		&kms.DisableKeyInput{KeyId: aws.String(arn)})
	must(t, err)
	if got, err := run(t, dir, sops, "decrypt", "secrets.yaml"); err == nil {
		t.Errorf("a disabled key opened it: %q", got)
	}
}
