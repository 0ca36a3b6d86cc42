package policy_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"time"

	"claviger/policy"
)

// The alphabets are small, so that what is drawn meets.
const (
	keyARN    = "arn:aws:kms:us-east-1:111122223333:key/k1"
	secretARN = "arn:aws:secretsmanager:us-east-1:111122223333:secret:app/db-AbCdEf"
	roleARN   = "arn:aws:iam::111122223333:role/ops/deploy"
	provider  = "arn:aws:iam::111122223333:oidc-provider/idp.example/a"
)

// asked is what requests are about.
var asked = []struct {
	arn     string
	decides bool
	policy  bool
	actions []string
}{
	{keyARN, true, true, []string{"kms:Decrypt", "kms:Encrypt", "kms:DescribeKey", "kms:CreateGrant",
		"kms:PutKeyPolicy"}},
	{secretARN, false, true, []string{"secretsmanager:GetSecretValue",
		"secretsmanager:PutSecretValue"}},
	{roleARN, true, true, []string{"sts:AssumeRole", "sts:AssumeRoleWithWebIdentity",
		"sts:TagSession"}},
	{"*", false, false, []string{"kms:ListKeys", "secretsmanager:ListSecrets"}},
	{"arn:aws:iam::111122223333:user/eng/alice", false, false, []string{"iam:GetUser"}},
}

var principals = []string{"*", account, other, "arn:aws:iam::111122223333:root",
	"arn:aws:iam::444455556666:root", "arn:aws:iam::111122223333:user/eng/alice", "AIDAALICEALICEALICEAL",
	"arn:aws:iam::111122223333:user/alice", "arn:aws:iam::444455556666:user/bob", "AIDABOBBOBBOBBOBBOBBO", "AIDAOLDOLDOLDOLDOLDOL",
	roleARN, "AROADEPLOYDEPLOYDEPLO", "arn:aws:sts::111122223333:assumed-role/deploy/ci",
	"arn:aws:sts::111122223333:assumed-role/deploy/cd", "arn:aws:iam::111122223333:role/deploy",
	"arn:aws:iam::444455556666:role/far", "arn:aws:sts::444455556666:assumed-role/far/x",
	"arn:aws:sts::111122223333:federated-user/fay"}

var actionPatterns = []string{"*", "kms:*", "kms:Decrypt", "KMS:decrypt", "kms:*crypt",
	"kms:?ncrypt",
	"kms:De*", "kms:CreateGrant", "kms:List*", "secretsmanager:*", "secretsmanager:Get*",
	"secretsmanager:*SecretValue", "sts:AssumeRole", "sts:*", "sts:AssumeRole*", "iam:*",
	"iam:GetUser", "secretsmanager:ListSecrets", "kms:*e*y*"}

var resourcePatterns = []string{"*", "*", keyARN, "arn:aws:kms:*:111122223333:key/*",
	"arn:aws:kms:us-east-1:*:key/k?", "arn:aws:kms:us-east-?:11112222????:*",
	"arn:aws:kms:us-east-1:111122223333:alias/*",
	"arn:aws:kms:us-east-1:111122223333:key/${aws:PrincipalTag/team}",
	"arn:aws:kms:us-east-1:111122223333:key/${aws:PrincipalTag/none, 'k1'}",
	"arn:aws:kms:us-east-1:111122223333:key/${aws:PrincipalTag/none}",
	"arn:aws:kms:us-east-1:111122223333:key/${aws:TagKeys}",
	"arn:aws:kms:us-east-1:111122223333:key/k${*}", secretARN,
	"arn:aws:secretsmanager:*:*:secret:app/db-??????", "arn:aws:secretsmanager:*:*:secret:app/*",
	"arn:aws:secretsmanager:us-east-1:111122223333:*:app*", roleARN, "arn:aws:iam::*:role/*",
	"arn:aws:iam::111122223333:user/*/${aws:username}", "arn:aws:iam::111122223333:role/ops*y"}

// conditionKeys are keys with the values to hold them against, by type.
var conditionKeys = map[string][]string{
	"String": {"aws:PrincipalTag/team", "aws:principaltag/Team", "aws:ResourceTag/team",
		"aws:username",
		"kms:ViaService", "kms:EncryptionContext:App", "kms:encryptioncontext:app", "aws:userid",
		"aws:PrincipalType", "aws:PrincipalAccount", "aws:UserAgent", "AWS:REQUESTEDREGION",
		"aws:FederatedProvider", "aws:SourceIdentity", "aws:TagKeys", "kms:ResourceAliases",
		"aws:ResourceAccount", "acme:Unknown"},
	"Numeric": {"kms:RotationPeriodInDays", "aws:EpochTime"},
	"Date":    {"aws:CurrentTime", "aws:TokenIssueTime", "kms:ValidTo"},
	"Bool": {"aws:SecureTransport", "aws:MultiFactorAuthPresent", "aws:ViaAWSService",
		"aws:PrincipalIsAWSService"},
	"Ip":     {"aws:SourceIp"},
	"Arn":    {"aws:PrincipalArn", "aws:SourceArn"},
	"Binary": {"acme:Blob"},
}

var conditionValues = map[string][]string{
	"String": {"k1", "K1", "k*", "*", "", "?1", "a", "b", "secretsmanager.us-east-1.amazonaws.com",
		"secretsmanager.*", "alice", "${aws:username}", "${aws:PrincipalTag/team}", "alias/a",
		"${aws:PrincipalTag/none}", "${aws:PrincipalTag/none, 'a'}", "${aws:ResourceTag/team}", "${*}",
		"a${?}", "User", account, "us-east-1", "AROADEPLOYDEPLOYDEPLO:*", provider, "sid",
		"${aws:TagKeys}"},
	"Numeric": {"90", "90.", "90.0", ".5", "365", "-1", "1000000000"},
	"Date": {"2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "1767225600", "2026-06-01",
		"2025-12-31T23:59:59.5Z"},
	"Bool": {"true", "false", "True", "FALSE"},
	"Ip": {"10.0.0.0/8", "10.1.2.3", "10.1.2.3/32", "203.0.113.0", "2001:db8::/32", "::/0",
		"0.0.0.0/0"},
	"Arn": {"*", "${aws:PrincipalArn}", roleARN, "arn:aws:iam::*:role/*",
		"arn:aws:iam::111122223333:*",
		"arn:*:iam::*:user/*",
		"arn:aws:iam::111122223333:user/eng/${aws:username}", "arn:aws:sts::*:assumed-role/*",
		"arn:aws:iam::${aws:PrincipalAccount}:root", secretARN, "arn:aws:secretsmanager:*:*:secret:*"},
	"Binary": {"AQID", "AQIE", "AQ=="},
}

var operators = map[string][]string{
	"String": {"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase",
		"StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"},
	"Numeric": {"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals",
		"NumericGreaterThan", "NumericGreaterThanEquals"},
	"Date": {"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan",
		"DateGreaterThanEquals"},
	"Bool":   {"Bool"},
	"Ip":     {"IpAddress", "NotIpAddress"},
	"Arn":    {"ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringLike", "StringEquals"},
	"Binary": {"BinaryEquals"},
}

var callers = []policy.Caller{
	{Type: policy.Root, Account: account, ARN: "arn:aws:iam::111122223333:root", PrincipalID: account},
	{Type: policy.Root, Account: other, ARN: "arn:aws:iam::444455556666:root", PrincipalID: other},
	{Type: policy.IAMUser, Account: account, ARN: "arn:aws:iam::111122223333:user/eng/alice",
		UniqueID: "AIDAALICEALICEALICEAL", PrincipalID: "AIDAALICEALICEALICEAL"},
	{Type: policy.IAMUser, Account: other, ARN: "arn:aws:iam::444455556666:user/bob",
		UniqueID: "AIDABOBBOBBOBBOBBOBBO", PrincipalID: "AIDABOBBOBBOBBOBBOBBO"},
	{Type: policy.AssumedRole, Account: account, Role: roleARN, UniqueID: "AROADEPLOYDEPLOYDEPLO",
		ARN: "arn:aws:sts::111122223333:assumed-role/deploy/ci", PrincipalID: "AROADEPLOYDEPLOYDEPLO:ci"},
	{Type: policy.AssumedRole, Account: other, Role: "arn:aws:iam::444455556666:role/far",
		UniqueID: "AROAFARFARFARFARFARFA", ARN: "arn:aws:sts::444455556666:assumed-role/far/x",
		PrincipalID: "AROAFARFARFARFARFARFA:x"},
	{Type: policy.FederatedUser, Account: account, UniqueID: "AIDAALICEALICEALICEAL",
		PrincipalID: account + ":fay",
		ARN:         "arn:aws:sts::111122223333:federated-user/fay"},
	policy.AsService(other, "secretsmanager"),
}

// drawing draws questions from one seed.
type drawing struct{ *rand.Rand }

func pick[T any](r drawing, of []T) T { return of[r.IntN(len(of))] }

func (r drawing) one(in int) bool { return r.IntN(in) == 0 }

// some draws one or two, rarely none.
func (r drawing) some(of []string) (out []string) {
	for range 1 + r.IntN(2) {
		out = append(out, pick(r, of))
	}
	return out
}

// element writes values as a list, or a single one by itself.
func (r drawing) element(values []string) any {
	if len(values) == 1 && r.one(2) {
		return values[0]
	}
	return values
}

func (r drawing) condition() map[string]any {
	c := map[string]any{}
	for range 1 + r.IntN(5)/4 {
		kind := pick(r, []string{"String", "String", "String", "Numeric", "Date", "Bool", "Ip", "Arn",
			"Arn", "Binary"})
		operator := pick(r, operators[kind])
		if r.one(4) {
			operator += "IfExists"
		}
		if r.one(4) {
			operator = pick(r, []string{"ForAllValues:", "ForAnyValue:"}) + operator
		}
		values := r.some(conditionValues[kind])
		if r.one(8) {
			operator, values = "Null", []string{pick(r, []string{"true", "false"})}
		}
		key := pick(r, conditionKeys[kind])
		if r.one(16) {
			key = pick(r, conditionKeys[pick(r, []string{"String", "Numeric", "Date", "Arn"})])
		}
		c[operator] = map[string]any{key: r.element(values)}
	}
	return c
}

func (r drawing) principal() any {
	if r.one(6) {
		return "*"
	}
	p := map[string]any{}
	if !r.one(8) {
		p["AWS"] = r.element(r.some(principals))
		if r.one(6) { // what a NotPrincipal has to list to spare a session
			p["AWS"] = []string{account, roleARN, "arn:aws:sts::111122223333:assumed-role/deploy/ci",
				"arn:aws:iam::111122223333:user/eng/alice", "AROADEPLOYDEPLOYDEPLO"}[r.IntN(2):]
		}
	}
	if r.one(8) || len(p) == 0 {
		p["Service"] = pick(r, []string{"secretsmanager.amazonaws.com", "kms.amazonaws.com"})
	}
	if r.one(8) {
		p["Federated"] = pick(r, []string{provider, "accounts.google.com"})
	}
	return p
}

// document draws a policy; named is whether its statements name principals.
func (r drawing) document(named bool, allows int) string {
	statements := []any{}
	for range 1 + r.IntN(3) {
		s := map[string]any{"Effect": "Allow"}
		if r.one(allows) {
			s["Effect"] = "Deny"
		}
		if named {
			element := "Principal"
			if s["Effect"] == "Deny" && r.one(2) { // with Allow it is refused
				element = "NotPrincipal"
			}
			s[element] = r.principal()
		}
		s[pick(r, []string{"Action", "Action", "Action", "NotAction"})] =
			r.element(r.some(actionPatterns))
		if !r.one(6) { // only a trust policy may do without; in another it has no effect
			s[pick(r, []string{"Resource", "Resource", "Resource", "NotResource"})] =
				r.element(r.some(resourcePatterns))
		}
		if r.one(2) {
			s["Condition"] = r.condition()
		}
		statements = append(statements, s)
	}
	d := map[string]any{"Version": policy.Version2012, "Statement": statements}
	if r.one(8) {
		d["Version"] = policy.Version2008
	}
	text, _ := json.Marshal(d)
	return string(text)
}

func (r drawing) caller(q *question) {
	q.Caller = pick(r, callers)
	if q.Caller.Type == policy.Service {
		return
	}
	if r.one(2) {
		q.Caller.Tags = map[string]string{"team": pick(r, []string{"k1", "a", "*"})}
	}
	if q.Caller.Type == policy.Root {
		return
	}
	for range r.IntN(3) {
		q.Identity = append(q.Identity, r.document(false, 4))
	}
	if r.one(4) && q.Caller.Type != policy.FederatedUser {
		q.Boundary = r.document(false, 8)
	}
	if q.Caller.Type == policy.IAMUser && !r.one(4) {
		return
	}
	q.Caller.Session = &policy.Session{Issued: time.Unix(1767225600, 0), MFA: r.one(2)}
	if r.one(4) {
		q.Caller.Session.Tags = map[string]string{"Team": pick(r, []string{"k1", "b"})}
	}
	if q.Caller.Type != policy.AssumedRole && q.Caller.Type != policy.FederatedUser {
		return
	}
	if r.one(2) {
		q.Session = append(q.Session, r.document(false, 8))
	}
	if q.Caller.Type == policy.AssumedRole && r.one(3) {
		q.Caller.Session.Provider = provider
		q.Caller.Session.SourceIdentity = "sid"
	}
}

func (r drawing) question() *question {
	q := &question{}
	r.caller(q)
	about := pick(r, asked)
	q.Action, q.ARN, q.Decides = pick(r, about.actions), about.arn, about.decides
	q.Owner = account
	if about.arn == "*" {
		q.Owner = "" // the caller's own
	}
	if about.policy && !r.one(6) {
		q.Policy = r.document(true, 5)
	}
	q.Facts = policy.Facts{Time: time.Unix(1767225600+int64(r.IntN(2)), 0), Region: "us-east-1",
		SourceIP: pick(r, []string{"10.1.2.3", "203.0.113.0", "2001:db8::1", ""}), TLS: r.one(2),
		UserAgent: pick(r, []string{"", "a"}), Via: pick(r, []string{"", "", "secretsmanager"})}
	if r.one(2) && q.ARN != "*" {
		q.Tags = map[string]string{"team": pick(r, []string{"k1", "a"})}
	}
	r.values(q)
	if strings.HasPrefix(q.Action, "kms:") && q.ARN != "*" && r.one(3) {
		r.grants(q)
	}
	return q
}

// requestValues are the keys that a request may bring, each with what it may say.
var requestValues = [][]string{{"aws:TagKeys", "a", "b", "k1"},
	{"kms:ResourceAliases", "alias/a", "alias/b"}, {"kms:RotationPeriodInDays", "90", "ninety"},
	{"kms:ValidTo", "2026-01-01T00:00:00Z", "soon"}, {"aws:SourceArn", secretARN, "no arn", "*"},
	{"acme:Blob", "AQID", "!"}, {"kms:EncryptionContext:App", "a", "b"}}

func (r drawing) values(q *question) {
	q.Values = policy.Values{}
	for _, of := range requestValues {
		key, values := of[0], of[1:]
		if !r.one(2) {
			continue
		}
		q.Values[key] = []string{pick(r, values)}
		if key == "aws:TagKeys" || key == "kms:ResourceAliases" {
			q.Values[key] = values[:r.IntN(len(values)+1)]
		}
	}
	if q.Action == "kms:CreateGrant" && r.one(2) {
		child := &policy.Grant{Actions: r.some([]string{"kms:Decrypt", "kms:Encrypt"})}
		r.constrain(child)
		q.Child = child
	}
}

func (r drawing) constrain(g *policy.Grant) {
	switch r.IntN(4) {
	case 0:
		g.Equals = map[string]string{pick(r, []string{"App", "app"}): pick(r, []string{"a", "b"})}
	case 1:
		g.Subset = map[string]string{pick(r, []string{"App", "app"}): pick(r, []string{"a", "b"})}
	}
	if r.one(8) {
		g.SourceARN = secretARN
	}
}

func (r drawing) grants(q *question) {
	for range 1 + r.IntN(2) {
		g := policy.Grant{ID: "g", Grantee: pick(r, append(principals[3:], "secretsmanager.amazonaws.com")),
			Actions: r.some([]string{"kms:Decrypt", "kms:Encrypt", "kms:CreateGrant", "kms:DescribeKey"})}
		r.constrain(&g)
		q.Grants = append(q.Grants, g)
	}
}
