#!/bin/sh
# Parameter Store by the AWS CLI as people use it, against a running service. The environment says where it is and who is
# calling; $1 is a folder to write to. Prints nothing if all is well.
set -eu
. "${0%/*}/cli.sh"
cd "$1"

# value NAME: in clear
value() { aws ssm get-parameter --name "$1" --with-decryption --query Parameter.Value --output text; }

key=$(aws kms create-key --query KeyMetadata.KeyId --output text)
aws kms create-alias --alias-name alias/parameters --target-key-id "$key"
aws ssm put-parameter --name /cli/password --value 's3cr3t, of "some" length' --type SecureString --key-id alias/parameters --tags Key=team,Value=cli >made
same "the answer" "$(tr -d ' \n' <made)" '{"Version":1,"Tier":"Standard"}'
same "the value" "$(value /cli/password)" 's3cr3t, of "some" length'
refused ParameterAlreadyExists aws ssm put-parameter --name /cli/password --value x --type SecureString
refused ValidationException aws ssm put-parameter --name cli/password --value x --type String

# What is answered without decryption is KMS's ciphertext, which whoever may use the key opens. The key that KMS manages
# for the service may be used by the service alone.
arn=$(aws ssm get-parameter --name /cli/password --query Parameter.ARN --output text)
aws ssm get-parameter --name /cli/password --query Parameter.Value --output text | base64 -d >sealed
same "the ciphertext in clear" "$(aws kms decrypt --ciphertext-blob fileb://sealed --encryption-context "PARAMETER_ARN=$arn" --query Plaintext --output text | base64 -d)" 's3cr3t, of "some" length'
refused InvalidCiphertextException aws kms decrypt --ciphertext-blob fileb://sealed
aws ssm put-parameter --name /cli/managed --value x --type SecureString >managed
aws ssm get-parameter --name /cli/managed --query Parameter.Value --output text | base64 -d >sealed2
refused AccessDeniedException aws kms decrypt --ciphertext-blob fileb://sealed2 --encryption-context "PARAMETER_ARN=$(aws ssm get-parameter --name /cli/managed --query Parameter.ARN --output text)"
aws ssm delete-parameter --name /cli/managed
refused InvalidCiphertextException aws kms decrypt --ciphertext-blob fileb://sealed --encryption-context "PARAMETER_ARN=$arn-x"

printf 'line one\nline two' >text
aws ssm put-parameter --name /cli/password --value file://text --overwrite --description "by the CLI" >changed
same "two lines" "$(value /cli/password)" "$(cat text)"
aws ssm label-parameter-version --name /cli/password --parameter-version 1 --labels stable 1st >labelled
same "what can't be a label" "$(sed -n 's/^ *"\(1st\)"$/\1/p' labelled)" 1st
same "by label" "$(value /cli/password:stable)" 's3cr3t, of "some" length'
same "by version" "$(value /cli/password:2)" "$(cat text)"
same "by ARN" "$(value "$arn:1")" 's3cr3t, of "some" length'
refused ParameterVersionNotFound value /cli/password:3
refused ParameterNotFound value /cli/absent
same "the history" "$(aws ssm get-parameter-history --name /cli/password --query 'Parameters[].[Version,Labels[0],Description]' --output text | tr '\t\n' ' ;')" '1 stable None;2 None by the CLI;'
same "the description" "$(aws ssm describe-parameters --parameter-filters Key=Name,Values=/cli/password --query 'Parameters[].[Name,KeyId,Tier,Description]' --output text | tr '\t' ' ')" "/cli/password alias/parameters Standard by the CLI"
same "the old filters" "$(aws ssm describe-parameters --filters Key=Type,Values=SecureString --query 'Parameters[].Name' --output text)" /cli/password
same "the tags" "$(aws ssm list-tags-for-resource --resource-type Parameter --resource-id /cli/password --query 'TagList[].[Key,Value]' --output text | tr '\t' ' ')" "team cli"

# A hundred and five calls of the command would take a minute: they are made by the test.
same "eleven pages" "$(aws ssm get-parameters-by-path --path /many --recursive --query 'Parameters[].Value' --output text | wc -w | tr -d ' ')" 105
same "one level" "$(aws ssm get-parameters-by-path --path /many --query 'Parameters[].Name' --output text)" ""
same "three of them" "$(aws ssm get-parameters-by-path --path /many/deep/ --max-items 3 --query 'Parameters[].Value' --output text | sed -n 1p | tr '\t' ' ')" "10 11 12"
next=$(aws ssm get-parameters-by-path --path /many/deep --no-paginate --query NextToken --output text)
same "the next page" "$(aws ssm get-parameters-by-path --path /many/deep --no-paginate --next-token "$next" --query 'Parameters[0].Value' --output text)" 20
refused InvalidNextToken aws ssm get-parameters-by-path --path /many --no-paginate --next-token "$next"
same "all that is described" "$(aws ssm describe-parameters --parameter-filters Key=Path,Option=Recursive,Values=/many --query 'length(Parameters)')" 105
same "several" "$(aws ssm get-parameters --names /many/deep/p010 /many/absent /many/deep/p011:1 --query '[Parameters[].Value,InvalidParameters]' --output text | tr '\t\n' ' ;')" '10 11;/many/absent;'

aws ssm update-service-setting --setting-id /ssm/parameter-store/default-parameter-tier --setting-value Advanced
same "the setting" "$(aws ssm get-service-setting --setting-id /ssm/parameter-store/default-parameter-tier --query ServiceSetting.SettingValue --output text)" Advanced
aws ssm reset-service-setting --setting-id /ssm/parameter-store/default-parameter-tier >reset
aws ssm unlabel-parameter-version --name /cli/password --parameter-version 1 --labels stable >unlabelled
same "what is deleted" "$(aws ssm delete-parameters --names /cli/password /cli/absent --query '[DeletedParameters,InvalidParameters]' --output text | tr '\n' ' ')" "/cli/password /cli/absent "
refused ParameterNotFound aws ssm delete-parameter --name /cli/password
