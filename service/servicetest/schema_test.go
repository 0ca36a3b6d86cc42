package servicetest_test

import (
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// A trigger that takes a change back would have it answered as done.
func TestSchema_TriggerMadeMeanwhile_StopsTheService(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	key := createKey(t, c)
	db := database(t, s.Database)
	ready := func() int {
		return s.Send(t, servicetest.Request{Method: "GET", Path: "/readyz", Unsigned: true}).Status
	}
	must(db.Exec(`CREATE TRIGGER undo AFTER UPDATE ON kms_keys WHEN NEW.state = 'Disabled' BEGIN
		UPDATE kms_keys SET state = OLD.state, rev = OLD.rev, mac = OLD.mac WHERE id = OLD.id; END`))(t)
	_, err := c.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyId})
	refused(t, err, "KeyUnavailableException", "*")
	_, err = c.ListKeys(t.Context(), &kms.ListKeysInput{})
	refused(t, err, "KeyUnavailableException", "*")
	if status := ready(); status != 503 {
		t.Errorf("/readyz answers %d", status)
	}
	if !strings.Contains(s.Log.String(), "trigger undo on kms_keys") {
		t.Error("the log does not name the trigger")
	}
	must(db.Exec(`DROP TRIGGER undo`))(t)
	eventually(t, "the service is ready", func() bool { return ready() == 200 })
	must(c.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyId}))(t)
	if st := stateOf(t, c, key.KeyId); st != "Disabled" {
		t.Errorf("the key is %s", st)
	}
}
