package starter_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"claviger/alarms/starter"
	"claviger/internal/pattern"
)

var (
	ruleName = regexp.MustCompile(`^claviger-[a-z-]{1,55}$`)
	example  = regexp.MustCompile(`(?m)^\{"version":"0",.*\}$`)
	byType   = regexp.MustCompile(`"detail-type":"([^"]+)","source":"([^"]+)"`)
)

// matching returns the names of the rules that match an event.
func matching(t *testing.T, event string) (names []string) {
	t.Helper()
	for _, r := range starter.Rules() {
		p, err := pattern.Compile(r.Pattern, pattern.EventBridge)
		if err != nil {
			t.Fatalf("%s: %v", r.Name, err)
		}
		if p.Matches([]byte(event)) {
			names = append(names, r.Name)
		}
	}
	return names
}

// Every event of ours rings one bell and not two, and of AWS's those ring that nobody expects.
func TestRules_DocumentedEvents_MatchOneEach(t *testing.T) {
	text, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	expected := []string{"KMS CMK Rotation", "Secret Label Updated", "Parameter Store Change"}
	found := 0
	for _, event := range example.FindAllString(string(text), -1) {
		m := byType.FindStringSubmatch(event)
		want := 1
		if slices.Contains(expected, m[1]) {
			want = 0
		}
		if got := matching(t, event); len(got) != want {
			t.Errorf("%s of %s matches %v", m[1], m[2], got)
		}
		found++
	}
	if found < 17 {
		t.Errorf("only %d examples", found)
	}
}

func TestRules_RecordsOfTheTrail_MatchIfTheySucceeded(t *testing.T) {
	const call = `{"version":"0","id":"1","detail-type":"AWS API Call via CloudTrail",` +
		`"source":"aws.kms","account":"1","time":"2026-03-01T09:30:00Z","region":"r","resources":[],` +
		`"detail":{"eventSource":"kms.amazonaws.com","eventName":"ScheduleKeyDeletion"}}`
	failed := strings.Replace(call, `Deletion"}`, `Deletion","errorCode":"AccessDenied"}`, 1)
	other := strings.Replace(call, "ScheduleKeyDeletion", "CreateKey", 1)
	rotation := strings.NewReplacer("API Call", "Service Event", "aws.kms", "aws.secretsmanager",
		"ScheduleKeyDeletion", "RotationFailed").Replace(call)
	for event, want := range map[string][]string{call: {"claviger-keys-going"}, failed: nil,
		other: nil, rotation: {"claviger-rotation-failed"}} {
		if got := matching(t, event); !slices.Equal(got, want) {
			t.Errorf("%s matches %v, want %v", event, got, want)
		}
	}
}

func TestRules_Each_IsWhatEventBridgeTakes(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range starter.Rules() {
		if !ruleName.MatchString(r.Name) || seen[r.Name] || r.Description == "" ||
			len(r.Description) > 512 || len(r.Pattern) > 2048 {
			t.Errorf("%+v", r)
		}
		seen[r.Name] = true
	}
}
