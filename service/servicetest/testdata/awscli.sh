#!/bin/sh
# The AWS CLI as people use it, against a running service. The environment says where it is and who is calling; $1 is a
# folder to write to. Prints nothing if all is well.
set -eu
cd "$1"

# Before 2.13 and 1.29 the CLI doesn't read AWS_ENDPOINT_URL.
aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }

fail() {
	echo "awscli.sh: $*" >&2
	exit 1
}

# same WHAT GOT WANT
same() { [ "$2" = "$3" ] || fail "$1 is '$2', not '$3'"; }

# refused NAME COMMAND...: the command must fail with this error.
refused() {
	name=$1
	shift
	if out=$("$@" 2>&1); then fail "accepted: $*"; fi
	case $out in
	*"($name)"*) ;;
	*) fail "$*: want $name, got $out" ;;
	esac
}

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
