package servicetest_test

import (
	"strconv"
	"strings"
	"testing"

	"claviger/iam/webidentity/issuertest"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// numbered are tags of different keys.
func numbered(from, to int) (tags []types.Tag) {
	for i := from; i < to; i++ {
		tags = append(tags, types.Tag{Key: aws.String(strconv.Itoa(i)), Value: aws.String("v")})
	}
	return tags
}

// TestUsers_InputThatCannotBe_IsRefused: what shapes don't show, in IAM's words.
func TestUsers_InputThatCannotBe_IsRefused(t *testing.T) {
	s := servicetest.Start(t)
	c, ctx := s.IAM(), t.Context()
	s.User(t, "alice")
	key := s.User(t, "bob").AccessKeyID
	alice, bob := aws.String("alice"), aws.String("bob")
	twice := []types.Tag{{Key: aws.String("a"), Value: aws.String("1")},
		{Key: aws.String("A"), Value: aws.String("2")}}
	const says = "Duplicate tag keys found. Please note that Tag keys are case insensitive."

	_, err := c.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("eve"), Tags: twice})
	refused(t, err, "InvalidInput", says)
	nobodys := "arn:aws:iam::" + servicetest.Account + ":policy/nobodys"
	_, err = c.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("eve"),
		PermissionsBoundary: &nobodys})
	refused(t, err, "NoSuchEntity", "*")
	_, err = c.TagUser(ctx, &iam.TagUserInput{UserName: alice, Tags: twice})
	refused(t, err, "InvalidInput", says)
	must(c.TagUser(ctx, &iam.TagUserInput{UserName: alice, Tags: numbered(0, 50)}))(t)
	_, err = c.TagUser(ctx, &iam.TagUserInput{UserName: alice, Tags: numbered(50, 51)})
	refused(t, err, "LimitExceeded", "The number of tags has reached the maximum limit.")
	_, err = c.UpdateUser(ctx, &iam.UpdateUserInput{UserName: alice, NewUserName: aws.String("BOB")})
	refused(t, err, "EntityAlreadyExists", "User with name BOB already exists.")
	_, err = c.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: bob, AccessKeyId: &key,
		Status: "Expired"})
	refused(t, err, "InvalidInput", "*")

	_, err = c.GetContextKeysForCustomPolicy(ctx,
		&iam.GetContextKeysForCustomPolicyInput{PolicyInputList: []string{"{"}})
	refused(t, err, "InvalidInput", "*")
	absent := servicetest.UserARN("absent")
	_, err = c.GetContextKeysForPrincipalPolicy(ctx,
		&iam.GetContextKeysForPrincipalPolicyInput{PolicySourceArn: &absent})
	refused(t, err, "NoSuchEntity", "*")
	_, err = c.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: &absent, ActionNames: []string{"kms:ListKeys"}})
	refused(t, err, "NoSuchEntity", "*")
}

// TestSTS_WhatIsPassedAlong_IsRefusedByEveryOperation, if it can't be, or doesn't fit a token.
func TestSTS_WhatIsPassedAlong_IsRefusedByEveryOperation(t *testing.T) {
	s := servicetest.Start(t)
	keys := s.User(t, "alice")
	must(s.IAM().PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: aws.String("alice"),
		PolicyName: aws.String("p"), PolicyDocument: aws.String(may("sts:*"))}))(t)
	role := sessionRole(t, s, "r", strings.Replace(trusting(servicetest.UserARN("alice")),
		`"sts:AssumeRole"`, `["sts:AssumeRole","sts:TagSession"]`, 1))
	c := s.STS(servicetest.As(keys))
	broken, large := aws.String("{"), make([]ststypes.Tag, 50)
	for i := range large {
		large[i] = ststypes.Tag{Key: aws.String(strconv.Itoa(i)), Value: aws.String(patternless(i))}
	}
	twice := []ststypes.Tag{{Key: aws.String("a"), Value: aws.String("1")},
		{Key: aws.String("A"), Value: aws.String("2")}}
	for code, passed := range map[string]struct {
		policy *string
		tags   []ststypes.Tag
	}{
		"MalformedPolicyDocument": {policy: broken}, "InvalidParameterValue": {tags: twice},
		"PackedPolicyTooLarge": {tags: large},
	} {
		_, err := c.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &role,
			RoleSessionName: aws.String("s1"), Policy: passed.policy, Tags: passed.tags})
		refused(t, err, code, "*")
		_, err = c.GetFederationToken(t.Context(), &sts.GetFederationTokenInput{
			Name: aws.String("fred"), Policy: passed.policy, Tags: passed.tags})
		refused(t, err, code, "*")
	}
	_, err := c.AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &role, RoleSessionName: aws.String("s1"), WebIdentityToken: aws.String("none"),
		Policy: broken})
	refused(t, err, "MalformedPolicyDocument", "*")
}

// TestWebIdentity_TokenOfAnIssuer_IsRefusedUntilItServes: one that doesn't answer vouches for
// nobody, and what is passed along has to fit here, too.
func TestWebIdentity_TokenOfAnIssuer_IsRefusedUntilItServes(t *testing.T) {
	s := servicetest.Start(t)
	ask := func(role, token string, arns ...ststypes.PolicyDescriptorType) error {
		_, err := s.STS().AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: &role, RoleSessionName: aws.String("s1"), WebIdentityToken: &token,
			PolicyArns: arns, Policy: aws.String(may("kms:ListKeys"))})
		return err
	}
	var many []ststypes.PolicyDescriptorType
	for i := range 10 {
		name := strings.NewReplacer("+", "a", "-", "b").Replace(patternless(i)[:128])
		path := strings.NewReplacer("+", "a", "-", "b").Replace(patternless(i + 10))
		many = append(many, ststypes.PolicyDescriptorType{
			Arn: aws.String("arn:aws:iam::" + servicetest.Account + ":policy/" + path + "/" + name)})
	}
	role, token := "", ""
	t.Run("served", func(t *testing.T) {
		i := issuertest.Start(t)
		role, token = webRole(t, s, i, "w"), i.Token(s.Clock.Now(), nil)
		refused(t, ask(role, token, many...), "PackedPolicyTooLarge", "*")
	})
	gone := ""
	t.Run("closed before it was asked", func(t *testing.T) {
		i := issuertest.Start(t)
		gone, token = webRole(t, s, i, "gone"), i.Token(s.Clock.Now(), nil)
	})
	refused(t, ask(gone, token), "IDPCommunicationError", "*")
}

// patternless is a text that packs badly, another one for each number.
func patternless(seed int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"
	x, b := uint32(seed)*2654435761+1, make([]byte, 256)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = letters[x>>26]
	}
	return string(b)
}
