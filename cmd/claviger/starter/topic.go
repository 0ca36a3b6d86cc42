package starter

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// statementID names the statement of the topic's policy that lets EventBridge publish to it.
const statementID = "claviger-alarms"

// topicSteps are what makes the topic and its subscriptions what they should be.
func (s *Set) topicSteps(ctx context.Context, w Wanted) ([]step, error) {
	arn := s.arn("sns", w.Topic)
	policy, err := s.policy(ctx, arn)
	steps := []step{{mark: isThere, what: "topic " + arn},
		{mark: isThere, what: "topic " + w.Topic + " lets EventBridge publish"}}
	there := map[string]bool{}
	switch {
	case isAbsent(err):
		steps[0] = step{isNew, "topic " + arn, func(ctx context.Context) error {
			_, err := s.topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: &w.Topic})
			return err
		}}
	case err != nil:
		return nil, err
	default:
		if there, err = s.subscribed(ctx, arn); err != nil {
			return nil, err
		}
	}
	if !strings.Contains(policy, `"`+statementID+`"`) {
		steps[1] = step{isNew, "topic " + w.Topic + " lets EventBridge publish for " + s.account,
			func(ctx context.Context) error { return s.letIn(ctx, arn) }}
	}
	for _, one := range w.receivers() {
		if there[one.protocol+" "+one.endpoint] {
			steps = append(steps, step{mark: isThere, what: one.protocol + " to " + one.endpoint})
			continue
		}
		what := one.protocol + " to " + one.endpoint + ", which is asked to confirm it"
		steps = append(steps, step{isNew, what, func(ctx context.Context) error {
			_, err := s.topics.Subscribe(ctx, &sns.SubscribeInput{TopicArn: &arn,
				Protocol: &one.protocol, Endpoint: &one.endpoint})
			return err
		}})
	}
	return steps, nil
}

// receiver is a subscription that is wanted.
type receiver struct{ protocol, endpoint string }

func (w Wanted) receivers() (all []receiver) {
	for _, address := range w.Emails {
		all = append(all, receiver{"email", address})
	}
	for _, url := range w.URLs {
		protocol, _, _ := strings.Cut(url, ":")
		all = append(all, receiver{protocol, url})
	}
	return all
}

// policy returns the policy of a topic.
func (s *Set) policy(ctx context.Context, arn string) (string, error) {
	out, err := s.topics.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &arn})
	if err != nil {
		return "", err
	}
	return out.Attributes["Policy"], nil
}

// subscribed are the subscriptions of a topic: protocol and endpoint. One that waits for its
// confirmation counts.
func (s *Set) subscribed(ctx context.Context, arn string) (map[string]bool, error) {
	all := map[string]bool{}
	pages := sns.NewListSubscriptionsByTopicPaginator(s.topics,
		&sns.ListSubscriptionsByTopicInput{TopicArn: &arn})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, one := range page.Subscriptions {
			all[aws.ToString(one.Protocol)+" "+aws.ToString(one.Endpoint)] = true
		}
	}
	return all, nil
}

// statement lets EventBridge publish to a topic what rules of its own account send there.
type statement struct {
	Sid       string
	Effect    string
	Principal map[string]string
	Action    string
	Resource  string
	Condition map[string]map[string]string
}

var errPolicy = errors.New("its policy is no document with a list of statements: add one that lets " +
	"events.amazonaws.com do sns:Publish, with the Sid " + statementID)

// letIn adds the statement to the topic's policy, whatever else that says.
func (s *Set) letIn(ctx context.Context, arn string) error {
	policy, err := s.policy(ctx, arn)
	if err != nil {
		return err
	}
	var document struct {
		Version   string           `json:",omitzero"`
		Id        string           `json:",omitzero"`
		Statement []jsontext.Value `json:",omitzero"`
	}
	if policy != "" {
		if err := json.Unmarshal([]byte(policy), &document,
			json.RejectUnknownMembers(true)); err != nil {
			return fmt.Errorf("%w: %w", errPolicy, err)
		}
	}
	more, err := json.Marshal(statement{Sid: statementID, Effect: "Allow",
		Principal: map[string]string{"Service": "events.amazonaws.com"}, Action: "sns:Publish",
		Resource:  arn,
		Condition: map[string]map[string]string{"StringEquals": {"aws:SourceAccount": s.account}}})
	if err != nil {
		return err
	}
	document.Statement = append(document.Statement, more)
	if document.Version == "" {
		document.Version = "2012-10-17"
	}
	text, err := json.Marshal(document)
	if err != nil {
		return err
	}
	_, err = s.topics.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: &arn,
		AttributeName: aws.String("Policy"), AttributeValue: aws.String(string(text))})
	return err
}
