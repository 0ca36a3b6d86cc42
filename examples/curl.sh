#!/bin/sh
# The same operations as REST resources, with curl alone (7.76 or later), which signs requests itself.
#
#   . dev-data/env && examples/curl.sh
set -eu

name=curl-$(date +%s)-$$

# call SERVICE METHOD PATH [JSON [HEADER]] prints the answer and fails where the service refuses.
call() {
	curl --silent --show-error --fail-with-body --aws-sigv4 "aws:amz:$AWS_REGION:$1" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
		--request "$2" "$AWS_ENDPOINT_URL$3" ${4+--header 'Content-Type: application/json' --data "$4"} ${5+--header "$5"}
}

# member NAME reads a JSON document and prints one of its strings. A program of yours would use a JSON parser.
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

echo "A key and its name. What is in a path may hold slashes:"
key=$(call kms POST /v1/keys '{"Description": "made by an example"}' | member KeyId)
call kms POST /v1/aliases "{\"AliasName\": \"alias/$name\", \"TargetKeyId\": \"$key\"}"
call kms GET "/v1/keys/alias/$name" && echo
call kms POST "/v1/keys/$key/tags" '{"Tags": [{"TagKey": "made-by", "TagValue": "an example"}]}'

echo "Sealed and opened. Blobs are base64:"
sealed=$(call kms POST "/v1/keys/alias/$name/encrypt" "{\"Plaintext\": \"$(printf 'attack at dawn' | base64)\"}" | member CiphertextBlob)
opened=$(call kms POST /v1/keys/decrypt "{\"CiphertextBlob\": \"$sealed\"}" | member Plaintext | base64 -d)
echo "$opened"
[ "$opened" = "attack at dawn" ]

echo "A secret. Idempotency-Key makes it safe to send the request twice:"
key_of_request=$(call kms POST /v1/random '{"NumberOfBytes": 24}' | member Plaintext)
secret="{\"Name\": \"$name/db/password\", \"SecretString\": \"correct horse\"}"
call secretsmanager POST /v1/secrets "$secret" "Idempotency-Key: $key_of_request" && echo
call secretsmanager POST /v1/secrets "$secret" "Idempotency-Key: $key_of_request" >/dev/null
value=$(call secretsmanager GET "/v1/secrets/$name/db/password" | member SecretString)
echo "$value"
[ "$value" = "correct horse" ]

echo "An error is a problem document (RFC 9457) with AWS's name of it:"
if call secretsmanager GET "/v1/secrets/$name/db/missing"; then
	echo "There should be no such secret." >&2
	exit 1
fi
echo

echo "Tidied up:"
call secretsmanager DELETE "/v1/secrets/$name/db/password?ForceDeleteWithoutRecovery=true" >/dev/null
call kms DELETE "/v1/aliases/alias/$name"
call kms DELETE "/v1/keys/$key?PendingWindowInDays=7" && echo
