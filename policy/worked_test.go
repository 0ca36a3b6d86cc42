package policy_test

import (
	"maps"
	"testing"
	"time"

	"claviger/policy"
)

// Callers of the worked cases, by what the cases call them.
var (
	alice   = callers[2]
	bob     = callers[3] // of the other account
	session = callers[4]
)

// doc is a document of the present version around statements.
func doc(statements string) string {
	return `{"Version":"2012-10-17","Statement":[` + statements + `]}`
}

// may is a document that allows actions on everything, to principals if there are any.
func may(actions, principal string) string {
	if principal != "" {
		principal = `"Principal":` + principal + `,`
	}
	return doc(`{"Effect":"Allow",` + principal + `"Action":"` + actions + `","Resource":"*"}`)
}

// under is a document that allows, or denies, everything under a condition.
func under(effect, condition string) string {
	return doc(`{"Effect":"` + effect + `","Action":"*","Resource":"*",
		"Condition":{` + condition + `}}`)
}

const (
	anything = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	nothing  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`
	aliceARN = `{"AWS":"arn:aws:iam::111122223333:user/eng/alice"}`
	ownRoot  = `{"AWS":"arn:aws:iam::111122223333:root"}`
)

// ofSecret asks for a secret's value, and ofKeyOf to decrypt.
func ofSecret(c policy.Caller, q question) question {
	q.Caller, q.Action, q.ARN, q.Owner = c, "secretsmanager:GetSecretValue", secretARN, account
	return settled(q)
}

func ofKeyOf(c policy.Caller, q question) question {
	q.Caller, q.Action, q.ARN, q.Owner, q.Decides = c, "kms:Decrypt", keyARN, account, true
	return settled(q)
}

func settled(q question) question {
	if q.Session != nil && q.Caller.Session == nil {
		q.Caller.Session = &policy.Session{Issued: time.Unix(1, 0)}
	}
	q.Facts.Time, q.Facts.Region = time.Unix(1767225600, 0), "us-east-1"
	return q
}

// TestDecide_WorkedCases_ComeOutAsDocumented: the examples of AWS's pages on evaluation, elements
// and operators. The end of the refusal tells the reason; nothing is yes.
func TestDecide_WorkedCases_ComeOutAsDocumented(t *testing.T) {
	type Q = question
	const (
		noIdentity = "because no identity-based policy allows the"
		noResource = "because no resource-based policy allows the"
		noBoundary = "because no permissions boundary allows the"
		noSession  = "because no session policy allows the"
		denied     = "with an explicit deny in an identity-based policy"
	)
	roleNamed := may("*", `{"AWS":"`+roleARN+`"}`)
	sessionNamed := may("*", `{"AWS":"arn:aws:sts::111122223333:assumed-role/deploy/ci"}`)
	viaSecrets := doc(`{"Effect":"Allow","Principal":` + ownRoot + `,"Action":"kms:*","Resource":"*",
		"Condition":{"StringEquals":{"kms:ViaService":"secretsmanager.us-east-1.amazonaws.com"}}}`)
	again := session
	again.UniqueID = "AROANEWNEWNEWNEWNEWNE"
	for name, c := range map[string]struct {
		q    question
		says string
	}{
		"boundary lacks": {ofSecret(alice, Q{Identity: []string{anything}, Boundary: nothing}),
			noBoundary},
		"the policy names the user, whom a boundary doesn't bind": {ofSecret(alice,
			Q{Identity: []string{nothing}, Boundary: anything, Policy: may("*", aliceARN)}), ""},
		"the policy names the account, and identity lacks": {ofSecret(alice,
			Q{Identity: []string{nothing}, Policy: may("*", ownRoot)}), noIdentity},
		"the policy names the role, and the session policy lacks": {ofSecret(session,
			Q{Session: []string{nothing}, Policy: roleNamed}), noSession},
		"the policy names the session, and the session policy lacks": {ofSecret(session,
			Q{Session: []string{nothing}, Policy: sessionNamed}), ""},
		"the session policy lacks, and the policy is silent": {ofSecret(session,
			Q{Identity: []string{anything}, Session: []string{nothing}}), noSession},
		"another account's user, whose account is named": {ofSecret(bob,
			Q{Identity: []string{anything}, Policy: may("*", `{"AWS":"444455556666"}`)}), ""},
		"another account's user, named, and identity lacks": {ofSecret(bob,
			Q{Policy: may("*", `{"AWS":"arn:aws:iam::444455556666:user/bob"}`)}), noIdentity},
		"a key policy with a role alone, an administrator": {ofKeyOf(alice,
			Q{Identity: []string{anything}, Policy: roleNamed}), noResource},
		"a key policy with a role alone, root": {ofKeyOf(callers[0], Q{Policy: roleNamed}), noResource},
		"a key policy for a service's use, directly": {ofKeyOf(alice,
			Q{Identity: []string{anything}, Policy: viaSecrets}), noResource},
		"a key policy for a service's use, through it": {ofKeyOf(alice, Q{Identity: []string{anything},
			Policy: viaSecrets, Facts: policy.Facts{Via: "secretsmanager"}}), ""},
		"all but IAM": {ofSecret(alice, Q{Identity: []string{
			doc(`{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`)}}), ""},
		"denied unless an absent key has a value": {ofSecret(alice, Q{Identity: []string{anything,
			under("Deny", `"StringNotEquals":{"aws:SourceVpce":"v"}`)}}), denied},
		"allowed unless an absent key has a value": {ofSecret(alice, Q{Identity: []string{
			under("Allow", `"StringNotEquals":{"aws:SourceVpce":"v"}`)}}), ""},
		"all of no tags": {ofSecret(alice, Q{Identity: []string{
			under("Allow", `"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}`)}}), ""},
		"all of no tags, and some": {ofSecret(alice, Q{Identity: []string{
			under("Allow", `"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]},
				"Null":{"aws:TagKeys":"false"}`)}}), noIdentity},
		"denied without a second factor, by a long-term key": {ofSecret(alice, Q{Identity: []string{
			anything, under("Deny", `"Bool":{"aws:MultiFactorAuthPresent":false}`)}}), ""},
		"denied if it exists, by a long-term key": {ofSecret(alice, Q{Identity: []string{anything,
			under("Deny", `"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}`)}}), denied},
		"one address": {ofSecret(alice, Q{Facts: policy.Facts{SourceIP: "203.0.113.0"},
			Identity: []string{under("Allow", `"IpAddress":{"aws:SourceIp":"203.0.113.0"}`)}}), ""},
		"one address, from the next": {ofSecret(alice, Q{Facts: policy.Facts{SourceIP: "203.0.113.1"},
			Identity: []string{under("Allow", `"IpAddress":{"aws:SourceIp":"203.0.113.0"}`)}}), noIdentity},
		"a role's pattern against the session": {ofSecret(session, Q{
			Identity: []string{under("Allow", `"ArnLike":{"acme:Who":"arn:aws:iam::*:role/*"}`)},
			Values:   policy.Values{"acme:Who": {session.ARN}}}), noIdentity},
		"a role's pattern against aws:PrincipalArn": {ofSecret(session, Q{Identity: []string{
			under("Allow", `"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}`)}}), ""},
		"keys allowed, an alias asked": {func() question {
			q := ofKeyOf(alice, Q{Identity: []string{doc(`{"Effect":"Allow","Action":"kms:*",
				"Resource":"arn:aws:kms:*:111122223333:key/*"}`)}})
			q.ARN, q.Decides = "arn:aws:kms:us-east-1:111122223333:alias/a", false
			return q
		}(), noIdentity},
		"the stored id of a role": {ofKeyOf(session,
			Q{Policy: may("*", `{"AWS":"AROADEPLOYDEPLOYDEPLO"}`)}), ""},
		"the stored id of a role that was made again": {ofKeyOf(again,
			Q{Policy: may("*", `{"AWS":"AROADEPLOYDEPLOYDEPLO"}`)}), noResource},
	} {
		t.Run(name, func(t *testing.T) { c.q.comesOut(t, c.says) })
	}
}

// comesOut asks oracle and engine. An answer other than yes ends in words about the action.
func (q *question) comesOut(t *testing.T, says string) {
	t.Helper()
	want := ""
	if says != "" {
		want = "User: " + q.Caller.ARN + " is not authorized to perform: " + q.Action +
			" on resource: " + q.ARN + " " + says
		if says[:7] == "because" {
			want += " " + q.Action + " action"
		}
	}
	allowed, text, err := q.engine()
	if err != nil || allowed != (says == "") || text != want {
		t.Errorf("the engine says %v %q (%v), want %q", allowed, text, err, want)
	}
	if allowed, text = q.judge(); allowed != (says == "") || text != want {
		t.Errorf("the oracle says %v %q, want %q", allowed, text, want)
	}
}

// TestDecide_EachCondition_HoldsAsDocumented: alice asks for a secret with a tag and two tag keys.
func TestDecide_EachCondition_HoldsAsDocumented(t *testing.T) {
	brought := policy.Values{"aws:TagKeys": {"a", "b"}, "acme:Text": {"Team One"}, "acme:Empty": {},
		"acme:Number": {"10"}, "acme:Blob": {"AQID"}, "acme:Word": {"ten"}, "acme:Star": {"*"},
		"acme:Blank": {""}}
	for condition, holds := range map[string]bool{
		`"StringEquals":{"acme:Text":"Team One"}`:                                  true,
		`"StringEquals":{"ACME:tEXT":["x","Team One"]}`:                            true,
		`"StringEquals":{"acme:Text":"team one"}`:                                  false,
		`"StringEqualsIgnoreCase":{"acme:Text":"team ONE"}`:                        true,
		`"StringNotEquals":{"acme:Text":["x","Team One"]}`:                         false,
		`"StringLike":{"acme:Text":"Team*"}`:                                       true,
		`"StringLike":{"acme:Text":"Team On?*"}`:                                   true,
		`"StringLike":{"acme:Text":"team*"}`:                                       false,
		`"StringEquals":{"acme:Text":"Team*"}`:                                     false,
		`"StringEquals":{"acme:Star":"${*}"}`:                                      true,
		`"StringLike":{"acme:Text":"${*}"}`:                                        false,
		`"NumericEquals":{"acme:Number":10.0}`:                                     true,
		`"NumericLessThan":{"acme:Number":"10"}`:                                   false,
		`"NumericLessThanEquals":{"acme:Number":"10"}`:                             true,
		`"NumericGreaterThan":{"acme:Word":"1"}`:                                   false,
		`"NumericNotEquals":{"acme:Word":"1"}`:                                     false,
		`"NumericNotEquals":{"acme:None":"1"}`:                                     true,
		`"DateLessThan":{"aws:CurrentTime":"2026-01-01T00:00:01Z"}`:                true,
		`"DateEquals":{"aws:CurrentTime":"1767225600"}`:                            true,
		`"DateEquals":{"aws:EpochTime":"2026-01-01T01:00:00+01:00"}`:               true,
		`"DateGreaterThan":{"acme:Word":"2020-01-01"}`:                             false,
		`"Bool":{"aws:SecureTransport":"FALSE"}`:                                   true,
		`"Bool":{"acme:Text":"Team One"}`:                                          false,
		`"BinaryEquals":{"acme:Blob":"AQID"}`:                                      true,
		`"BinaryEquals":{"acme:Blob":"AQIE"}`:                                      false,
		`"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}`:                                true,
		`"IpAddress":{"aws:SourceIp":"::/0"}`:                                      false,
		`"NotIpAddress":{"aws:SourceIp":["192.0.2.0/24","::/0"]}`:                  true,
		`"ArnEquals":{"acme:Text":"*"}`:                                            false,
		`"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::*:user/*"}`:                 true,
		`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam:*:user/*"}`:                    false,
		`"ArnEquals":{"aws:PrincipalArn":"${aws:PrincipalArn}"}`:                   true,
		`"ArnNotEquals":{"acme:Text":"arn:aws:iam::*:user/*"}`:                     true,
		`"Null":{"acme:None":"true"}`:                                              true,
		`"Null":{"acme:Empty":"true"}`:                                             false,
		`"Null":{"acme:Text":false}`:                                               true,
		`"StringEqualsIfExists":{"acme:None":"x"}`:                                 true,
		`"StringEqualsIfExists":{"acme:Text":"x"}`:                                 false,
		`"ForAllValues:StringEquals":{"aws:TagKeys":["a","b","c"]}`:                true,
		`"ForAllValues:StringEquals":{"aws:TagKeys":"a"}`:                          false,
		`"ForAllValues:StringEquals":{"acme:Empty":"a"}`:                           true,
		`"ForAnyValue:StringEquals":{"aws:TagKeys":["b","c"]}`:                     true,
		`"ForAnyValue:StringEquals":{"acme:Empty":"a"}`:                            false,
		`"ForAnyValue:StringEquals":{"acme:None":"a"}`:                             false,
		`"ForAnyValue:StringNotEquals":{"aws:TagKeys":"a"}`:                        true,
		`"ForAnyValue:StringNotEquals":{"aws:TagKeys":["a","b"]}`:                  false,
		`"ForAllValues:StringNotEquals":{"aws:TagKeys":["b","c"]}`:                 false,
		`"ForAllValues:StringNotEquals":{"aws:TagKeys":"c"}`:                       true,
		`"ForAllValues:StringEqualsIfExists":{"acme:None":"c"}`:                    true,
		`"ForAnyValue:StringEqualsIfExists":{"acme:None":"c"}`:                     true,
		`"StringEquals":{"aws:username":"${aws:username}"}`:                        true,
		`"StringEquals":{"aws:username":"${acme:None}"}`:                           false,
		`"StringNotEquals":{"aws:username":"${acme:None}"}`:                        true,
		`"StringEquals":{"aws:username":"${acme:None, 'alice'}"}`:                  true,
		`"StringEquals":{"acme:Text":"Team One"},"Bool":{"aws:ViaAWSService":"1"}`: false,
		`"StringEqualsIgnoreCase":{"aws:username":"${aws:username}"}`:              true,
		`"StringEqualsIgnoreCase":{"acme:Star":"${*}"}`:                            true,
		`"StringEqualsIgnoreCase":{"acme:Star":"${acme:None}"}`:                    false,
		`"StringEquals":{"acme:Blank":"${acme:None, ''}"}`:                         true,
		`"StringEquals":{"acme:Blank":"${acme:None, '}"}`:                          false,
		`"StringEquals":{"acme:Text":"Team One","acme:Number":"11"}`:               false,
	} {
		for effect, allowed := range map[string]bool{"Allow": holds, "Deny": !holds} {
			q := ofSecret(alice, question{Values: maps.Clone(brought),
				Facts: policy.Facts{SourceIP: "10.1.2.3"}, Identity: []string{under(effect, condition)}})
			if effect == "Deny" {
				q.Identity = append(q.Identity, anything)
			}
			if yes, text, err := q.engine(); err != nil || yes != allowed {
				t.Errorf("%s %s: the engine says %v %q (%v)", effect, condition, yes, text, err)
			}
			if yes, text := q.judge(); yes != allowed {
				t.Errorf("%s %s: the oracle says %v %q", effect, condition, yes, text)
			}
		}
	}
}
