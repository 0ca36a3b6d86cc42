package sts_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"claviger/iam/sts"
	"claviger/iam/webidentity/issuertest"
	"claviger/internal/fault"
	"claviger/internal/op/optest"
	"claviger/policy"
)

// vouched is a statement that trusts the identities of a provider with this audience and subject.
func vouched(provider, name, actions string) string {
	return fmt.Sprintf(`{"Effect":"Allow","Principal":{"Federated":%q},"Action":[%s],"Condition":{`+
		`"StringEquals":{"%s:aud":"sts.amazonaws.com"},"StringLike":{"%s:sub":`+
		`"system:serviceaccount:ns:*"}}}`, provider, actions, name, name)
}

const byToken = `"sts:AssumeRoleWithWebIdentity"`

// web asks for a session by a token.
func (h *fixture) web(arn, token string) (sts.AssumeRoleWithWebIdentityOutput, error) {
	h.t.Helper()
	out, err := h.asks(policy.Caller{}, "AssumeRoleWithWebIdentity",
		sts.AssumeRoleWithWebIdentityInput{RoleArn: arn, RoleSessionName: "pod",
			WebIdentityToken: token})
	if err != nil {
		return sts.AssumeRoleWithWebIdentityOutput{}, err
	}
	return out.(sts.AssumeRoleWithWebIdentityOutput), nil
}

func TestWebIdentity_TrustedToken_GetsItsRole(t *testing.T) {
	h := start(t)
	i := issuertest.Start(t)
	p := h.declare(i, account)
	role := h.role(account, "pods", vouched(p.ARN(), p.Name, byToken))
	out, err := h.web(role.ARN(), i.Token(optest.Began, nil))
	if err != nil {
		t.Fatal(err)
	}
	if out.SubjectFromWebIdentityToken != "system:serviceaccount:ns:sa" ||
		out.Audience != "sts.amazonaws.com" || out.Provider != p.ARN() ||
		out.AssumedRoleUser.Arn != "arn:aws:sts::"+account+":assumed-role/pods/pod" ||
		!out.Credentials.Expiration.Equal(optest.Began.Add(hour)) || out.PackedPolicySize != nil {
		t.Errorf("%+v", out)
	}
	who := h.must(out.Credentials)
	if who.Type != policy.AssumedRole || who.Session.Provider != p.ARN() || who.Role != role.ARN() {
		t.Errorf("%+v, %+v", who, who.Session)
	}
	last := h.Records()[len(h.Records())-1]
	for _, want := range []string{`"type":"WebIdentityUser"`, `"principalId":"` + p.ARN() +
		`:sts.amazonaws.com:system:serviceaccount:ns:sa"`, `"accountId":"` + account + `"`,
		`"eventName":"AssumeRoleWithWebIdentity"`, `"awsRegion":"` + optest.Region + `"`,
		`"accessKeyId":"` + out.Credentials.AccessKeyId} {
		if !strings.Contains(last, want) {
			t.Errorf("%s is not in %s", want, last)
		}
	}
	if strings.Contains(last, `"webIdentityToken":"ey`) {
		t.Errorf("the token is in %s", last)
	}
}

// TestWebIdentity_NotTrusted_SaysNeverWhy: no trust, no role, another subject, an account's own.
func TestWebIdentity_NotTrusted_SaysNeverWhy(t *testing.T) {
	h := start(t)
	i := issuertest.Start(t)
	p := h.declare(i, account)
	good := h.role(account, "good", vouched(p.ARN(), p.Name, byToken))
	none := h.role(account, "none", trusts(account, "sts:AssumeRoleWithWebIdentity"))
	other := h.role(account, "other", vouched(p.ARN()+"x", p.Name, byToken))
	assumed := h.role(account, "assumed", vouched(p.ARN(), p.Name, `"sts:AssumeRole"`))
	token := i.Token(optest.Began, nil)
	for name, c := range map[string]struct{ arn, token string }{
		"unknown role":     {good.ARN() + "x", token},
		"the account only": {none.ARN(), token},
		"another provider": {other.ARN(), token},
		"another action":   {assumed.ARN(), token},
		"another subject": {good.ARN(), i.Token(optest.Began,
			map[string]any{"sub": "system:serviceaccount:kube-system:sa"})},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.web(c.arn, c.token)
			refused(t, err, "AccessDeniedException",
				"Not authorized to perform sts:AssumeRoleWithWebIdentity")
		})
	}
}

// TestWebIdentity_BadToken_IsAStrangers: whatever is wrong before it is known whose token it is.
func TestWebIdentity_BadToken_IsAStrangers(t *testing.T) {
	h := start(t)
	i, undeclared := issuertest.Start(t), issuertest.Start(t)
	p := h.declare(i, account)
	role := h.role(account, "r", vouched(p.ARN(), p.Name, byToken))
	foreign := h.role(another, "r", vouched(p.ARN(), p.Name, byToken))
	forged := *i
	forged.Forge()
	for name, c := range map[string]struct{ arn, token, code, text string }{
		"no token": {role.ARN(), "none of that", "InvalidIdentityToken", "The ID Token provided is not " +
			"a valid JWT. (You may see this error if you sent an Access Token)"},
		"no provider": {role.ARN(), undeclared.Token(optest.Began, nil), "InvalidIdentityToken",
			"No OpenIDConnect provider found in your account for " + undeclared.URL},
		"a provider of another account": {foreign.ARN(), i.Token(optest.Began, nil),
			"InvalidIdentityToken", "No OpenIDConnect provider found in your account for " + i.URL},
		"another audience": {role.ARN(), i.Token(optest.Began, map[string]any{"aud": "else"}),
			"InvalidIdentityToken", "Incorrect token audience"},
		"forged": {role.ARN(), forged.Token(optest.Began, nil), "InvalidIdentityToken",
			"The web identity token provided could not be validated. See the " +
				"AssumeRoleWithWebIdentity documentation for requirements."},
		"expired": {role.ARN(), i.Token(optest.Began.Add(-hour), nil), "ExpiredTokenException",
			fmt.Sprintf("Token expired: current date/time %d must be before the expiration date/time%d",
				optest.Began.Unix(), optest.Began.Add(-50*time.Minute).Unix())},
		"no ARN": {"arn:aws:iam::1:role/r", i.Token(optest.Began, nil), "ValidationException",
			"Request ARN is invalid"},
		"other roles": {role.ARN(), i.Token(optest.Began, map[string]any{
			"https://aws.amazon.com/roles": []string{foreign.ARN()}}), "InvalidIdentityToken",
			"The web identity token provided could not be validated. See the " +
				"AssumeRoleWithWebIdentity documentation for requirements."},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.web(c.arn, c.token)
			refused(t, err, c.code, c.text)
		})
	}
	known := 0
	for _, line := range h.Records() {
		if strings.Contains(line, `"type":"WebIdentityUser"`) {
			known++
		}
	}
	if known != 1 { // the token that is for other roles is a true one
		t.Errorf("%d records are of somebody", known)
	}
}

// TestWebIdentity_IssuerAwayOrPolicyBroken_IsRefused: an issuer that doesn't answer vouches for
// nobody, and a session policy is read before any token is.
func TestWebIdentity_IssuerAwayOrPolicyBroken_IsRefused(t *testing.T) {
	h := start(t)
	arn, token := "", ""
	t.Run("issuer", func(t *testing.T) { // which is closed when this ends
		i := issuertest.Start(t)
		p := h.declare(i, account)
		arn = h.role(account, "r", vouched(p.ARN(), p.Name, byToken)).ARN()
		token = i.Token(optest.Began, nil)
	})
	_, err := h.web(arn, token)
	if f := fault.Of(err); f == nil || f.Code != "IDPCommunicationError" {
		t.Errorf("an issuer that is away: %v", err)
	}
	_, err = h.asks(policy.Caller{}, "AssumeRoleWithWebIdentity",
		sts.AssumeRoleWithWebIdentityInput{RoleArn: arn, RoleSessionName: "pod",
			WebIdentityToken: token, Policy: to("{")})
	if f := fault.Of(err); f == nil || f.Code != "MalformedPolicyDocument" {
		t.Errorf("a policy that is none: %v", err)
	}
}

// TestWebIdentity_TagsAndSource_NeedTheirPermission: what the issuer says of the session is the
// session's, and goes on to the next.
func TestWebIdentity_TagsAndSource_NeedTheirPermission(t *testing.T) {
	h := start(t)
	i := issuertest.Start(t)
	p := h.declare(i, account)
	plain := h.role(account, "plain", vouched(p.ARN(), p.Name, byToken))
	full := h.role(account, "full", vouched(p.ARN(), p.Name,
		byToken+`,"sts:TagSession","sts:SetSourceIdentity"`))
	tagged := i.Token(optest.Began, map[string]any{"https://aws.amazon.com/tags": map[string]any{
		"principal_tags":      map[string]any{"Team": []string{"blue"}, "cost": []string{""}},
		"transitive_tag_keys": []string{"Team"}}})
	sourced := i.Token(optest.Began, map[string]any{"https://aws.amazon.com/source_identity": "carol"})
	_, err := h.web(plain.ARN(), tagged)
	refused(t, err, "AccessDeniedException", "Not authorized to perform sts:TagSession")
	_, err = h.web(plain.ARN(), sourced)
	refused(t, err, "AccessDeniedException", "Not authorized to perform sts:SetSourceIdentity")
	out, err := h.web(full.ARN(), tagged)
	if err != nil {
		t.Fatal(err)
	}
	who := h.must(out.Credentials)
	if !reflect.DeepEqual(who.Session.Tags, map[string]string{"Team": "blue", "cost": ""}) ||
		!reflect.DeepEqual(who.Session.Transitive, []string{"Team"}) || out.PackedPolicySize == nil {
		t.Errorf("%+v", who.Session)
	}
	out, err = h.web(full.ARN(), sourced)
	if err != nil || *out.SourceIdentity != "carol" ||
		h.must(out.Credentials).Session.SourceIdentity != "carol" {
		t.Errorf("%+v, %v", out, err)
	}
	for name, claims := range map[string]map[string]any{
		"a long tag":        {"https://aws.amazon.com/tags/principal_tags/a": strings.Repeat("x", 257)},
		"a reserved tag":    {"https://aws.amazon.com/tags/principal_tags/aws:a": "x"},
		"a long source":     {"https://aws.amazon.com/source_identity": strings.Repeat("x", 257)},
		"a reserved source": {"https://aws.amazon.com/source_identity": "aws:x"},
		"a bad source":      {"https://aws.amazon.com/source_identity": "a b"},
	} {
		if _, err := h.web(full.ARN(), i.Token(optest.Began, claims)); fault.Of(err) == nil ||
			fault.Of(err).Kind != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWebIdentity_OAuthProvider_IsRefused(t *testing.T) {
	h := start(t)
	_, err := h.asks(policy.Caller{}, "AssumeRoleWithWebIdentity",
		sts.AssumeRoleWithWebIdentityInput{RoleArn: "arn:aws:iam::" + account + ":role/r",
			RoleSessionName: "pod", WebIdentityToken: "none", ProviderId: to("www.amazon.com")})
	refused(t, err, "InvalidParameterValue",
		"ProviderId is for OAuth 2.0 access tokens, which are not supported.")
}
