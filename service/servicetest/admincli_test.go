package servicetest_test

import (
	"crypto/sha1"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"claviger/iam/webidentity/issuertest"
	"claviger/store/storetest"
)

// TestAWSCLI_AdministratorsDay_Runs runs what an administrator does with the AWS CLI, and with the
// command beside it, against `claviger dev`. The issuer's certificate is trusted by its thumbprint.
func TestAWSCLI_AdministratorsDay_Runs(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed: `make awscli`")
	}
	t.Parallel()
	p := start(t, storetest.Dir(t))
	script, err := filepath.Abs("testdata/awsadmin.sh")
	accepted(t, err)
	i, dir := issuertest.StartTLS(t), t.TempDir()
	for name, subject := range map[string]string{"pod": issuertest.Subject,
		"stranger": "system:serviceaccount:ns:other"} {
		token := i.Token(time.Now(), map[string]any{"sub": subject})
		accepted(t, os.WriteFile(filepath.Join(dir, name), []byte(token), 0o600))
	}
	thumbprint := sha1.Sum(i.Certificate.Raw)
	cmd := exec.Command("sh", script, dir, must(command())(t), p.database())
	cmd.Env = append(os.Environ(), "AWS_CONFIG_FILE=/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1",
		"AWS_EC2_METADATA_DISABLED=true", "ISSUER="+i.URL,
		"THUMBPRINT="+hex.EncodeToString(thumbprint[:]))
	for name, value := range p.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s\nThe service says:\n%s", err, out, &p.out)
	}
}
