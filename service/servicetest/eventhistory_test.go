package servicetest_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"claviger/service/servicetest"
	"claviger/trail/search"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// history is a server with a past: what its records say is compared with what is looked up.
type history struct {
	*servicetest.Server
	t   *testing.T
	key string // ARN

	refusal string // what records call that somebody may not
}

func newHistory(t *testing.T) *history {
	t.Helper()
	h := &history{Server: servicetest.Start(t), t: t}
	k := h.KMS()
	made := createKey(t, k)
	h.key = *made.Arn
	for _, nr := range []string{"1", "2", "3"} {
		encrypt(t, k, made.KeyId, "x", map[string]string{"army": "north", "nr": nr})
	}
	createSecret(t, h.SecretsManager(), "db/history", "s3cr3t")
	must(h.ParameterStore().PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String("/h/p"),
		Value: aws.String("v"), Type: "String"}))(t)
	if a := h.Send(t, servicetest.Request{Target: "TrentService.DescribeKey", As: h.Nobody,
		Body: []byte(`{"KeyId":"` + h.key + `"}`)}); a.Code() != "AccessDeniedException" {
		t.Fatalf("nobody may describe a key: %s", a.Body)
	}
	past := h.Trail(t, 0)
	h.refusal = past[len(past)-1].ErrorCode
	createKey(t, h.KMS(servicetest.WithRegion(servicetest.Abroad)))
	return h
}

// lookup lists all events, page after page. The clock goes on, so that nobody is too fast.
func (h *history) lookup(in cloudtrail.LookupEventsInput,
	options ...servicetest.ClientOption) (all []types.Event) {
	h.t.Helper()
	c := h.CloudTrail(options...)
	for {
		h.Clock.Advance(time.Second)
		out := must(c.LookupEvents(h.t.Context(), &in))(h.t)
		if in.MaxResults != nil && len(out.Events) > int(*in.MaxResults) {
			h.t.Errorf("a page of %d events", len(out.Events))
		}
		all = append(all, out.Events...)
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return all
		}
	}
}

func by(key types.LookupAttributeKey, value string) cloudtrail.LookupEventsInput {
	return cloudtrail.LookupEventsInput{LookupAttributes: []types.LookupAttribute{
		{AttributeKey: key, AttributeValue: &value}}}
}

// expect returns the records of an account in a Region up to now that pass, the newest first.
func (h *history) expect(region string, passes func(*servicetest.Record) bool) (lines []string) {
	h.t.Helper()
	for _, r := range h.Trail(h.t, 0) {
		if r.RecipientAccountID == servicetest.Account && r.AWSRegion == region && passes(&r) {
			lines = append(lines, r.Line)
		}
	}
	slices.Reverse(lines)
	return lines
}

func lines(events []types.Event) (all []string) {
	for _, e := range events {
		all = append(all, *e.CloudTrailEvent)
	}
	return all
}

// TestLookupEvents_EachAttribute_FindsThoseOnly, each with all that event history shows of it.
func TestLookupEvents_EachAttribute_FindsThoseOnly(t *testing.T) {
	h := newHistory(t)
	var any servicetest.Record
	for _, r := range h.Trail(t, 0) {
		if r.EventName == "Encrypt" {
			any = r
		}
	}
	for _, c := range []struct {
		key    types.LookupAttributeKey
		value  string
		passes func(*servicetest.Record) bool
	}{
		{"EventId", any.EventID, func(r *servicetest.Record) bool { return r.EventID == any.EventID }},
		{"EventName", "Encrypt", func(r *servicetest.Record) bool { return r.EventName == "Encrypt" }},
		{"ReadOnly", "false", func(r *servicetest.Record) bool { return !r.ReadOnly }},
		{"Username", "nobody", func(r *servicetest.Record) bool {
			return r.UserIdentity.UserName == "nobody"
		}},
		{"EventSource", "ssm.amazonaws.com", func(r *servicetest.Record) bool {
			return r.EventSource == "ssm.amazonaws.com"
		}},
		{"AccessKeyId", h.Nobody.AccessKeyID, func(r *servicetest.Record) bool {
			return r.UserIdentity.AccessKeyID == h.Nobody.AccessKeyID
		}},
		{"ResourceName", h.key, func(r *servicetest.Record) bool {
			return strings.Contains(r.Line, `"ARN":"`+h.key+`"`)
		}},
		{"ResourceType", "AWS::KMS::Key", func(r *servicetest.Record) bool {
			return strings.Contains(r.Line, `"type":"AWS::KMS::Key"`)
		}},
		{"EventName", "encrypt", func(*servicetest.Record) bool { return false }},
	} {
		want := h.expect(servicetest.Region, c.passes)
		if c.key == "ResourceType" && len(want) == 0 {
			continue // of a record that says no types there is nothing to find
		}
		got := lines(h.lookup(by(c.key, c.value)))
		if !slices.Equal(got, want) {
			t.Errorf("by %s %s: %d events, want %d:\n%s", c.key, c.value, len(got), len(want),
				strings.Join(got, "\n"))
		}
	}
}

// TestLookupEvents_Event_ShowsWhatItsRecordSays, in the members that tools read.
func TestLookupEvents_Event_ShowsWhatItsRecordSays(t *testing.T) {
	h := newHistory(t)
	e := h.lookup(by("EventName", "Encrypt"))[0]
	var r servicetest.Record
	accepted(t, json.Unmarshal([]byte(*e.CloudTrailEvent), &r))
	at, err := time.Parse(time.RFC3339, r.EventTime)
	accepted(t, err)
	if *e.EventId != r.EventID || *e.EventName != "Encrypt" || *e.EventSource != r.EventSource ||
		*e.AccessKeyId != h.Root.AccessKeyID || *e.Username != "root" ||
		*e.ReadOnly != map[bool]string{false: "false", true: "true"}[r.ReadOnly] ||
		!e.EventTime.Equal(at.Truncate(time.Second)) {
		t.Errorf("%+v of %s", e, *e.CloudTrailEvent)
	}
	if len(e.Resources) != 1 || *e.Resources[0].ResourceName != h.key ||
		*e.Resources[0].ResourceType != "AWS::KMS::Key" {
		t.Errorf("its resources are %+v", e.Resources)
	}
	a := h.Do(t, "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents",
		`{"LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"LookupEvents"}]}`)
	if !strings.Contains(string(a.Body), `"Resources":[]`) ||
		!strings.Contains(string(a.Body), `"ReadOnly":"true"`) {
		t.Errorf("a lookup itself is shown as %s", a.Body)
	}
	if e := h.lookup(by("EventSource", "cloudtrail.amazonaws.com")); len(e) < 2 {
		t.Errorf("%d lookups are in the trail", len(e))
	}
}

// TestLookupEvents_Pages_GiveAllOnce, and a token goes on with nothing but its own lookup.
func TestLookupEvents_Pages_GiveAllOnce(t *testing.T) {
	h := newHistory(t)
	h.Clock.Advance(5 * time.Second)
	end := h.Clock.Now().Add(-2 * time.Second)
	all := h.expect(servicetest.Region, func(r *servicetest.Record) bool {
		at, err := time.Parse(time.RFC3339, r.EventTime)
		return err == nil && !at.Truncate(time.Second).After(end)
	})
	if len(all) < 9 {
		t.Fatalf("there are %d events", len(all))
	}
	for _, size := range []int32{1, 4, 50} {
		in := cloudtrail.LookupEventsInput{EndTime: &end, MaxResults: &size}
		if got := lines(h.lookup(in)); !slices.Equal(got, all) {
			t.Errorf("in pages of %d there are %d events, want %d", size, len(got), len(all))
		}
	}
	if len(h.lookup(cloudtrail.LookupEventsInput{})) < len(all) {
		t.Error("without a size there are fewer")
	}
	c := h.CloudTrail()
	first := must(c.LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{EndTime: &end,
		MaxResults: aws.Int32(1)}))(t)
	h.Clock.Advance(time.Second)
	_, err := c.LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{EndTime: &end,
		MaxResults: aws.Int32(2), NextToken: first.NextToken})
	if !modelled[*types.InvalidNextTokenException](err) {
		t.Errorf("a token of another lookup: %v", err)
	}
}

// TestLookupEvents_Range_IsInSecondsAndOf90Days: both ends are a part of it.
func TestLookupEvents_Range_IsInSecondsAndOf90Days(t *testing.T) {
	h := newHistory(t)
	e := h.lookup(by("EventName", "Encrypt"))[0]
	ranged := func(from, to time.Time) int {
		t.Helper()
		in := by("EventId", *e.EventId)
		in.StartTime, in.EndTime = &from, &to
		return len(h.lookup(in))
	}
	at := *e.EventTime
	for _, c := range []struct {
		from, to time.Duration
		want     int
	}{{0, 0, 1}, {-time.Hour, 0, 1}, {0, time.Hour, 1}, {time.Second, time.Hour, 0},
		{-time.Hour, -time.Second, 0}, {-100 * 365 * 24 * time.Hour, 50 * 365 * 24 * time.Hour, 1}} {
		if got := ranged(at.Add(c.from), at.Add(c.to)); got != c.want {
			t.Errorf("from %v to %v: %d events, want %d", c.from, c.to, got, c.want)
		}
	}
	h.Clock.Advance(89 * 24 * time.Hour)
	if len(h.lookup(by("EventName", "Encrypt"))) != 3 {
		t.Error("after 89 days they are gone")
	}
	h.Clock.Advance(2 * 24 * time.Hour)
	if n := len(h.lookup(by("EventName", "Encrypt"))); n != 0 {
		t.Errorf("after 91 days there are %d", n)
	}
	found := h.search(t, url.Values{"EventName": {"Encrypt"}})
	if len(found) != 3 {
		t.Errorf("SearchEvents finds %d after 91 days", len(found))
	}
}

// TestLookupEvents_OtherAccountsAndRegions_SeeNothing of what isn't theirs, whatever they ask for.
func TestLookupEvents_OtherAccountsAndRegions_SeeNothing(t *testing.T) {
	h := newHistory(t)
	other := servicetest.As(h.RootOf(t, otherAccount))
	id := h.lookup(by("EventName", "Encrypt"))[0].EventId
	for _, in := range []cloudtrail.LookupEventsInput{by("EventId", *id), by("EventName", "Encrypt"),
		by("ResourceName", h.key)} {
		if got := h.lookup(in, other); len(got) != 0 {
			t.Errorf("another account sees %+v", got)
		}
		if got := h.lookup(in, servicetest.WithRegion(servicetest.Abroad)); len(got) != 0 {
			t.Errorf("another Region has %+v", got)
		}
	}
	abroad := h.lookup(by("EventName", "CreateKey"), servicetest.WithRegion(servicetest.Abroad))
	if len(abroad) != 1 {
		t.Errorf("abroad %d keys were made", len(abroad))
	}
}

// TestLookupEvents_WhatCantBeLookedUp_IsRefused by the error that CloudTrail has for it.
func TestLookupEvents_WhatCantBeLookedUp_IsRefused(t *testing.T) {
	h := newHistory(t)
	two := by("EventName", "a")
	two.LookupAttributes = append(two.LookupAttributes, two.LookupAttributes...)
	sized := func(n int32) cloudtrail.LookupEventsInput {
		return cloudtrail.LookupEventsInput{MaxResults: &n}
	}
	now := time.Now()
	for i, c := range []struct {
		in cloudtrail.LookupEventsInput
		is func(error) bool
	}{
		{two, modelled[*types.InvalidLookupAttributesException]},
		{by("eventName", "a"), modelled[*types.InvalidLookupAttributesException]},
		{by("EventName", ""), modelled[*types.InvalidLookupAttributesException]},
		{by("EventName", strings.Repeat("a", 2001)), modelled[*types.InvalidLookupAttributesException]},
		{by("EventName", strings.Repeat("_", 1001)), modelled[*types.InvalidLookupAttributesException]},
		{by("ReadOnly", "True"), modelled[*types.InvalidLookupAttributesException]},
		{sized(0), modelled[*types.InvalidMaxResultsException]},
		{sized(51), modelled[*types.InvalidMaxResultsException]},
		{cloudtrail.LookupEventsInput{StartTime: aws.Time(now.Add(time.Second)), EndTime: &now},
			modelled[*types.InvalidTimeRangeException]},
		{cloudtrail.LookupEventsInput{NextToken: aws.String("x")},
			modelled[*types.InvalidNextTokenException]},
		{cloudtrail.LookupEventsInput{EventCategory: "management"},
			modelled[*types.InvalidEventCategoryException]},
	} {
		h.Clock.Advance(time.Second)
		if _, err := h.CloudTrail().LookupEvents(t.Context(), &c.in); !c.is(err) {
			t.Errorf("%d: %v", i, err)
		}
	}
	for _, in := range []cloudtrail.LookupEventsInput{by("EventName", strings.Repeat("a", 2000)),
		by("EventName", strings.Repeat("_", 1000)), {EventCategory: "insight"}} {
		if got := h.lookup(in); len(got) != 0 {
			t.Errorf("%+v finds %d events", in, len(got))
		}
	}
}

// TestLookupEvents_ThirdInASecond_IsThrottled, in an account and Region, and goes through later.
func TestLookupEvents_ThirdInASecond_IsThrottled(t *testing.T) {
	h := newHistory(t)
	// The clock goes on by itself while requests are on their way: sixty of them take no half second
	// each.
	throttled := 0
	for range 60 {
		_, err := h.CloudTrail().LookupEvents(t.Context(), new(cloudtrail.LookupEventsInput))
		if err != nil && !strings.Contains(err.Error(), "ThrottlingException: Rate exceeded") {
			t.Fatal(err)
		}
		if err != nil {
			throttled++
		}
	}
	if throttled == 0 {
		t.Error("sixty lookups at once went through")
	}
	must(h.CloudTrail(servicetest.WithRegion(servicetest.Abroad)).LookupEvents(t.Context(),
		new(cloudtrail.LookupEventsInput)))(t)
	h.Clock.Advance(time.Second)
	must(h.CloudTrail().LookupEvents(t.Context(), new(cloudtrail.LookupEventsInput)))(t)
}

// found is an event as REST shows it.
type found struct {
	EventId, EventName, CloudTrailEvent string
}

// search finds events by REST, page after page.
func (h *history) search(t *testing.T, q url.Values) (all []found) {
	t.Helper()
	q = maps.Clone(q)
	q.Set("MaxResults", "2")
	for {
		a := h.REST(t, "GET", "/v1/trail-events?"+q.Encode(), nil)
		var page struct {
			Events    []found
			NextToken string
		}
		if a.Status != 200 {
			t.Fatalf("%v: %d %s", q, a.Status, a.Body)
		}
		accepted(t, json.Unmarshal(a.Body, &page))
		all = append(all, page.Events...)
		if page.NextToken == "" {
			return all
		}
		q.Set("NextToken", page.NextToken)
	}
}

// TestSearchEvents_SeveralAtOnce_FindsWhatHasAll: pairs of encryption contexts, resources by name
// and by ARN, errors, addresses and times.
func TestSearchEvents_SeveralAtOnce_FindsWhatHasAll(t *testing.T) {
	h := newHistory(t)
	secret := "arn:aws:secretsmanager:" + servicetest.Region + ":" + servicetest.Account +
		":secret:db/history-AbCdEf"
	for _, c := range []struct {
		query url.Values
		want  int
	}{
		{url.Values{"EncryptionContext": {`{"army":"north"}`}}, 3},
		{url.Values{"EncryptionContext": {`{"army":"north","nr":"2"}`}}, 1},
		{url.Values{"EncryptionContext": {`{"army":"south"}`}}, 0},
		{url.Values{"Resource": {h.key}, "EventName": {"Encrypt"}}, 3},
		{url.Values{"Resource": {h.key}, "ErrorCode": {h.refusal}}, 1},
		{url.Values{"Resource": {h.key}, "Username": {"nobody"}, "EventSource": {"kms.amazonaws.com"},
			"AccessKeyId": {h.Nobody.AccessKeyID}, "SourceIPAddress": {"127.0.0.1"},
			"ReadOnly": {"true"}}, 1},
		{url.Values{"Resource": {h.key}, "Username": {"nobody"}, "ReadOnly": {"false"}}, 0},
		{url.Values{"Resource": {"/h/p"}}, 1},
		{url.Values{"Resource": {"arn:aws:ssm:" + servicetest.Region + ":" + servicetest.Account +
			":parameter/h/p"}}, 1},
		{url.Values{"Resource": {"db/history"}, "EventName": {"CreateSecret"}}, 1},
		{url.Values{"Resource": {secret}, "EventName": {"CreateSecret"}}, 1},
		{url.Values{"EventName": {"Encrypt"}, "EndTime": {"1"}}, 0},
	} {
		if got := h.search(t, c.query); len(got) != c.want {
			t.Errorf("%v: found %d, want %d: %+v", c.query, len(got), c.want, got)
		}
	}
	for query, code := range map[string]string{"StartTime=2&EndTime=1": "InvalidTimeRangeException",
		"NextToken=x": "InvalidNextTokenException", "MaxResults=51": "ValidationException",
		"Name=x": "ValidationException"} {
		if a := h.REST(t, "GET", "/v1/trail-events?"+query, nil); a.Status != 400 || a.Code() != code {
			t.Errorf("%s: %d %s, want %s", query, a.Status, a.Body, code)
		}
	}
}

// TestSearchEvents_EachMember_NarrowsWhatIsFound: with what a record has it is found, and with
// anything else it isn't.
func TestSearchEvents_EachMember_NarrowsWhatIsFound(t *testing.T) {
	h := newHistory(t)
	e := h.lookup(by("EventName", "Encrypt"))[0]
	at := strconv.FormatInt(e.EventTime.Unix(), 10)
	later := strconv.FormatInt(e.EventTime.Unix()+1, 10)
	for member, values := range map[string][2]string{
		"EventId":           {*e.EventId, "another"},
		"EventName":         {"Encrypt", "encrypt"},
		"EventSource":       {"kms.amazonaws.com", "sts.amazonaws.com"},
		"ReadOnly":          {"true", "false"},
		"Username":          {"root", "nobody"},
		"AccessKeyId":       {h.Root.AccessKeyID, h.Nobody.AccessKeyID},
		"Resource":          {h.key, h.key + "0"},
		"ResourceType":      {"AWS::KMS::Key", "AWS::IAM::Role"},
		"ErrorCode":         {"", "AccessDenied"},
		"SourceIPAddress":   {"127.0.0.1", "127.0.0.2"},
		"EncryptionContext": {`{"nr":"3"}`, `{"nr":"4"}`},
		"StartTime":         {at, later},
		"EndTime":           {later, "1"},
	} {
		for i, value := range values {
			q := url.Values{"EventId": {*e.EventId}}
			if value != "" {
				q.Set(member, value)
			}
			if got := h.search(t, q); (len(got) == 1) != (i == 0) {
				t.Errorf("%s=%s finds %+v", member, value, got)
			}
		}
	}
	a := h.Do(t, "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.SearchEvents",
		`{"EventName":"Encrypt","MaxResults":1}`)
	got := string(a.Body)
	if !strings.Contains(got, *e.EventId) || !strings.Contains(got, "NextToken") {
		t.Errorf("by AWS JSON: %s", a.Body)
	}
}

// TestEventHistory_IndexLostOrBehind_FindsTheSame: the index is what lookups are fast by, and
// nothing that they need.
func TestEventHistory_IndexLostOrBehind_FindsTheSame(t *testing.T) {
	h := newHistory(t)
	want := len(h.lookup(by("EventName", "Encrypt")))
	h.Restart(t, func() { accepted(t, os.RemoveAll(search.Dir(h.Database))) })
	if got := len(h.lookup(by("EventName", "Encrypt"))); got != want {
		t.Errorf("without the index there are %d events, want %d", got, want)
	}
}

// TestCloudTrailAWSCLI_Script_Runs: attributes, pages, times and what is refused.
func TestCloudTrailAWSCLI_Script_Runs(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed: `make awscli`")
	}
	runClient(t, newHistory(t).Server, "sh", "cloudtrail.sh")
}

// TestCloudTrailBoto3_Script_Runs: exceptions by their classes, the paginator and types.
func TestCloudTrailBoto3_Script_Runs(t *testing.T) {
	if exec.Command("python3", "-c", "import boto3").Run() != nil {
		t.Skip("python3 has no boto3: `make clients`")
	}
	runClient(t, newHistory(t).Server, "python3", "cloudtrail.py")
}
