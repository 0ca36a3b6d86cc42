# Topics by the AWS CLI. It prints nothing if all is well. RECEIVER confirms what it is asked to.
set -eu
cd "$1"
same() { [ "$2" = "$3" ] || echo "$1 is $2, want $3"; }
refused() { code=$1; shift; "$@" >out 2>err && echo "$* was not refused" || grep -q "($code)" err || cat err; }

topic=$(aws sns create-topic --name alarms --attributes DisplayName=Alarms --tags Key=team,Value=a --query TopicArn --output text)
same "the topic" "$topic" arn:aws:sns:us-east-1:111122223333:alarms
same "the same topic" "$(aws sns create-topic --name alarms --query TopicArn --output text)" "$topic"
refused InvalidParameter aws sns create-topic --name alarms --attributes DisplayName=Other
same "the topics" "$(aws sns list-topics --query 'Topics[].TopicArn' --output text)" "$topic"
aws sns set-topic-attributes --topic-arn "$topic" --attribute-name SignatureVersion --attribute-value 2
same "its attributes" "$(aws sns get-topic-attributes --topic-arn "$topic" --query 'Attributes.[DisplayName, SignatureVersion, Owner]' --output text)" "Alarms	2	111122223333"
aws sns tag-resource --resource-arn "$topic" --tags Key=stage,Value=test
aws sns untag-resource --resource-arn "$topic" --tag-keys team
same "its tags" "$(aws sns list-tags-for-resource --resource-arn "$topic" --query 'Tags[].Key' --output text)" stage
aws sns add-permission --topic-arn "$topic" --label other --aws-account-id 444455556666 --action-name Publish
refused InvalidParameter aws sns add-permission --topic-arn "$topic" --label other --aws-account-id 444455556666 --action-name Publish
aws sns remove-permission --topic-arn "$topic" --label other

sub=$(aws sns subscribe --topic-arn "$topic" --protocol https --notification-endpoint "$RECEIVER/cli" --attributes '{"FilterPolicy":"{\"kind\":[\"a\"]}"}' --return-subscription-arn --query SubscriptionArn --output text)
tries=0
while [ "$(aws sns get-subscription-attributes --subscription-arn "$sub" --query Attributes.PendingConfirmation --output text)" = true ]; do
	tries=$((tries + 1))
	[ $tries -lt 50 ] || { echo "it is never confirmed"; exit 1; }
done
same "the subscriptions" "$(aws sns list-subscriptions-by-topic --topic-arn "$topic" --query 'Subscriptions[].SubscriptionArn' --output text)" "$sub"
same "the account's" "$(aws sns list-subscriptions --query 'Subscriptions[].Protocol' --output text)" https
aws sns set-subscription-attributes --subscription-arn "$sub" --attribute-name FilterPolicy --attribute-value '{}'
refused InvalidParameter aws sns set-subscription-attributes --subscription-arn "$sub" --attribute-name FilterPolicy --attribute-value '{"a":'
aws sns publish --topic-arn "$topic" --subject s --message m --message-attributes '{"kind":{"DataType":"String","StringValue":"a"}}' >id
grep -q '"MessageId": "........-....-....-....-............"' id || cat id
same "a batch" "$(aws sns publish-batch --topic-arn "$topic" --publish-batch-request-entries Id=1,Message=a Id=2,Message=b --query 'length(Successful)' --output text)" 2
refused InvalidParameter aws sns publish --phone-number +15555550100 --message m
aws sns unsubscribe --subscription-arn "$sub"
aws sns unsubscribe --subscription-arn "$sub"
refused NotFound aws sns get-subscription-attributes --subscription-arn "$sub"
aws sns delete-topic --topic-arn "$topic"
aws sns delete-topic --topic-arn "$topic"
refused NotFound aws sns get-topic-attributes --topic-arn "$topic"
