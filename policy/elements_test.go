package policy_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"claviger/policy"
)

// TestDecide_EachElement_MatchesAsDocumented: what one statement of a policy is about. Every case
// is asked of the engine and of the oracle, of a user of the account unless it says otherwise.
func TestDecide_EachElement_MatchesAsDocumented(t *testing.T) {
	const v2008 = `{"Version":"2008-10-17","Statement":`
	tagged := alice
	tagged.Tags = map[string]string{"team": "k1", "star": "*"}
	allow := func(elements string) string { return doc(`{"Effect":"Allow",` + elements + `}`) }
	action := func(a string) string { return allow(`"Resource":"*","Action":` + a) }
	resource := func(r string) string { return allow(`"Action":"*","Resource":` + r) }
	const ofKMS = `arn:aws:kms:us-east-1:111122223333:`
	for name, c := range map[string]struct {
		identity string
		allowed  bool
	}{
		"an action in another case":         {action(`"KMS:dECRYPT"`), true},
		"any action":                        {action(`"*"`), true},
		"one character":                     {action(`"kms:Decryp?"`), true},
		"one character too many":            {action(`"kms:Decrypt?"`), false},
		"no characters":                     {action(`"kms:Decrypt*"`), true},
		"several in the middle":             {action(`"kms:D*t"`), true},
		"one of a list":                     {action(`["kms:Encrypt","kms:Decrypt"]`), true},
		"another service's":                 {action(`"s3:*"`), false},
		"all but others":                    {allow(`"Resource":"*","NotAction":["s3:*","kms:Encrypt"]`), true},
		"all but this":                      {allow(`"Resource":"*","NotAction":"kms:De*"`), false},
		"the key":                           {resource(`"` + keyARN + `"`), true},
		"the key in capitals":               {resource(`"` + ofKMS + `key/K1"`), false},
		"every key":                         {resource(`"` + ofKMS + `key/*"`), true},
		"any Region and account":            {resource(`"arn:aws:kms:*:*:key/k1"`), true},
		"everything of KMS":                 {resource(`"arn:aws:kms:*:*:*"`), true},
		"wildcards within segments":         {resource(`"arn:aws:kms:us-*-?:1111*:k?y/k1"`), true},
		"a wildcard for two segments":       {resource(`"arn:aws:kms:*:key/k1:"`), false},
		"a wildcard for three":              {resource(`"arn:aws:kms:*:x:y"`), false},
		"all but another":                   {allow(`"Action":"*","NotResource":"` + ofKMS + `key/k2"`), true},
		"all but it":                        {allow(`"Action":"*","NotResource":"` + ofKMS + `*"`), false},
		"a variable":                        {resource(`"` + ofKMS + `key/${aws:PrincipalTag/team}"`), true},
		"a variable in another case":        {resource(`"` + ofKMS + `key/${AWS:principaltag/TEAM}"`), true},
		"a variable whose value is a *":     {resource(`"` + ofKMS + `key/${aws:PrincipalTag/star}"`), false},
		"a variable without value":          {resource(`"` + ofKMS + `${aws:PrincipalTag/none}*"`), false},
		"its default":                       {resource(`"` + ofKMS + `key/${aws:PrincipalTag/none, 'k1'}"`), true},
		"a value and a default":             {resource(`"` + ofKMS + `key/${aws:PrincipalTag/team, 'k2'}"`), true},
		"a variable before the fifth colon": {resource(`"arn:aws:kms:${aws:RequestedRegion}:*:key/k1"`), false},
		"a wildcard as it is written":       {resource(`"` + ofKMS + `key/k${*}"`), false},
		"variables of old":                  {v2008 + `{"Effect":"Allow","Action":"*","Resource":"` + ofKMS + `key/${aws:PrincipalTag/team}"}}`, false},
		"wildcards of old":                  {v2008 + `{"Effect":"Allow","Action":"*","Resource":"` + ofKMS + `key/*"}}`, true},
		"all but a variable without value":  {allow(`"Action":"*","NotResource":"` + ofKMS + `${aws:PrincipalTag/none}"`), false},
		"denied, all but one without value": {doc(`{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","NotResource":"` + ofKMS + `${aws:PrincipalTag/none}"}`), false},
		"a Deny before an Allow":            {doc(`{"Effect":"Deny","Action":"kms:*","Resource":"*"},{"Effect":"Allow","Action":"*","Resource":"*"}`), false},
		"a statement without resource":      {allow(`"Action":"*"`), false},
	} {
		q := ofKeyOf(tagged, question{Identity: []string{c.identity}, Policy: may("*", ownRoot)})
		q.asks(t, name, c.allowed)
	}
}

// asks holds both evaluators to an answer.
func (q *question) asks(t *testing.T, name string, allowed bool) {
	t.Helper()
	if yes, text, err := q.engine(); err != nil || yes != allowed {
		t.Errorf("%s: the engine says %v %q (%v)", name, yes, text, err)
	}
	if yes, text := q.judge(); yes != allowed {
		t.Errorf("%s: the oracle says %v %q", name, yes, text)
	}
}

// TestDecide_EachPrincipal_MatchesAsDocumented: who is named by a key's policy, and who is spared
// by a Deny with NotPrincipal.
func TestDecide_EachPrincipal_MatchesAsDocumented(t *testing.T) {
	withProvider := session
	withProvider.Session = &policy.Session{Issued: settled(question{}).Facts.Time, Provider: provider}
	federated := callers[6]
	of := func(entries string) string { return `{"AWS":[` + entries + `]}` }
	const sessionARN = `"arn:aws:sts::111122223333:assumed-role/deploy/ci"`
	for name, c := range map[string]struct {
		caller    policy.Caller
		principal string
		allowed   bool // by a policy that names the principal, without identity policies
		spared    bool // by a Deny with NotPrincipal
	}{
		"everybody":                  {alice, `"*"`, true, true},
		"everybody, at length":       {alice, of(`"*"`), true, true},
		"the account":                {alice, ownRoot, false, false},
		"the account, root":          {callers[0], ownRoot, true, true},
		"its number, root":           {callers[0], of(`"111122223333"`), true, true},
		"another account, root":      {callers[0], of(`"444455556666"`), false, false},
		"the user":                   {alice, aliceARN, true, false},
		"the user and its account":   {alice, of(`"111122223333","arn:aws:iam::111122223333:user/eng/alice"`), true, true},
		"the user without its path":  {alice, of(`"arn:aws:iam::111122223333:user/alice"`), false, false},
		"the user in another case":   {alice, of(`"arn:aws:iam::111122223333:user/eng/Alice"`), false, false},
		"the user's id":              {alice, of(`"AIDAALICEALICEALICEAL"`), true, false},
		"the role":                   {session, of(`"` + roleARN + `"`), true, false},
		"the role's id":              {session, of(`"AROADEPLOYDEPLOYDEPLO"`), true, false},
		"the role without its path":  {session, of(`"arn:aws:iam::111122223333:role/deploy"`), false, false},
		"the session":                {session, of(sessionARN), true, false},
		"role and session":           {session, of(`"` + roleARN + `",` + sessionARN), true, false},
		"account, role and session":  {session, of(`"111122223333","` + roleARN + `",` + sessionARN), true, true},
		"account and session":        {session, of(`"111122223333",` + sessionARN), true, false},
		"another session":            {session, of(`"arn:aws:sts::111122223333:assumed-role/deploy/cd"`), false, false},
		"its provider":               {withProvider, `{"Federated":"` + provider + `"}`, true, false},
		"another provider":           {withProvider, `{"Federated":"accounts.google.com"}`, false, false},
		"a provider, and no session": {session, `{"Federated":"` + provider + `"}`, false, false},
		"the federated user":         {federated, of(`"arn:aws:sts::111122223333:federated-user/fay"`), true, false},
		"it and its account":         {federated, of(`"111122223333","arn:aws:sts::111122223333:federated-user/fay"`), true, true},
		"a service":                  {alice, `{"Service":"kms.amazonaws.com"}`, false, false},
	} {
		q := ofKeyOf(c.caller, question{Policy: may("*", c.principal)})
		q.asks(t, name, c.allowed)
		q.Policy = doc(`{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},
			{"Effect":"Deny","NotPrincipal":` + c.principal + `,"Action":"*","Resource":"*"}`)
		q.asks(t, name+", spared", c.spared)
		if c.caller.Type != policy.Root {
			q.Boundary = anything
			q.asks(t, name+", with a boundary", false)
		}
	}
}

// TestDecide_EverybodyNarrowed_IsBeyondBounds, and only by principals that are named in full.
func TestDecide_EverybodyNarrowed_IsBeyondBounds(t *testing.T) {
	for condition, beyond := range map[string]bool{
		`"ArnEquals":{"aws:PrincipalArn":"` + roleARN + `"}`:                 true,
		`"StringEquals":{"aws:principalarn":"` + roleARN + `"}`:              true,
		`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}`:  false,
		`"StringLike":{"aws:PrincipalArn":"*"}`:                              false,
		`"StringEqualsIfExists":{"aws:PrincipalArn":"` + roleARN + `"}`:      false,
		`"ForAllValues:StringEquals":{"aws:PrincipalArn":"` + roleARN + `"}`: false,
		`"StringNotEquals":{"aws:PrincipalArn":"x"}`:                         false,
		`"Null":{"aws:PrincipalArn":"false"}`:                                false,
		`"StringEquals":{"aws:PrincipalAccount":"111122223333"}`:             false,
		`"StringEquals":{"aws:PrincipalArn":"${aws:PrincipalArn}"}`:          false,
	} {
		q := ofSecret(session, question{Session: []string{nothing}, Policy: doc(`{"Effect":"Allow",
			"Principal":"*","Action":"*","Resource":"*","Condition":{` + condition + `}}`)})
		q.asks(t, condition, beyond)
	}
}

// TestDecide_NamesThatDifferInCase_DontDecideByChance: a request may have both.
func TestDecide_NamesThatDifferInCase_DontDecideByChance(t *testing.T) {
	for key, allowed := range map[string]bool{"App": true, "app": false, "APP": true} {
		q := ofKeyOf(alice, question{Policy: may("*", ownRoot),
			Values: policy.Values{"kms:EncryptionContext:App": {"a"}, "kms:EncryptionContext:app": {"b"}},
			Identity: []string{under("Allow",
				`"StringEquals":{"kms:EncryptionContext:`+key+`":"a"}`)}})
		for range 20 {
			if yes, text, err := q.engine(); err != nil || yes != allowed {
				t.Fatalf("%s: %v %q (%v)", key, yes, text, err)
			}
		}
	}
}

// FuzzDecide: oracle and engine agree on any pattern of a resource and any value of a condition.
func FuzzDecide(f *testing.F) {
	for _, p := range append(resourcePatterns, conditionValues["Arn"]...) {
		f.Add(p, "key/k1", "StringLike", p)
		f.Add(p, "key/${*}", "ArnNotLike", keyARN)
	}
	f.Fuzz(func(t *testing.T, pattern, name, operator, value string) {
		if len(pattern)+len(name)+len(value) > 100 || !utf8.ValidString(name) {
			return // the oracle tries everything, and a request is valid UTF-8
		}
		d := doc(`{"Effect":"Allow","Action":"*","Resource":` + quoted(pattern) + `},
			{"Effect":"Deny","Action":"*","Resource":"*","Condition":{` + quoted(operator) +
			`:{"acme:Text":` + quoted(value) + `}}}`)
		q := ofSecret(alice, question{Identity: []string{d},
			Values: policy.Values{"acme:Text": {name}, "aws:TagKeys": {"a"}}})
		q.ARN = "arn:aws:kms:us-east-1:111122223333:" + name
		if _, err := policy.ParseStored(d); err != nil {
			return
		}
		if q.differs() {
			a, text, err := q.engine()
			b, want := q.judge()
			t.Errorf("the engine says %v %q (%v), the oracle %v %q: %s", a, text, err, b, want, d)
		}
	})
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func TestParseStored_UniqueIDs_ArePrincipals(t *testing.T) {
	for id, taken := range map[string]bool{
		"AIDACKCEVSQ6C2EXAMPLE": true, "AROACKCEVSQ6C2EXAMPLE": true,
		"AIDA" + strings.Repeat("A", 16): true, "AIDA" + strings.Repeat("A", 15): false,
		"AGPACKCEVSQ6C2EXAMPLE": false, "AIDACKCEVSQ6C2EXAMPLe": false, "AIDACKCEVSQ6C2EXAM": false,
		"AIDA" + strings.Repeat("A", 125): false, "AIDA" + strings.Repeat("A", 124): true} {
		text := document(t, over{"Principal": `{"AWS":"` + id + `"}`})
		if _, err := policy.ParseStored(text); (err == nil) != taken {
			t.Errorf("%s, stored: %v", id, err)
		}
		if _, err := policy.Parse(text); err == nil {
			t.Errorf("%s was taken", id)
		}
	}
}
