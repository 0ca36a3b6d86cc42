package resourcepolicy_test

import (
	"fmt"
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/internal/op/optest"
	"claviger/secrets/resourcepolicy"
)

// statement is one of a resource policy: an effect, a principal as JSON, and what else it has.
func statement(effect, principal, rest string) string {
	if rest != "" {
		rest = "," + rest
	}
	return fmt.Sprintf(`{"Effect":%q,"Principal":%s,"Action":"secretsmanager:*","Resource":"*"%s}`,
		effect, principal, rest)
}

func document(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

func read(t *testing.T, text string) resourcepolicy.Policy {
	t.Helper()
	p, err := resourcepolicy.Read(t.Context(), &optest.People{}, text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

// TestIsPublic_EachForm_IsPublicUnlessItIsPinned: the documented keys pin with fixed values, and
// nothing else does.
func TestIsPublic_EachForm_IsPublicUnlessItIsPinned(t *testing.T) {
	const everybody, account = `"*"`, `{"AWS":"111122223333"}`
	under := func(condition string) string {
		return document(statement("Allow", everybody, `"Condition":{`+condition+`}`))
	}
	unless := func(rest string) string {
		return document(statement("Allow", everybody, ""), statement("Deny", everybody, rest))
	}
	for want, texts := range map[bool][]string{true: {
		document(statement("Allow", everybody, "")),
		document(statement("Allow", `{"AWS":"*"}`, "")),
		document(statement("Allow", `{"AWS":["111122223333","*"]}`, "")),
		document(statement("Allow", account, ""), statement("Allow", everybody, "")),
		under(`"ArnLike":{"aws:SourceArn":"arn:aws:s3:::*"}`),
		under(`"StringLike":{"aws:PrincipalAccount":"11112222333?"}`),
		under(`"StringEquals":{"aws:PrincipalAccount":"${aws:username}"}`),
		under(`"StringEquals":{"aws:PrincipalAccount":["111122223333","*"]}`),
		under(`"StringEquals":{"aws:PrincipalAccount":""}`),
		under(`"ForAllValues:StringEquals":{"aws:PrincipalArn":"arn:aws:iam::1:u"}`),
		under(`"StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"}`),
		under(`"StringNotEquals":{"aws:SourceVpc":"vpc-1"}`),
		under(`"Null":{"aws:SourceVpc":"false"}`),
		under(`"StringEquals":{"aws:PrincipalTag/team":"x"}`),
		under(`"Bool":{"aws:SecureTransport":"true"}`),
		under(`"StringEquals":{"secretsmanager:VersionStage":"AWSCURRENT"}`),
		under(`"IpAddress":{"aws:SourceIp":"10.0.0.0/7"}`),
		under(`"IpAddress":{"aws:SourceIp":["192.0.2.0/24","0.0.0.0/0"]}`),
		under(`"IpAddress":{"aws:SourceIp":"2000::/31"}`),
		under(`"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}`),
		unless(`"Condition":{"StringNotLike":{"aws:PrincipalOrgID":"o-*"}}`),
		unless(`"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`),
		unless(`"Condition":{"ForAllValues:StringNotEquals":{"aws:userid":"o-1"}}`),
		unless(`"Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"},
			"Bool":{"aws:SecureTransport":"false"}}`),
	}, false: {
		document(statement("Allow", account, "")),
		document(statement("Allow", `{"Service":"lambda.amazonaws.com"}`, "")),
		document(statement("Deny", everybody, "")),
		document(statement("Allow", account, ""), statement("Deny", everybody, "")),
		under(`"StringEquals":{"aws:SourceVpc":"vpc-1"}`),
		under(`"StringEquals":{"AWS:SOURCEVPC":["vpc-1","vpc-2"]}`),
		under(`"StringEquals":{"aws:SourceVpce":"vpce-1"}`),
		under(`"StringEquals":{"aws:SourceAccount":"111122223333"}`),
		under(`"ArnLike":{"aws:SourceArn":"arn:aws:s3:::bucket"}`),
		under(`"StringEquals":{"aws:PrincipalOrgID":"o-1"}`),
		under(`"StringEquals":{"aws:userid":"AIDAX"}`),
		under(`"ForAnyValue:StringEquals":{"aws:PrincipalArn":"arn:aws:iam::1:u"}`),
		under(`"Bool":{"aws:SecureTransport":"true"},"StringEquals":{"aws:userid":"AIDAX"}`),
		under(`"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}`),
		under(`"IpAddress":{"aws:SourceIp":["10.0.0.0/8","192.0.2.7"]}`),
		under(`"IpAddress":{"aws:SourceIp":"2001:db8::/32"}`),
		unless(`"Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}`),
		unless(`"Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-1"}}`),
	}} {
		for _, text := range texts {
			if got := read(t, text).IsPublic(); got != want {
				t.Errorf("%s: public is %v, want %v", text, got, want)
			}
		}
	}
	const others = `"Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}`
	for from, to := range map[string]string{
		`secretsmanager:*`: "secretsmanager:GetSecretValue", `"Resource":"*"`: `"Resource":"arn:aws:s3:::b"`,
		`"Principal":"*"`: `"Principal":{"AWS":"111122223333"}`} {
		some := strings.Replace(statement("Deny", everybody, others), from, to, 1)
		text := document(statement("Allow", everybody, ""), some)
		if !read(t, text).IsPublic() {
			t.Errorf("what is denied is less than what is allowed, and it isn't public: %s", text)
		}
	}
	all := strings.Replace(statement("Deny", everybody, others), "secretsmanager:*", "*", 1)
	if read(t, document(statement("Allow", everybody, ""), all)).IsPublic() {
		t.Error("all actions are denied to all others, and it is public")
	}
}

// TestRead_CantBeAttached_IsWordedAsByAWS.
func TestRead_CantBeAttached_IsWordedAsByAWS(t *testing.T) {
	const syntax = "This resource policy contains a syntax error."
	const unsupported = "This resource policy contains an unsupported principal."
	const service = "This resource policy contains an invalid service principal."
	account := statement("Allow", `{"AWS":"111122223333"}`, "")
	for text, want := range map[string]string{
		"{": syntax, "[]": syntax, `"x"`: syntax, "{}": syntax, `{"Statement":[]}`: syntax,
		document(account, `{"Effect":"Allow","Action":"*","Resource":"*"}`):                syntax,
		strings.Replace(document(account), "Allow", "allow", 1):                            syntax,
		strings.Replace(document(account), `"Version"`, `"Versoin"`, 1):                    syntax,
		strings.Replace(document(account), "2012-10-17", "2019-10-19", 1):                  syntax,
		strings.Replace(document(account), "secretsmanager:*", "GetSecret", 1):             syntax,
		strings.Replace(document(account), `"Resource":"*"`, `"Resource":"secret"`, 1):     syntax,
		document(statement("Allow", `"*"`, `"Condition":{"StringIs":{"aws:userid":"x"}}`)): syntax,
		document(statement("Allow", `{"AWS":"arn:aws:iam::111122223333:group/g"}`, "")):    unsupported,
		document(statement("Allow", `{"AWS":"arn:aws:iam::111122223333:user/*"}`, "")):     unsupported,
		document(statement("Allow", `{"AWS":"alice"}`, "")):                                unsupported,
		document(statement("Allow", `{"AWS":"AIDACKCEVSQ6C2EXAMPLE"}`, "")):                unsupported,
		document(statement("Allow", `{"Service":"lambda"}`, "")):                           service,
	} {
		_, err := resourcepolicy.Read(t.Context(), &optest.People{}, text)
		f := fault.Of(err)
		if f == nil || f.Code != "MalformedPolicyDocumentException" || f.Message != want {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestRead_WhoIsntThere_IsUnsupported(t *testing.T) {
	nobody := &optest.People{IDs: map[string]string{}}
	for principal, there := range map[string]bool{`{"AWS":"arn:aws:iam::111122223333:user/a"}`: false,
		`{"AWS":["*","arn:aws:iam::111122223333:role/p/r"]}`: false, `{"AWS":"111122223333"}`: true,
		`{"AWS":"arn:aws:iam::111122223333:root"}`: true, `"*"`: true,
		`{"AWS":"arn:aws:sts::111122223333:assumed-role/r/s"}`: true} {
		_, err := resourcepolicy.Read(t.Context(), nobody, document(statement("Allow", principal, "")))
		f := fault.Of(err)
		if there != (f == nil) || f != nil &&
			f.Message != "This resource policy contains an unsupported principal." {
			t.Errorf("%s: %v", principal, err)
		}
	}
}

func TestFailures_EachCheck_HasItsName(t *testing.T) {
	open := read(t, document(statement("Allow", `"*"`, "")))
	shut := read(t, document(statement("Allow", `{"AWS":"111122223333"}`, "")))
	for _, c := range []struct {
		policy resourcepolicy.Policy
		locks  bool
		want   string
	}{
		{shut, false, "[]"}, {shut, true, "[LockOutCheck]"}, {open, false, "[BlockPublicPolicyCheck]"},
		{open, true, "[BlockPublicPolicyCheck LockOutCheck]"},
	} {
		names := []string{}
		for _, f := range c.policy.Failures(c.locks) {
			names = append(names, f.CheckName)
			if f.ErrorMessage == "" {
				t.Errorf("%s says nothing", f.CheckName)
			}
		}
		if fmt.Sprint(names) != c.want {
			t.Errorf("%v, want %s", names, c.want)
		}
	}
}
