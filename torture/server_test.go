package torture

import (
	"strings"
	"testing"

	"claviger/hsm/hsmtest/shim"

	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// TestServer_KilledAndTermed_StartsAgain: what every driver relies on.
func TestServer_KilledAndTermed_StartsAgain(t *testing.T) {
	t.Parallel()
	sh := shim.New(t)
	s := launch(t, options{shim: sh})
	made, err := s.kms().CreateKey(t.Context(), &kms.CreateKeyInput{})
	accepted(t, err)
	if sh.Calls("C_Encrypt") == 0 {
		t.Error("the shim was not asked")
	}
	s.kill()
	s.start()
	if _, err := within(recoveryLimit, s.ready); err != nil {
		t.Errorf("not ready after a kill: %v\n%s", err, s.log())
	}
	if code := s.term(); code != 0 {
		t.Errorf("SIGTERM ended it with %d:\n%s", code, s.log())
	}
	s.start()
	_, err = s.kms().DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: made.KeyMetadata.KeyId})
	accepted(t, err)
	if n := s.metric("claviger_operations_total", `operation="DescribeKey"`); n != 1 {
		t.Errorf("the metrics count %v calls", n)
	}
	if strings.Contains(s.log(), "PIN=") {
		t.Error("the log speaks of the PIN")
	}
}
