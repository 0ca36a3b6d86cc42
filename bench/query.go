package main

import (
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// versions of the services that speak AWS query.
var versions = map[string]string{"iam": "2010-05-08", "sts": "2011-06-15"}

// global is the Region that requests to IAM are signed for.
const global = "us-east-1"

// query returns a signed request of the AWS query protocol. Its answer is wanted in JSON.
func (c *client) query(service, action string, m members) []byte {
	form := url.Values{"Action": {action}, "Version": {versions[service]}}
	for name, value := range m {
		form.Set(name, value)
	}
	of := *c
	if service == "iam" {
		of.region = global
	}
	return of.sign(service, form.Encode(), map[string]string{"Accept": "application/json",
		"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})
}

// ask makes one request of the AWS query protocol and decodes its answer.
func (c *client) ask(service, action string, m members, out any) error {
	answer, err := c.answer(action, c.query(service, action, m))
	if err != nil || out == nil {
		return err
	}
	var around map[string]map[string]json.RawMessage
	if err := json.Unmarshal(answer, &around); err != nil {
		return err
	}
	return json.Unmarshal(around[action+"Response"][action+"Result"], out)
}

// as is the client with other credentials.
func (c *client) as(id, secret, token string) *client {
	other := *c
	other.credentials = aws.Credentials{AccessKeyID: id, SecretAccessKey: secret,
		SessionToken: token}
	return &other
}

// keyOf makes an access key of a user, and returns the client that signs with it.
func (c *client) keyOf(user string) (*client, error) {
	var made struct {
		AccessKey struct{ AccessKeyId, SecretAccessKey string }
	}
	err := c.ask("iam", "CreateAccessKey", members{"UserName": user}, &made)
	return c.as(made.AccessKey.AccessKeyId, made.AccessKey.SecretAccessKey, ""), err
}

// rightsOf are the texts of three managed policies by which the requests of the lines are allowed,
// the last by the last: one for each service, and one that denies what nobody here does.
var rightsOf = []string{
	`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["s3:Get*","s3:List*"],"Resource":"*"},
		{"Effect":"Deny","Action":"*","Resource":"*",
		 "Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}]}`,
	`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["kms:Encrypt","kms:Decrypt","kms:GenerateDataKey*"],
		 "Resource":"arn:aws:kms:*:*:key/*"}]}`,
	`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"secretsmanager:GetSecretValue",
		 "Resource":"arn:aws:secretsmanager:*:*:secret:*"}]}`,
}

const passedPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
	`"Action":["kms:Encrypt","kms:Decrypt","secretsmanager:GetSecretValue"],"Resource":"*"}]}`

// identities makes a user and a role with three managed policies each, and returns the user, and a
// session of the role with a session policy.
func (c *client) identities() (user, session *client, err error) {
	var made struct{ User struct{ Arn string } }
	if err := c.ask("iam", "CreateUser", members{"UserName": "bench"}, &made); err != nil {
		return nil, nil, err
	}
	var role struct{ Role struct{ Arn string } }
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
		`"Principal":{"AWS":%q},"Action":"sts:AssumeRole"}]}`, made.User.Arn)
	err = c.ask("iam", "CreateRole",
		members{"RoleName": "bench", "AssumeRolePolicyDocument": trust}, &role)
	if err != nil {
		return nil, nil, err
	}
	for i, text := range rightsOf {
		var p struct{ Policy struct{ Arn string } }
		err := c.ask("iam", "CreatePolicy", members{"PolicyName": fmt.Sprintf("bench-%d", i),
			"PolicyDocument": text}, &p)
		if err != nil {
			return nil, nil, err
		}
		for action, name := range map[string]string{"AttachUserPolicy": "UserName",
			"AttachRolePolicy": "RoleName"} {
			err := c.ask("iam", action, members{name: "bench", "PolicyArn": p.Policy.Arn}, nil)
			if err != nil {
				return nil, nil, err
			}
		}
	}
	if user, err = c.keyOf("bench"); err != nil {
		return nil, nil, err
	}
	var assumed struct {
		Credentials struct{ AccessKeyId, SecretAccessKey, SessionToken string }
	}
	err = user.ask("sts", "AssumeRole", members{"RoleArn": role.Role.Arn, "RoleSessionName": "bench",
		"Policy": passedPolicy}, &assumed)
	k := assumed.Credentials
	return user, c.as(k.AccessKeyId, k.SecretAccessKey, k.SessionToken), err
}
