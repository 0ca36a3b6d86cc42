package servicetest_test

import (
	"regexp"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/service/kms"
)

var partingUses = regexp.MustCompile(`(?m)^claviger_kms_pending_deletion_uses_total (\d+)$`)

// TestPendingDeletionMetric_KeyUsed_CountsPermittedCallersOnly: it counts who could have used the key, and nobody else.
func TestPendingDeletionMetric_KeyUsed_CountsPermittedCallersOnly(t *testing.T) {
	s := servicetest.Start(t)
	shows := func(want string) {
		t.Helper()
		a := s.Send(t, servicetest.Request{Method: "GET", Path: "/metrics", Unsigned: true})
		if m := partingUses.FindSubmatch(a.Body); m == nil || string(m[1]) != want {
			t.Errorf("the metric is %q, want %s", m, want)
		}
	}
	c, nobody := s.KMS(), s.KMS(s.AsNobody())
	key := createKey(t, c)
	must(c.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: key.KeyId}))(t)
	shows("0")
	in := &kms.EncryptInput{KeyId: key.KeyId, Plaintext: []byte("x")}
	_, err := nobody.Encrypt(t.Context(), in)
	refused(t, err, "AccessDeniedException", "*")
	shows("0")
	_, err = c.Encrypt(t.Context(), in)
	refused(t, err, "KMSInvalidStateException", *key.Arn+" is pending deletion.")
	shows("1")
}
