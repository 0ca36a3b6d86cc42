package servicetest_test

import (
	"net/url"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

const longText = "0123456789abcdef"

// refusals are requests as forms without Action and Version, and what AWS says of each. TOPIC is a
// topic, SUB a subscription and RECEIVER a URL that may be called.
var refusals = map[string][]struct{ form, code, text string }{
	"CreateTopic": {
		{"Name=a b", "InvalidParameter", "Invalid parameter: Topic Name"},
		{"Name=" + strings.Repeat("a", 257), "InvalidParameter", "Invalid parameter: Topic Name"},
		{"Name=a.fifo", "InvalidParameter",
			"Invalid parameter: Topic Name Reason: FIFO topics are not supported by this service"},
		{"Name=a&Attributes.entry.1.key=Nonsense&Attributes.entry.1.value=x", "InvalidParameter",
			"Invalid parameter: Attributes Reason: AttributeName"},
		{"Name=a&DataProtectionPolicy={}", "InvalidParameter", ""},
		{"Name=t&Attributes.entry.1.key=DisplayName&Attributes.entry.1.value=x", "InvalidParameter",
			"Invalid parameter: Attributes Reason: Topic already exists with different attributes"},
		{"Name=t&Tags.member.1.Key=a&Tags.member.1.Value=c", "InvalidParameter",
			"Invalid parameter: Tags Reason: Topic already exists with different tags"},
	},
	"ListTopics":        {{"NextToken=x", "InvalidParameter", "Invalid parameter: NextToken"}},
	"ListSubscriptions": {{"NextToken=x", "InvalidParameter", "Invalid parameter: NextToken"}},
	"ListSubscriptionsByTopic": {
		{"TopicArn=TOPIC&NextToken=x", "InvalidParameter", "Invalid parameter: NextToken"}},
	"GetTopicAttributes": {
		{"TopicArn=abc", "InvalidParameter",
			"Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"},
		{"TopicArn=arn:aws:sns:eu-central-1:111122223333:t", "InvalidParameter",
			"Invalid parameter: TopicArn"},
		{"TopicArn=arn:aws:sqs:us-east-1:111122223333:t", "InvalidParameter",
			"Invalid parameter: TopicArn"},
		{"TopicArn=", "InvalidParameter",
			"Invalid parameter: TopicArn Reason: no value for required parameter"},
	},
	"SetTopicAttributes": {
		{"TopicArn=TOPIC&AttributeName=Nonsense&AttributeValue=x", "InvalidParameter",
			"Invalid parameter: AttributeName"},
		{"TopicArn=TOPIC&AttributeName=Policy&AttributeValue={", "InvalidParameter",
			"Invalid parameter: Policy Error: null"},
		{`TopicArn=TOPIC&AttributeName=Policy&AttributeValue={"Statement":{"Effect":"Allow","Principal":"*","Action":"SNS:*","Resource":"TOPIC"}}`,
			"InvalidParameter", "Invalid parameter: Policy statement action out of service scope!"},
		{`TopicArn=TOPIC&AttributeName=Policy&AttributeValue={"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/absent"},"Action":"SNS:Publish","Resource":"TOPIC"}}`,
			"InvalidParameter", "Invalid parameter: Policy Error: PrincipalNotFound"},
		{`TopicArn=TOPIC&AttributeName=Policy&AttributeValue={"Statement":{"Effect":"Allow","Principal":"*","Action":"SNS:Publish","Resource":["TOPIC","TOPICb"]}}`,
			"InvalidParameter", "Invalid parameter: Policy statement must apply to a single resource!"},
		{`TopicArn=TOPIC&AttributeName=DeliveryPolicy&AttributeValue={"http":{"defaultHealthyRetryPolicy":{"numRetries":101,"minDelayTarget":1,"maxDelayTarget":1,"backoffFunction":"linear"}}}`,
			"InvalidParameter", "Invalid parameter: DeliveryPolicy: numRetries must be between 0 and 100"},
		{"TopicArn=TOPIC&AttributeName=SignatureVersion&AttributeValue=3", "InvalidParameter",
			"Invalid parameter: SignatureVersion"},
		{"TopicArn=TOPIC&AttributeName=FifoTopic&AttributeValue=true", "InvalidParameter",
			"Invalid parameter: FifoTopic Reason: FIFO topics are not supported by this service"},
	},
	"DeleteTopic": {{"TopicArn=abc", "InvalidParameter", ""}},
	"AddPermission": {
		{"TopicArn=TOPIC&Label=l&AWSAccountId.member.1=1&ActionName.member.1=Publish",
			"InvalidParameter", "Invalid parameter: Policy Error: PrincipalNotFound"},
		{"TopicArn=TOPIC&Label=l&AWSAccountId.member.1=111122223333&ActionName.member.1=Fly",
			"InvalidParameter", "Invalid parameter: Policy statement action out of service scope!"},
		{"TopicArn=TOPIC&Label=__default_statement_ID&AWSAccountId.member.1=111122223333&ActionName.member.1=Publish",
			"InvalidParameter", "Invalid parameter: Statement already exists"},
	},
	"RemovePermission": {{"TopicArn=abc&Label=l", "InvalidParameter", ""}},
	"Subscribe": {
		{"TopicArn=TOPIC&Protocol=sqs&Endpoint=arn:aws:sqs:us-east-1:111122223333:q",
			"InvalidParameter", "Invalid parameter: Amazon SNS does not support this protocol string: sqs"},
		{"TopicArn=TOPIC&Protocol=https&Endpoint=http://a.example.com/", "InvalidParameter",
			"Invalid parameter: Endpoint must match the specified protocol"},
		{"TopicArn=TOPIC&Protocol=https&Endpoint=https://a.example.com/", "InvalidParameter",
			"Invalid parameter: Endpoint Reason: a.example.com:443 is not among the addresses that this service may call"},
		{"TopicArn=TOPIC&Protocol=https&Endpoint=https://u:p@a.example.com/", "InvalidParameter", ""},
		{"TopicArn=TOPIC&Protocol=https", "InvalidParameter",
			"Invalid parameter: Endpoint must match the specified protocol"},
		{"TopicArn=TOPIC&Protocol=email&Endpoint=a%0d%0aBcc: b@example.com", "InvalidParameter",
			"Invalid parameter: Email address"},
		{"TopicArn=TOPIC&Protocol=email&Endpoint=A <a@example.com>", "InvalidParameter",
			"Invalid parameter: Email address"},
		{"TopicArn=TOPIC&Protocol=https&Endpoint=RECEIVER&Attributes.entry.1.key=RawMessageDelivery&Attributes.entry.1.value=x",
			"InvalidParameter",
			"Invalid parameter: Attributes Reason: RawMessageDelivery: Invalid value [x]. Must be true or false."},
		{"TopicArn=TOPIC&Protocol=https&Endpoint=RECEIVER&Attributes.entry.1.key=FilterPolicyScope&Attributes.entry.1.value=x",
			"InvalidParameter",
			"Invalid parameter: Attributes Reason: FilterPolicyScope: Invalid value [x]. Please use either MessageBody or MessageAttributes"},
		{`TopicArn=TOPIC&Protocol=https&Endpoint=RECEIVER&Attributes.entry.1.key=FilterPolicy&Attributes.entry.1.value={"a":{"b":["c"]}}`,
			"InvalidParameter",
			"Invalid parameter: Attributes Reason: Filter policy scope MessageAttributes does not support nested filter policy"},
		{"TopicArn=TOPIC&Protocol=https&Endpoint=RECEIVERs&Attributes.entry.1.key=RawMessageDelivery&Attributes.entry.1.value=true",
			"InvalidParameter",
			"Invalid parameter: Attributes Reason: Subscription already exists with different attributes"},
	},
	"ConfirmSubscription": {
		{"TopicArn=TOPIC&Token=abc", "InvalidParameter", "Invalid token"},
		{"TopicArn=TOPIC&Token=" + longText + longText + longText + longText, "InvalidParameter",
			"Invalid parameter: Token"},
	},
	"Unsubscribe": {
		{"SubscriptionArn=abc", "InvalidParameter",
			"Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 1"},
		{"SubscriptionArn=TOPIC", "InvalidParameter", "Invalid parameter: SubscriptionId"},
	},
	"GetSubscriptionAttributes": {
		{"SubscriptionArn=", "InvalidParameter",
			"Invalid parameter: SubscriptionArn Reason: no value for required parameter"},
		{"SubscriptionArn=TOPIC", "InvalidParameter", "Invalid parameter: SubscriptionId"},
	},
	"SetSubscriptionAttributes": {
		{"SubscriptionArn=SUB&AttributeName=Nonsense&AttributeValue=x", "InvalidParameter",
			"Invalid parameter: AttributeName"},
		{"SubscriptionArn=SUB&AttributeName=RawMessageDelivery&AttributeValue=x", "InvalidParameter",
			"Invalid parameter: RawMessageDelivery: Invalid value [x]. Must be true or false."},
		{`SubscriptionArn=SUB&AttributeName=FilterPolicy&AttributeValue={"a":["1"],"b":["1"],"c":["1"],"d":["1"],"e":["1"],"f":["1"]}`,
			"InvalidParameter",
			"Invalid parameter: FilterPolicy: Filter policy can not have more than 5 keys"},
	},
	"Publish": {
		{"TopicArn=TOPIC&Message=", "InvalidParameter", "Invalid parameter: Empty message"},
		{"TopicArn=TOPIC&Message=" + strings.Repeat("x", 256<<10+1), "InvalidParameter",
			"Invalid parameter: Message too long"},
		{"TopicArn=TOPIC&Message=m&Subject=a%0ab", "InvalidParameter", "Invalid parameter: Subject"},
		{"TopicArn=TOPIC&Message=m&Subject=" + strings.Repeat("x", 101), "InvalidParameter",
			"Invalid parameter: Subject"},
		{"TargetArn=arn:aws:sns:us-east-1:111122223333:endpoint/GCM/a/b:c&Message=m", "InvalidParameter",
			"Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified"},
		{"Message=m", "InvalidParameter",
			"Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter"},
		{"PhoneNumber=+1555&Message=m", "InvalidParameter", ""},
		{"TopicArn=TOPIC&MessageDeduplicationId=1&Message=m", "InvalidParameter", ""},
		{"TopicArn=TOPIC&MessageStructure=json&Message={}", "InvalidParameter",
			"Invalid parameter: Message Structure - No default entry in JSON message body"},
		{"TopicArn=TOPIC&MessageStructure=json&Message={", "InvalidParameter",
			"Invalid parameter: Message Structure - JSON message body failed to parse"},
		{"TopicArn=TOPIC&Message=m&MessageAttributes.entry.1.Name=a&MessageAttributes.entry.1.Value.DataType=Text&MessageAttributes.entry.1.Value.StringValue=b",
			"ParameterValueInvalid",
			"The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."},
		{"TopicArn=TOPIC&Message=m&MessageAttributes.entry.1.Name=a..b&MessageAttributes.entry.1.Value.DataType=String&MessageAttributes.entry.1.Value.StringValue=b",
			"ParameterValueInvalid", "Message attribute name can not have successive '.' character."},
		{"TopicArn=TOPIC&Message=m&MessageAttributes.entry.1.Name=a&MessageAttributes.entry.1.Value.DataType=String&MessageAttributes.entry.1.Value.BinaryValue=AA==",
			"ParameterValueInvalid",
			"The message attribute 'a' with type 'String' must use field 'String'."},
	},
	"PublishBatch": {
		{"TopicArn=abc&PublishBatchRequestEntries.member.1.Id=a&PublishBatchRequestEntries.member.1.Message=m",
			"InvalidParameter", ""},
		{"TopicArn=TOPIC&PublishBatchRequestEntries=", "EmptyBatchRequest", ""},
		{"TopicArn=TOPIC&PublishBatchRequestEntries.member.1.Id=a b&PublishBatchRequestEntries.member.1.Message=m",
			"InvalidBatchEntryId",
			"The Id of a batch entry in the batch request contains an impermissible character: a b"},
		{"TopicArn=TOPIC&PublishBatchRequestEntries.member.1.Id=a&PublishBatchRequestEntries.member.1.Message=m&PublishBatchRequestEntries.member.2.Id=a&PublishBatchRequestEntries.member.2.Message=m",
			"BatchEntryIdsNotDistinct",
			"Two or more batch entries in the request have the same Id."},
		{"TopicArn=TOPIC" + elevenEntries(), "TooManyEntriesInBatchRequest",
			"The batch request contains more entries than permissible."},
		{"TopicArn=TOPIC&PublishBatchRequestEntries.member.1.Id=a&PublishBatchRequestEntries.member.1.Message=" +
			strings.Repeat("x", 256<<10+1), "BatchRequestTooLong",
			"Batch requests cannot be longer than 262144 bytes. You have sent 262145 bytes."},
	},
	"TagResource": {
		{"ResourceArn=abc&Tags.member.1.Key=a&Tags.member.1.Value=b", "InvalidParameter", ""},
		{"ResourceArn=TOPIC&Tags.member.1.Key=a&Tags.member.1.Value=b&Tags.member.2.Key=a&Tags.member.2.Value=b",
			"InvalidParameter", "Invalid parameter: Duplicated keys are not allowed."},
		{"ResourceArn=TOPIC&Tags.member.1.Key=aws:a&Tags.member.1.Value=b", "InvalidParameter", ""},
	},
	"UntagResource":       {{"ResourceArn=abc&TagKeys.member.1=a", "InvalidParameter", ""}},
	"ListTagsForResource": {{"ResourceArn=abc", "InvalidParameter", ""}},
}

func elevenEntries() (form string) {
	for _, n := range strings.Fields("1 2 3 4 5 6 7 8 9 10 11") {
		at := "&PublishBatchRequestEntries.member." + n
		form += at + ".Id=" + n + at + ".Message=m"
	}
	return form
}

// TestTopics_BadInput_IsRefusedInAWSsWords, and leaves nothing behind.
func TestTopics_BadInput_IsRefusedInAWSsWords(t *testing.T) {
	o := topicsOf(t)
	topic := must(o.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("t"),
		Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}))(t).TopicArn
	sub := subscribed(t, o.s, topic, o.s.Receiver.URL+"/s")
	put := strings.NewReplacer("TOPIC", *topic, "SUB", sub, "RECEIVERs", o.s.Receiver.URL+"/s",
		"RECEIVER", o.s.Receiver.URL)
	for action, all := range refusals {
		for _, c := range all {
			form := url.Values{"Action": {action}, "Version": {"2010-03-31"}}
			for pair := range strings.SplitSeq(put.Replace(c.form), "&") {
				name, value, _ := strings.Cut(pair, "=")
				if plain, err := url.PathUnescape(value); err == nil {
					value = plain
				}
				form.Set(name, value)
			}
			a := o.s.Send(t, servicetest.Request{Service: "sns",
				Type: "application/x-www-form-urlencoded", Body: []byte(form.Encode())})
			if a.Status != 400 || a.Code() != c.code || c.text != "" && a.Message() != c.text {
				t.Errorf("%s %.200s: answered %d %s: %s, want %s: %s", action, c.form, a.Status, a.Code(),
					a.Message(), c.code, c.text)
			}
		}
	}
	set := must(o.GetTopicAttributes(t.Context(), &sns.GetTopicAttributesInput{TopicArn: topic}))(t)
	if set.Attributes["SubscriptionsConfirmed"] != "1" ||
		set.Attributes["SubscriptionsPending"] != "0" {
		t.Errorf("it has left %v", set.Attributes)
	}
}

// TestTopics_FiftyTags_AreTheMost.
func TestTopics_FiftyTags_AreTheMost(t *testing.T) {
	o := topicsOf(t)
	var many []types.Tag
	for i := range 51 {
		many = append(many, types.Tag{Key: aws.String(strings.Repeat("k", i+1)), Value: aws.String("")})
	}
	_, err := o.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("a"), Tags: many})
	refused(t, err, "TagLimitExceeded",
		"Could not complete request: tag quota of per resource exceeded")
	topic := o.topic("t")
	must(o.TagResource(t.Context(), &sns.TagResourceInput{ResourceArn: topic, Tags: many[:50]}))(t)
	_, err = o.TagResource(t.Context(), &sns.TagResourceInput{ResourceArn: topic, Tags: many[50:]})
	refused(t, err, "TagLimitExceeded",
		"Could not complete request: tag quota of per resource exceeded")
}

// TestPublish_UnderAKeyThatCantBeUsed_IsRefused: what KMS refuses SNS says in its own names.
func TestPublish_UnderAKeyThatCantBeUsed_IsRefused(t *testing.T) {
	o := topicsOf(t)
	k := o.s.KMS()
	disabled, going, foreign := createKey(t, k), createKey(t, k), createKey(t, k)
	must(k.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: disabled.KeyId}))(t)
	must(k.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: going.KeyId}))(t)
	publisher := o.s.User(t, "publisher")
	must(o.s.IAM().PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
		UserName: aws.String("publisher"), PolicyName: aws.String("p"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":` +
			`{"Effect":"Allow","Action":"sns:Publish","Resource":"*"}}`)}))(t)
	for code, c := range map[string]struct {
		key string
		as  *sns.Client
	}{
		"KMSDisabled":     {*disabled.KeyId, o.Client},
		"KMSInvalidState": {*going.KeyId, o.Client},
		"KMSNotFound":     {noKey, o.Client},
		"KMSAccessDenied": {*foreign.KeyId, o.s.SNS(servicetest.As(publisher))},
	} {
		topic := o.topic(code)
		must(o.SetTopicAttributes(t.Context(), &sns.SetTopicAttributesInput{TopicArn: topic,
			AttributeName: aws.String("KmsMasterKeyId"), AttributeValue: &c.key}))(t)
		_, err := c.as.Publish(t.Context(), &sns.PublishInput{TopicArn: topic, Message: aws.String("m")})
		refused(t, err, code, "*")
		_, err = c.as.PublishBatch(t.Context(), &sns.PublishBatchInput{TopicArn: topic,
			PublishBatchRequestEntries: []types.PublishBatchRequestEntry{
				{Id: aws.String("a"), Message: aws.String("m")}}})
		refused(t, err, code, "*")
	}
}
