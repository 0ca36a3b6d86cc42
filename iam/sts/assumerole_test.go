package sts_test

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"claviger/iam/entity"
	"claviger/iam/sts"
	"claviger/internal/fault"
	"claviger/internal/op/optest"
	"claviger/policy"
)

func TestAssumeRole_TrustedUser_GetsASessionOfTheRole(t *testing.T) {
	h := start(t)
	alice := h.user(account, "alice")
	role := h.role(account, "deploy", trusts(alice.UniqueID, "sts:AssumeRole"))
	out := h.assume(alice, named(role.ARN()))
	if !regexp.MustCompile(`^ASIA[A-Z2-7]{16}$`).MatchString(out.Credentials.AccessKeyId) ||
		len(out.Credentials.SecretAccessKey) != 40 ||
		!out.Credentials.Expiration.Equal(optest.Began.Add(hour)) ||
		out.AssumedRoleUser != (sts.AssumedRoleUser{AssumedRoleId: role.ID + ":s1",
			Arn: "arn:aws:sts::" + account + ":assumed-role/deploy/s1"}) ||
		out.PackedPolicySize != nil || out.SourceIdentity != nil ||
		int(out.SessionTokenSize) != len(out.Credentials.SessionToken) ||
		out.SessionTokenUtilization < 1 || out.SessionTokenUtilization > 100 {
		t.Errorf("%+v", out)
	}
	who := h.must(out.Credentials)
	if who.Type != policy.AssumedRole || who.ARN != out.AssumedRoleUser.Arn ||
		who.PrincipalID != out.AssumedRoleUser.AssumedRoleId || who.Role != role.ARN() {
		t.Errorf("it is %+v", who)
	}
	last := h.Records()[len(h.Records())-1]
	if !strings.Contains(last, `"accessKeyId":"`+out.Credentials.AccessKeyId) ||
		strings.Contains(last, out.Credentials.SecretAccessKey) ||
		strings.Contains(last, out.Credentials.SessionToken) {
		t.Errorf("recorded as %s", last)
	}
	h.Clock.Pass(hour - time.Second)
	h.must(out.Credentials)
	h.Clock.Pass(time.Second)
	_, err := h.is(out.Credentials)
	refused(t, err, "ExpiredTokenException", "The security token included in the request is expired")
}

// TestAssumeRole_NotAllowed_SaysNeverWhy: an unknown role, no trust, no permission of one's own:
// all have one answer.
func TestAssumeRole_NotAllowed_SaysNeverWhy(t *testing.T) {
	h := start(t)
	alice, may := h.user(account, "alice"), h.user(account, "may", "sts:*")
	foreign := h.user(another, "bob", "sts:*")
	toAccount := h.role(account, "account", trusts(account, "sts:AssumeRole"))
	toNobody := h.role(account, "nobody", trusts(foreign.UniqueID+"X", "sts:AssumeRole"))
	toForeign := h.role(account, "foreign", trusts(another, "sts:AssumeRole"))
	root := identityRoot()
	for name, c := range map[string]struct {
		as  policy.Caller
		arn string
		bad bool
	}{
		"unknown role":                  {may, "arn:aws:iam::" + account + ":role/none", true},
		"role of an unknown account":    {may, "arn:aws:iam::999999999999:role/none", true},
		"a role's name in another case": {may, "arn:aws:iam::" + account + ":role/Account", true},
		"a role's name on another path": {may, "arn:aws:iam::" + account + ":role/x/account", true},
		"a user":                        {may, may.ARN, true},
		"no trust":                      {may, toNobody.ARN(), true},
		"no permission":                 {alice, toAccount.ARN(), true},
		"the account and a permission":  {may, toAccount.ARN(), false},
		"another account":               {foreign, toForeign.ARN(), false},
		"another account, no trust":     {foreign, toAccount.ARN(), true},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.asks(c.as, "AssumeRole", named(c.arn))
			if c.bad {
				notAllowed(t, err, c.as, "sts:AssumeRole", c.arn)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	_, err := h.asks(root, "AssumeRole", named(toAccount.ARN()))
	refused(t, err, "AccessDeniedException", "Roles may not be assumed by root accounts.")
	_, err = h.asks(may, "AssumeRole", named("no-arn-of-a-role-at-all"))
	refused(t, err, "ValidationException", "no-arn-of-a-role-at-all is invalid")
}

func identityRoot() policy.Caller { return optest.Root(account) }

func TestAssumeRole_ExternalID_IsComparedByTheTrustPolicy(t *testing.T) {
	h := start(t)
	alice := h.user(account, "alice")
	role := h.role(account, "r", `{"Effect":"Allow","Principal":{"AWS":"`+alice.UniqueID+
		`"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"ours"}}}`)
	in := named(role.ARN())
	for _, id := range []*string{nil, to("theirs")} {
		in.ExternalId = id
		_, err := h.asks(alice, "AssumeRole", in)
		notAllowed(t, err, alice, "sts:AssumeRole", role.ARN())
	}
	in.ExternalId = to("ours")
	h.assume(alice, in)
}

// TestAssumeRole_Duration_HasAWSsOrderOfChecks: the model's range, then the role's, then the hour
// of a chain.
func TestAssumeRole_Duration_HasAWSsOrderOfChecks(t *testing.T) {
	h := start(t)
	alice := h.user(account, "alice")
	role := h.role(account, "long", trusts(account, "sts:AssumeRole")+","+
		trusts(alice.UniqueID, "sts:AssumeRole"))
	longer := *role
	longer.MaxSessionDuration = 7200
	h.commit(h.entities.Roles.Update(t.Context(), role, &longer))
	session := policy.Caller{Type: policy.AssumedRole, Account: account, Role: role.ARN(),
		ARN: "arn:aws:sts::" + account + ":assumed-role/long/s", UniqueID: role.ID,
		Policies: alicePolicies(t), Session: &policy.Session{}}
	for _, c := range []struct {
		as      policy.Caller
		seconds int32
		want    string
	}{
		{alice, 899, "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy " +
			"constraint: Member must have value greater than or equal to 900"},
		{alice, 43201, "1 validation error detected: Value '43201' at 'durationSeconds' failed to " +
			"satisfy constraint: Member must have value less than or equal to 43200"},
		{alice, 7201,
			"The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		{session, 7201,
			"The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		{session, 3601, "The requested DurationSeconds exceeds the 1 hour session limit for roles " +
			"assumed by role chaining."},
		{alice, 7200, ""}, {alice, 900, ""}, {session, 3600, ""}, {session, 0, ""}, {alice, 0, ""},
	} {
		in := named(role.ARN())
		if c.seconds != 0 {
			in.DurationSeconds = &c.seconds
		} else {
			c.seconds = 3600
		}
		out, err := h.asks(c.as, "AssumeRole", in)
		if c.want != "" {
			refused(t, err, "ValidationException", c.want)
			continue
		}
		if err != nil {
			t.Errorf("%s for %d: %v", c.as.ARN, c.seconds, err)
			continue
		}
		want := optest.Began.Add(time.Duration(c.seconds) * time.Second)
		if got := out.(sts.AssumeRoleOutput).Credentials.Expiration; !got.Equal(want) {
			t.Errorf("%d seconds end at %v", c.seconds, got)
		}
	}
}

// alicePolicies allow everything of STS.
func alicePolicies(t testing.TB) []*policy.Document {
	t.Helper()
	d, err := policy.ParseInline(`{"Version":"2012-10-17","Statement":{"Effect":"Allow",` +
		`"Action":"sts:*","Resource":"*"}}`)
	if err != nil {
		t.Fatal(err)
	}
	return []*policy.Document{d}
}

func TestAssumeRole_Tags_NeedAPermissionAndAreTheSessions(t *testing.T) {
	h := start(t)
	alice := h.user(account, "alice")
	without := h.role(account, "without", trusts(alice.UniqueID, "sts:AssumeRole"))
	with := h.role(account, "with", `{"Effect":"Allow","Principal":{"AWS":"`+alice.UniqueID+
		`"},"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{`+
		`"StringEqualsIfExists":{"aws:RequestTag/team":"blue"},`+
		`"ForAllValues:StringEquals":{"aws:TagKeys":["team","cost"],`+
		`"sts:TransitiveTagKeys":["team"]}}}`)
	in := named(without.ARN())
	in.Tags = []sts.Tag{tag("team", "blue"), tag("cost", "1")}
	in.TransitiveTagKeys = []string{"TEAM"}
	_, err := h.asks(alice, "AssumeRole", in)
	notAllowed(t, err, alice, "sts:TagSession", without.ARN())
	in.RoleArn = with.ARN()
	_, err = h.asks(alice, "AssumeRole", in) // the key's own case is what conditions see
	notAllowed(t, err, alice, "sts:AssumeRole", with.ARN())
	in.TransitiveTagKeys = []string{"team"}
	out := h.assume(alice, in)
	if out.PackedPolicySize == nil || *out.PackedPolicySize < 1 || *out.PackedPolicySize > 5 {
		t.Errorf("%+v", out.PackedPolicySize)
	}
	who := h.must(out.Credentials)
	if !reflect.DeepEqual(who.Session.Tags, map[string]string{"team": "blue", "cost": "1"}) ||
		!reflect.DeepEqual(who.Session.Transitive, []string{"team"}) {
		t.Errorf("%+v", who.Session)
	}
	in.Tags[0].Value = "red"
	_, err = h.asks(alice, "AssumeRole", in)
	notAllowed(t, err, alice, "sts:AssumeRole", with.ARN())
}

func TestAssumeRole_BadTags_AreRefused(t *testing.T) {
	h := start(t)
	alice := h.user(account, "alice")
	role := h.role(account, "r", trusts(alice.UniqueID, "sts:AssumeRole", "sts:TagSession"))
	for name, c := range map[string]struct {
		tags       []sts.Tag
		transitive []string
		code, want string
	}{
		"twice": {[]sts.Tag{tag("a", "1"), tag("A", "2")}, nil, "InvalidParameterValue",
			"Duplicate tag keys found. Please note that Tag keys are case insensitive."},
		"twice, with a long s": {[]sts.Tag{tag("class", "1"), tag("CLA\u017fS", "2")}, nil,
			"InvalidParameterValue",
			"Duplicate tag keys found. Please note that Tag keys are case insensitive."},
		"transitive of none": {[]sts.Tag{tag("a", "1")}, []string{"b"}, "InvalidParameterValue",
			"The specified transitive tag key must be included in the requested tags."},
		"transitive alone": {nil, []string{"b"}, "InvalidParameterValue",
			"The specified transitive tag key must be included in the requested tags."},
		"reserved": {[]sts.Tag{tag("AWS:a", "1")}, nil, "InvalidParameterValue",
			"Tag keys that begin with aws: are reserved for system use."},
	} {
		t.Run(name, func(t *testing.T) {
			in := named(role.ARN())
			in.Tags, in.TransitiveTagKeys = c.tags, c.transitive
			_, err := h.asks(alice, "AssumeRole", in)
			refused(t, err, c.code, c.want)
		})
	}
}

// TestAssumeRole_Chain_HandsOnWhatIsTransitive: tags that are, and the source identity; neither can
// be changed on the way.
func TestAssumeRole_Chain_HandsOnWhatIsTransitive(t *testing.T) {
	h := start(t)
	alice := h.user(account, "alice")
	may := []string{"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"}
	first := h.role(account, "first", trusts(alice.UniqueID, may...))
	second := h.role(account, "second", trusts(first.ID, may...))
	untagged := h.role(account, "untagged", trusts(first.ID, may[0], may[2]))
	unsourced := h.role(account, "unsourced", trusts(first.ID, may[0], may[1]))
	in := named(first.ARN())
	in.Tags = []sts.Tag{tag("Team", "blue"), tag("cost", "1")}
	in.TransitiveTagKeys = []string{"Team"}
	in.SourceIdentity = to("carol")
	one := h.assume(alice, in)
	if one.SourceIdentity == nil || *one.SourceIdentity != "carol" {
		t.Errorf("%+v", one)
	}
	session := h.must(one.Credentials)

	two := h.assume(session, named(second.ARN()))
	who := h.must(two.Credentials)
	if !reflect.DeepEqual(who.Session.Tags, map[string]string{"Team": "blue"}) ||
		!reflect.DeepEqual(who.Session.Transitive, []string{"Team"}) ||
		who.Session.SourceIdentity != "carol" || *two.SourceIdentity != "carol" {
		t.Errorf("%+v, %+v", who.Session, two)
	}
	_, err := h.asks(session, "AssumeRole", named(untagged.ARN()))
	notAllowed(t, err, session, "sts:TagSession", untagged.ARN())
	_, err = h.asks(session, "AssumeRole", named(unsourced.ARN()))
	notAllowed(t, err, session, "sts:SetSourceIdentity", unsourced.ARN())

	in = named(second.ARN())
	in.Tags = []sts.Tag{tag("tEAM", "red")}
	_, err = h.asks(session, "AssumeRole", in)
	refused(t, err, "InvalidParameterValue", "One of the specified transitive tag keys can't be set "+
		"because it conflicts with a transitive tag key from the calling session.")
	in = named(second.ARN())
	in.SourceIdentity = to("dave")
	_, err = h.asks(session, "AssumeRole", in)
	refused(t, err, "ValidationException",
		"The source identity is already set for this assume role session")
	in.SourceIdentity = to("carol")
	h.assume(session, in)
}

// TestAssumeRole_SourceIdentity_IsReportedByItsAction: what AWS is known to say where a trust
// policy wants a certain one.
func TestAssumeRole_SourceIdentity_IsReportedByItsAction(t *testing.T) {
	h := start(t)
	alice := h.user(account, "alice")
	role := h.role(account, "r", `{"Effect":"Allow","Principal":{"AWS":"`+alice.UniqueID+
		`"},"Action":["sts:AssumeRole","sts:SetSourceIdentity"],`+
		`"Condition":{"StringEquals":{"sts:SourceIdentity":"carol"}}}`)
	in := named(role.ARN())
	_, err := h.asks(alice, "AssumeRole", in)
	notAllowed(t, err, alice, "sts:AssumeRole", role.ARN())
	in.SourceIdentity = to("dave")
	_, err = h.asks(alice, "AssumeRole", in)
	notAllowed(t, err, alice, "sts:SetSourceIdentity", role.ARN())
	in.SourceIdentity = to("carol")
	h.assume(alice, in)
	in.SourceIdentity = to("AWS:x")
	_, err = h.asks(alice, "AssumeRole", in)
	if f := fault.Of(err); f == nil || f.Code != "ValidationException" {
		t.Error(err)
	}
}

func TestAssumeRole_SessionPolicies_BoundTheSession(t *testing.T) {
	h := start(t)
	alice := h.user(account, "alice")
	role := h.role(account, "r", trusts(alice.UniqueID, "sts:AssumeRole"))
	p := entity.NewPolicy(account, "some", "/", optest.Began)
	p.Default, p.Next = "v1", 2
	p.Versions = []entity.Version{{ID: "v1", Created: optest.Began,
		Document: `{"Version":"2012-10-17","Statement":[]}`}}
	p.Versions[0].Document = `{"Version":"2012-10-17","Statement":{"Effect":"Allow",` +
		`"Action":"kms:*","Resource":"*"}}`
	h.commit(h.entities.Policies.Insert(t.Context(), p))
	in := named(role.ARN())
	in.Policy = to(p.Versions[0].Document)
	in.PolicyArns = []sts.PolicyDescriptorType{{Arn: to(p.ARN())}}
	out := h.assume(alice, in)
	if who := h.must(out.Credentials); len(who.Session.Policies) != 2 || out.PackedPolicySize == nil {
		t.Errorf("%+v", who.Session)
	}
	h.commit(h.entities.Policies.Delete(p), nil)
	if who := h.must(out.Credentials); len(who.Session.Policies) != 2 ||
		len(who.Session.Policies[1].Statements) != 0 {
		t.Errorf("after the managed policy is gone: %+v", who.Session)
	}
	_, err := h.asks(alice, "AssumeRole", in)
	refused(t, err, "InvalidParameterValue", "The policy "+p.ARN()+
		" does not exist or is not attachable.")
	for name, c := range map[string]struct {
		change     func(*sts.AssumeRoleInput)
		code, want string
	}{
		"no JSON": {func(in *sts.AssumeRoleInput) { in.Policy = to("{") }, "MalformedPolicyDocument",
			"Syntax errors in policy."},
		"a principal": {func(in *sts.AssumeRoleInput) {
			in.Policy = to(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*",` +
				`"Action":"kms:*","Resource":"*"}}`)
		}, "MalformedPolicyDocument", "Policy document should not specify a principal."},
		"many policies": {func(in *sts.AssumeRoleInput) {
			in.PolicyArns = make([]sts.PolicyDescriptorType, 11)
			for i := range in.PolicyArns {
				in.PolicyArns[i].Arn = to(fmt.Sprintf("arn:aws:iam::%s:policy/%d", account, i))
			}
		}, "ValidationException", "A session can be given at most 10 managed policies."},
		"no ARN": {func(in *sts.AssumeRoleInput) {
			in.PolicyArns = []sts.PolicyDescriptorType{{}}
		}, "ValidationException", "A session policy in PolicyArns must have an arn."},
	} {
		t.Run(name, func(t *testing.T) {
			in := named(role.ARN())
			c.change(&in)
			_, err := h.asks(alice, "AssumeRole", in)
			refused(t, err, c.code, c.want)
		})
	}
}

// TestAssumeRole_TooMuchPassed_IsRefused: what is passed has to fit a token.
func TestAssumeRole_TooMuchPassed_IsRefused(t *testing.T) {
	h := start(t)
	alice := h.user(account, "alice")
	role := h.role(account, "r", trusts(alice.UniqueID, "sts:AssumeRole", "sts:TagSession"))
	in := named(role.ARN())
	for i := range 50 {
		in.Tags = append(in.Tags, sts.Tag{Key: fmt.Sprint(i), Value: scrambled(i)})
	}
	_, err := h.asks(alice, "AssumeRole", in)
	if f := fault.Of(err); f == nil || f.Code != "PackedPolicyTooLarge" || !regexp.MustCompile(
		`^Packed size of session tags consumes \d{3}% of allotted space\.$`).MatchString(f.Message) {
		t.Error(err)
	}
	in.PolicyArns = []sts.PolicyDescriptorType{{Arn: to("arn:aws:iam::" + account + ":policy/p")}}
	_, err = h.asks(alice, "AssumeRole", in)
	if f := fault.Of(err); f == nil || f.Code != "PackedPolicyTooLarge" || !regexp.MustCompile(
		`^Packed policy consumes \d{3}% of allotted space, please use smaller policy\.$`).
		MatchString(f.Message) {
		t.Error(err)
	}
}

// scrambled is a text that packs badly, and the same for the same number.
func scrambled(seed int) string {
	x := uint32(seed)*2654435761 + 1
	b := make([]byte, 256)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-"[x>>26]
	}
	return string(b)
}

func TestAssumeRole_DeviceOrContext_IsRefused(t *testing.T) {
	h := start(t)
	alice := h.user(account, "alice")
	role := h.role(account, "r", trusts(alice.UniqueID, "sts:AssumeRole"))
	in := named(role.ARN())
	in.SerialNumber, in.TokenCode = to("arn:aws:iam::111122223333:mfa/alice"), to("123456")
	_, err := h.asks(alice, "AssumeRole", in)
	refused(t, err, "AccessDeniedException", "MultiFactorAuthentication failed, unable to validate "+
		"MFA code.  Please verify your MFA serial number is valid and associated with this user.")
	in = named(role.ARN())
	in.ProvidedContexts = []sts.ProvidedContext{{}}
	_, err = h.asks(alice, "AssumeRole", in)
	refused(t, err, "ValidationException",
		"ProvidedContexts are not supported: there are no context providers.")
}

// TestAssumeRole_RoleGone_EndsItsSessions: also when another of the name is made.
func TestAssumeRole_RoleGone_EndsItsSessions(t *testing.T) {
	h := start(t)
	alice := h.user(account, "alice")
	statement := trusts(alice.UniqueID, "sts:AssumeRole")
	role := h.role(account, "r", statement)
	out := h.assume(alice, named(role.ARN()))
	h.must(out.Credentials)
	h.commit(h.entities.Roles.Delete(role), nil)
	for range 2 {
		_, err := h.is(out.Credentials)
		refused(t, err, "UnrecognizedClientException",
			"The security token included in the request is invalid.")
		if r, err := h.entities.Roles.ByName(t.Context(), account, "r"); err == nil && r == nil {
			h.role(account, "r", statement)
		}
	}
}
