package entity

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// AWS is the account of the managed policies that every account may attach and nobody can change.
const AWS = "aws"

// awsPolicy is one of AWS's managed policies, with one version.
type awsPolicy struct {
	name, id, made, description, document string
}

// managedByAWS are those that mean something here, in order of name ("AWS managed policy
// reference"). What they say of services that aren't here is left out where AWS says it at length.
// Ids and dates are AWS's where they are public.
var managedByAWS = []awsPolicy{
	{"AdministratorAccess", "ANPAIWMBCKSKIEE64ZLYK", "2015-02-06T18:39:46Z",
		"Provides full access to AWS services and resources.",
		`{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "*",
            "Resource": "*"
        }
    ]
}`},
	{"AmazonSSMFullAccess", "ANPAJA7V6HI4ISQFMDYAG", "2015-05-29T17:39:47Z",
		"Provides full access to Amazon SSM.",
		`{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "logs:*",
                "ssm:*",
                "ec2messages:*"
            ],
            "Resource": "*"
        }
    ]
}`},
	{"AmazonSSMReadOnlyAccess", "ANPAJODSKQGGJTHRYZ5FC", "2015-05-29T17:44:19Z",
		"Provides read only access to Amazon SSM.",
		`{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "ssm:Describe*",
                "ssm:Get*",
                "ssm:List*"
            ],
            "Resource": "*"
        }
    ]
}`},
	{"AWSDenyAll", "ANPAZKAPJZG4P43IUQ5E5", "2019-05-01T22:36:14Z",
		"Deny all access.",
		`{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "DenyAll",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*"
        }
    ]
}`},
	{"AWSKeyManagementServicePowerUser", "ANPAJNPP7PPPPMJRV2SA4", "2015-02-06T18:40:40Z",
		"Provides access to AWS Key Management Service (KMS).",
		`{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "kms:CreateAlias",
                "kms:CreateKey",
                "kms:DeleteAlias",
                "kms:Describe*",
                "kms:GenerateRandom",
                "kms:Get*",
                "kms:List*",
                "kms:TagResource",
                "kms:UntagResource",
                "iam:ListGroups",
                "iam:ListRoles",
                "iam:ListUsers"
            ],
            "Resource": "*"
        }
    ]
}`},
	{"AWSSecretsManagerClientReadOnlyAccess", "ANPAZKAPJZG4SMCLIENTR", "2025-11-05T00:00:00Z",
		"Provides read access to secrets and to the keys that they are encrypted under.",
		`{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "secretsmanager:GetSecretValue",
                "secretsmanager:DescribeSecret"
            ],
            "Resource": "arn:aws:secretsmanager:*:*:secret:*"
        },
        {
            "Effect": "Allow",
            "Action": [
                "secretsmanager:BatchGetSecretValue",
                "secretsmanager:ListSecrets"
            ],
            "Resource": "*"
        },
        {
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": "arn:aws:kms:*:*:key/*",
            "Condition": {
                "StringLike": {
                    "kms:EncryptionContext:SecretARN": "arn:aws:secretsmanager:*:*:secret:*",
                    "kms:ViaService": "secretsmanager.*.amazonaws.com"
                }
            }
        }
    ]
}`},
	{"IAMFullAccess", "ANPAI7XKCFMBPM3QQRRVQ", "2015-02-06T18:40:38Z",
		"Provides full access to IAM.",
		`{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "iam:*",
                "organizations:DescribeAccount",
                "organizations:DescribeOrganization",
                "organizations:DescribeOrganizationalUnit",
                "organizations:DescribePolicy",
                "organizations:ListChildren",
                "organizations:ListParents",
                "organizations:ListPoliciesForTarget",
                "organizations:ListRoots",
                "organizations:ListPolicies",
                "organizations:ListTargetsForPolicy"
            ],
            "Resource": "*"
        }
    ]
}`},
	{"IAMReadOnlyAccess", "ANPAJKSO7NDY4T57MWDSQ", "2015-02-06T18:40:39Z",
		"Provides read only access to IAM.",
		`{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "iam:GenerateCredentialReport",
                "iam:GenerateServiceLastAccessedDetails",
                "iam:Get*",
                "iam:List*",
                "iam:SimulateCustomPolicy",
                "iam:SimulatePrincipalPolicy"
            ],
            "Resource": "*"
        }
    ]
}`},
	{"IAMUserChangePassword", "ANPAJ4L4MM2A7QIEB56MS", "2016-11-15T00:25:16Z",
		"Provides the ability for an IAM user to change their own password.",
		`{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "iam:ChangePassword"
            ],
            "Resource": [
                "arn:aws:iam::*:user/${aws:username}",
                "arn:aws:iam::*:user/*/${aws:username}"
            ]
        },
        {
            "Effect": "Allow",
            "Action": [
                "iam:GetAccountPasswordPolicy"
            ],
            "Resource": "*"
        }
    ]
}`},
	{"PowerUserAccess", "ANPAJYRXTHIB4FOVS3ZXS", "2015-02-06T18:39:47Z",
		"Provides full access to AWS services and resources, but does not allow management of Users " +
			"and groups.",
		`{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "NotAction": [
                "iam:*",
                "organizations:*",
                "account:*"
            ],
            "Resource": "*"
        },
        {
            "Effect": "Allow",
            "Action": [
                "account:GetAccountInformation",
                "account:GetPrimaryEmail",
                "account:ListRegions",
                "iam:CreateServiceLinkedRole",
                "iam:DeleteServiceLinkedRole",
                "iam:ListRoles",
                "organizations:DescribeOrganization"
            ],
            "Resource": "*"
        }
    ]
}`},
	{"ReadOnlyAccess", "ANPAILL3HVNFSB6DCOWYQ", "2015-02-06T18:39:48Z",
		"Provides read-only access to AWS services and resources.",
		`{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "iam:Generate*",
                "iam:Get*",
                "iam:List*",
                "iam:Simulate*",
                "kms:Describe*",
                "kms:Get*",
                "kms:List*",
                "secretsmanager:Describe*",
                "secretsmanager:GetResourcePolicy",
                "secretsmanager:List*",
                "ssm:Describe*",
                "ssm:Get*",
                "ssm:List*",
                "sts:GetAccessKeyInfo",
                "sts:GetCallerIdentity",
                "sts:GetSessionToken"
            ],
            "Resource": "*"
        }
    ]
}`},
	{"SecretsManagerReadWrite", "ANPAI3VG7CI5BIQZQ6G2E", "2018-04-04T18:05:29Z",
		"Provides read/write access to AWS Secrets Manager via the AWS Management Console.",
		`{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "BasicPermissions",
            "Effect": "Allow",
            "Action": [
                "secretsmanager:*",
                "kms:DescribeKey",
                "kms:ListAliases",
                "kms:ListKeys",
                "lambda:ListFunctions",
                "tag:GetResources"
            ],
            "Resource": "*"
        },
        {
            "Sid": "LambdaPermissions",
            "Effect": "Allow",
            "Action": [
                "lambda:AddPermission",
                "lambda:CreateFunction",
                "lambda:GetFunction",
                "lambda:InvokeFunction",
                "lambda:UpdateFunctionConfiguration"
            ],
            "Resource": "arn:aws:lambda:*:*:function:SecretsManager*"
        }
    ]
}`},
}

// awsPolicies makes the policies of managedByAWS, when the first is asked for.
var awsPolicies = sync.OnceValue(func() (all struct {
	inOrder []*Policy
	byARN   map[string]*Policy
}) {
	all.byARN = map[string]*Policy{}
	for _, m := range managedByAWS {
		made, err := time.Parse(time.RFC3339, m.made)
		if err != nil {
			panic(err)
		}
		p := &Policy{Head: Head{Account: AWS, ID: m.id, Name: m.name, Path: "/", Created: made, Rev: 1},
			Updated: made, Description: m.description, Default: "v1", Next: 2,
			Versions: []Version{{ID: "v1", Document: m.document, Created: made}}}
		p.compile()
		all.inOrder = append(all.inOrder, p)
		all.byARN[p.ARN()] = p
	}
	slices.SortFunc(all.inOrder, func(a, b *Policy) int {
		return strings.Compare(fold(a.Name), fold(b.Name))
	})
	return all
})

// AWSPolicies returns AWS's managed policies in order of name. Nobody may change them.
func AWSPolicies() []*Policy { return awsPolicies().inOrder }
