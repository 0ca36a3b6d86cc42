package servicetest_test

import (
	"strings"
	"testing"

	"claviger/identity"
	"claviger/policy"
	"claviger/service/servicetest"
)

// A key that opens the whole account does not come into being unseen.
func TestCreateAccessKey_Made_IsInTheTrail(t *testing.T) {
	s := servicetest.Start(t)
	mark := s.Mark(t)
	root := identity.RootUser(servicetest.Account)
	id, secret, err := s.Service().CreateAccessKey(t.Context(), servicetest.Account, "",
		"claviger init")
	if err != nil {
		t.Fatal(err)
	}
	records := s.Trail(t, mark)
	if len(records) != 1 {
		t.Fatalf("%d records, want one: %+v", len(records), records)
	}
	r := records[0]
	if r.EventSource != "iam.amazonaws.com" || r.EventName != "CreateAccessKey" ||
		r.AWSRegion != "us-east-1" ||
		r.ErrorCode != "" || r.ReadOnly || r.RecipientAccountID != servicetest.Account ||
		r.SourceIPAddress != "claviger init" || r.UserAgent != "claviger init" ||
		r.UserIdentity.Type != policy.Service || r.UserIdentity.AccessKeyID != "" ||
		string(r.AdditionalEventData) != `{"resourceARNs":["`+root.ARN+`"]}` ||
		!strings.Contains(string(r.ResponseElements), `"accessKeyId":"`+id+`"`) {
		t.Errorf("the record: %s", r.Line)
	}
	if strings.Contains(r.Line, secret) {
		t.Error("the secret is in the record")
	}
}

// No record, no key: what nobody was told of opens nothing.
func TestCreateAccessKey_RecordLost_MakesNoKey(t *testing.T) {
	s := servicetest.Start(t)
	s.CutLedger()
	id, _, err := s.Service().CreateAccessKey(t.Context(), servicetest.Account, "", "claviger init")
	if err == nil || id != "" {
		t.Errorf("made %q without a record: %v", id, err)
	}
}
