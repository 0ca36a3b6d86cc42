#!/bin/sh
# EventBridge by the AWS CLI as people use it, against a running service. The environment says where it is and who is
# calling; $1 is a folder to write to. Prints nothing if all is well.
set -eu
. "${0%/*}/cli.sh"
cd "$1"

account=$(aws sts get-caller-identity --query Account --output text)
topic="arn:aws:sns:$AWS_DEFAULT_REGION:$account:alarms"
rule=$(aws events put-rule --name alarms --event-pattern '{"source":["my.app"],"detail":{"severity":["HIGH"]}}' --tags Key=team,Value=cli --query RuleArn --output text)
same "the ARN" "$rule" "arn:aws:events:$AWS_DEFAULT_REGION:$account:rule/alarms"
same "the bus" "$(aws events describe-rule --name alarms --query '[EventBusName,State,CreatedBy]' --output text)" "default	ENABLED	$account"
same "the tags" "$(aws events list-tags-for-resource --resource-arn "$rule" --query 'Tags[].[Key,Value]' --output text)" "team	cli"
cat >targets.json <<TARGETS
[{"Id":"mail","Arn":"$topic","InputTransformer":{"InputPathsMap":{"s":"\$.detail.severity"},"InputTemplate":"\"It is <s>\""}}]
TARGETS
same "failed targets" "$(aws events put-targets --rule alarms --targets file://targets.json --query FailedEntryCount)" 0
same "the rules of the topic" "$(aws events list-rule-names-by-target --target-arn "$topic" --query RuleNames --output text)" alarms
same "the template" "$(aws events list-targets-by-rule --rule alarms --query 'Targets[0].InputTransformer.InputTemplate' --output text)" '"It is <s>"'
refused ValidationException aws events delete-rule --name alarms
refused ValidationException aws events put-targets --rule alarms --targets "Id=x,Arn=arn:aws:sqs:$AWS_DEFAULT_REGION:$account:q"
refused InvalidEventPatternException aws events put-rule --name bad --event-pattern '{"source":[]}'

same "the test" "$(aws events test-event-pattern --event-pattern '{"a":[{"prefix":"x"}]}' --event '{"a":"xy"}' --query Result)" true
same "failed entries" "$(aws events put-events --entries 'Source=my.app,DetailType=t,Detail="{\"severity\":\"HIGH\"}"' 'Source=aws.kms,DetailType=t,Detail="{}"' --query '[FailedEntryCount,Entries[1].ErrorCode]' --output text)" "1	NotAuthorizedForSourceException"

connection=$(aws events create-connection --name hooks --authorization-type API_KEY --auth-parameters 'ApiKeyAuthParameters={ApiKeyName=X-Key,ApiKeyValue=s3cr3t}' --query ConnectionArn --output text)
# The CLI would read an address that is an argument.
aws events create-api-destination --cli-input-json "{\"Name\":\"hooks\",\"ConnectionArn\":\"$connection\",\"InvocationEndpoint\":\"https://hooks.example.com/*\",\"HttpMethod\":\"POST\"}" >made
same "the state" "$(aws events describe-api-destination --name hooks --query '[ApiDestinationState,InvocationRateLimitPerSecond]' --output text)" "ACTIVE	300"
same "the header" "$(aws events describe-connection --name hooks --query 'AuthParameters.ApiKeyAuthParameters.keys(@)' --output text)" ApiKeyName
aws events delete-api-destination --name hooks
same "the end" "$(aws events delete-connection --name hooks --query ConnectionState --output text)" DELETING
refused ResourceNotFoundException aws events describe-connection --name hooks

aws events disable-rule --name alarms
same "disabled" "$(aws events list-rules --name-prefix al --query 'Rules[].State' --output text)" DISABLED
aws events enable-rule --name alarms
same "removed" "$(aws events remove-targets --rule alarms --ids mail --query FailedEntryCount)" 0
aws events delete-rule --name alarms
refused ResourceNotFoundException aws events describe-rule --name alarms
