package sts_test

import (
	"claviger/iam/entity"
	"reflect"
	"strings"
	"testing"
	"time"

	"claviger/iam/sts"
	"claviger/identity/accesskey"
	"claviger/internal/op"
	"claviger/internal/op/optest"
	"claviger/policy"
)

func (h *fixture) sessionToken(as policy.Caller, in sts.GetSessionTokenInput) sts.Credentials {
	h.t.Helper()
	out, err := h.asks(as, "GetSessionToken", in)
	if err != nil {
		h.t.Fatal(err)
	}
	return out.(sts.GetSessionTokenOutput).Credentials
}

func (h *fixture) federate(as policy.Caller,
	in sts.GetFederationTokenInput) sts.GetFederationTokenOutput {
	h.t.Helper()
	out, err := h.asks(as, "GetFederationToken", in)
	if err != nil {
		h.t.Fatal(err)
	}
	return out.(sts.GetFederationTokenOutput)
}

func TestGetSessionToken_LongTermKey_IsTheSameCaller(t *testing.T) {
	h := start(t)
	alice := h.user(account, "alice", "kms:*")
	h.commit(h.entities.NewAccount(t.Context(),
		&entity.Account{Number: account, Created: optest.Began}))
	for _, c := range []struct {
		as             policy.Caller
		asked, seconds int32
	}{
		{alice, 0, 43200}, {alice, 900, 900}, {alice, 129600, 129600},
		{optest.Root(account), 0, 3600}, {optest.Root(account), 129600, 3600},
		{optest.Root(account), 900, 900},
	} {
		var in sts.GetSessionTokenInput
		if c.asked > 0 {
			in.DurationSeconds = &c.asked
		}
		got := h.sessionToken(c.as, in)
		if want := optest.Began.Add(time.Duration(c.seconds) * time.Second); !got.Expiration.Equal(want) {
			t.Errorf("%s for %d: ends at %v", c.as.ARN, c.asked, got.Expiration)
		}
		who := h.must(got)
		if who.Type != c.as.Type || who.ARN != c.as.ARN || who.PrincipalID != c.as.PrincipalID ||
			!reflect.DeepEqual(who.Policies, c.as.Policies) || who.Session == nil ||
			!who.Session.Issued.Equal(optest.Began) {
			t.Errorf("%+v, want %+v", who, c.as)
		}
	}
	_, err := h.asks(alice, "GetSessionToken", sts.GetSessionTokenInput{TokenCode: to("123456")})
	refused(t, err, "AccessDeniedException", "MultiFactorAuthentication failed, unable to validate "+
		"MFA code.  Please verify your MFA serial number is valid and associated with this user.")
}

// TestSessions_OfUsers_ReachLittleOfSTS is the table of the IAM user guide, "Comparing the AWS STS
// API operations".
func TestSessions_OfUsers_ReachLittleOfSTS(t *testing.T) {
	h := start(t)
	alice := h.user(account, "alice", "sts:*")
	role := h.role(account, "r", trusts(account, "sts:AssumeRole")+
		`,{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}`)
	ofUser := h.must(h.sessionToken(alice, sts.GetSessionTokenInput{}))
	ofRole := h.must(h.assume(alice, named(role.ARN())).Credentials)
	federated := h.must(h.federate(alice, sts.GetFederationTokenInput{Name: "fred",
		Policy: to(allowAll)}).Credentials)
	message := sts.DecodeAuthorizationMessageInput{EncodedMessage: "x"}
	info := sts.GetAccessKeyInfoInput{AccessKeyId: ofUser.AccessKeyID}
	who := map[string]policy.Caller{"user's": ofUser, "role's": ofRole, "federated": federated}
	for operation, c := range map[string]struct {
		in   any
		good string
	}{
		"GetCallerIdentity":  {nil, "user's role's federated"},
		"AssumeRole":         {named(role.ARN()), "user's role's"},
		"GetSessionToken":    {sts.GetSessionTokenInput{}, ""},
		"GetFederationToken": {sts.GetFederationTokenInput{Name: "x2"}, ""},
		"GetAccessKeyInfo":   {info, "role's"},
	} {
		for name, as := range who {
			if name == "role's" { // it has no policies
				as.Policies = alice.Policies
			}
			_, err := h.asks(as, operation, c.in)
			switch good := strings.Contains(c.good, name); {
			case good && err != nil:
				t.Errorf("%s by a %s session: %v", operation, name, err)
			case good:
			case operation == "AssumeRole":
				notAllowed(t, err, as, "sts:AssumeRole", role.ARN())
			default:
				refused(t, err, "AccessDeniedException",
					"Cannot call "+operation+" with session credentials")
			}
		}
	}
	_, err := h.asks(ofUser, "DecodeAuthorizationMessage", message)
	refused(t, err, "AccessDeniedException",
		"Cannot call DecodeAuthorizationMessage with session credentials")
	_, err = h.asks(alice, "DecodeAuthorizationMessage", message)
	refused(t, err, "InvalidAuthorizationMessageException", "Message is not valid")
}

const allowAll = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`

func TestGetFederationToken_User_MakesAFederatedOne(t *testing.T) {
	h := start(t)
	alice := h.user(account, "alice", "sts:GetFederationToken", "sts:TagSession", "kms:*")
	arn := "arn:aws:sts::" + account + ":federated-user/fred"
	out := h.federate(alice, sts.GetFederationTokenInput{Name: "fred", Policy: to(allowAll),
		Tags: []sts.Tag{tag("team", "blue")}})
	if out.FederatedUser != (sts.FederatedUser{FederatedUserId: account + ":fred", Arn: arn}) ||
		out.PackedPolicySize < 1 || !out.Credentials.Expiration.Equal(optest.Began.Add(12*hour)) {
		t.Errorf("%+v", out)
	}
	who := h.must(out.Credentials)
	if who.Type != policy.FederatedUser || who.ARN != arn || len(who.Session.Policies) != 1 ||
		who.Session.Tags["team"] != "blue" {
		t.Errorf("%+v", who)
	}
	plain := h.federate(alice, sts.GetFederationTokenInput{Name: "fred"})
	if plain.PackedPolicySize != 0 {
		t.Errorf("%+v", plain)
	}
	may := func(c policy.Caller) bool {
		return policy.Decide(policy.Request{Caller: c, Demands: []policy.Demand{
			{Action: "kms:ListKeys", Resource: policy.Resource{ARN: "*"}}}}).Allowed()
	}
	if !may(who) || may(h.must(plain.Credentials)) {
		t.Error("a federated user may do what the user may and the session policy allows")
	}
	other := h.user(account, "bob", "sts:GetFederationToken")
	_, err := h.asks(other, "GetFederationToken", sts.GetFederationTokenInput{Name: "fred",
		Tags: []sts.Tag{tag("a", "b")}})
	refused(t, err, "AccessDeniedException", "User: "+other.ARN+
		" is not authorized to perform: sts:TagSession on resource: "+arn)
	_, err = h.asks(h.user(account, "carol"), "GetFederationToken",
		sts.GetFederationTokenInput{Name: "fred"})
	refused(t, err, "AccessDeniedException", "User: arn:aws:iam::"+account+":user/carol is not "+
		"authorized to perform: sts:GetFederationToken on resource: "+arn+
		" because no identity-based policy allows the sts:GetFederationToken action")
}

func TestGetAccessKeyInfo_EachForm_NamesTheAccount(t *testing.T) {
	h := start(t)
	alice := h.user(account, "alice", "sts:*")
	for _, prefix := range []string{accesskey.LongTerm, accesskey.Temporary} {
		out, err := h.asks(alice, "GetAccessKeyInfo",
			sts.GetAccessKeyInfoInput{AccessKeyId: accesskey.NewID(prefix, another)})
		if err != nil || out.(sts.GetAccessKeyInfoOutput).Account != another {
			t.Errorf("%+v, %v", out, err)
		}
	}
	_, err := h.asks(alice, "GetAccessKeyInfo",
		sts.GetAccessKeyInfoInput{AccessKeyId: "AKIAIOSFODNN7EXAMPLE"})
	refused(t, err, "ValidationException", "AKIAIOSFODNN7EXAMPLE is invalid")
}

// TestRevoke_RoleOrSession_EndsThemAtOnce: all that began before, or one.
func TestRevoke_RoleOrSession_EndsThemAtOnce(t *testing.T) {
	h := start(t)
	alice := h.user(account, "alice")
	role := h.role(account, "r", trusts(alice.UniqueID, "sts:AssumeRole"))
	revoke := func(id string) error {
		own := h.Runner.Own(t.Context(), account, optest.Region, "sts")
		_, err := op.AsService(own, "sts", account, h.STS.RevokeSession,
			sts.RevokeSessionInput{AccessKeyId: id})
		return err
	}
	over := func(c sts.Credentials) {
		t.Helper()
		_, err := h.is(c)
		refused(t, err, "ExpiredTokenException",
			"The security token included in the request is expired")
	}
	first, second := h.assume(alice, named(role.ARN())), h.assume(alice, named(role.ARN()))
	if err := revoke(first.Credentials.AccessKeyId); err != nil {
		t.Fatal(err)
	}
	over(first.Credentials)
	h.must(second.Credentials)
	revoked := *role
	revoked.Revoked = optest.Began
	h.commit(h.entities.Roles.Update(t.Context(), role, &revoked))
	over(second.Credentials)
	h.Restart()
	over(first.Credentials)
	over(second.Credentials)
	h.Clock.Pass(time.Second)
	h.must(h.assume(alice, named(role.ARN())).Credentials)
	for _, id := range []string{"AKIAIOSFODNN7EXAMPLE",
		accesskey.NewID(accesskey.LongTerm, account)} {
		refused(t, revoke(id), "ValidationException",
			"A session is named by the id of its access key, which begins with ASIA.")
	}
}
