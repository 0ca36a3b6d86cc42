package policy_test

import (
	"errors"
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/policy"
)

const (
	account = "111122223333"
	other   = "444455556666"
	key     = "arn:aws:kms:us-east-1:111122223333:key/k"
)

var (
	root = policy.Caller{Type: policy.Root, Account: account,
		ARN: "arn:aws:iam::111122223333:root", PrincipalID: account}
	user = policy.Caller{Type: policy.IAMUser, Account: account,
		ARN: "arn:aws:iam::111122223333:user/alice", PrincipalID: "AIDAALICE"}
	service = policy.AsService(account, "kms")
)

func decide(c policy.Caller, demands ...policy.Demand) policy.Decision {
	return policy.Decide(policy.Request{Caller: c, Demands: demands})
}

func TestDecide_CallerAndOwner_DecideWithoutPolicies(t *testing.T) {
	use := policy.Demand{Action: "kms:Decrypt", Resource: policy.Resource{ARN: key}}
	ours := policy.Demand{Action: "kms:Decrypt", Resource: policy.Resource{ARN: key, Account: account}}
	theirs := policy.Demand{Action: "kms:Decrypt", Resource: policy.Resource{
		ARN: "arn:aws:kms:us-east-1:444455556666:key/k", Account: other}}
	all := policy.Demand{Action: "kms:ListKeys", Resource: policy.Resource{ARN: "*"}}
	open := policy.Demand{Action: "sts:GetCallerIdentity", Open: "everybody may know who they are"}
	openTheirs := policy.Demand{Action: "sts:GetCallerIdentity",
		Resource: policy.Resource{Account: other}, Open: "a reason"}
	type demands = []policy.Demand
	for _, c := range []struct {
		name    string
		caller  policy.Caller
		demands demands
		reason  policy.Reason
		refused string // the message; empty for yes
	}{
		{"the root user in its account", root, demands{use, ours}, policy.AccountOwner, ""},
		{"the service in the account", service, demands{use, ours}, policy.OwnWork, ""},
		{"the root user elsewhere", root, demands{theirs}, policy.OtherAccount,
			"User: arn:aws:iam::111122223333:root is not authorized to perform: kms:Decrypt" +
				" on resource: arn:aws:kms:us-east-1:444455556666:key/k" +
				" because the resource does not exist in this Region, no resource-based policies allow " +
				"access, or a resource-based policy explicitly denies access"},
		{"the service elsewhere", service, demands{theirs}, policy.OtherAccount,
			"User: kms.amazonaws.com is not authorized to perform: kms:Decrypt" +
				" on resource: arn:aws:kms:us-east-1:444455556666:key/k" +
				" because the resource does not exist in this Region, no resource-based policies allow " +
				"access, or a resource-based policy explicitly denies access"},
		{"one of two elsewhere", root, demands{ours, theirs}, policy.OtherAccount,
			"User: arn:aws:iam::111122223333:root is not authorized"},
		{"a user without policies", user, demands{use}, policy.NothingAllows,
			"User: arn:aws:iam::111122223333:user/alice is not authorized to perform: kms:Decrypt" +
				" on resource: " + key + " because no identity-based policy allows the kms:Decrypt action"},
		{"on all resources", user, demands{all}, policy.NothingAllows,
			"User: arn:aws:iam::111122223333:user/alice is not authorized to perform: kms:ListKeys" +
				" because no identity-based policy allows the kms:ListKeys action"},
		{"what is open to a user", user, demands{open}, policy.NeedsNoPermission, ""},
		{"what is open anywhere", user, demands{openTheirs}, policy.NeedsNoPermission, ""},
		{"open and not open", user, demands{open, use}, policy.NothingAllows,
			"User: arn:aws:iam::111122223333:user/alice is not authorized"},
		{"nobody", policy.Caller{}, demands{use}, policy.NothingAllows, "User: "},
		{"an unknown type", policy.Caller{Type: "root", Account: account}, demands{use},
			policy.NothingAllows, "User: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := decide(c.caller, c.demands...)
			if d.Reason != c.reason || d.Allowed() != (c.refused == "") {
				t.Errorf("decided %+v, want %q", d, c.reason)
			}
			err := d.Refusal()
			if c.refused == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			var f *fault.Error
			if !errors.As(err, &f) || f.Kind != fault.Denied || f.Code != "AccessDeniedException" ||
				!strings.HasPrefix(f.Message, c.refused) {
				t.Errorf("%v, want %q", err, c.refused)
			}
		})
	}
}

func TestDecide_NoDemand_IsAnInternalFault(t *testing.T) {
	for _, c := range []policy.Caller{root, user, service} {
		f := fault.Of(decide(c).Refusal())
		if f == nil || f.Kind != fault.Internal {
			t.Errorf("%s: %v, want an internal fault", c.Type, f)
		}
	}
}

func TestDecision_Zero_AllowsNothing(t *testing.T) {
	var d policy.Decision
	if f := fault.Of(d.Refusal()); d.Allowed() || f == nil || f.Kind != fault.Internal {
		t.Errorf("%v, want an internal fault", f)
	}
}

// What costs something is asked for only where the decision depends on it, and a fact that can't be
// had allows nothing.
func TestDecide_CostlyFacts_AreAskedForLast(t *testing.T) {
	asked := 0
	failure := fault.New(fault.Unavailable, "", "later")
	demand := policy.Demand{Action: "kms:Decrypt",
		Resource: policy.Resource{ARN: key, Account: account,
			Grants: func() ([]policy.Grant, error) { asked++; return nil, failure }}}
	for _, c := range []policy.Caller{root, service} {
		if d := decide(c, demand); !d.Allowed() {
			t.Errorf("%s: %+v", c.Type, d)
		}
	}
	foreign := user
	foreign.Account = other
	if d := decide(foreign, demand); d.Reason != policy.OtherAccount {
		t.Errorf("another account's user: %+v", d)
	}
	if asked != 0 {
		t.Errorf("the grants were asked for %d times, and no decision depended on them", asked)
	}
	if d := decide(user, demand); d.Reason != policy.FactMissing || !errors.Is(d.Refusal(), failure) {
		t.Errorf("a fact that can't be had: %+v", d)
	}
}

// However many grants are looked at, what they are held to is made once.
func TestDecide_ManyGrants_AskForValuesOnce(t *testing.T) {
	asked := 0
	grants := make([]policy.Grant, 1000)
	for i := range grants {
		grants[i] = policy.Grant{ID: "g", Grantee: user.ARN, Actions: []string{"kms:Decrypt"},
			Equals: map[string]string{"tenant": "another"}}
	}
	d := decide(user, policy.Demand{Action: "kms:Decrypt",
		Resource: policy.Resource{ARN: key, Account: account,
			Grants: func() ([]policy.Grant, error) { return grants, nil }},
		Values: func() policy.Values { asked++; return policy.Values{} }})
	if d.Allowed() || asked != 1 {
		t.Errorf("%+v, and the values were asked for %d times", d, asked)
	}
}

func TestAsService_Caller_HasNoAccessKey(t *testing.T) {
	if service.Type != policy.Service || service.PrincipalID != "kms.amazonaws.com" ||
		service.ARN != "" || service.AccessKeyID != "" || service.Account != account {
		t.Errorf("%+v", service)
	}
}
