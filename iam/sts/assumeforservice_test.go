package sts_test

import (
	"testing"

	"claviger/iam/sts"
	"claviger/internal/op/optest"
)

// TestAssumeForService_RoleWithoutTrust_IsClosed: that the service works in its own house opens no
// role, for which its own principal has to be trusted.
func TestAssumeForService_RoleWithoutTrust_IsClosed(t *testing.T) {
	h := start(t)
	alice := h.user(account, "alice")
	const source = "arn:aws:secretsmanager:us-east-1:" + account + ":secret:db-AbCd12"
	trusted := func(condition string) string {
		return `{"Effect":"Allow","Principal":{"Service":"secretsmanager.amazonaws.com"},` +
			`"Action":"sts:AssumeRole","Condition":{"StringEquals":{` + condition + `}}}`
	}
	for name, c := range map[string]struct {
		statements string
		opens      bool
	}{
		"nobody":          {trusts(alice.UniqueID, "sts:AssumeRole"), false},
		"the account":     {trusts(account, "sts:AssumeRole"), false},
		"for another":     {trusted(`"aws:SourceArn":"` + source + `x"`), false},
		"another account": {trusted(`"aws:SourceAccount":"` + another + `"`), false},
		"for the secret": {trusted(`"aws:SourceArn":"` + source + `","aws:SourceAccount":"` +
			account + `"`), true},
	} {
		t.Run(name, func(t *testing.T) {
			role := h.role(account, "r"+string(rune('a'+len(c.statements)%26))+name[:3],
				c.statements)
			call := h.Runner.Own(t.Context(), account, optest.Region, "secretsmanager")
			got, err := h.AssumeForService(call, sts.ForService{Service: "secretsmanager",
				Account: account, Source: source, RoleARN: role.ARN(), Name: "rotation",
				Policy: `{"Version":"2012-10-17","Statement":{"Effect":"Allow",` +
					`"Action":"secretsmanager:GetSecretValue","Resource":"` + source + `"}}`,
				Seconds: 900})
			if c.opens != (err == nil) {
				t.Fatalf("%v", err)
			}
			if c.opens && h.must(got).Role != role.ARN() {
				t.Error("it is a session of another role")
			}
		})
	}
}
