package servicetest_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
)

// TestEvents_BySDK_AreRulesTargetsAndConnections walks through all that there is with the SDK's
// client, which reads each answer by AWS's own types.
func TestEvents_BySDK_AreRulesTargetsAndConnections(t *testing.T) {
	s := servicetest.Start(t)
	c := s.EventBridge()
	everyEvent(t, s)
	rules := must(c.ListRules(t.Context(), &eventbridge.ListRulesInput{NamePrefix: aws.String("e"),
		Limit: aws.Int32(10), EventBusName: aws.String("default")}))(t)
	if len(rules.Rules) != 1 || rules.NextToken != nil {
		t.Fatalf("%+v", rules)
	}
	r := rules.Rules[0]
	if *r.Name != "every" || !strings.HasSuffix(*r.Arn, ":rule/every") || *r.Description != "d" ||
		*r.EventPattern != `{"source":["my.app"]}` || *r.ScheduleExpression != "rate(1 day)" ||
		*r.RoleArn == "" || *r.EventBusName != "default" || r.State != types.RuleStateEnabled {
		t.Errorf("%+v", r)
	}
	removed := must(c.RemoveTargets(t.Context(), &eventbridge.RemoveTargetsInput{Rule: r.Name,
		Ids: []string{"t"}, Force: true}))(t)
	if removed.FailedEntryCount != 0 || len(removed.FailedEntries) != 0 {
		for _, f := range removed.FailedEntries {
			t.Errorf("%s: %s %s", *f.TargetId, *f.ErrorCode, *f.ErrorMessage)
		}
	}
	names := must(c.ListRuleNamesByTarget(t.Context(), &eventbridge.ListRuleNamesByTargetInput{
		TargetArn: aws.String(topicARN), EventBusName: r.EventBusName, Limit: aws.Int32(1)}))(t)
	if names.NextToken != nil || len(names.RuleNames) != 0 {
		t.Errorf("%+v", names)
	}
	buses := must(c.ListEventBuses(t.Context(), &eventbridge.ListEventBusesInput{
		NamePrefix: aws.String("def"), Limit: aws.Int32(1)}))(t)
	if len(buses.EventBuses) != 1 || *buses.EventBuses[0].Name != "default" || buses.NextToken != nil {
		t.Errorf("%+v", buses)
	}
	out := must(c.PutEvents(t.Context(), &eventbridge.PutEventsInput{
		Entries: []types.PutEventsRequestEntry{{Source: aws.String("my.app"),
			DetailType: aws.String("T"), Detail: aws.String("{}")}, {Source: aws.String("aws.kms"),
			DetailType: aws.String("T"), Detail: aws.String("{}")}}}))(t)
	if out.FailedEntryCount != 1 || *out.Entries[0].EventId == "" ||
		*out.Entries[1].ErrorCode != "NotAuthorizedForSourceException" {
		t.Errorf("%+v", out)
	}
	_, err := c.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("x"),
		EventPattern: aws.String("{")})
	if bad := new(types.InvalidEventPatternException); !errors.As(err, &bad) {
		t.Errorf("%v", err)
	}
	connectionsBySDK(t, c)
}

func connectionsBySDK(t *testing.T, c *eventbridge.Client) {
	t.Helper()
	name := aws.String("client")
	secret := []types.ConnectionBodyParameter{{Key: aws.String("k"), Value: aws.String("v"),
		IsValueSecret: true}}
	made := must(c.CreateConnection(t.Context(), &eventbridge.CreateConnectionInput{Name: name,
		Description: aws.String("d"), KmsKeyIdentifier: aws.String("alias/aws/events"),
		AuthorizationType: types.ConnectionAuthorizationTypeOauthClientCredentials,
		AuthParameters: &types.CreateConnectionAuthRequestParameters{
			OAuthParameters: &types.CreateConnectionOAuthRequestParameters{
				AuthorizationEndpoint: aws.String("https://login.example.com/token"),
				HttpMethod:            types.ConnectionOAuthHttpMethodPost,
				OAuthHttpParameters:   &types.ConnectionHttpParameters{BodyParameters: secret},
				ClientParameters: &types.CreateConnectionOAuthClientRequestParameters{
					ClientID: aws.String("id"), ClientSecret: aws.String("s")}}}}))(t)
	if made.CreationTime == nil || made.LastModifiedTime == nil ||
		made.ConnectionState != types.ConnectionStateAuthorized {
		t.Errorf("%+v", made)
	}
	must(c.UpdateConnection(t.Context(), &eventbridge.UpdateConnectionInput{Name: name,
		KmsKeyIdentifier: aws.String("alias/aws/events"), AuthorizationType: "OAUTH_CLIENT_CREDENTIALS",
		AuthParameters: &types.UpdateConnectionAuthRequestParameters{
			InvocationHttpParameters: &types.ConnectionHttpParameters{BodyParameters: secret},
			OAuthParameters: &types.UpdateConnectionOAuthRequestParameters{
				AuthorizationEndpoint: aws.String("https://login.example.com/other"), HttpMethod: "PUT",
				OAuthHttpParameters: &types.ConnectionHttpParameters{BodyParameters: secret},
				ClientParameters: &types.UpdateConnectionOAuthClientRequestParameters{
					ClientID: aws.String("other"), ClientSecret: aws.String("t")}}}}))(t)
	d := must(c.DescribeConnection(t.Context(), &eventbridge.DescribeConnectionInput{Name: name}))(t)
	o := d.AuthParameters.OAuthParameters
	if *d.Name != "client" || *d.ConnectionArn != *made.ConnectionArn || d.StateReason != nil ||
		*d.KmsKeyIdentifier != "alias/aws/events" || d.CreationTime == nil ||
		d.LastModifiedTime == nil || d.LastAuthorizedTime == nil || d.AuthorizationType == "" ||
		d.AuthParameters.BasicAuthParameters != nil || d.AuthParameters.ApiKeyAuthParameters != nil ||
		*o.ClientParameters.ClientID != "other" || o.HttpMethod != "PUT" ||
		!strings.HasSuffix(*o.AuthorizationEndpoint, "other") || *d.Description != "d" ||
		o.OAuthHttpParameters.BodyParameters[0].Value != nil {
		t.Errorf("%+v %+v", d, o)
	}
	key := must(c.CreateConnection(t.Context(), &eventbridge.CreateConnectionInput{
		Name: aws.String("key"), AuthorizationType: "API_KEY",
		AuthParameters: &types.CreateConnectionAuthRequestParameters{
			ApiKeyAuthParameters: &types.CreateConnectionApiKeyAuthRequestParameters{
				ApiKeyName: aws.String("X-Key"), ApiKeyValue: aws.String("v")}}}))(t)
	shown := must(c.DescribeConnection(t.Context(),
		&eventbridge.DescribeConnectionInput{Name: aws.String("key")}))(t)
	if *shown.AuthParameters.ApiKeyAuthParameters.ApiKeyName != "X-Key" {
		t.Errorf("%+v", shown)
	}
	basic := must(c.DescribeConnection(t.Context(),
		&eventbridge.DescribeConnectionInput{Name: aws.String("every")}))(t)
	if *basic.AuthParameters.BasicAuthParameters.Username != "u" {
		t.Errorf("%+v", basic)
	}
	place := must(c.CreateApiDestination(t.Context(), &eventbridge.CreateApiDestinationInput{
		Name: aws.String("place"), ConnectionArn: key.ConnectionArn, HttpMethod: "POST",
		InvocationEndpoint: aws.String("https://example.com"), Description: aws.String("d"),
		InvocationRateLimitPerSecond: aws.Int32(1)}))(t)
	must(c.UpdateApiDestination(t.Context(), &eventbridge.UpdateApiDestinationInput{
		Name: aws.String("place"), ConnectionArn: made.ConnectionArn}))(t)
	shownPlace := must(c.DescribeApiDestination(t.Context(),
		&eventbridge.DescribeApiDestinationInput{Name: aws.String("place")}))(t)
	if shownPlace.ApiDestinationState != "ACTIVE" || shownPlace.CreationTime == nil ||
		shownPlace.LastModifiedTime == nil {
		t.Errorf("%+v", shownPlace)
	}
	where := must(c.ListApiDestinations(t.Context(), &eventbridge.ListApiDestinationsInput{
		NamePrefix: aws.String("pl"), ConnectionArn: made.ConnectionArn, Limit: aws.Int32(5)}))(t)
	if p := where.ApiDestinations[0]; len(where.ApiDestinations) != 1 || where.NextToken != nil ||
		*p.ApiDestinationArn != *place.ApiDestinationArn || *p.Name != "place" ||
		p.ApiDestinationState != place.ApiDestinationState || p.HttpMethod != "POST" ||
		*p.InvocationRateLimitPerSecond != 1 || *p.InvocationEndpoint != "https://example.com" ||
		p.CreationTime == nil || p.LastModifiedTime == nil {
		t.Errorf("%+v", p)
	}
	off := must(c.DeauthorizeConnection(t.Context(), &eventbridge.DeauthorizeConnectionInput{
		Name: name}))(t)
	gone := must(c.DeleteConnection(t.Context(), &eventbridge.DeleteConnectionInput{Name: name}))(t)
	if *off.ConnectionArn != *gone.ConnectionArn || off.ConnectionState != "DEAUTHORIZING" ||
		gone.ConnectionState != "DELETING" || gone.LastAuthorizedTime == nil {
		t.Errorf("%+v %+v", off, gone)
	}
	left := must(c.ListConnections(t.Context(), &eventbridge.ListConnectionsInput{}))(t)
	for _, one := range left.Connections {
		if *one.Name == "client" || one.ConnectionState != types.ConnectionStateAuthorized ||
			*one.ConnectionArn == "" || one.AuthorizationType == "" || one.StateReason != nil ||
			one.CreationTime == nil || one.LastModifiedTime == nil || one.LastAuthorizedTime == nil {
			t.Errorf("%+v", one)
		}
	}
	_, err := c.DescribeConnection(t.Context(), &eventbridge.DescribeConnectionInput{Name: name})
	var said smithy.APIError
	if !errors.As(err, &said) || said.ErrorCode() != "ResourceNotFoundException" {
		t.Errorf("%v", err)
	}
}

// TestEventsAWSCLI_Script_Runs: a rule with its target from nothing to nothing, events and an API
// destination.
func TestEventsAWSCLI_Script_Runs(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed: `make awscli`")
	}
	t.Parallel()
	runClient(t, servicetest.Start(t), "sh", "events.sh")
}

// TestEventsBoto3_Script_Runs: exceptions by their classes and texts, paginators and types.
func TestEventsBoto3_Script_Runs(t *testing.T) {
	if exec.Command("python3", "-c", "import boto3").Run() != nil {
		t.Skip("python3 has no boto3: `make clients`")
	}
	runClient(t, servicetest.Start(t), "python3", "events.py")
}
