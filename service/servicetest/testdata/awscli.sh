#!/bin/sh
# The AWS CLI as people use it, against a running service. The environment says where it is and who is calling; $1 is a
# folder to write to. Prints nothing if all is well.
set -eu
. "${0%/*}/cli.sh"
cd "$1"

key=$(aws kms create-key --description "from the CLI" --tags TagKey=team,TagValue=keys --query KeyMetadata.KeyId --output text)
aws kms create-alias --alias-name alias/cli --target-key-id "$key"
same "the key's state" "$(aws kms describe-key --key-id alias/cli --query KeyMetadata.KeyState --output text)" Enabled

printf 'a plaintext\nof two lines' >plain
aws kms encrypt --key-id alias/cli --plaintext fileb://plain --encryption-context purpose=test --query CiphertextBlob --output text | base64 -d >sealed
aws kms decrypt --ciphertext-blob fileb://sealed --encryption-context purpose=test --query Plaintext --output text | base64 -d >opened
cmp plain opened || fail "what was decrypted is not what was encrypted"
refused InvalidCiphertextException aws kms decrypt --ciphertext-blob fileb://sealed --encryption-context purpose=other
refused NotFoundException aws kms describe-key --key-id alias/absent
aws kms disable-key --key-id "$key"
refused DisabledException aws kms generate-data-key --key-id "$key" --key-spec AES_256

printf '{"user":"app","password":"s3cr3t"}' >value
aws secretsmanager create-secret --name prod/cli --secret-string file://value >created
same "the secret" "$(aws secretsmanager get-secret-value --secret-id prod/cli --query SecretString --output text)" "$(cat value)"
aws secretsmanager put-secret-value --secret-id prod/cli --secret-binary fileb://sealed >changed
aws secretsmanager get-secret-value --secret-id prod/cli --query SecretBinary --output text | base64 -d | cmp - sealed || fail "a binary secret came back as another"
same "the version before" "$(aws secretsmanager get-secret-value --secret-id prod/cli --version-stage AWSPREVIOUS --query SecretString --output text)" "$(cat value)"
same "the list" "$(aws secretsmanager list-secrets --filters Key=name,Values=prod/ --query 'SecretList[].Name' --output text)" prod/cli
policy='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"secretsmanager:*","Resource":"*"}]}'
same "the check of a policy" "$(aws secretsmanager validate-resource-policy --resource-policy "$policy" --query PolicyValidationPassed --output text)" True
aws secretsmanager put-resource-policy --secret-id prod/cli --resource-policy "$policy" --block-public-policy >attached
same "the policy" "$(aws secretsmanager get-resource-policy --secret-id prod/cli --query ResourcePolicy --output text)" "$policy"
aws secretsmanager delete-resource-policy --secret-id prod/cli >detached
aws secretsmanager delete-secret --secret-id prod/cli --recovery-window-in-days 7 >deleted
refused InvalidRequestException aws secretsmanager get-secret-value --secret-id prod/cli
aws secretsmanager restore-secret --secret-id prod/cli >restored

same "the first version" "$(aws ssm put-parameter --name /cli/db/user --value app --type String --tags Key=team,Value=db --query '[Version, Tier]' --output text)" "1	Standard"
refused ParameterAlreadyExists aws ssm put-parameter --name /cli/db/user --value other --type String
aws ssm put-parameter --name /cli/db/password --value s3cr3t --type SecureString --key-id alias/aws/ssm --tier Advanced >put
same "a parameter" "$(aws ssm get-parameter --name /cli/db/password --with-decryption --query Parameter.Value --output text)" s3cr3t
same "several, and which are none" "$(aws ssm get-parameters --names /cli/db/user /cli/absent --query '[Parameters[0].Value, InvalidParameters[0]]' --output text)" "app	/cli/absent"
same "what is below a path" "$(aws ssm get-parameters-by-path --path /cli --recursive --with-decryption --query 'Parameters[].Value' --output text)" "s3cr3t	app"
aws ssm put-parameter --name /cli/db/user --value other --overwrite >put
aws ssm label-parameter-version --name /cli/db/user --parameter-version 1 --labels old >labelled
same "a labelled version" "$(aws ssm get-parameter --name /cli/db/user:old --query Parameter.Value --output text)" app
same "the history" "$(aws ssm get-parameter-history --name /cli/db/user --query 'Parameters[].Value' --output text)" "app	other"
same "the label that is gone" "$(aws ssm unlabel-parameter-version --name /cli/db/user --parameter-version 1 --labels old --query RemovedLabels --output text)" old
same "the listing" "$(aws ssm describe-parameters --parameter-filters Key=Type,Values=SecureString Key=Path,Option=Recursive,Values=/cli --query 'Parameters[].Name' --output text)" /cli/db/password
aws ssm add-tags-to-resource --resource-type Parameter --resource-id /cli/db/user --tags Key=stage,Value=test
aws ssm remove-tags-from-resource --resource-type Parameter --resource-id /cli/db/user --tag-keys team
same "a parameter's tags" "$(aws ssm list-tags-for-resource --resource-type Parameter --resource-id /cli/db/user --query 'TagList[].Key' --output text)" stage
tier=/ssm/parameter-store/default-parameter-tier
aws ssm update-service-setting --setting-id $tier --setting-value Advanced
same "the setting" "$(aws ssm get-service-setting --setting-id $tier --query ServiceSetting.SettingValue --output text)" Advanced
aws ssm put-parameter --name /cli/shared --value v --type String >put
same "the setting that is taken back" "$(aws ssm reset-service-setting --setting-id $tier --query ServiceSetting.SettingValue --output text)" Standard
arn=$(aws ssm get-parameter --name /cli/shared --query Parameter.ARN --output text)
policy='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"ssm:GetParameter","Resource":"*"}]}'
ids=$(aws ssm put-resource-policy --resource-arn "$arn" --policy "$policy" --query '[PolicyId, PolicyHash]' --output text)
same "a parameter's policy" "$(aws ssm get-resource-policies --resource-arn "$arn" --query 'Policies[0].Policy' --output text)" "$policy"
aws ssm delete-resource-policy --resource-arn "$arn" --policy-id "${ids%%	*}" --policy-hash "${ids##*	}"
aws ssm delete-parameter --name /cli/shared
same "what is deleted" "$(aws ssm delete-parameters --names /cli/db/user /cli/db/password /cli/absent --query '[length(DeletedParameters), InvalidParameters[0]]' --output text)" "2	/cli/absent"
refused ParameterNotFound aws ssm get-parameter --name /cli/db/user

document='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:ListKeys", "Resource": "*"}]}'
printf '%s' "$document" >document
aws iam create-user --user-name clerk >user
listing=$(aws iam create-policy --policy-name listing --policy-document file://document --query Policy.Arn --output text)
same "a policy's document" "$(aws iam get-policy-version --policy-arn "$listing" --version-id v1 --query 'PolicyVersion.Document.Statement[0].Action' --output text)" kms:ListKeys
aws iam put-user-policy --user-name clerk --policy-name own --policy-document file://document
same "an inline policy" "$(aws iam get-user-policy --user-name clerk --policy-name own --query PolicyDocument.Version --output text)" 2012-10-17
aws iam attach-user-policy --user-name clerk --policy-arn "$listing"
same "what is attached" "$(aws iam list-attached-user-policies --user-name clerk --query 'AttachedPolicies[].PolicyName' --output text)" listing
same "who has the policy" "$(aws iam list-entities-for-policy --policy-arn "$listing" --query 'PolicyUsers[].UserName' --output text)" clerk
refused DeleteConflict aws iam delete-policy --policy-arn "$listing"
