package servicetest_test

import (
	"slices"
	"strings"

	"claviger/service/servicetest"
)

// What follows says what a cell has to come to, from the documents of IAM ("Policy evaluation
// logic" and "Troubleshoot access denied error messages" of the IAM user guide, "Key policies" of
// the KMS developer guide) and with nothing of package policy.

// outcome is what a cell comes to.
type outcome struct {
	code string // of a refusal, without the Exception at the end; empty: the caller is allowed
	text string
}

// expected says what the cell of an operation comes to.
func (m *matrix) expected(o *matrixOperation, c cell) outcome {
	p := m.person(c)
	id := idOf(o.info)
	switch {
	case c.name() == "anonymous":
		return outcome{code: "MissingAuthenticationToken"}
	case o.info.Service.Name == "iam" && (c.name() == "token" || c.name() == "federated"):
		// "Comparing the AWS STS API operations": not without MFA, which nobody has, and never.
		return outcome{code: "InvalidClientTokenId"}
	case slices.Contains(refusedToSessions[id], c.name()):
		return denied("Cannot call " + o.info.Name + " with session credentials")
	case id == "sts.AssumeRole" && c.name() == "root":
		return denied("Roles may not be assumed by root accounts.")
	case unrestricted[id] != "":
		return outcome{}
	}
	for _, d := range o.demands {
		if c.foreign && d.on != d.called {
			continue // the other account has no alias of the name
		}
		if why, ok := m.allows(o, c, d); !ok {
			if strings.HasPrefix(id, "sts.AssumeRole") {
				why = "" // STS says why to nobody
			}
			text := "User: " + p.arn + " is not authorized to perform: " + d.action
			if called := m.calledBy(o, p, d.called); called != "" && !unshared(o, c) {
				text += " on resource: " + called
			}
			return denied(text + why)
		}
	}
	return outcome{}
}

func denied(text string) outcome { return outcome{"AccessDenied", text} }

// refusedToSessions are the operations that sessions of some kinds are refused, whatever their
// policies say ("Comparing the AWS STS API operations" of the IAM user guide).
var refusedToSessions = map[string][]string{
	"sts.GetSessionToken":            {"token", "federated", "role", "web"},
	"sts.GetFederationToken":         {"token", "federated", "role", "web"},
	"sts.GetAccessKeyInfo":           {"token", "federated"},
	"sts.DecodeAuthorizationMessage": {"token", "federated"},
}

// unshared reports whether an operation is about what only the account has whose it is, and which
// is never shared: to any other principal it has no name.
func unshared(o *matrixOperation, c cell) bool {
	switch idOf(o.info) {
	case "kms.ListAliases", "iam.GetAccessKeyLastUsed", "iam.CreateAccount", "iam.ListAccounts":
		return c.foreign
	}
	return false
}

// calledBy is what a refusal of the principal calls the resource: what a request names without an
// account is of the principal's own.
func (m *matrix) calledBy(o *matrixOperation, p *person, braced string) string {
	called := o.fill(braced)
	if strings.Contains(o.document(), strings.TrimPrefix(called, "policy ")) ||
		strings.Contains(called, ":key/") {
		return called
	}
	return strings.ReplaceAll(called, servicetest.Account, p.account)
}

// allows says whether the policies of a cell allow one action, and if not what a refusal says of
// the reason: the kind of policy that stands in the way, in the order of section "Policy evaluation
// logic": an explicit deny, the resource's policy where it decides, identity policies, boundary,
// session policies.
func (m *matrix) allows(o *matrixOperation, c cell, d matrixDemand) (why string, ok bool) {
	p := m.person(c)
	called := m.calledBy(o, p, d.on)
	foreign := unshared(o, c) ||
		strings.Contains(called, "arn:") && !strings.Contains(called, p.account) &&
			!strings.HasSuffix(o.info.Name, "PrincipalPolicy") // whose it is is an error of its own
	thing, hasPolicy := o.thing(called)
	decides := hasPolicy && o.info.Service.Name != "secretsmanager"
	by := ""
	if hasPolicy {
		by = m.resourceNames(o, c, thing, foreign)
	}
	deniedByResource := hasPolicy && c.resource == "denied"
	missing := func(kind string) string {
		return " because no " + kind + " allows the " + d.action + " action"
	}
	switch {
	case c.identity == "denied":
		return " with an explicit deny in an identity-based policy", false
	case deniedByResource && !foreign:
		return " " + explicitly, false
	case c.boundary == "denied":
		return " with an explicit deny in a permissions boundary", false
	case c.session == "denied":
		return " with an explicit deny in a session policy", false
	case foreign && called != "" && o.info.Service.Name == "kms" && (by == "" || deniedByResource ||
		c.resource == "granted" && c.identity == ""): // a refusal speaks of policies alone
		return " " + notTheirs, false
	case (foreign || decides) && by == "" || deniedByResource:
		return missing("resource-based policy"), false
	case by == "itself" && !foreign:
		return "", true
	}
	byRole := by == "role" && !foreign // it needs no identity policy, and keeps to its bounds
	owner := c.name() == "root"
	identity := c.identity != "" && (c.name() != "federated" || c.session != "none")
	switch {
	case !byRole && !owner && !identity:
		return missing("identity-based policy"), false
	case c.boundary == "lacking":
		return missing("permissions boundary"), false
	case c.session == "lacking":
		return missing("session policy"), false
	}
	return "", true
}

// resourceNames says how the resource's policy, or a grant, lets the principal of a cell in:
// itself, its role, or its account; or not at all.
func (m *matrix) resourceNames(o *matrixOperation, c cell, r policedThing, foreign bool) string {
	name := o.info.Service.Name
	if foreign && name == "kms" && !slices.Contains(acrossAccounts, o.info.Name) {
		return ""
	}
	if o.info.Name == "AssumeRole" && c.name() == "federated" {
		return "" // of STS it has GetCallerIdentity alone
	}
	switch {
	case c.resource == "closed" && o.info.Name == "RetireGrant" && !foreign:
		return "account" // every grant lets the key's account retire it
	case c.resource == "closed":
		return ""
	case c.resource == "named" && c.name() == "root":
		return "account"
	case (c.resource == "named" || c.resource == "granted") && c.ofRole():
		return "role"
	case c.resource == "named", c.resource == "granted":
		return "itself"
	case c.resource == "session" && c.ofRole():
		return "itself"
	case foreign, name == "secretsmanager":
		return ""
	}
	return "account"
}

// thing returns what has a policy of its own, if an ARN is that of one.
func (o *matrixOperation) thing(arn string) (policedThing, bool) {
	for _, r := range o.policed {
		if r.arn == arn {
			return r, true
		}
	}
	return policedThing{}, false
}
