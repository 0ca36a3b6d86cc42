package servicetest_test

import (
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

const (
	topicARN     = "arn:aws:sns:" + servicetest.Region + ":" + servicetest.Account + ":t"
	noConnection = "arn:aws:events:" + servicetest.Region + ":" + servicetest.Account +
		":connection/absent/0123"
)

// stageEvents makes the rule, connection or API destination that a request needs.
func stageEvents(t testing.TB, s *servicetest.Server, request, unique string) (there,
	absent []string) {
	t.Helper()
	c := s.EventBridge()
	for _, word := range []string{"RULE", "ASLEEP", "BARE"} {
		if !strings.Contains(request, word) {
			continue
		}
		name := "r" + strings.ToLower(word[:1]) + "-" + unique
		in := &eventbridge.PutRuleInput{Name: &name, EventPattern: aws.String(`{"source":["my.app"]}`),
			Tags: []types.Tag{{Key: aws.String("t"), Value: aws.String("v")}}}
		if word == "ASLEEP" {
			in.State = types.RuleStateDisabled
		}
		must(c.PutRule(t.Context(), in))(t)
		if word == "RULE" {
			must(c.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: &name,
				Targets: []types.Target{{Id: aws.String("t"), Arn: aws.String(topicARN)}}}))(t)
		}
		there, absent = append(there, word, name), append(absent, word, "absent")
	}
	if !strings.Contains(request, "LINK") && !strings.Contains(request, "PLACE") {
		return there, absent
	}
	name := "c-" + unique
	made := must(c.CreateConnection(t.Context(), basicConnection(name)))(t)
	there = append(there, "LINKED", *made.ConnectionArn, "LINK", name)
	absent = append(absent, "LINKED", noConnection, "LINK", "absent")
	if strings.Contains(request, "PLACE") {
		place := "p-" + unique
		must(c.CreateApiDestination(t.Context(), &eventbridge.CreateApiDestinationInput{Name: &place,
			ConnectionArn: made.ConnectionArn, HttpMethod: types.ApiDestinationHttpMethodPost,
			InvocationEndpoint: aws.String("https://example.com/*")}))(t)
		there, absent = append(there, "PLACE", place), append(absent, "PLACE", "absent")
	}
	return there, absent
}

// basicConnection is a request for a connection with a name and a password.
func basicConnection(name string) *eventbridge.CreateConnectionInput {
	return &eventbridge.CreateConnectionInput{Name: &name,
		AuthorizationType: types.ConnectionAuthorizationTypeBasic,
		AuthParameters: &types.CreateConnectionAuthRequestParameters{
			BasicAuthParameters: &types.CreateConnectionBasicAuthRequestParameters{
				Username: aws.String("u"), Password: aws.String("p")}}}
}

// everyEvent makes a row in every table of EventBridge, most columns filled.
func everyEvent(t testing.TB, s *servicetest.Server) {
	t.Helper()
	c, name := s.EventBridge(), aws.String("every")
	tags := []types.Tag{{Key: aws.String("t"), Value: aws.String("v")}}
	must(c.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: name, Description: aws.String("d"),
		EventPattern: aws.String(`{"source":["my.app"]}`), RoleArn: aws.String("arn:aws:iam::1:role/r"),
		ScheduleExpression: aws.String("rate(1 day)"), Tags: tags}))(t)
	must(c.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: name,
		Targets: []types.Target{{Id: aws.String("t"), Arn: aws.String(topicARN)}}}))(t)
	must(c.TagResource(t.Context(), &eventbridge.TagResourceInput{Tags: tags,
		ResourceARN: aws.String("arn:aws:events:" + servicetest.Region + ":" + servicetest.Account +
			":event-bus/default")}))(t)
	made := must(c.CreateConnection(t.Context(), basicConnection("every")))(t)
	must(c.CreateApiDestination(t.Context(), &eventbridge.CreateApiDestinationInput{Name: name,
		ConnectionArn: made.ConnectionArn, HttpMethod: types.ApiDestinationHttpMethodPost,
		Description: aws.String("d"), InvocationEndpoint: aws.String("https://example.com/*")}))(t)
}
