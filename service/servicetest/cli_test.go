package servicetest_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"claviger/store/storetest"
)

// readsEndpoints reports whether the AWS CLI goes by AWS_ENDPOINT_URL: those before 1.29 and 2.13
// don't, and would ask AWS for the roles of profiles.
func readsEndpoints(t testing.TB) bool {
	t.Helper()
	out, err := exec.Command("aws", "--version").CombinedOutput()
	accepted(t, err)
	var major, minor int
	_, err = fmt.Sscanf(string(out), "aws-cli/%d.%d.", &major, &minor)
	accepted(t, err)
	return major == 1 && minor >= 29 || major == 2 && minor >= 13 || major > 2
}

// TestAWSCLI_Script_Runs runs a script of the AWS CLI against the real command.
func TestAWSCLI_Script_Runs(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed: `make awscli`")
	}
	t.Parallel()
	p := start(t, storetest.Dir(t))
	script, err := filepath.Abs("testdata/awscli.sh")
	accepted(t, err)
	cmd := exec.Command("sh", script, t.TempDir())
	cmd.Env = append(os.Environ(), "AWS_CONFIG_FILE=/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1",
		"AWS_EC2_METADATA_DISABLED=true")
	for name, value := range p.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s\nThe service says:\n%s", err, out, &p.out)
	}
}
