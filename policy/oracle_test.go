package policy_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"claviger/policy"
)

// question is one request with the documents as texts, so that it can be kept in a file. Policies
// of the caller stand beside it, not in it.
type question struct {
	Caller   policy.Caller
	Identity []string `json:",omitempty"`
	Boundary string   `json:",omitempty"`
	Session  []string `json:",omitempty"` // session policies
	Facts    policy.Facts

	Action  string
	ARN     string
	Owner   string
	Decides bool
	Policy  string            `json:",omitempty"`
	Tags    map[string]string `json:",omitempty"`
	Values  policy.Values     `json:",omitempty"`
	Grants  []policy.Grant    `json:",omitempty"`
	Child   *policy.Grant     `json:",omitempty"` // that kms:CreateGrant is to make
}

// rule is a statement as encoding/json reads it, and the version of its document.
type rule struct {
	of      map[string]any
	version string
}

// rulesOf reads a document without a look at its form: what is malformed never gets here.
func rulesOf(text string) (rules []rule) {
	if text == "" {
		return nil
	}
	var d map[string]any
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		panic(err)
	}
	version, _ := d["Version"].(string)
	for _, s := range list(d["Statement"]) {
		rules = append(rules, rule{s.(map[string]any), version})
	}
	return rules
}

// list: every element may stand alone or in a list.
func list(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	if v == nil {
		return nil
	}
	return []any{v}
}

// texts are the values of an element; booleans and numbers are compared as their text.
func texts(v any) (out []string) {
	for _, e := range list(v) {
		if s, ok := e.(string); ok {
			out = append(out, s)
			continue
		}
		b, _ := json.Marshal(e)
		out = append(out, string(b))
	}
	return out
}

// The evaluation of a request. Every step reads all documents again, and nothing is kept.

func (q *question) sameAccount() bool { return q.Owner == "" || q.Owner == q.Caller.Account }

// says reports whether a statement with the effect in one of the documents applies. These are
// policies of the caller, so nobody is named in them.
func (q *question) says(effect string, documents ...string) bool {
	for _, d := range documents {
		for _, r := range rulesOf(d) {
			if r.of["Effect"] == effect && q.applies(r, false) {
				return true
			}
		}
	}
	return false
}

// applies reports whether action, resource and condition of a statement are those of the request.
func (q *question) applies(r rule, ofResource bool) bool {
	return q.actionIn(r) && q.resourceIn(r) && q.conditionsHold(r, ofResource)
}

// ways of being allowed by the resource's policy, by the strength that section 5 gives them.
type ways struct {
	unlimited bool // this very user, session, service
	limited   bool // its role, or everybody: boundary and session policies still count
	account   bool // its account, whose identity policies decide
}

// policyAllows collects in which ways the resource's policy allows the request.
func (q *question) policyAllows() (w ways) {
	for _, r := range rulesOf(q.Policy) {
		if r.of["Effect"] == "Allow" && q.applies(r, true) {
			w = w.and(q.named(r))
		}
	}
	return w
}

// grantsAllow collects in which ways grants allow the request.
func (q *question) grantsAllow() (w ways) {
	for _, g := range q.Grants {
		if q.grants(g) {
			w = w.and(q.grantee(g.Grantee))
		}
	}
	return w
}

func (w ways) and(o ways) ways {
	return ways{w.unlimited || o.unlimited, w.limited || o.limited, w.account || o.account}
}

// resourceDenies reports whether a statement of the resource's policy denies the request.
func (q *question) resourceDenies() bool {
	for _, r := range rulesOf(q.Policy) {
		if r.of["Effect"] == "Deny" && q.applies(r, true) && q.denied(r) {
			return true
		}
	}
	return false
}

// judge is the table of evaluation, with the recipe for the texts.
func (q *question) judge() (allowed bool, text string) {
	if q.Caller.Type == policy.Service && q.sameAccount() {
		return true, "" // the service's own unfinished work, of which AWS's documents don't speak
	}
	switch {
	case q.says("Deny", q.Identity...):
		return false, q.refusal(" with an explicit deny in an identity-based policy")
	case q.resourceDenies() && q.sameAccount():
		return false, q.refusal(" with an explicit deny in a resource-based policy")
	case q.resourceDenies():
		// The facts have a text for a deny within one account only, and KMS's for one across.
		return false, q.refusal(q.unnamed())
	case q.says("Deny", q.Boundary):
		return false, q.refusal(" with an explicit deny in a permissions boundary")
	case q.says("Deny", q.Session...):
		return false, q.refusal(" with an explicit deny in a session policy")
	}
	t := q.policyAllows()
	if lacking := q.lacking(t); lacking == "" || q.lacking(t.and(q.grantsAllow())) == "" {
		return true, ""
	} else if lacking == "resource" {
		return false, q.refusal(q.unnamed())
	} else {
		return false, q.refusal(q.because(lacking)) // it speaks of policies alone, not of grants
	}
}

// lacking is what the caller lacks if the resource allows it in these ways; empty: nothing.
func (q *question) lacking(t ways) string {
	if q.Caller.Type == policy.Service {
		if t == (ways{}) {
			return "resource"
		}
		return ""
	}
	isRoot := q.Caller.Type == policy.Root
	identity := isRoot || q.says("Allow", q.Identity...)
	if q.Caller.Type == policy.FederatedUser && len(q.Session) == 0 {
		identity = false
	}
	boundary := isRoot || q.Boundary == "" || q.says("Allow", q.Boundary)
	session := isRoot || len(q.Session) == 0 || q.says("Allow", q.Session...)

	if (!q.sameAccount() || q.Decides) && t == (ways{}) {
		return "resource"
	}
	if q.sameAccount() && t.unlimited {
		return ""
	}
	switch {
	case !identity && !(q.sameAccount() && t.limited):
		return "no identity-based policy"
	case !boundary:
		return "no permissions boundary"
	case !session:
		return "no session policy"
	}
	return ""
}

func (q *question) because(what string) string {
	return fmt.Sprintf(" because %s allows the %s action", what, q.Action)
}

// unnamed is the reason where the resource's policy would have to allow.
func (q *question) unnamed() string {
	if strings.HasPrefix(q.Action, "kms:") && !q.sameAccount() {
		return " because the resource does not exist in this Region, no resource-based policies allow" +
			" access, or a resource-based policy explicitly denies access"
	}
	return q.because("no resource-based policy")
}

// refusal is the message. STS gives no reason for what is asked of a role.
func (q *question) refusal(reason string) string {
	if q.Action == "sts:AssumeRoleWithWebIdentity" {
		return "Not authorized to perform sts:AssumeRoleWithWebIdentity"
	}
	who := q.Caller.ARN
	if who == "" {
		who = q.Caller.PrincipalID
	}
	text := "User: " + who + " is not authorized to perform: " + q.Action
	if q.ARN != "*" {
		text += " on resource: " + q.ARN
	}
	if slices.Contains([]string{"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"},
		q.Action) {
		return text
	}
	return text + reason
}

// Grants.

// grants reports whether a grant lists the operation and its constraints hold.
func (q *question) grants(g policy.Grant) bool {
	if !slices.Contains(g.Actions, q.Action) {
		return false
	}
	if q.Action == "kms:RetireGrant" {
		return true
	}
	if g.SourceARN != "" {
		return false // the facts don't say when it holds; a caller is no resource
	}
	switch q.Action {
	case "kms:DescribeKey", "kms:GetPublicKey":
		return true // constraints don't count for them
	case "kms:CreateGrant":
		return q.Child != nil && smaller(*q.Child, g)
	}
	context := q.encryptionContext()
	if g.Equals != nil && !same(g.Equals, context) {
		return false
	}
	return within(g.Subset, context)
}

// smaller reports whether the grant that is to be made gives no more than g.
func smaller(child, g policy.Grant) bool {
	for _, a := range child.Actions {
		if !slices.Contains(g.Actions, a) {
			return false
		}
	}
	if g.Equals != nil && (child.Equals == nil || !same(g.Equals, child.Equals)) {
		return false
	}
	return within(g.Subset, child.Subset) || within(g.Subset, child.Equals)
}

func same(a, b map[string]string) bool { return within(a, b) && within(b, a) }

// within reports whether every pair of a is one of b: names in any case, values in theirs.
func within(a, b map[string]string) bool {
	for k, v := range a {
		found := false
		for l, w := range b {
			found = found || strings.EqualFold(k, l) && v == w
		}
		if !found {
			return false
		}
	}
	return true
}

func (q *question) encryptionContext() map[string]string {
	m := map[string]string{}
	for k, v := range q.Values {
		if name, ok := strings.CutPrefix(k, "kms:EncryptionContext:"); ok && len(v) == 1 {
			m[name] = v[0]
		}
	}
	return m
}

// grantee is how strongly a grant to name speaks for the caller: as a key policy that names it.
func (q *question) grantee(name string) ways {
	if name == q.Caller.PrincipalID && q.Caller.Type == policy.Service {
		return ways{unlimited: true}
	}
	return q.byAWS(name)
}

// context is what the request says to condition keys, by their names in lower case.
func (q *question) context(ofResource bool) map[string][]string {
	c := map[string][]string{}
	set := func(key string, values ...string) { c[strings.ToLower(key)] = values }
	yes := func(key string, is bool) { set(key, fmt.Sprint(is)) }
	for k, v := range q.Values {
		set(k, v...)
	}
	if ofResource {
		delete(c, "kms:resourcealiases") // honoured in IAM policies only
	}
	q.principalContext(set, yes)
	for k, v := range q.Tags {
		set("aws:ResourceTag/"+k, v)
	}
	owner := q.Owner
	if owner == "" {
		owner = q.Caller.Account
	}
	set("aws:ResourceAccount", owner)
	f := q.Facts
	if f.SourceIP != "" {
		set("aws:SourceIp", f.SourceIP)
	}
	if f.UserAgent != "" {
		set("aws:UserAgent", f.UserAgent)
	}
	set("aws:RequestedRegion", f.Region)
	set("aws:CurrentTime", f.Time.UTC().Format(time.RFC3339))
	set("aws:EpochTime", fmt.Sprint(f.Time.Unix()))
	yes("aws:SecureTransport", f.TLS)
	yes("aws:ViaAWSService", f.Via != "")
	if f.Via != "" && strings.HasPrefix(q.Action, "kms:") && q.ARN != "*" {
		set("kms:ViaService", f.Via+"."+f.Region+".amazonaws.com")
	}
	return c
}

// principalContext adds what the caller says. A service has no ARN, and no session.
func (q *question) principalContext(set func(string, ...string), yes func(string, bool)) {
	p := q.Caller
	yes("aws:PrincipalIsAWSService", p.Type == policy.Service)
	types := map[string]string{policy.Root: "Account", policy.IAMUser: "User",
		policy.AssumedRole: "AssumedRole", policy.FederatedUser: "FederatedUser",
		policy.Service: "AWSService"}
	set("aws:PrincipalType", types[p.Type])
	set("aws:PrincipalAccount", p.Account)
	set("aws:userid", p.PrincipalID)
	if p.Type == policy.Service {
		return
	}
	set("aws:PrincipalArn", p.ARN)
	if p.Type == policy.AssumedRole {
		set("aws:PrincipalArn", p.Role)
	}
	if p.Type == policy.IAMUser {
		set("aws:username", p.ARN[strings.LastIndex(p.ARN, "/")+1:])
	}
	for k, v := range p.Tags {
		set("aws:PrincipalTag/"+k, v)
	}
	if p.Session == nil {
		return
	}
	for k, v := range p.Session.Tags {
		set("aws:PrincipalTag/"+k, v)
	}
	set("aws:TokenIssueTime", p.Session.Issued.UTC().Format(time.RFC3339))
	yes("aws:MultiFactorAuthPresent", p.Session.MFA)
	if p.Session.SourceIdentity != "" {
		set("aws:SourceIdentity", p.Session.SourceIdentity)
	}
	if p.Session.Provider != "" {
		set("aws:FederatedProvider", p.Session.Provider)
	}
}
