package events_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"claviger/events"
	"claviger/events/rule"
)

const mine = `{"source":["my.app"]}`

func TestPutRule_RuleThatIsThere_IsSaidAnewButForTagsAndTargets(t *testing.T) {
	s := start(t)
	made := must[events.PutRuleOutput](s, "PutRule", M{"Name": "r", "EventPattern": mine,
		"Description": "d", "RoleArn": "arn:aws:iam::1:role/r", "State": "DISABLED",
		"Tags": []M{{"Key": "b", "Value": "1"}, {"Key": "a", "Value": ""}}})
	if made.RuleArn != prefix+"rule/r" {
		t.Errorf("its ARN is %s", made.RuleArn)
	}
	s.Do("PutTargets", M{"Rule": "r", "Targets": []M{{"Id": "t", "Arn": topic}}})
	want := events.DescribeRuleOutput{Name: "r", Arn: made.RuleArn, EventPattern: mine,
		State: "DISABLED", Description: "d", RoleArn: "arn:aws:iam::1:role/r", EventBusName: "default",
		CreatedBy: account}
	if got := must[events.DescribeRuleOutput](s, "DescribeRule", M{"Name": "r"}); got != want {
		t.Errorf("%+v", got)
	}
	s.Do("PutRule", M{"Name": "r", "ScheduleExpression": "rate(5 minutes)",
		"EventBusName": prefix + "event-bus/default", "Tags": []M{{"Key": "c", "Value": "2"}}})
	want = events.DescribeRuleOutput{Name: "r", Arn: made.RuleArn, EventBusName: "default",
		ScheduleExpression: "rate(5 minutes)", State: "ENABLED", CreatedBy: account}
	if got := must[events.DescribeRuleOutput](s, "DescribeRule", M{"Name": "r"}); got != want {
		t.Errorf("%+v", got)
	}
	tags := must[events.ListTagsForResourceOutput](s, "ListTagsForResource",
		M{"ResourceARN": made.RuleArn}).Tags
	if fmt.Sprint(tags) != "[{a } {b 1}]" {
		t.Errorf("its tags are %v", tags)
	}
	targets := must[events.ListTargetsByRuleOutput](s, "ListTargetsByRule", M{"Rule": "r"}).Targets
	if len(targets) != 1 || targets[0].Arn != topic {
		t.Errorf("its targets are %+v", targets)
	}
}

func TestPutRule_BadInput_IsRefusedInAWSsWords(t *testing.T) {
	s := start(t)
	for _, c := range []struct {
		in         M
		code, text string
	}{
		{M{}, "ValidationException",
			"Parameter(s) EventPattern or ScheduleExpression must be specified."},
		{M{"ScheduleExpression": "rate(1 minutes)"}, "ValidationException",
			"Parameter ScheduleExpression is not valid."},
		{M{"EventPattern": `{"a":[]}`}, "InvalidEventPatternException", "Event pattern is not valid. " +
			"Reason: Empty arrays are not allowed\n at [Source: (String)\"{\"a\":[]}\"; line: 1, column: 8]"},
		{M{"EventPattern": `{"a":["` + strings.Repeat("x", 2048) + `"]}`}, "ValidationException",
			"Parameter EventPattern is not valid. Reason: It has more than 2048 characters."},
		{M{"EventPattern": mine, "EventBusName": "mine"}, "ResourceNotFoundException",
			"Event bus mine does not exist."},
		{M{"EventPattern": mine, "EventBusName": "arn:aws:events:eu-west-1:" + account +
			":event-bus/mine"}, "ResourceNotFoundException", "Event bus mine does not exist."},
		{M{"EventPattern": mine, "Tags": []M{{"Key": "aws:x", "Value": ""}}}, "ValidationException",
			"Tag keys that begin with aws: are reserved for AWS."},
	} {
		c.in["Name"] = "r"
		s.Refused("PutRule", c.in, c.code, c.text)
	}
	for name, in := range map[string]M{"DescribeRule": {"Name": "x"}, "EnableRule": {"Name": "x"},
		"DisableRule": {"Name": "x"}, "ListTargetsByRule": {"Rule": "x"},
		"RemoveTargets": {"Rule": "x", "Ids": []string{"t"}},
		"PutTargets":    {"Rule": "x", "Targets": []M{{"Id": "t", "Arn": topic}}}} {
		s.Refused(name, in, "ResourceNotFoundException", "Rule x does not exist on EventBus default.")
	}
	s.Do("DeleteRule", M{"Name": "x"})
}

func TestRules_QuotasOfAnAccount_AreHeld(t *testing.T) {
	s := start(t)
	wild := `{"source":[{"wildcard":"my.*"}]}`
	for i := range rule.MostRules {
		text := mine
		if i < rule.MostWild {
			text = wild
		}
		s.Do("PutRule", M{"Name": fmt.Sprintf("r%03d", i), "EventPattern": text})
	}
	const full = "The requested resource exceeds the maximum number allowed."
	s.Refused("PutRule", M{"Name": "x", "EventPattern": mine}, "LimitExceededException", full)
	s.Refused("PutRule", M{"Name": "r299", "EventPattern": wild}, "LimitExceededException", full)
	s.Do("PutRule", M{"Name": "r000", "EventPattern": wild})
	s.Do("DeleteRule", M{"Name": "r299"})
	s.Do("PutRule", M{"Name": "x", "EventPattern": mine})

	var names []string
	in := M{"NamePrefix": "r0", "Limit": 40}
	for {
		page := must[events.ListRulesOutput](s, "ListRules", in)
		for _, r := range page.Rules {
			names = append(names, r.Name)
		}
		if page.NextToken == "" {
			break
		}
		in["NextToken"] = page.NextToken
	}
	if len(names) != 100 || names[0] != "r000" || names[99] != "r099" {
		t.Errorf("the pages have %v", names)
	}
	in["NamePrefix"] = "r1"
	in["NextToken"] = "x"
	s.Refused("ListRules", in, "ValidationException", "Parameter NextToken is not valid.")
}

func TestDeleteRule_WithTargets_IsRefused(t *testing.T) {
	s := start(t)
	s.Do("PutRule", M{"Name": "r", "EventPattern": mine})
	s.Do("PutTargets", M{"Rule": "r", "Targets": []M{{"Id": "a", "Arn": topic},
		{"Id": "b", "Arn": topic}}})
	s.Refused("DeleteRule", M{"Name": "r"}, "ValidationException",
		"Rule can't be deleted since it has targets.")
	out := must[events.RemoveTargetsOutput](s, "RemoveTargets",
		M{"Rule": "r", "Ids": []string{"a", "b", "absent"}})
	if out.FailedEntryCount != 0 || out.FailedEntries == nil {
		t.Errorf("%+v", out)
	}
	s.Do("DeleteRule", M{"Name": "r"})
	s.Do("PutRule", M{"Name": "r", "EventPattern": mine})
	if tags := must[events.ListTagsForResourceOutput](s, "ListTagsForResource",
		M{"ResourceARN": prefix + "rule/r"}).Tags; len(tags) != 0 {
		t.Errorf("a rule that is made again has the tags %v", tags)
	}
}

func TestPutTargets_EveryKind_IsListedAsItWasPut(t *testing.T) {
	s := start(t)
	s.Do("PutRule", M{"Name": "r", "EventPattern": mine})
	destination := s.destination("d")
	all := []M{
		{"Id": "topic", "Arn": topic, "Input": `{"a":1}`,
			"RetryPolicy": M{"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}},
		{"Id": "log", "Arn": logs, "InputPath": "$.detail"},
		{"Id": "program", "Arn": pager, "DeadLetterConfig": M{"Arn": topic}, "InputTransformer": M{
			"InputPathsMap": M{"s": "$.detail.state"}, "InputTemplate": `"It is <s>"`}},
		{"Id": "api", "Arn": destination, "HttpParameters": M{"PathParameterValues": []string{"x"},
			"HeaderParameters": M{"X-A": "b"}, "QueryStringParameters": M{"q": "v"}}},
		{"Id": "secret", "Arn": db, "DeadLetterConfig": M{"Arn": topic}},
	}
	out := must[events.PutTargetsOutput](s, "PutTargets", M{"Rule": "r", "Targets": all})
	if out.FailedEntryCount != 0 || out.FailedEntries == nil {
		t.Errorf("%+v", out)
	}
	s.Do("PutTargets", M{"Rule": "r", "Targets": []M{{"Id": "log", "Arn": logs}}})
	all[1] = M{"Id": "log", "Arn": logs}
	var got, want []string
	for _, one := range all {
		want = append(want, jsonOf(t, one))
	}
	for in := (M{"Rule": "r", "Limit": 2}); ; {
		page := must[events.ListTargetsByRuleOutput](s, "ListTargetsByRule", in)
		for _, one := range page.Targets {
			got = append(got, jsonOf(t, one))
		}
		if page.NextToken == "" {
			break
		}
		in["NextToken"] = page.NextToken
	}
	if !slices.Equal(got, want) {
		t.Errorf("they are %s\nwant %s", got, want)
	}
	s.Do("PutRule", M{"Name": "q", "EventPattern": mine})
	s.Do("PutTargets", M{"Rule": "q", "Targets": []M{{"Id": "1", "Arn": topic}}})
	names := must[events.ListRuleNamesByTargetOutput](s, "ListRuleNamesByTarget",
		M{"TargetArn": topic}).RuleNames
	if fmt.Sprint(names) != "[q r]" {
		t.Errorf("rules with the topic are %v", names)
	}
	names = must[events.ListRuleNamesByTargetOutput](s, "ListRuleNamesByTarget",
		M{"TargetArn": pager + "x"}).RuleNames
	if names == nil || len(names) != 0 {
		t.Errorf("rules with no target's ARN are %#v", names)
	}
}

// jsonOf is a value as JSON with its members in order of name.
func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		t.Fatal(err)
	}
	text, err = json.Marshal(plain)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPutTargets_BadInput_IsRefused(t *testing.T) {
	s := start(t)
	s.Do("PutRule", M{"Name": "r", "EventPattern": mine})
	bad := func(target M, text string) {
		t.Helper()
		if target["Id"] == nil {
			target["Id"] = "t"
		}
		s.Refused("PutTargets", M{"Rule": "r", "Targets": []M{target}}, "ValidationException", text)
	}
	form := func(arn string) string {
		return "Parameter " + arn + " is not valid. Reason: Provided Arn is not in correct format."
	}
	for _, arn := range []string{"x", "arn:aws:sqs:" + region + ":" + account + ":q",
		prefix + "rule/r",
		prefix + "api-destination/x", topic + ":sub", db[:len(db)-7], db + ":v",
		strings.Replace(db, "db", "d b", 1)} {
		bad(M{"Arn": arn}, form(arn))
	}
	absent := prefix + "api-destination/x/0123"
	bad(M{"Arn": absent}, "Parameter "+absent+" is not valid. Reason: There is no such API destination.")
	bad(M{"Arn": logs + "x"}, "Parameter "+logs+"x is not valid. Reason: The configuration of this "+
		"service declares no log-group of that name for events.")
	abroad := "arn:aws:sns:eu-west-1:" + account + ":t"
	bad(M{"Arn": abroad}, "Parameter "+abroad+" is not valid. Reason: Here targets are of the rule's "+
		"own account and Region.")
	for _, member := range []string{"AppSyncParameters", "BatchParameters", "EcsParameters",
		"KinesisParameters", "RedshiftDataParameters", "RunCommandParameters",
		"SageMakerPipelineParameters", "SqsParameters"} {
		bad(M{"Arn": topic, member: M{"MessageGroupId": "g"}}, "Parameter "+member+" is not valid. "+
			"Reason: Target t is of a kind that has none, and targets of the kind that has are not here: "+
			"leave it out.")
	}
	bad(M{"Arn": topic, "HttpParameters": M{}}, "Parameter HttpParameters is not valid. Reason: "+
		"Target t is no API destination.")
	queue := "arn:aws:sqs:" + region + ":" + account + ":q"
	bad(M{"Arn": topic, "DeadLetterConfig": M{"Arn": queue}}, "Parameter DeadLetterConfig is not "+
		"valid. Reason: Here a dead letter goes to an SNS topic or to a log group that the "+
		"configuration declares; there are no queues.")
	bad(M{"Arn": topic, "Input": "{}", "InputPath": "$"},
		"Only one of Input, InputPath, or InputTransformer must be provided for target t.")
	bad(M{"Arn": topic, "Input": "{"}, "Parameter Input is not valid. Reason: It is no JSON text: "+
		"target t.")
	bad(M{"Arn": topic, "InputTransformer": M{"InputTemplate": `"<x>"`}},
		"InputTemplate for target t contains invalid placeholder x.")
	for _, in := range []M{{"Input": "{}"}, {"InputPath": "$"},
		{"InputTransformer": M{"InputTemplate": `"x"`}}} {
		in["Arn"] = db
		bad(in, "Parameter Input is not valid. Reason: The rotation of a secret takes no input: leave "+
			"Input, InputPath and InputTransformer out of target t.")
	}
	bad(M{"Arn": topic, "DeadLetterConfig": M{"Arn": db}}, "Parameter DeadLetterConfig is not valid. "+
		"Reason: Here a dead letter goes to an SNS topic or to a log group that the configuration "+
		"declares; there are no queues.")
	abroad = strings.Replace(db, region, "eu-west-1", 1)
	bad(M{"Arn": abroad}, "Parameter "+abroad+" is not valid. Reason: Here targets are of the rule's "+
		"own account and Region.")
	bad(M{"Id": "!@#", "Arn": topic}, "1 validation error detected: Value '!@#' at "+
		"'targets.1.member.id' failed to satisfy constraint: Member must satisfy regular expression "+
		"pattern: [\\.\\-_A-Za-z0-9]+")
	var five []M
	for i := range 5 {
		five = append(five, M{"Id": fmt.Sprint(i), "Arn": topic})
	}
	s.Do("PutTargets", M{"Rule": "r", "Targets": five})
	s.Refused("PutTargets", M{"Rule": "r", "Targets": []M{{"Id": "6", "Arn": topic}}},
		"LimitExceededException", "The requested resource exceeds the maximum number allowed.")
}

func TestTags_OfRuleAndBus_ArePutAndTaken(t *testing.T) {
	s := start(t)
	s.Do("PutRule", M{"Name": "r", "EventPattern": mine})
	for _, arn := range []string{prefix + "rule/r", prefix + "event-bus/default"} {
		s.Do("TagResource", M{"ResourceARN": arn,
			"Tags": []M{{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "2"}}})
		s.Do("TagResource", M{"ResourceARN": arn, "Tags": []M{{"Key": "b", "Value": "3"}}})
		s.Do("UntagResource", M{"ResourceARN": arn, "TagKeys": []string{"a", "x"}})
		s.Do("UntagResource", M{"ResourceARN": arn, "TagKeys": []string{"x"}})
		tags := must[events.ListTagsForResourceOutput](s, "ListTagsForResource", M{"ResourceARN": arn})
		if fmt.Sprint(tags.Tags) != "[{b 3}]" {
			t.Errorf("%s has %v", arn, tags.Tags)
		}
	}
	for arn, text := range map[string]string{
		prefix + "rule/x":      "Rule x does not exist on EventBus default.",
		prefix + "event-bus/x": "Event bus x does not exist.",
		prefix + "archive/x":   "Resource " + prefix + "archive/x does not exist.",
	} {
		s.Refused("ListTagsForResource", M{"ResourceARN": arn}, "ResourceNotFoundException", text)
	}
	var many []M
	for i := range 50 { // and b, which is there
		many = append(many, M{"Key": fmt.Sprint("k", i), "Value": "v"})
	}
	s.Refused("TagResource", M{"ResourceARN": prefix + "rule/r", "Tags": many},
		"LimitExceededException", "A rule or event bus has at most 50 tags.")
	s.Refused("ListTagsForResource", M{"ResourceARN": "x"}, "ValidationException",
		"Parameter ResourceARN is not valid. Reason: Provided Arn is not in correct format.")
}

func TestEventBus_Default_IsTheOnlyOne(t *testing.T) {
	s := start(t)
	want := events.EventBus{Name: "default", Arn: prefix + "event-bus/default"}
	got := must[events.ListEventBusesOutput](s, "ListEventBuses", M{}).EventBuses
	if len(got) != 1 || got[0] != want {
		t.Errorf("%v", got)
	}
	if got := must[events.ListEventBusesOutput](s, "ListEventBuses", M{"NamePrefix": "x"}).
		EventBuses; got == nil || len(got) != 0 {
		t.Errorf("%#v", got)
	}
	for _, in := range []M{{}, {"Name": "default"}, {"Name": want.Arn}} {
		if got := must[events.DescribeEventBusOutput](s, "DescribeEventBus", in); got.Arn != want.Arn {
			t.Errorf("%v", got)
		}
	}
	for name, in := range map[string]M{"DescribeEventBus": {"Name": "x"},
		"DeleteRule":            {"Name": "r", "EventBusName": "x"},
		"ListRuleNamesByTarget": {"TargetArn": topic, "EventBusName": "x"}} {
		s.Refused(name, in, "ResourceNotFoundException", "Event bus x does not exist.")
	}
}
