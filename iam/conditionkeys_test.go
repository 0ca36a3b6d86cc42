package iam_test

import (
	"slices"
	"strings"
	"testing"

	"claviger/iam/iamtest"
	"claviger/iam/model"
	"claviger/iam/oidc"
	"claviger/iam/policies"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/policy"
)

type M = iamtest.M

const (
	aPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*",` +
		`"Resource":"*"}]}`
	aTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` +
		iamtest.Account + `"},"Action":"sts:AssumeRole"}]}`
)

var tags = []M{{"Key": "team", "Value": "x"}, {"Key": "app", "Value": "y"}}

// stage makes one entity of each kind, with all that condition keys can say of it, and returns what
// members of requests name then.
func stage(k *iamtest.Kit) M {
	bounds := iamtest.Must[policies.CreatePolicyOutput](k, "CreatePolicy",
		M{"PolicyName": "bounds", "PolicyDocument": aPolicy, "Tags": tags}).Policy.Arn
	k.Do("CreateUser", M{"UserName": "e", "PermissionsBoundary": bounds, "Tags": tags})
	k.Do("CreateRole", M{"RoleName": "e", "AssumeRolePolicyDocument": aTrust,
		"PermissionsBoundary": bounds, "Tags": tags})
	k.NewGroup("e")
	provider := iamtest.Must[oidc.CreateOpenIDConnectProviderOutput](k,
		"CreateOpenIDConnectProvider", M{"Url": "https://issuer.example", "ClientIDList": []string{"a"},
			"ThumbprintList": []string{strings.Repeat("0", 40)}, "Tags": tags}).OpenIDConnectProviderArn
	return M{"UserName": "e", "RoleName": "e", "GroupName": "e", "PolicyName": "p",
		"PolicyArn": bounds, "PermissionsBoundary": bounds, "OpenIDConnectProviderArn": provider,
		"Tags": tags, "TagKeys": []string{"team"}, "PolicyDocument": aPolicy,
		"AssumeRolePolicyDocument": aTrust, "Url": "https://another.example", "ClientID": "a",
		"ThumbprintList": []string{strings.Repeat("0", 40)}, "VersionId": "v1", "Status": "Inactive",
		"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "AccountAlias": "ours", "Account": "444455556666",
		"Description": "d", "PolicyInputList": []string{aPolicy}, "ActionNames": []string{"kms:Decrypt"},
		"PolicySourceArn": "arn:aws:iam::" + iamtest.Account + ":user/E"}
}

// request is the document of an operation that has every member which names something.
func request(o op.Operation, names M) M {
	in := M{}
	for i := range o.Info().In.NumField() {
		if name := o.Info().In.Field(i).Name; names[name] != nil {
			in[name] = names[name]
		}
	}
	return in
}

// TestConditionKeys_EachDocumented_IsSetByItsOperation walks the registry: the demands of an action
// have a value for each condition key that AWS documents for it and for no other, and the tags of
// what it is about.
func TestConditionKeys_EachDocumented_IsSetByItsOperation(t *testing.T) {
	k := iamtest.Start(t)
	names := stage(k)
	var demands []policy.Demand
	k.Decide(func(q policy.Request) policy.Decision {
		demands = q.Demands
		return policy.Decision{Effect: policy.Deny,
			Err: fault.New(fault.Denied, "AccessDeniedException", "seen")}
	})
	set := map[string][]string{} // by action, the keys that had a value
	for _, o := range k.Operations {
		if o.Info().Method == "" {
			continue
		}
		in := request(o, names)
		isNew := in["Tags"] != nil && strings.HasPrefix(o.Info().Name, "Create")
		demands = nil
		k.Refused(o.Info().Name, in, "AccessDenied", "seen")
		for _, d := range demands {
			set[d.Action] = append(set[d.Action], checkValues(t, d, names)...)
			checkTags(t, d, isNew)
		}
	}
	for action, documented := range model.ConditionKeys {
		for _, key := range documented {
			if strings.HasPrefix(action, "iam:") && !slices.ContainsFunc(set[action],
				func(had string) bool { return isOf(had, key) }) {
				t.Errorf("%s never has %s", action, key)
			}
		}
	}
}

// isOf reports whether a key is a documented one, which may have a name behind its slash.
func isOf(key, documented string) bool {
	return key == documented ||
		strings.HasSuffix(documented, "/") && strings.HasPrefix(key, documented)
}

// checkValues looks at what a demand says to condition keys, and returns those that have a value.
func checkValues(t *testing.T, d policy.Demand, names M) (had []string) {
	t.Helper()
	if d.Values == nil {
		return nil
	}
	bounds := []string{names["PolicyArn"].(string)}
	wants := policy.Values{"aws:RequestTag/team": {"x"}, "aws:RequestTag/app": {"y"},
		"aws:TagKeys": {"app", "team"}, model.PolicyARN: bounds, model.PermissionsBoundary: bounds}
	if strings.HasPrefix(d.Action, "iam:Untag") {
		wants["aws:TagKeys"] = []string{"team"}
	}
	for key, got := range d.Values() {
		had = append(had, key)
		if !slices.ContainsFunc(model.ConditionKeys[d.Action], func(documented string) bool {
			return isOf(key, documented)
		}) {
			t.Errorf("%s has %s, which isn't documented for it", d.Action, key)
		}
		if !slices.Equal(got, wants[key]) {
			t.Errorf("%s: %s is %q, want %q", d.Action, key, got, wants[key])
		}
	}
	return had
}

// checkTags looks at the tags of what a demand is about. What is about to be made has none, nor has
// a group.
func checkTags(t *testing.T, d policy.Demand, isNew bool) {
	t.Helper()
	_, name, _ := strings.Cut(d.Resource.ARN, "::"+iamtest.Account+":")
	kind, _, _ := strings.Cut(name, "/")
	if isNew || !slices.Contains([]string{"user", "role", "policy", "oidc-provider"}, kind) {
		return
	}
	if d.Resource.Tags == nil {
		t.Errorf("%s on %s: conditions see no tags", d.Action, d.Resource.ARN)
		return
	}
	if tags, err := d.Resource.Tags(); err != nil || tags["team"] != "x" {
		t.Errorf("%s on %s: tags %v, %v", d.Action, d.Resource.ARN, tags, err)
	}
}

// TestConditionKeys_EachInTheTable_IsKnownToPolicies: nobody is told that a policy asks for a key
// that no request has when one has it.
func TestConditionKeys_EachInTheTable_IsKnownToPolicies(t *testing.T) {
	for action, names := range model.ConditionKeys {
		for _, name := range names {
			switch {
			case strings.HasPrefix(name, ":"):
				name = "issuer.example" + name
			case strings.HasSuffix(name, "/"):
				name += "team"
			}
			d, err := policy.ParseManaged(strings.Replace(aPolicy, `"Resource":"*"`,
				`"Resource":"*","Condition":{"Null":{"`+name+`":"false"}}`, 1))
			if err != nil || len(d.Unknown()) > 0 {
				t.Errorf("%s: a policy that turns on %s is said to turn on nothing: %v", action, name, err)
			}
		}
	}
}
