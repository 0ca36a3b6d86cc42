#!/bin/sh
# CloudTrail's event history by the AWS CLI as people use it, against a running service with a past. The environment says
# where it is and who is calling. Prints nothing if all is well.
set -eu
. "${0%/*}/cli.sh"
# Two lookups a second are let through, so that the CLI has to try again.
export AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=10

lookup() { aws cloudtrail lookup-events "$@"; }
# count ARGS...: how many events there are
count() { lookup "$@" --query 'length(Events)' --output text; }

same "Encrypt" "$(count --lookup-attributes AttributeKey=EventName,AttributeValue=Encrypt)" 3
same "by whom" "$(lookup --lookup-attributes AttributeKey=EventName,AttributeValue=Encrypt --max-items 1 --query 'Events[0].[Username,EventSource]' --output text | sed -n 1p)" "root	kms.amazonaws.com"
same "in pages" "$(lookup --lookup-attributes AttributeKey=EventName,AttributeValue=Encrypt --page-size 1 --query 'Events[].EventName' --output text | tr '\n' '\t')" "Encrypt	Encrypt	Encrypt	"
same "nobody's" "$(lookup --lookup-attributes AttributeKey=Username,AttributeValue=nobody --query 'Events[0].EventName' --output text)" DescribeKey
same "refused" "$(lookup --lookup-attributes AttributeKey=Username,AttributeValue=nobody --query 'Events[0].CloudTrailEvent' --output text | grep -c '"errorCode":"AccessDenied')" 1
key=$(lookup --lookup-attributes AttributeKey=EventName,AttributeValue=Encrypt --query 'Events[0].Resources[0].ResourceName' --output text | sed -n 1p)
[ "$(count --lookup-attributes "AttributeKey=ResourceName,AttributeValue=$key")" -ge 4 ] || fail "by $key there is too little"
same "of another day" "$(count --start-time 2020-01-01 --end-time 2020-01-02)" 0
same "Insights" "$(count --event-category insight)" 0
refused InvalidTimeRangeException aws cloudtrail lookup-events --start-time 2020-01-02 --end-time 2020-01-01
refused InvalidLookupAttributesException aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=a AttributeKey=ReadOnly,AttributeValue=true
refused InvalidNextTokenException aws cloudtrail lookup-events --no-paginate --next-token none
