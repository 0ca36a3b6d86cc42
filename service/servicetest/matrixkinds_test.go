package servicetest_test

import (
	"slices"
	"strings"

	"claviger/internal/op"
	"claviger/service/servicetest"
)

// policyKind is one way in which policies speak of a request: which policy of whom says what.
type policyKind struct {
	name     string
	identity string // exact, all, group, denied; empty: it has none
	boundary string // lacking, denied; empty: it has none
	session  string // lacking, denied, none; empty: the session has what its principal has
	resource string // named, session, denied, closed, granted; empty: it leaves all to the account
}

var policyKinds = []policyKind{
	{name: "no policy"},
	{name: "what it takes", identity: "exact"},
	{name: "everything", identity: "all"},
	{name: "everything, and a deny", identity: "denied"},
	{name: "everything by a group", identity: "group"},
	{name: "a boundary that lacks it", identity: "all", boundary: "lacking"},
	{name: "a boundary that denies it", identity: "all", boundary: "denied"},
	{name: "a session policy that lacks it", identity: "all", session: "lacking"},
	{name: "a session policy that denies it", identity: "all", session: "denied"},
	{name: "no session policy", identity: "all", session: "none"},
	{name: "the resource's policy", resource: "named"},
	{name: "the resource's policy, and a boundary", boundary: "lacking", resource: "named"},
	{name: "the resource's policy, and a session policy", session: "lacking", resource: "named"},
	{name: "both", identity: "all", resource: "named"},
	{name: "both, and a deny", identity: "denied", resource: "named"},
	{name: "the resource's policy, by the session's name", boundary: "lacking", session: "lacking",
		resource: "session"},
	{name: "everything, and a deny of the resource's", identity: "all", resource: "denied"},
	{name: "everything, and a key that its account has no say in", identity: "all",
		resource: "closed"},
	{name: "a grant", resource: "granted"},
	{name: "a grant, and everything", identity: "all", resource: "granted"},
	{name: "a grant, and a deny", identity: "denied", resource: "granted"},
}

// principalKind is one kind of principal of an account, the resources' or another one.
type principalKind struct {
	name    string // root, user, token, federated, role, web, anonymous
	foreign bool
}

var principalKinds = []principalKind{{"root", false}, {"user", false}, {"token", false},
	{"federated", false}, {"role", false}, {"web", false}, {"anonymous", false},
	{"root", true}, {"user", true},
	{"role", true}}

// has reports whether there is such a principal with policies of that kind.
func (p principalKind) has(k policyKind) bool {
	if p.foreign && (k.identity == "exact" || k.identity == "group") {
		return false // an account's own entities are looked at in the other one
	}
	switch p.name {
	case "root":
		return k.identity == "" && k.boundary == "" && k.session == "" && k.resource != "granted" ||
			k.resource == "denied" || k.resource == "closed"
	case "user", "token":
		return k.session == ""
	case "federated":
		return k.resource != "session"
	case "role", "web":
		return k.identity != "group" && k.session != "none"
	}
	return k == policyKinds[0]
}

// ofRole reports whether the principal is a session of a role.
func (p principalKind) ofRole() bool { return p.name == "role" || p.name == "web" }

// of reports whether the kind says something of its own of an operation. Where the resource has no
// policy, it can't say anything.
func (k policyKind) of(o *matrixOperation) bool {
	switch k.resource {
	case "":
		return true
	case "granted":
		return o.grantable()
	case "closed":
		return len(o.policed) > 0 && o.info.Service.Name != "secretsmanager"
	}
	return len(o.policed) > 0
}

// cell is a request of one principal, with policies of one kind.
type cell struct {
	principalKind
	policyKind
}

// cellsOf returns the cells of an operation: all of them, or so many that each kind of principal
// and each kind of policy is among them. Which goes with which turns with the operation's number.
func cellsOf(o *matrixOperation, number int, all bool) (cells []cell) {
	used := map[principalKind]bool{}
	for i, k := range policyKinds {
		if !k.of(o) {
			continue
		}
		fitting := []principalKind{}
		for _, p := range principalKinds {
			if p.has(k) {
				fitting = append(fitting, p)
			}
		}
		if !all {
			one := (number + i) % len(fitting)
			fitting = fitting[one : one+1]
		}
		for _, p := range fitting {
			used[p] = true
			cells = append(cells, cell{p, k})
		}
	}
	for i, p := range principalKinds {
		for j := range policyKinds {
			k := policyKinds[(number+i+j)%len(policyKinds)]
			if !used[p] && p.has(k) && k.of(o) {
				used[p] = true
				cells = append(cells, cell{p, k})
			}
		}
	}
	return cells
}

// demanded has the actions of operations that demand others than that of their own name, in the
// order in which they are looked at ("Actions, resources, and condition keys" of each service in
// the Service Authorization Reference).
var demanded = map[string][]string{
	"kms.CreateKey":           {"kms:CreateKey", "kms:TagResource"},
	"kms.ReEncrypt":           {"kms:ReEncryptFrom", "kms:ReEncryptTo"},
	"kms.ReplicateKey":        {"kms:ReplicateKey", "kms:CreateKey", "kms:TagResource"},
	"kms.CreateAlias":         {"kms:CreateAlias", "kms:CreateAlias"},
	"kms.DeleteAlias":         {"kms:DeleteAlias", "kms:DeleteAlias"},
	"kms.UpdateAlias":         {"kms:UpdateAlias", "kms:UpdateAlias", "kms:UpdateAlias"},
	"kms.UpdatePrimaryRegion": {"kms:UpdatePrimaryRegion", "kms:UpdatePrimaryRegion"},

	"secretsmanager.CreateSecret": {"secretsmanager:CreateSecret", "secretsmanager:TagResource"},
	"secretsmanager.CreateManagedSecret": {"secretsmanager:CreateSecret",
		"secretsmanager:TagResource", "secretsmanager:RotateSecret"},
	"secretsmanager.ValidateResourcePolicy": {"secretsmanager:ValidateResourcePolicy",
		"secretsmanager:PutResourcePolicy"},

	"ssm.PutParameter": {"ssm:PutParameter", "ssm:AddTagsToResource"},

	"sns.PublishBatch": {"SNS:Publish"},
	"events.PutRule":   {"events:PutRule", "events:TagResource"},

	"iam.CreateUser":    {"iam:CreateUser", "iam:TagUser"},
	"iam.CreateRole":    {"iam:CreateRole", "iam:TagRole"},
	"iam.CreatePolicy":  {"iam:CreatePolicy", "iam:TagPolicy"},
	"iam.CreateAccount": {"iam:CreateAccount", "iam:CreateAccessKey"},
	"iam.UpdateUser":    {"iam:UpdateUser", "iam:UpdateUser"},
	"iam.UpdateGroup":   {"iam:UpdateGroup", "iam:UpdateGroup"},
	"iam.CreateOpenIDConnectProvider": {"iam:CreateOpenIDConnectProvider",
		"iam:TagOpenIDConnectProvider"},

	"cloudtrail.SearchEvents": {"cloudtrail:LookupEvents"},

	"sts.AssumeRole": {"sts:SetSourceIdentity", "sts:AssumeRole", "sts:TagSession"},
}

// behindAlias has the key of the second demand of operations that change an alias: the one that it
// leads to, which a refusal calls by the alias.
var behindAlias = map[string]string{"kms.UpdateAlias": "{KEY}", "kms.DeleteAlias": "{KEY}"}

// actionsOf returns the actions that an operation demands.
func actionsOf(n op.Info) []string {
	if actions := demanded[idOf(n)]; actions != nil {
		return actions
	}
	if n.Service.Name == "sns" {
		return []string{"SNS:" + n.Name} // as it writes its actions
	}
	return []string{n.Service.Name + ":" + n.Name}
}

// acrossAccounts are the operations that take keys of other accounts ("Permissions reference" of
// the KMS developer guide).
var acrossAccounts = []string{"CreateGrant", "Decapsulate", "Decrypt", "DeriveSharedSecret",
	"DescribeKey", "Encapsulate", "Encrypt", "GenerateDataKey", "GenerateDataKeyPair",
	"GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyWithoutPlaintext", "GenerateMac",
	"GetKeyRotationStatus", "GetPublicKey", "ListGrants", "ReEncrypt", "RetireGrant", "RevokeGrant",
	"Sign", "Verify", "VerifyMac"}

// grantOperations are what grants on a key of walk may allow, by its word ("Grant operations" of
// the KMS developer guide).
var grantOperations = map[string][]string{
	"KEY": {"Encrypt", "Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
		"GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo",
		"CreateGrant", "DescribeKey"},
	"SIGNER":        {"Sign", "Verify", "GetPublicKey"},
	"AUTHENTICATOR": {"GenerateMac", "VerifyMac"},
	"AGREER":        {"DeriveSharedSecret", "GetPublicKey"},
}

func grantOperationsOf(word string) []string {
	if word == "OTHER" {
		word = "KEY"
	}
	return grantOperations[word]
}

// matrixDemand is one action that an operation demands, as it is known from refusals.
type matrixDemand struct {
	action string
	called string // what a refusal calls the resource, words of walk in braces; or nothing
	on     string // what the resource is
}

// matrixOperation is an operation of the registry, with what it is about.
type matrixOperation struct {
	info    op.Info
	request string
	words   []string // of the request, each followed by what it stands for now
	policed []policedThing
	demands []matrixDemand
}

// resourceOf returns the resource of a policy for what a refusal calls it: a secret that is to be
// made by its name, a listing by its path.
func resourceOf(n op.Info, called string) string {
	called = unnumbered(strings.TrimPrefix(called, "policy "))
	switch {
	case called == "", strings.HasSuffix(called, "/"), strings.HasSuffix(called, ":*"): // a listing
		return "*"
	case n.Service.Name == "secretsmanager" && !strings.HasPrefix(called, "arn:"):
		return "arn:aws:secretsmanager:" + servicetest.Region + ":" + servicetest.Account + ":secret:" +
			called
	}
	return called
}

// policedThing is what has a policy of its own: a key, a secret or a role.
type policedThing struct{ word, arn string }

// grantable reports whether grants can allow all that is demanded.
func (o *matrixOperation) grantable() bool {
	for _, d := range o.demands {
		granted := false
		for _, r := range o.policed {
			granted = granted || o.fill(d.on) == r.arn &&
				slices.Contains(grantOperationsOf(r.word), strings.TrimPrefix(d.action, "kms:"))
		}
		if !granted {
			return false
		}
	}
	return len(o.demands) > 0
}

// fill puts what words stand for into a text that has them in braces.
func (o *matrixOperation) fill(text string) string {
	for i := 0; i < len(o.words); i += 2 {
		text = strings.ReplaceAll(text, "{"+o.words[i]+"}", o.words[i+1])
	}
	return text
}

// braced puts words in braces into the place of what they stand for.
func (o *matrixOperation) braced(text string) string {
	for i := 0; i < len(o.words); i += 2 { // ARNs come before the ids in them
		if len(o.words[i+1]) > 8 {
			text = strings.ReplaceAll(text, o.words[i+1], "{"+o.words[i]+"}")
		}
	}
	return text
}
