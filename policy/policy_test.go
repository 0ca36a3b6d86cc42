package policy_test

import (
	"errors"
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/policy"
)

var (
	root    = policy.Caller{Type: policy.Root, Account: "111122223333", ARN: "arn:aws:iam::111122223333:root", PrincipalID: "111122223333"}
	user    = policy.Caller{Type: policy.IAMUser, Account: "111122223333", ARN: "arn:aws:iam::111122223333:user/alice", PrincipalID: "AIDAALICE"}
	service = policy.AsService("111122223333", "kms")
)

func TestDecide(t *testing.T) {
	const key = "arn:aws:kms:us-east-1:111122223333:key/k"
	use := policy.Demand{Action: "kms:Decrypt", Resource: key}
	ours := policy.Demand{Action: "kms:Decrypt", Resource: key, Account: "111122223333"}
	theirs := policy.Demand{Action: "kms:Decrypt", Resource: "arn:aws:kms:us-east-1:444455556666:key/k", Account: "444455556666"}
	open := policy.Demand{Action: "sts:GetCallerIdentity", Open: "everybody may know who they are"}
	openTheirs := policy.Demand{Action: "sts:GetCallerIdentity", Account: "444455556666", Open: "a reason"}
	for _, c := range []struct {
		name    string
		caller  policy.Caller
		demands []policy.Demand
		refused string // the message; empty for yes
	}{
		{"the root user in its account", root, []policy.Demand{use, ours}, ""},
		{"the service in the account", service, []policy.Demand{use, ours}, ""},
		{"the root user elsewhere", root, []policy.Demand{theirs},
			"User: arn:aws:iam::111122223333:root is not authorized to perform: kms:Decrypt on resource: " + theirs.Resource +
				" because no identity-based policy allows the kms:Decrypt action"},
		{"the service elsewhere", service, []policy.Demand{theirs},
			"User: kms.amazonaws.com is not authorized to perform: kms:Decrypt on resource: " + theirs.Resource +
				" because no identity-based policy allows the kms:Decrypt action"},
		{"one of two elsewhere", root, []policy.Demand{ours, theirs}, "User: arn:aws:iam::111122223333:root is not authorized"},
		{"a user without policies", user, []policy.Demand{use},
			"User: arn:aws:iam::111122223333:user/alice is not authorized to perform: kms:Decrypt on resource: " + key +
				" because no identity-based policy allows the kms:Decrypt action"},
		{"on all resources", user, []policy.Demand{{Action: "kms:ListKeys", Resource: "*"}},
			"User: arn:aws:iam::111122223333:user/alice is not authorized to perform: kms:ListKeys" +
				" because no identity-based policy allows the kms:ListKeys action"},
		{"what is open to a user", user, []policy.Demand{open}, ""},
		{"what is open anywhere", user, []policy.Demand{openTheirs}, ""},
		{"open and not open", user, []policy.Demand{open, use}, "User: arn:aws:iam::111122223333:user/alice is not authorized"},
		{"nobody", policy.Caller{}, []policy.Demand{use}, "User: "},
		{"an unknown type", policy.Caller{Type: "root", Account: "111122223333"}, []policy.Demand{use}, "User: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := policy.Decide(c.caller, c.demands)
			if c.refused == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			var f *fault.Error
			if !errors.As(err, &f) || f.Kind != fault.Denied || f.Code != "AccessDeniedException" || !strings.HasPrefix(f.Message, c.refused) {
				t.Errorf("%v, want %q", err, c.refused)
			}
		})
	}
}

func TestNoDemandIsNoPermission(t *testing.T) {
	for _, c := range []policy.Caller{root, user, service} {
		if f := fault.Of(policy.Decide(c, nil)); f == nil || f.Kind != fault.Internal {
			t.Errorf("%s: %v, want an internal fault", c.Type, f)
		}
	}
}

func TestTheServiceHasNoAccessKey(t *testing.T) {
	if service.Type != policy.Service || service.PrincipalID != "kms.amazonaws.com" || service.ARN != "" || service.AccessKeyID != "" || service.Account != "111122223333" {
		t.Errorf("%+v", service)
	}
}
