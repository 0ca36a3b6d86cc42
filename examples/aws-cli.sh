#!/bin/sh
# Keys and secrets with the AWS CLI.
#
#   . dev-data/env && examples/aws-cli.sh
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
name=cli-$(date +%s)-$$

# The CLI reads AWS_ENDPOINT_URL by itself from 1.29 and 2.13 on. Older ones would talk to AWS.
claviger() { aws --endpoint-url "$AWS_ENDPOINT_URL" --region "$AWS_REGION" "$@"; }

echo "A key, and a name for it:"
key=$(claviger kms create-key --description "made by an example" --query KeyMetadata.KeyId --output text)
claviger kms create-alias --alias-name "alias/$name" --target-key-id "$key"
claviger kms describe-key --key-id "alias/$name" --query 'KeyMetadata.[KeyState,KeySpec,Origin]' --output text

echo "Sealed and opened. The context is not secret; it has to be the same both times, and it is in the trail:"
printf 'attack at dawn' >"$work/order"
claviger kms encrypt --key-id "alias/$name" --plaintext "fileb://$work/order" --encryption-context army=north \
	--query CiphertextBlob --output text | base64 -d >"$work/sealed"
claviger kms decrypt --ciphertext-blob "fileb://$work/sealed" --encryption-context army=north \
	--query Plaintext --output text | base64 -d >"$work/opened"
cmp "$work/order" "$work/opened"
cat "$work/opened" && echo

echo "Another context doesn't open it:"
if claviger kms decrypt --ciphertext-blob "fileb://$work/sealed" --encryption-context army=south 2>"$work/refusal"; then
	echo "It was opened, and should not have been." >&2
	exit 1
fi
grep -o InvalidCiphertextException "$work/refusal"

echo "A secret with two versions:"
claviger secretsmanager create-secret --name "$name/password" --secret-string first --query Name --output text
claviger secretsmanager put-secret-value --secret-id "$name/password" --secret-string second --query VersionStages --output text
for stage in AWSPREVIOUS AWSCURRENT; do
	value=$(claviger secretsmanager get-secret-value --secret-id "$name/password" --version-stage "$stage" --query SecretString --output text)
	echo "$stage $value"
done
[ "$value" = second ]

echo "Tidied up. A key goes after a window of seven days at least, and can be taken back until then:"
claviger secretsmanager delete-secret --secret-id "$name/password" --force-delete-without-recovery --query Name --output text
claviger kms delete-alias --alias-name "alias/$name"
claviger kms schedule-key-deletion --key-id "$key" --pending-window-in-days 7 --query KeyState --output text
