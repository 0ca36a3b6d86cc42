package events_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"claviger/events"
	"claviger/internal/fault"
	"claviger/internal/op/optest"
)

func TestPutEvents_EachEntry_IsTakenOrRefusedByItself(t *testing.T) {
	s := start(t)
	entry := func(change M) M {
		e := M{"Source": "my.app", "DetailType": "T", "Detail": `{"a":1}`}
		for name, value := range change {
			if e[name] = value; value == nil {
				delete(e, name)
			}
		}
		return e
	}
	missing := func(name string) string {
		return "Parameter " + name + " is not valid. Reason: " + name + " is a required argument."
	}
	cases := []struct {
		in            M
		code, message string
	}{
		{entry(nil), "", ""},
		{entry(M{"Source": nil}), "InvalidArgument", missing("Source")},
		{entry(M{"DetailType": ""}), "InvalidArgument", missing("DetailType")},
		{entry(M{"Detail": nil}), "InvalidArgument", missing("Detail")},
		{entry(M{"Detail": "[]"}), "MalformedDetail", "Detail is malformed."},
		{entry(M{"Detail": `"x"`}), "MalformedDetail", "Detail is malformed."},
		{entry(M{"Detail": `{"a":`}), "MalformedDetail", "Detail is malformed."},
		{entry(M{"Detail": strings.Repeat(`{"a":`, 1001) + "1" + strings.Repeat("}", 1001)}),
			"MalformedDetail", "Detail is malformed."},
		{entry(M{"Source": "aws.kms"}), "NotAuthorizedForSourceException",
			"Not authorized for the source."},
		{entry(M{"EventBusName": "absent"}), "", ""},
	}
	var entries []M
	for _, c := range cases {
		entries = append(entries, c.in)
	}
	out := must[events.PutEventsOutput](s, "PutEvents", M{"Entries": entries})
	if out.FailedEntryCount != 8 || len(out.Entries) != len(cases) {
		t.Fatalf("%+v", out)
	}
	for i, c := range cases {
		got := out.Entries[i]
		if got.ErrorCode != c.code || got.ErrorMessage != c.message ||
			(got.EventId != "") != (c.code == "") {
			t.Errorf("%v: %+v", c.in, got)
		}
	}
	if sent := s.sent(); len(sent) != 1 || !strings.Contains(sent[0], out.Entries[0].EventId) {
		t.Errorf("the outbox has %s", sent)
	}
	now := s.Clock.Now().UTC().Format(time.RFC3339)
	want := `{"version":"0","id":"` + out.Entries[0].EventId + `","detail-type":"T","source":"my.app",` +
		`"account":"` + account + `","time":"` + now + `","region":"` + region +
		`","resources":[],"detail":{"a":1}}`
	if sent := s.sent(); sent[0] != want {
		t.Errorf("it is %s, want %s", sent[0], want)
	}
	for _, record := range s.Records() {
		if strings.Contains(record, `\"a\"`) {
			t.Errorf("a detail is in the trail: %s", record)
		}
	}
}

func TestPutEvents_EveryMember_IsInTheEnvelope(t *testing.T) {
	s := start(t)
	s.Do("PutEvents", M{"Entries": []M{{"Source": "my.app", "DetailType": "T", "Time": 1513968228.9,
		"Resources": []string{"x", "y"}, "TraceHeader": "t", "EventBusName": "default",
		"Detail": `{"b":1,"a":{"x":300.0},"b":2}`}}})
	var e struct {
		Time      string
		Resources []string
		Detail    json.RawMessage
	}
	if err := json.Unmarshal([]byte(s.sent()[0]), &e); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(e.Time, e.Resources, string(e.Detail)); got !=
		`2017-12-22T18:43:48Z[x y]{"a":{"x":300.0},"b":2}` {
		t.Error(got)
	}
}

// TestPutEvents_SourceOfTheService_IsRefused: people are woken for what the service tells of
// itself.
func TestPutEvents_SourceOfTheService_IsRefused(t *testing.T) {
	s := start(t)
	out := must[events.PutEventsOutput](s, "PutEvents", M{"Entries": []M{
		{"Source": "claviger", "DetailType": "Device State Change", "Detail": "{}"},
		{"Source": "claviger.ours", "DetailType": "T", "Detail": "{}"}}})
	if out.FailedEntryCount != 1 || out.Entries[0].ErrorCode != "NotAuthorizedForSourceException" {
		t.Errorf("%+v", out)
	}
}

// TestPutEvents_WhereManyWait_IsThrottled: callers push out nothing that services have told.
func TestPutEvents_WhereManyWait_IsThrottled(t *testing.T) {
	s := start(t)
	put := func() events.PutEventsOutput {
		t.Helper()
		return must[events.PutEventsOutput](s, "PutEvents", M{"Entries": []M{
			{"Source": "s", "DetailType": "t", "Detail": "{}"}, {"Source": "s"}}})
	}
	s.Edit(`INSERT INTO event_cursors (reader, position) VALUES ('outbox', -9999)`)
	if out := put(); out.FailedEntryCount != 1 {
		t.Errorf("%+v", out)
	}
	if out := put(); out.FailedEntryCount != 2 ||
		out.Entries[0].ErrorCode != "ThrottlingException" ||
		out.Entries[1].ErrorCode != "InvalidArgument" {
		t.Errorf("%+v", out)
	}
	if sent := s.sent(); len(sent) != 1 {
		t.Errorf("the outbox has %d", len(sent))
	}
}

// TestPutEvents_OfWhoIsBehind_IsThrottled, and of nobody else: what waits for an account's rules is
// bounded.
func TestPutEvents_OfWhoIsBehind_IsThrottled(t *testing.T) {
	for account, failed := range map[string]int32{optest.Account: 1, "444455556666": 0} {
		s := start(t)
		s.Edit(`INSERT INTO event_cursors (reader, position) VALUES ('outbox', 0)`)
		s.Edit(`INSERT INTO event_cursors (reader, account, region, position)
			VALUES ('outbox', '` + account + `', '` + optest.Region + `', -10000)`)
		put := M{"Entries": []M{{"Source": "s", "DetailType": "t", "Detail": "{}"}}}
		must[events.PutEventsOutput](s, "PutEvents", put) // the first one is behind nothing
		out := must[events.PutEventsOutput](s, "PutEvents", put)
		if out.FailedEntryCount != failed {
			t.Errorf("where %s is behind: %+v", account, out)
		}
	}
}

func TestPutEvents_TooMuch_IsRefusedAsAWhole(t *testing.T) {
	s := start(t)
	big := M{"Source": "s", "DetailType": "t", "Detail": `{"a":"` + strings.Repeat("x", 256<<10) + `"}`}
	s.Refused("PutEvents", M{"Entries": []M{big}}, "ValidationException",
		"Total size of the entries in the request is over the limit.")
	var many []M
	for range 11 {
		many = append(many, M{"Source": "s", "DetailType": "t", "Detail": "{}"})
	}
	_, err := ask[any](s, "PutEvents", M{"Entries": many})
	if err == nil || !strings.Contains(fault.Of(err).Message,
		"Member must have length less than or equal to 10") {
		t.Error(err)
	}
	s.Refused("PutEvents", M{"Entries": many[:1], "EndpointId": "a.b"}, "ValidationException",
		"Parameter EndpointId is not valid. Reason: There are no global endpoints here.")
	if sent := s.sent(); len(sent) != 0 {
		t.Errorf("the outbox has %s", sent)
	}
}

func TestTestEventPattern_Event_MatchesOrNot(t *testing.T) {
	s := start(t)
	for event, want := range map[string]bool{`{"source":"my.app"}`: true, `{"source":"other"}`: false,
		`{"source":"my.app","source":"x"}`: false, "{}": false} {
		got := must[events.TestEventPatternOutput](s, "TestEventPattern",
			M{"EventPattern": mine, "Event": event})
		if got.Result != want {
			t.Errorf("%s: %v", event, got)
		}
	}
	for _, event := range []string{`"x"`, "[]", "{", "x", ""} {
		s.Refused("TestEventPattern", M{"EventPattern": mine, "Event": event}, "ValidationException",
			"Parameter Event is not valid.")
	}
	s.Refused("TestEventPattern", M{"EventPattern": "[]", "Event": "{}"},
		"InvalidEventPatternException", "Event pattern is not valid. Reason: Filter is not an object\n at [Source: (String)\"[]\"; "+
			"line: 1, column: 2]")
}

// A rule sends what matches its pattern, or comes of its own schedule; ENABLED leaves out what
// CloudTrail tells of reading.
func TestBook_Events_GoToTheRulesThatMatch(t *testing.T) {
	s := start(t)
	trail := `{"detail-type":["AWS API Call via CloudTrail"]}`
	for name, in := range map[string]M{"app": {"EventPattern": mine}, "off": {"EventPattern": mine,
		"State": "DISABLED"}, "trail": {"EventPattern": trail},
		"reads": {"EventPattern": trail, "State": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"},
		"clock": {"ScheduleExpression": "rate(1 minute)"},
		"both":  {"ScheduleExpression": "cron(0 20 * * ? *)", "EventPattern": mine}} {
		in["Name"] = name
		s.Do("PutRule", in)
	}
	scheduled := `{"source":"aws.events","detail-type":"Scheduled Event","resources":["` + prefix +
		`rule/%s"],"detail":{}}`
	call := `{"detail-type":"AWS API Call via CloudTrail","detail":{"eventName":"x","readOnly":%v}}`
	for event, want := range map[string]string{
		`{"source":"my.app","detail":{}}`: "app both",
		`{"source":"x"}`:                  "",
		fmt.Sprintf(scheduled, "clock"):   "clock",
		fmt.Sprintf(scheduled, "both"):    "both",
		fmt.Sprintf(scheduled, "off"):     "",
		fmt.Sprintf(call, true):           "reads",
		fmt.Sprintf(call, false):          "reads trail",
	} {
		book, err := s.events.Book(t.Context(), account, region)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, r := range book.Match([]byte(event)) {
			names = append(names, r.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s goes to %q, want %q", event, got, want)
		}
	}
	before, _ := s.events.Book(t.Context(), account, region)
	if again, _ := s.events.Book(t.Context(), account, region); again != before {
		t.Error("the rules are read with each event")
	}
	s.Do("DisableRule", M{"Name": "app"})
	after, _ := s.events.Book(t.Context(), account, region)
	if len(after.Match([]byte(`{"source":"my.app"}`))) != 1 {
		t.Error("a rule that was disabled matches")
	}
}

func TestSchedule_RuleThatIsDue_SendsAnEventToItself(t *testing.T) {
	s := start(t)
	s.Do("PutRule", M{"Name": "r", "ScheduleExpression": "rate(5 minutes)"})
	run := func(d time.Duration) int {
		s.Clock.Pass(d)
		s.Jobs.RunDue(t.Context())
		return len(s.sent())
	}
	if n := run(4 * time.Minute); n != 0 {
		t.Errorf("after four minutes there are %d events", n)
	}
	if n := run(2 * time.Minute); n != 1 {
		t.Errorf("after six minutes there are %d events", n)
	}
	if n := run(3 * time.Minute); n != 1 {
		t.Errorf("after nine minutes there are %d events", n)
	}
	if n := run(2 * time.Minute); n != 2 {
		t.Errorf("after eleven minutes there are %d events", n)
	}
	if e := s.sent()[0]; !strings.Contains(e, `"detail-type":"Scheduled Event","source":"aws.events"`) ||
		!strings.Contains(e, `"resources":["`+prefix+`rule/r"],"detail":{}}`) {
		t.Errorf("it is %s", e)
	}
	s.Do("DisableRule", M{"Name": "r"})
	if n := run(time.Hour); n != 2 {
		t.Errorf("a rule that is disabled has sent %d events", n-2)
	}
	s.Do("EnableRule", M{"Name": "r"})
	if n := run(6 * time.Minute); n != 3 {
		t.Errorf("a rule that is enabled again has sent %d events", n-2)
	}
	s.Do("DeleteRule", M{"Name": "r"})
	if n := run(time.Hour); n != 3 {
		t.Errorf("a rule that is gone has sent %d events", n-3)
	}
}
