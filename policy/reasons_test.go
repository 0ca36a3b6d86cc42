package policy_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/policy"
)

// TestDecide_EachSource_IsNamedInTheDecision: the records of the trail say what decided.
func TestDecide_EachSource_IsNamedInTheDecision(t *testing.T) {
	sid := func(effect, sid, principal string) *policy.Document {
		if principal != "" {
			principal = `"Principal":` + principal + `,`
		}
		return parse(t, doc(`{"Sid":"first","Effect":"Allow",`+principal+`"Action":"s3:*","Resource":"*"},
			{"Sid":"`+sid+`","Effect":"`+effect+`",`+principal+`"Action":"*","Resource":"*"},
			{"Sid":"last","Effect":"Allow",`+principal+`"Action":"*","Resource":"*"}`))
	}
	with := func(c policy.Caller, documents ...*policy.Document) policy.Caller {
		c.Policies = documents
		return c
	}
	of := func(d *policy.Document) policy.Demand {
		return policy.Demand{Action: "kms:Decrypt", Resource: policy.Resource{ARN: keyARN,
			Account: account, PolicyDecides: true,
			Policy: func() (*policy.Document, error) { return d, nil },
			Grants: func() ([]policy.Grant, error) {
				return []policy.Grant{{ID: "g", Grantee: alice.ARN, Actions: []string{"kms:Decrypt"}}}, nil
			}}}
	}
	theAccount := sid("Allow", "delegated", ownRoot)
	for name, c := range map[string]struct {
		caller    policy.Caller
		demand    policy.Demand
		reason    policy.Reason
		statement string
	}{
		"an identity policy": {with(alice, sid("Allow", "mine", "")), of(theAccount),
			policy.ByIdentityPolicy, "mine"},
		"the resource's policy": {alice, of(sid("Allow", "direct", aliceARN)),
			policy.ByResourcePolicy, "direct"},
		"both": {with(alice, sid("Allow", "mine", "")), of(sid("Allow", "direct", aliceARN)),
			policy.ByResourcePolicy, "direct"},
		"root":    {callers[0], of(theAccount), policy.AccountOwner, "delegated"},
		"a grant": {alice, of(theAccount), policy.ByGrant, "g"},
		"the other account": {with(bob, sid("Allow", "mine", "")),
			of(sid("Allow", "theirs", `{"AWS":"444455556666"}`)), policy.ByIdentityPolicy, "mine"},
		"a service elsewhere": {callers[7], of(sid("Allow", "direct",
			`{"Service":"secretsmanager.amazonaws.com"}`)), policy.ByResourcePolicy, "direct"},
		"a Deny":                   {with(alice, sid("Deny", "no", "")), of(theAccount), policy.ExplicitDeny, "no"},
		"the resource's Deny":      {alice, of(sid("Deny", "no", `"*"`)), policy.ExplicitDeny, "no"},
		"the other account's Deny": {bob, of(sid("Deny", "no", `"*"`)), policy.ExplicitDeny, "no"},
		"nothing of one's own":     {session, of(theAccount), policy.NothingAllows, ""},
		"nothing elsewhere":        {bob, of(theAccount), policy.OtherAccount, ""},
	} {
		d := decide(c.caller, c.demand)
		if d.Reason != c.reason || d.Statement != c.statement {
			t.Errorf("%s: %q by %q, want %q by %q", name, d.Reason, d.Statement, c.reason, c.statement)
		}
	}
}

// TestDecide_FactsThatCantBeHad_AllowNothing: what a policy or a tag would say isn't known.
func TestDecide_FactsThatCantBeHad_AllowNothing(t *testing.T) {
	failure := fault.New(fault.Unavailable, "", "later")
	c := alice
	c.Policies = []*policy.Document{parse(t, anything), parse(t, under("Deny",
		`"StringEquals":{"aws:ResourceTag/team":"x"}`))}
	tags := func() (map[string]string, error) { return nil, failure }
	document := func() (*policy.Document, error) { return nil, failure }
	for name, r := range map[string]policy.Resource{
		"tags":     {ARN: secretARN, Tags: tags},
		"a policy": {ARN: secretARN, Policy: document},
	} {
		d := decide(c, policy.Demand{Action: "secretsmanager:GetSecretValue", Resource: r})
		if d.Reason != policy.FactMissing || !errors.Is(d.Refusal(), failure) {
			t.Errorf("%s: %+v", name, d)
		}
	}
	keyPolicy := parse(t, doc(`{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*",
		"Condition":{"StringNotEquals":{"aws:ResourceTag/team":"x"}}}`))
	d := decide(alice, policy.Demand{Action: "kms:Decrypt", Resource: policy.Resource{ARN: keyARN,
		Tags: tags, Policy: func() (*policy.Document, error) { return keyPolicy, nil }}})
	if d.Reason != policy.FactMissing {
		t.Errorf("tags that a key policy turns on: %+v", d)
	}
}

// TestDecide_FactHadAfterOneThatCantBe_AllowsNothing: a fact that is had later makes nothing good.
func TestDecide_FactHadAfterOneThatCantBe_AllowsNothing(t *testing.T) {
	failure := fault.New(fault.Unavailable, "", "later")
	c := alice
	c.Policies = []*policy.Document{parse(t, anything), parse(t, under("Deny",
		`"StringEquals":{"aws:ResourceTag/team":"x"}`)), parse(t, under("Deny",
		`"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/x"}`))}
	d := decide(c, policy.Demand{Action: "kms:Decrypt", Resource: policy.Resource{ARN: keyARN,
		Tags:    func() (map[string]string, error) { return nil, failure },
		Aliases: func() ([]string, error) { return []string{"alias/y"}, nil }}})
	if d.Reason != policy.FactMissing || !errors.Is(d.Refusal(), failure) {
		t.Errorf("%+v", d)
	}
}

// TestDecide_PatternThatTakesLong_AllowsNothing: neither one that would allow nor one that would
// deny is compared for seconds.
func TestDecide_PatternThatTakesLong_AllowsNothing(t *testing.T) {
	long := `"StringLike":{"kms:EncryptionContext:a":"*` + strings.Repeat("a", 16000) + `b"}`
	values := func() policy.Values {
		return policy.Values{"kms:EncryptionContext:a": {strings.Repeat("a", 32000)}}
	}
	for _, effect := range []string{policy.Allow, policy.Deny} {
		c := alice
		c.Policies = []*policy.Document{parse(t, under(effect, long)), parse(t, anything)}
		d := decide(c, policy.Demand{Action: "kms:Decrypt", Values: values,
			Resource: policy.Resource{ARN: keyARN}})
		if d.Reason != policy.FactMissing || !errors.Is(d.Refusal(), policy.ErrEffort) {
			t.Errorf("%s: %+v", effect, d)
		}
	}
}

func TestGrantees_EachCaller_HasItsNames(t *testing.T) {
	for _, c := range []struct {
		caller policy.Caller
		want   []string
	}{
		{callers[0], []string{callers[0].ARN}},
		{alice, []string{alice.ARN, alice.UniqueID, "arn:aws:iam::111122223333:root"}},
		{session, []string{session.ARN, roleARN, session.UniqueID, "arn:aws:iam::111122223333:root"}},
		{callers[7], []string{"secretsmanager.amazonaws.com"}},
	} {
		if got := c.caller.Grantees(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.caller.Name(), got, c.want)
		}
	}
}

// TestDecide_Warm_AllocatesNothing, whatever kind of condition a decision turns on.
func TestDecide_Warm_AllocatesNothing(t *testing.T) {
	c := alice
	c.Tags = map[string]string{"team": "k1"}
	c.Policies = []*policy.Document{parse(t, doc(`{"Effect":"Allow","Action":"kms:D*",
		"Resource":"arn:aws:kms:*:*:key/${aws:PrincipalTag/team}","Condition":{
		"StringLike":{"aws:PrincipalTag/team":"k*"},"StringEqualsIgnoreCase":{"aws:username":"ALICE"},
		"IpAddress":{"aws:SourceIp":["192.0.2.0/24","10.0.0.0/8"]},"Bool":{"aws:SecureTransport":"true"},
		"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/*/${aws:username}"},
		"Null":{"aws:TokenIssueTime":"true"}}}`))}
	keyPolicy := parse(t, may("*", ownRoot))
	r := policy.Request{Caller: c, Facts: policy.Facts{SourceIP: "10.1.2.3", TLS: true},
		Demands: []policy.Demand{{Action: "kms:Decrypt", Resource: policy.Resource{ARN: keyARN,
			Account: account, PolicyDecides: true,
			Policy: func() (*policy.Document, error) { return keyPolicy, nil }}}}}
	if n := testing.AllocsPerRun(100, func() {
		if !policy.Decide(r).Allowed() {
			t.Fatal("it is refused")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
