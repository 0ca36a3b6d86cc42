package servicetest_test

import (
	"testing"
	"time"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// TestFirstUse_LedgerDown_MakesNothing: what a service makes for itself on first use needs its
// record as much as anything else.
func TestFirstUse_LedgerDown_MakesNothing(t *testing.T) {
	s := servicetest.Start(t)
	db := database(t, s.Database)
	before := snapshot(t, db)
	create := `{"Name":"n","ClientRequestToken":"00000000000000000000000000000000","SecretString":"x"}`
	s.CutLedger()
	for range 2 {
		if a := s.Do(t, "secretsmanager.CreateSecret", create); a.Status != 500 ||
			a.Code() != "InternalServiceError" {
			t.Errorf("without a ledger: %d %s", a.Status, a.Body)
		}
	}
	unchanged(t, db, before)
	s.RestoreLedger()
	if a := s.Do(t, "secretsmanager.CreateSecret", create); a.Status != 200 {
		t.Errorf("with a ledger again: %d %s", a.Status, a.Body)
	}
}

// TestKeyDestruction_LedgerDown_WaitsAndIsRecorded: nobody asks for a key's destruction at its
// hour, and it is recorded all the same; where it can't be recorded it waits.
func TestKeyDestruction_LedgerDown_WaitsAndIsRecorded(t *testing.T) {
	s := servicetest.Start(t)
	key := createKey(t, s.KMS())
	must(s.KMS().ScheduleKeyDeletion(t.Context(),
		&kms.ScheduleKeyDeletionInput{KeyId: key.KeyId, PendingWindowInDays: aws.Int32(7)}))(t)
	s.CutLedger()
	s.Clock.Advance(7*24*time.Hour + time.Minute)
	s.RunDueJobs(t)
	s.RunDueJobs(t)
	s.RestoreLedger()
	if state := describe(t, s.KMS(), key.KeyId).KeyState; state != "PendingDeletion" {
		t.Errorf("without a ledger the key became %s", state)
	}
	m := s.Mark(t)
	eventually(t, "the key is destroyed", func() bool {
		s.Clock.Advance(time.Hour) // past the pause before another attempt
		s.RunDueJobs(t)
		_, err := s.KMS().DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: key.KeyId})
		return err != nil
	})
	for _, r := range s.Trail(t, m) {
		if r.EventName == "DeleteKey" && r.ErrorCode == "" {
			if r.EventType != "AwsServiceEvent" || r.ReadOnly || len(r.Resources) != 1 ||
				r.Resources[0].ARN != *key.Arn {
				t.Errorf("recorded as %s", r.Line)
			}
			return
		}
	}
	t.Error("the destruction left no record")
}
