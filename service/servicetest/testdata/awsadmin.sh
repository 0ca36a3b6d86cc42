#!/bin/sh
# An administrator's day with the AWS CLI, against a running service of which only root is known. The environment says
# where it is and who root is; $1 is a folder to write to, in which `pod` and `stranger` are tokens of the issuer ISSUER with
# the certificate THUMBPRINT, and $2 is the claviger command, which runs on the database $3. Prints nothing if all is well.
# shellcheck disable=SC2030,SC2031 # who signs is another in a subshell alone
set -eu
. "${0%/*}/cli.sh"
cd "$1"
claviger=$2 database=$3
account=111122223333
here=arn:aws:iam::$account

# as FILE COMMAND...: signed by the key or session in FILE, which has id, secret and perhaps token.
as() (
	read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN <"$1"
	export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
	[ -n "$AWS_SESSION_TOKEN" ] || unset AWS_SESSION_TOKEN
	shift
	"$@"
)

key="AccessKey.[AccessKeyId,SecretAccessKey]"
session="Credentials.[AccessKeyId,SecretAccessKey,SessionToken]"

# Root makes an administrator, who puts root away.
aws iam create-group --group-name administrators >made
aws iam attach-group-policy --group-name administrators --policy-arn arn:aws:iam::aws:policy/AdministratorAccess
aws iam create-user --user-name ann >made
aws iam add-user-to-group --group-name administrators --user-name ann
aws iam create-access-key --user-name ann --query "$key" --output text >ann.key
printf '%s %s\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" >root.key
read -r id secret <ann.key
export AWS_ACCESS_KEY_ID="$id" AWS_SECRET_ACCESS_KEY="$secret"
same "ann" "$(aws sts get-caller-identity --query Arn --output text)" "$here:user/ann"
read -r root_id _ <root.key
"$claviger" access-key disable "$root_id" --database "$database" >made
refused InvalidClientTokenId as root.key aws sts get-caller-identity

# A user with a managed policy out of a file, which gets a second version.
aws secretsmanager create-secret --name shop/db --secret-string one >made
aws secretsmanager create-secret --name shop/spare --secret-string two >made
cat >read.json <<EOF
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
  "Resource": "arn:aws:secretsmanager:*:$account:secret:shop/*"}]}
EOF
cat >db.json <<EOF
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
  "Resource": "arn:aws:secretsmanager:*:$account:secret:shop/db-??????"}]}
EOF
policy=$(aws iam create-policy --policy-name shop-read --policy-document file://read.json --query Policy.Arn --output text)
aws iam create-user --user-name till --tags Key=team,Value=shop >made
aws iam attach-user-policy --user-name till --policy-arn "$policy"
aws iam create-access-key --user-name till --query "$key" --output text >till.key
secret() { aws secretsmanager get-secret-value --secret-id "$1" --query SecretString --output text; }
same "the secret" "$(as till.key secret shop/spare)" two
aws iam create-policy-version --policy-arn "$policy" --policy-document file://db.json --set-as-default >made
same "the secret" "$(as till.key secret shop/db)" one
refused AccessDeniedException as till.key secret shop/spare
refused AccessDeniedException as till.key aws secretsmanager list-secrets
refused AccessDenied as till.key aws iam list-users
refused MalformedPolicyDocument aws iam create-policy --policy-name bad --policy-document '{"Version":"2012-10-17"}'

# A boundary bites, and lets go.
cat >boundary.json <<EOF
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}
EOF
boundary=$(aws iam create-policy --policy-name boundary --policy-document file://boundary.json --query Policy.Arn --output text)
aws iam put-user-permissions-boundary --user-name till --permissions-boundary "$boundary"
refused AccessDeniedException as till.key secret shop/db
aws iam delete-user-permissions-boundary --user-name till
same "the secret" "$(as till.key secret shop/db)" one

# A role with an external id, for a session of its own.
cat >trust.json <<EOF
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "$here:user/till"},
  "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": "ours"}}}]}
EOF
role=$(aws iam create-role --role-name shop --assume-role-policy-document file://trust.json --query Role.Arn --output text)
aws iam put-role-policy --role-name shop --policy-name own --policy-document file://read.json
assume() { aws sts assume-role --role-arn "$role" --role-session-name day --query "$session" --output text "$@"; }
refused AccessDenied as till.key assume
refused AccessDenied as till.key assume --external-id theirs
as till.key assume --external-id ours >shop.key
same "the session" "$(as shop.key aws sts get-caller-identity --query Arn --output text)" "arn:aws:sts::$account:assumed-role/shop/day"
same "the secret" "$(as shop.key secret shop/spare)" two

# A pod gets its role by its token, and no other.
provider=$(aws iam create-open-id-connect-provider --url "$ISSUER" --client-id-list sts.amazonaws.com \
	--thumbprint-list "$THUMBPRINT" --query OpenIDConnectProviderArn --output text)
cat >pods.json <<EOF
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Federated": "$provider"},
  "Action": "sts:AssumeRoleWithWebIdentity",
  "Condition": {"StringEquals": {"${ISSUER#https://}:sub": "system:serviceaccount:ns:sa"}}}]}
EOF
role=$(aws iam create-role --role-name pods --assume-role-policy-document file://pods.json --query Role.Arn --output text)
aws iam attach-role-policy --role-name pods --policy-arn "$policy"
web() { aws sts assume-role-with-web-identity --role-arn "$role" --role-session-name pod --web-identity-token "file://$1" --query "$session" --output text; }
web pod >pods.key
same "the secret" "$(as pods.key secret shop/db)" one
refused AccessDenied web stranger
role=$here:role/shop
refused AccessDenied web pod

# What is revoked is over with the next request.
"$claviger" revoke --role "$here:role/shop" --database "$database" >made
refused ExpiredTokenException as shop.key secret shop/spare
"$claviger" revoke --session "$(cut -f 1 pods.key)" --database "$database" >made
refused ExpiredTokenException as pods.key secret shop/db
aws iam detach-user-policy --user-name till --policy-arn "$policy"
refused AccessDeniedException as till.key secret shop/db
"$claviger" access-key disable "$(cut -f 1 till.key)" --database "$database" >made
refused UnrecognizedClientException as till.key secret shop/db
aws iam delete-access-key --user-name till --access-key-id "$(cut -f 1 till.key)"
aws iam delete-user --user-name till
