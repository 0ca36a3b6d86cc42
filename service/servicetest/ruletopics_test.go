package servicetest_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"claviger/internal/delivery"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// TestRuleWithATopic_ChangeOfAKey_ReachesASubscriberSigned: from a call of KMS over the trail, a
// rule and a topic to a receiver, which verifies the signature; and nothing without the topic's
// policy.
func TestRuleWithATopic_ChangeOfAKey_ReachesASubscriberSigned(t *testing.T) {
	o := topicsOf(t)
	topic, bridge, keys := o.topic("bells"), o.s.EventBridge(), o.s.KMS()
	key := must(keys.CreateKey(t.Context(), &kms.CreateKeyInput{}))(t).KeyMetadata
	name := aws.String("keys")
	made := must(bridge.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: name,
		EventPattern: aws.String(`{"source":["aws.kms"],"detail":{"eventName":["DisableKey","EnableKey"],` +
			`"resources":{"ARN":["` + *key.Arn + `"]}}}`)}))(t)
	put := must(bridge.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: name,
		Targets: []ebtypes.Target{{Id: aws.String("bell"), Arn: topic}}}))(t)
	if put.FailedEntryCount != 0 {
		t.Fatalf("%+v", put)
	}
	must(o.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("https"),
		Endpoint: aws.String(o.s.Receiver.URL + "/bell")}))(t)
	must(o.ConfirmSubscription(t.Context(), &sns.ConfirmSubscriptionInput{TopicArn: topic,
		Token: aws.String(o.s.Token(t, *topic))}))(t)

	must(keys.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyId}))(t)
	o.letterOf("NO_PERMISSIONS")
	must(o.SetTopicAttributes(t.Context(), &sns.SetTopicAttributesInput{TopicArn: topic,
		AttributeName: aws.String("Policy"), AttributeValue: aws.String(`{"Version":"2012-10-17",` +
			`"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":` +
			`"sns:Publish","Resource":"` + *topic + `","Condition":{"ArnEquals":{"aws:SourceArn":"` +
			*made.RuleArn + `"}}}]}`)}))(t)
	must(keys.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: key.KeyId}))(t)
	got := o.next()
	o.s.Verify(t, got)
	var e struct {
		ID, Source, Account string
		DetailType          string `json:"detail-type"`
		Detail              struct{ EventID, EventName string }
	}
	m := got.Message(t)
	accepted(t, json.Unmarshal([]byte(m.Message), &e))
	if m.Type != "Notification" || m.Subject != nil || m.TopicArn != *topic ||
		e.DetailType != "AWS API Call via CloudTrail" || e.Source != "aws.kms" ||
		e.Account != servicetest.Account || e.Detail.EventName != "EnableKey" ||
		e.ID != e.Detail.EventID {
		t.Errorf("it is told %s", got.Body)
	}
	if n, err := o.s.Service().Redrive(letters); n != 1 || err != nil {
		t.Fatalf("%d are tried again: %v", n, err)
	}
	if again := o.next().Message(t).Message; !strings.Contains(again, `"eventName":"DisableKey"`) {
		t.Errorf("what was not let in before is told as %s", again)
	}
}

// TestRuleWithATopic_ForEveryCall_DoesNotFeedItself: what it publishes is recorded, and no event.
func TestRuleWithATopic_ForEveryCall_DoesNotFeedItself(t *testing.T) {
	o := topicsOf(t)
	topic, bridge, keys := o.topic("bells"), o.s.EventBridge(), o.s.KMS()
	must(o.SetTopicAttributes(t.Context(), &sns.SetTopicAttributesInput{TopicArn: topic,
		AttributeName: aws.String("Policy"), AttributeValue: aws.String(`{"Version":"2012-10-17",` +
			`"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":` +
			`"sns:Publish","Resource":"` + *topic + `"}]}`)}))(t)
	must(o.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("https"),
		Endpoint: aws.String(o.s.Receiver.URL + "/bell")}))(t)
	must(o.ConfirmSubscription(t.Context(), &sns.ConfirmSubscriptionInput{TopicArn: topic,
		Token: aws.String(o.s.Token(t, *topic))}))(t)
	must(bridge.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("every"),
		EventPattern: aws.String(`{"source":[{"prefix":"aws."}]}`),
		State:        "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"}))(t)
	must(bridge.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("every"),
		Targets: []ebtypes.Target{{Id: aws.String("bell"), Arn: topic}}}))(t)
	mark := o.s.Mark(t)
	for range 3 {
		key := must(keys.CreateKey(t.Context(), &kms.CreateKeyInput{}))(t).KeyMetadata
		for text := ""; !strings.Contains(text, *key.Arn); {
			if text = o.next().Message(t).Message; strings.Contains(text, `"eventName":"Publish"`) {
				t.Fatalf("it is told of its own: %s", text)
			}
		}
	}
	published := 0
	for _, r := range o.s.Trail(t, mark) {
		if r.EventName == "Publish" {
			published++
		}
	}
	if published < 3 {
		t.Errorf("%d are recorded", published)
	}
}

// letters are all dead letters.
var letters = delivery.Which{}

// letterOf waits for a dead letter with a code.
func (o ofTopics) letterOf(code string) {
	o.Helper()
	for {
		d, err := o.s.Service().Deliveries(letters)
		accepted(o, err)
		if len(d.Letters) > 0 {
			if d.Letters[0].Code != code {
				o.Fatalf("the letter is %+v", d.Letters[0])
			}
			return
		}
		select {
		case <-o.Context().Done():
			o.Fatal("there is no dead letter")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// TestRecipe_RuleThatRingsABell_SendsMail: the blocks of the recipe as they stand there, by the AWS
// CLI.
func TestRecipe_RuleThatRingsABell_SendsMail(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed: `make awscli`")
	}
	o := topicsOf(t)
	dir := t.TempDir()
	documents := recipe(t, "A rule that rings a bell", "json")
	for i, name := range []string{"topic-policy.json", "pattern.json", "targets.json"} {
		accepted(t, os.WriteFile(filepath.Join(dir, name), []byte(documents[i]), 0o600))
	}
	o.shell(dir, recipe(t, "A rule that rings a bell", "sh")[0])
	_, _, asked := o.s.Mails.Await(t, 1)[0].Read(t)
	link := regexp.MustCompile(`http\S+Action=ConfirmSubscription\S+`).FindString(asked)
	if status, body := o.follow(link); status != 200 {
		t.Fatalf("confirming answers %d %s", status, body)
	}
	key := must(o.s.KMS().CreateKey(t.Context(), &kms.CreateKeyInput{}))(t).KeyMetadata
	must(o.s.KMS().DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyId}))(t)
	_, _, text := o.s.Mails.Await(t, 1)[0].Read(t)
	if want := servicetest.RootARN + " asked for DisableKey of " + *key.Arn; !strings.Contains(text,
		want) {
		t.Errorf("the mail is %s, want %s", text, want)
	}
}

// recipe returns the blocks of a language of a recipe of docs/recipes.md, for this Region.
func recipe(t *testing.T, heading, language string) (all []string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/recipes.md")
	accepted(t, err)
	_, found, ok := strings.Cut(string(text), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("docs/recipes.md has no recipe %q", heading)
	}
	found, _, _ = strings.Cut(found, "\n## ")
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(
		strings.ReplaceAll(found, "eu-central-1", servicetest.Region), -1) {
		all = append(all, m[1])
	}
	return all
}

// shell runs commands in a directory as the owner of the account.
func (o ofTopics) shell(dir, commands string) {
	o.Helper()
	cmd := exec.Command("sh", "-e", "-c", commands)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "AWS_CONFIG_FILE=/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_DEFAULT_REGION="+servicetest.Region,
		"AWS_ENDPOINT_URL="+o.s.URL, "AWS_ACCESS_KEY_ID="+o.s.Root.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY="+o.s.Root.SecretAccessKey)
	if out, err := cmd.CombinedOutput(); err != nil {
		o.Fatalf("%s: %v\n%s", commands, err, out)
	}
}
