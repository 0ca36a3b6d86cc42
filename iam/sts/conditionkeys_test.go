package sts_test

import (
	"slices"
	"strings"
	"testing"

	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/sts"
	"claviger/iam/webidentity/issuertest"
	"claviger/internal/fault"
	"claviger/internal/op/optest"
	"claviger/policy"
)

// conditionRequest is a request that has all there is to say to condition keys, and what it says in
// the action of its operation.
type conditionRequest struct {
	operation string
	in        any
	says      map[string]string // values joined by a blank
}

// said returns the rows: each operation of the registry has one.
func said(role, token, issuer string) []conditionRequest {
	tags := []sts.Tag{tag("team", "x"), tag("app", "y")}
	tagged := map[string]string{"aws:RequestTag/team": "x", "aws:RequestTag/app": "y",
		"aws:TagKeys": "app team"}
	sessions := func(more map[string]string) map[string]string {
		for key, value := range tagged {
			more[key] = value
		}
		more["sts:TransitiveTagKeys"], more["sts:SourceIdentity"] = "team", "carol"
		return more
	}
	return []conditionRequest{
		{"AssumeRole", sts.AssumeRoleInput{RoleArn: role, RoleSessionName: "s1", Tags: tags,
			TransitiveTagKeys: []string{"team"}, ExternalId: to("ours-1"), SourceIdentity: to("carol")},
			sessions(map[string]string{"sts:RoleSessionName": "s1", "sts:ExternalId": "ours-1"})},
		{"AssumeRole", named(role), map[string]string{"sts:RoleSessionName": "s1",
			"sts:ExternalId": "", "sts:SourceIdentity": "", "sts:TransitiveTagKeys": "",
			"aws:TagKeys": ""}},
		{"AssumeRoleWithWebIdentity", sts.AssumeRoleWithWebIdentityInput{RoleArn: role,
			RoleSessionName: "pod", WebIdentityToken: token},
			sessions(map[string]string{"sts:RoleSessionName": "pod",
				issuer + ":sub": "system:serviceaccount:ns:sa", issuer + ":aud": issuertest.Audience,
				issuer + ":azp": issuertest.Audience, issuer + ":amr": "pwd otp"})},
		{"GetFederationToken", sts.GetFederationTokenInput{Name: "fred", Tags: tags}, tagged},
		{"GetSessionToken", sts.GetSessionTokenInput{}, nil},
		{"GetCallerIdentity", sts.GetCallerIdentityInput{}, nil},
		{"GetAccessKeyInfo", sts.GetAccessKeyInfoInput{AccessKeyId: "ASIAQNZGKIQY56JQ7WML"}, nil},
		{"DecodeAuthorizationMessage", sts.DecodeAuthorizationMessageInput{EncodedMessage: "m"}, nil},
	}
}

// TestConditionKeys_EachDocumented_IsSetByItsOperation walks the registry: a demand has a value for
// each condition key that AWS documents for its action, and the tags of the role.
func TestConditionKeys_EachDocumented_IsSetByItsOperation(t *testing.T) {
	h := start(t)
	i := issuertest.Start(t)
	p := h.declare(i, account)
	role := h.role(account, "r", vouched(p.ARN(), p.Name, byToken))
	tagged := *role
	tagged.Tags = append(tagged.Tags, entity.Tag{Key: "team", Value: "red"})
	h.commit(h.entities.Roles.Update(t.Context(), role, &tagged))
	token := i.Token(optest.Began, map[string]any{"azp": issuertest.Audience,
		"amr": []string{"pwd", "otp"}, "https://aws.amazon.com/source_identity": "carol",
		"https://aws.amazon.com/tags": map[string]any{
			"principal_tags":      map[string]any{"team": []string{"x"}, "app": []string{"y"}},
			"transitive_tag_keys": []string{"team"}}})
	alice := h.user(account, "alice")

	var demands []policy.Demand
	h.Decide(func(q policy.Request) policy.Decision {
		demands = q.Demands
		return policy.Decision{Effect: policy.Deny,
			Err: fault.New(fault.Denied, "AccessDeniedException", "seen")}
	})
	set, asked := map[string][]string{}, map[string]bool{}
	for _, r := range said(role.ARN(), token, i.Name) {
		demands, asked[r.operation] = nil, true
		_, err := h.asks(alice, r.operation, r.in)
		refused(t, err, "AccessDeniedException", "seen")
		for _, d := range demands {
			var values policy.Values
			if d.Values != nil {
				values = d.Values()
			}
			for name, want := range r.says {
				if got := strings.Join(values[name], " "); got != want {
					t.Errorf("%s by %s: %s is %q, want %q", d.Action, r.operation, name, got, want)
				}
			}
			for name := range values {
				set[d.Action] = append(set[d.Action], name)
			}
			if d.Resource.ARN == role.ARN() {
				if tags, err := d.Resource.Tags(); err != nil || tags["team"] != "red" {
					t.Errorf("%s: tags %v, %v", d.Action, tags, err)
				}
			}
		}
	}
	for action, names := range model.ConditionKeys {
		for _, name := range names {
			if strings.HasPrefix(action, "sts:") && !slices.ContainsFunc(set[action],
				func(key string) bool {
					return key == name || key == i.Name+name ||
						strings.HasSuffix(name, "/") && strings.HasPrefix(key, name)
				}) {
				t.Errorf("%s never has %s", action, name)
			}
		}
	}
	for _, o := range h.Operations() {
		if n := o.Info(); n.Method != "" && !asked[n.Name] {
			t.Errorf("%s: it has to have a row here", n.Name)
		}
	}
}
