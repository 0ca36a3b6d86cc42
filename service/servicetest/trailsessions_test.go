package servicetest_test

import (
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// TestTrail_SessionOfARole_SaysWhoseItIs: the record of what a session did has its role, and the
// user who stands behind it; that of the user has the user's name.
func TestTrail_SessionOfARole_SaysWhoseItIs(t *testing.T) {
	s := servicetest.Start(t)
	alice := servicetest.As(s.User(t, "alice"))
	role := sessionRole(t, s, "auditor", `{"Effect":"Allow","Principal":{"AWS":"`+
		servicetest.UserARN("alice")+`"},"Action":["sts:AssumeRole","sts:SetSourceIdentity"]}`,
		"kms:ListKeys")
	source := "alice@example.com"
	session := sessionOf(t, assumes(s, alice, role, func(o *stscreds.AssumeRoleOptions) {
		o.SourceIdentity = &source
	}))
	mark := s.Mark(t)
	must(s.KMS(session).ListKeys(t.Context(), &kms.ListKeysInput{}))(t)
	records := s.Trail(t, mark)
	if len(records) != 1 {
		t.Fatalf("%d records", len(records))
	}
	context := string(records[0].UserIdentity.SessionContext)
	for _, want := range []string{`"sessionIssuer":{"type":"Role","principalId":"AROA`,
		`"arn":"` + role + `"`, `"userName":"auditor"`, `"sourceIdentity":"alice@example.com"`,
		`"mfaAuthenticated":"false"`} {
		if !strings.Contains(context, want) {
			t.Errorf("%s\nwant in it %s", context, want)
		}
	}
	_, err := s.KMS(alice).ListKeys(t.Context(), &kms.ListKeysInput{})
	refused(t, err, "AccessDeniedException", "*")
	if r := s.Trail(t, mark)[1]; r.UserIdentity.UserName != "alice" ||
		r.UserIdentity.SessionContext != nil {
		t.Errorf("%s", r.Line)
	}
}
