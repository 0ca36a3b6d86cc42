# Topics by boto3. It prints nothing if all is well. RECEIVER confirms what it is asked to.
import json, os, time
import boto3
from botocore import UNSIGNED
from botocore.config import Config

sns = boto3.client("sns")


def refused(error, text, call, **request):
    try:
        call(**request)
        print(call, request, "was not refused")
    except error as e:
        if e.response["Error"]["Message"] != text:
            print(e.response["Error"])


topic = sns.create_topic(Name="boto3", Tags=[{"Key": "a", "Value": "b"}])["TopicArn"]
refused(sns.exceptions.InvalidParameterException, "Invalid parameter: Topic Name", sns.create_topic, Name="a b")
refused(sns.exceptions.InvalidParameterException,
        "Invalid parameter: Tags Reason: Topic already exists with different tags",
        sns.create_topic, Name="boto3", Tags=[{"Key": "a", "Value": "c"}])
refused(sns.exceptions.NotFoundException, "Topic does not exist", sns.publish, TopicArn=topic + "x", Message="m")
refused(sns.exceptions.InvalidParameterException,
        "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1",
        sns.publish, TopicArn="topic", Message="m")
refused(sns.exceptions.InvalidParameterException,
        "Invalid parameter: Amazon SNS does not support this protocol string: pigeon",
        sns.subscribe, TopicArn=topic, Protocol="pigeon", Endpoint="coop")
refused(sns.exceptions.InvalidParameterValueException,
        "The message attribute 'a' must contain non-empty message attribute value for message attribute type 'String'.",
        sns.publish, TopicArn=topic, Message="m", MessageAttributes={"a": {"DataType": "String", "StringValue": ""}})
policy = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
if policy["Statement"][0]["Condition"] != {"StringEquals": {"AWS:SourceOwner": "111122223333"}}:
    print(policy)

sub = sns.subscribe(TopicArn=topic, Protocol="https", Endpoint=os.environ["RECEIVER"] + "/boto3",
                    ReturnSubscriptionArn=True)["SubscriptionArn"]
for _ in range(500):
    if sns.get_subscription_attributes(SubscriptionArn=sub)["Attributes"]["PendingConfirmation"] == "false":
        break
    time.sleep(0.02)
else:
    print("it is never confirmed")
out = sns.publish(TargetArn=topic, Message=json.dumps({"default": "d", "https": "h"}), MessageStructure="json",
                  MessageAttributes={"b": {"DataType": "Binary", "BinaryValue": b"\x00\x01"}})
if len(out["MessageId"]) != 36:
    print(out)
entries = [{"Id": "a", "Message": "1", "MessageAttributes": {"n": {"DataType": "Number", "StringValue": "1"}}},
           {"Id": "b", "Message": "2", "MessageStructure": "json"}]
try:
    print(sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries))
except sns.exceptions.InvalidParameterException:
    pass
batch = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries[:1])
if [e["Id"] for e in batch["Successful"]] != ["a"] or batch["Failed"]:
    print(batch)
pages = [s["SubscriptionArn"] for p in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
         for s in p["Subscriptions"]]
if pages != [sub]:
    print(pages)

# An unsigned POST ends it, as the link does.
anybody = boto3.client("sns", config=Config(signature_version=UNSIGNED))
anybody.unsubscribe(SubscriptionArn=sub)
refused(sns.exceptions.NotFoundException, "Subscription does not exist", sns.get_subscription_attributes,
        SubscriptionArn=sub)
