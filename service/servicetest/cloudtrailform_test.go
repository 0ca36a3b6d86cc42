package servicetest_test

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/audit"
	"claviger/internal/op"
	"claviger/service/servicetest"
)

// recordFields are those of CloudTrail's record contents reference in the order in which AWS writes
// them.
var recordFields = []string{"eventVersion", "userIdentity", "eventTime", "eventSource", "eventName",
	"awsRegion", "sourceIPAddress", "userAgent", "errorCode", "errorMessage", "requestParameters",
	"responseElements", "additionalEventData", "requestID", "eventID", "readOnly", "resources",
	"eventType", "managementEvent", "recipientAccountId", "sharedEventID", "serviceEventDetails",
	"eventCategory", "tlsDetails"}

// wellFormed checks what holds for the record of every operation that was done.
func wellFormed(t testing.TB, n op.Info, r servicetest.Record) {
	t.Helper()
	at := -1
	for _, name := range namesOf(t, r.Line) {
		i := slices.Index(recordFields, name)
		if i <= at {
			t.Errorf("%s is no field, or in another place: %s", name, r.Line)
		}
		at = i
	}
	when, err := time.Parse("2006-01-02T15:04:05Z", r.EventTime)
	id, ok := audit.EventTime(r.EventID)
	if err != nil || !ok || !id.Truncate(time.Second).Equal(when) || r.EventVersion != "1.11" {
		t.Errorf("%v: of %s, id of %s, version %s", err, r.EventTime, id, r.EventVersion)
	}
	row := n.Service.Records.Operations[n.Name]
	if answers := row.Answer+row.ARNAs != ""; string(r.ResponseElements) == "null" == answers {
		t.Errorf("%s has responseElements %s", n.Name, r.ResponseElements)
	}
	for what, object := range map[string]json.RawMessage{"requestParameters": r.RequestParameters,
		"responseElements": r.ResponseElements} {
		if bad := capitals.FindString(string(object)); bad != "" {
			t.Errorf("%s of %s has a member %s", what, n.Name, bad)
		}
		if strings.Contains(string(object), `"secretAccessKey"`) {
			t.Errorf("%s of %s: %s", what, n.Name, object)
		}
	}
	if row.Touched == op.Nothing && r.Resources != nil {
		t.Errorf("%s has resources: %s", n.Name, r.Line)
	}
	for _, x := range r.Resources {
		if x.Type != n.Service.Records.Type || x.AccountID == "" {
			t.Errorf("%s touches %+v", n.Name, x)
		}
	}
}

// capitals is a member that isn't a key of a map of the test's: those begin with an x.
var capitals = regexp.MustCompile(`"[A-Z][A-Za-z]*":`)

// namesOf returns the members of a JSON object in their order.
func namesOf(t testing.TB, object string) (names []string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(object))
	must(d.Token())(t)
	for d.More() {
		names = append(names, must(d.Token())(t).(string))
		var value json.RawMessage
		accepted(t, d.Decode(&value))
	}
	return names
}

// TestRegistry_RecordsOfEveryService_SayWhatIsThere: each operation has its row, each row its
// operation, and what it names is a member. Those that only the service performs are named here.
func TestRegistry_RecordsOfEveryService_SayWhatIsThere(t *testing.T) {
	s := servicetest.Start(t)
	internal := strings.Fields("kms.RotateKey kms.DeleteKey kms.DeleteExpiredKeyMaterial " +
		"kms.CountImportAttempt kms.TakeBackImportAttempt kms.DeleteImportPair " +
		"kms.ReserveKeyMaterial kms.DestroyKeyMaterial kms.ResetClusterRefusals " +
		"ssm.NotifyByParameterPolicies iam.ListAccountAccessKeys iam.RevokeRoleSessions " +
		"sts.RevokeSession events.SendScheduledEvent events.OpenConnection sns.OpenMessage " +
		"sns.DeleteSubscription")
	// Left has members that only the service's own form of an operation has.
	ofItsOwn := []string{"Service", "Epoch"}
	known := map[string]bool{}
	services := map[*op.Service]bool{}
	for _, o := range s.Service().Operations {
		n := o.Info()
		services[n.Service], known[idOf(n)] = true, true
		row, ok := n.Service.Records.Operations[n.Name]
		if !ok {
			t.Errorf("%s has no row", idOf(n))
		}
		for _, in := range []string{row.Left, row.Hidden, row.Default, row.Named} {
			for member := range strings.FieldsSeq(in) {
				member, _, _ = strings.Cut(member, "=")
				if _, ok := n.In.FieldByName(member); !ok && !slices.Contains(ofItsOwn, member) {
					t.Errorf("%s says something of %s, which is no member", idOf(n), member)
				}
			}
		}
		for member := range strings.FieldsSeq(row.Answer) {
			if _, ok := n.Out.FieldByName(member); !ok {
				t.Errorf("%s keeps %s of the answer, which is no member", idOf(n), member)
			}
		}
	}
	for service := range services {
		for name := range service.Records.Operations {
			id := service.Name + "." + name
			if known[id] == slices.Contains(internal, id) {
				t.Errorf("there is a row of %s, and it is an operation: %v", id, known[id])
			}
		}
	}
}

// like compares a value of a record with what is documented. "*" is any text, "**" is anything, and
// a text that begins with a tilde is a regular expression.
func like(got, want any) bool {
	if want == "**" {
		return got != nil
	}
	switch w := want.(type) {
	case string:
		g, ok := got.(string)
		if pattern, is := strings.CutPrefix(w, "~"); is {
			return ok && regexp.MustCompile(`^(?:`+pattern+`)$`).MatchString(g)
		}
		return ok && (w == "*" || w == g)
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for name := range w {
			if v, ok := g[name]; !ok || !like(v, w[name]) {
				return false
			}
		}
		return true
	case []any:
		g, ok := got.([]any)
		return ok && slices.EqualFunc(g, w, like)
	}
	return reflect.DeepEqual(got, want)
}

// documented is one request and what CloudTrail's record of it has: the fields by name, as JSON.
// What isn't named isn't looked at, and the text "absent" stands for a field that is not there.
type documented struct{ operation, body, record string }

// recordedAs sends a request and compares its record.
func recordedAs(t testing.TB, s *servicetest.Server, q servicetest.Request, name, want string) {
	t.Helper()
	mark := s.Mark(t)
	a := s.Send(t, q)
	var got, fields map[string]any
	records := s.Records(t, mark, a.RequestID())
	if len(records) == 0 {
		t.Fatalf("%s: no record; answered %d %s", name, a.Status, a.Body)
	}
	line := records[len(records)-1].Line
	accepted(t, json.Unmarshal([]byte(line), &got))
	if err := json.Unmarshal([]byte(want), &fields); err != nil {
		t.Fatalf("%s: %v in %s", name, err, want)
	}
	for field, w := range fields {
		g, there := got[field]
		if w == "absent" && !there {
			continue
		}
		if !like(g, w) {
			t.Errorf("%s: %s of\n%s\nwant\n%v", name, field, line, w)
		}
	}
}
