package servicetest_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// TestMatrix_EveryOperation_IsDecidedAsDocumented asks for every operation of the registry as every
// kind of principal and with every kind of policy, and compares what comes of it with what IAM's
// documents say. With CLAVIGER_LONG=1 it is every kind of principal with every kind of policy.
func TestMatrix_EveryOperation_IsDecidedAsDocumented(t *testing.T) {
	g := startWalkServers(t)
	on := map[*servicetest.Server]*matrix{}
	for number, n := range routed(g.soft.Server) {
		row, s := walk[idOf(n)], g.of(n).Server
		if row.request == "" || n.Unsigned { // that it has a row is for another test to say
			continue
		}
		if on[s] == nil {
			on[s] = newMatrix(t, s)
		}
		t.Run(idOf(n), func(t *testing.T) {
			o := &matrixOperation{info: n, request: row.request}
			on[s].stage(t, o)
			on[s].learn(t, o)
			on[s].turn(t, o, turning...)
			cells := cellsOf(o, number, os.Getenv("CLAVIGER_LONG") != "")
			on[s].walk(t, o, cells)
		})
	}
}

// stage makes what an operation is about, and lets the account's policies decide on it. Keys and
// secrets are called by their ARNs, so that everybody means the same.
func (m *matrix) stage(t *testing.T, o *matrixOperation) {
	t.Helper()
	o.words, _ = stageWords(t, m.Server, o.request)
	o.policed = nil
	if o.info.Service.Name == "cloudtrail" {
		return // what is found of a thing is the account's, whatever the thing's policy says
	}
	for i, n := 0, len(o.words); i < n; i += 2 {
		word, value := o.words[i], &o.words[i+1]
		if !strings.Contains(o.request, `"`+word+`"`) &&
			(word != "KEY" || behindAlias[idOf(o.info)] == "") {
			continue
		}
		switch {
		case slices.Contains(keyWords, word):
			id := *value
			o.words = append(o.words, word+" ID", id)
			value = &o.words[i+1]
			*value = keyARN(id)
			if word == "COUPLE" {
				abroad := strings.Replace(*value, servicetest.Region, servicetest.Abroad, 1)
				o.policed = append(o.policed, policedThing{word, abroad})
			}
		case slices.Contains(secretWords, word):
			*value = secretARN(t, m.Server, *value)
		case word != "ASSUMED":
			continue
		}
		o.policed = append(o.policed, policedThing{word, *value})
	}
	awaitStores(t, m.Server)
	m.police(t, o, "")
}

// document is the request.
func (o *matrixOperation) document() string {
	return strings.NewReplacer(o.words...).Replace(o.request)
}

// learn finds out what an operation is about by what its refusals call it: somebody is given one
// action after another. Which actions they are, and how many, is known before.
func (m *matrix) learn(t *testing.T, o *matrixOperation) {
	t.Helper()
	if unrestricted[idOf(o.info)] != "" {
		return
	}
	var allowed []string
	for i, action := range actionsOf(o.info) {
		m.teach(t, allowed)
		text := m.ask(t, o, m.learner).Message()
		on, ok := strings.CutPrefix(text, "User: "+servicetest.UserARN("learner")+
			" is not authorized to perform: "+action)
		if !ok {
			t.Fatalf("action %d should be %s, and the refusal says: %s", i+1, action, text)
		}
		on, _, _ = strings.Cut(on, " because no identity-based policy allows the ")
		on = strings.TrimPrefix(on, " on resource: ")
		d := matrixDemand{action, o.braced(on), o.braced(on)}
		if key := behindAlias[idOf(o.info)]; i == 1 && key != "" {
			d.on = key
			on = o.fill(key)
		}
		o.demands = append(o.demands, d)
		allowed = append(allowed, fmt.Sprintf(`{"Effect":"Allow","Action":%q,"Resource":%q}`, action,
			resourceOf(o.info, on)))
	}
	m.teach(t, allowed)
	a := m.ask(t, o, m.learner)
	if slices.Contains(neverDecided, decidedAs(a)) {
		t.Fatalf("it demands more than %q: %s", actionsOf(o.info), a.Body)
	}
	m.teach(t, nil)
	if !o.info.ReadOnly {
		m.stage(t, o)
	}
}

// teach gives the learner statements in the place of those that he had.
func (m *matrix) teach(t *testing.T, statements []string) {
	t.Helper()
	if statements == nil {
		statements = []string{`{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}`}
	}
	must(m.IAM().PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
		UserName: aws.String("learner"), PolicyName: aws.String("learned"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` +
			strings.Join(statements, ",") + `]}`)}))(t)
}

func (m *matrix) ask(t *testing.T, o *matrixOperation, as aws.Credentials) servicetest.Answer {
	t.Helper()
	q := callOf(t, o.info, o.document())
	q.As, q.Service = as, o.info.Service.Name
	return m.Send(t, q)
}

// resources are what the policies of resources may say, in an order in which each can be put into
// the place of the one before.
var resources = []string{"", "named", "session", "denied", "closed", "denied to the account",
	"granted"}

// walk asks for an operation in its cells. What is refused comes first, while everything is there.
func (m *matrix) walk(t *testing.T, o *matrixOperation, cells []cell) {
	changed := false
	for _, resource := range resources {
		var refused, allowed []cell
		for _, c := range cells {
			switch {
			case m.saysOf(c) != resource, resource == "denied to the account" && o.keepsItsAuthor():
			case m.expected(o, c).code == "":
				allowed = append(allowed, c)
			default:
				refused = append(refused, c)
			}
		}
		if len(refused)+len(allowed) == 0 {
			continue
		}
		if changed {
			m.stage(t, o)
			m.turn(t, o, "exact")
		}
		m.police(t, o, resource)
		for _, c := range refused {
			m.look(t, o, c)
		}
		for i, c := range allowed {
			switch {
			case i > 0 && o.info.Name == "RetireGrant": // it is the grant that allows it
				m.stage(t, o)
				m.turn(t, o, "exact")
				m.police(t, o, resource)
			case i > 0 && strings.Contains(o.info.Name, "Policy") && len(o.policed) > 0:
				m.police(t, o, resource) // it is this that the operation changes
			}
			m.look(t, o, c)
			changed = changed || !o.info.ReadOnly
		}
	}
}

// keepsItsAuthor reports whether the service refuses a policy by which the account would be denied
// the operation: it is how a secret's policy is put.
func (o *matrixOperation) keepsItsAuthor() bool {
	return slices.Contains(actionsOf(o.info), "secretsmanager:PutResourcePolicy")
}

// saysOf is what the resource's policy says in a cell. The root user is denied something as the
// account that it is.
func (m *matrix) saysOf(c cell) string {
	if c.resource == "denied" && c.name() == "root" {
		return "denied to the account"
	}
	return c.resource
}

// look asks for an operation in one cell. That somebody is allowed shows in any answer but a
// refusal: what the operation is about may be gone or in another state by then.
func (m *matrix) look(t *testing.T, o *matrixOperation, c cell) {
	t.Helper()
	p, want := m.person(c), m.expected(o, c)
	q := callOf(t, o.info, o.document())
	q.As, q.Service, q.Unsigned = p.keys, o.info.Service.Name, c.name() == "anonymous"
	a := m.Send(t, q)
	for decidedAs(a) == "Throttling" { // two lookups of events a second, whoever asks
		time.Sleep(100 * time.Millisecond)
		a = m.Send(t, q)
	}
	code := decidedAs(a)
	ok := a.Status/100 == 2 || a.Status < 500 && !slices.Contains(neverDecided, code) ||
		strings.HasPrefix(a.Message(), "Secrets Manager cannot invoke") // who asks may do it
	if want.code != "" {
		ok = a.Status/100 == 4 && code == want.code && (want.text == "" ||
			unnumbered(a.Message()) == unnumbered(want.text))
	}
	if !ok {
		t.Errorf("%s (foreign %v) with %s:\n%d %s\nwant %q %s", c.name(), c.foreign,
			c.policyKind.name, a.Status, a.Body, want.code, want.text)
	}
}

// ids are what the service puts behind the names of connections and API destinations in ARNs.
var ids = regexp.MustCompile(`(:(?:connection|api-destination)/[^/ ]+/)[0-9a-f-]{36}`)

// unnumbered is a text that calls connections and API destinations as if they were not there: each
// staging makes another, and other accounts have none.
func unnumbered(text string) string { return ids.ReplaceAllString(text, "${1}*") }

// decidedAs is the error's name, whatever a service calls it that somebody may not.
func decidedAs(a servicetest.Answer) string {
	if a.Code() == "AuthorizationError" {
		return "AccessDenied"
	}
	return strings.TrimSuffix(a.Code(), "Exception")
}

// neverDecided are the errors that come before the decision, or from it.
var neverDecided = []string{"AccessDenied", "MissingAuthenticationToken", "InvalidClientTokenId",
	"UnrecognizedClient", "ExpiredToken", "SignatureDoesNotMatch", "Validation", "ValidationError",
	"Serialization", "Throttling"}

// police puts the policies of the resources.
func (m *matrix) police(t *testing.T, o *matrixOperation, resource string) {
	t.Helper()
	for _, r := range o.policed {
		switch parsed := strings.SplitN(r.arn, ":", 6); parsed[2] {
		case "kms":
			c := m.KMS(servicetest.As(m.keeper), servicetest.WithRegion(parsed[3]))
			if _, err := c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &r.arn}); err != nil {
				c = m.KMS(servicetest.WithRegion(parsed[3])) // it is new
			}
			must(c.PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: &r.arn,
				BypassPolicyLockoutSafetyCheck: true,
				Policy:                         m.policyOf(o, "kms:*", resource)}))(t)
			if resource == "granted" {
				m.grant(t, m.KMS(servicetest.WithRegion(parsed[3])), r)
			}
		case "secretsmanager":
			m.policeSecret(t, o, r, resource)
		case "iam":
			text := strings.ReplaceAll(*m.policyOf(o, "sts:*", resource), `"Resource":"*",`, "")
			name := r.arn[strings.LastIndex(r.arn, "/")+1:]
			must(m.IAM().UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{
				RoleName: &name, PolicyDocument: &text}))(t)
		}
	}
}

// policeSecret puts the policy of a secret, which can't be done to one that is to be deleted.
func (m *matrix) policeSecret(t *testing.T, o *matrixOperation, r policedThing, resource string) {
	t.Helper()
	if resource == "" {
		return // it is new
	}
	c := m.SecretsManager()
	if r.word == "REPLICA" {
		m.policeReplica(t, r, m.policyOf(o, "secretsmanager:*", resource))
		return
	}
	if r.word == "MARKED" {
		must(c.RestoreSecret(t.Context(), &secretsmanager.RestoreSecretInput{SecretId: &r.arn}))(t)
		defer func() {
			must(c.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: &r.arn}))(t)
		}()
	}
	must(c.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: &r.arn,
		ResourcePolicy: m.policyOf(o, "secretsmanager:*", resource)}))(t)
}

// policyOf is the policy of a resource. All leave the account a say but for the one that is closed,
// and those of secrets, where the account has it anyway.
func (m *matrix) policyOf(o *matrixOperation, all, resource string) *string {
	var actions []string
	for _, a := range actionsOf(o.info) {
		if !slices.Contains(actions, `"`+a+`"`) {
			actions = append(actions, `"`+a+`"`)
		}
	}
	action, every := `"Action":[`+strings.Join(actions, ",")+`]`, `"Action":"`+all+`"`
	if all == "sts:*" {
		every = action
	}
	statements := []string{statement("Allow", servicetest.UserARN("keeper"), every)}
	if resource != "closed" && all != "secretsmanager:*" {
		statements = append(statements, statement("Allow", servicetest.Account, every))
	}
	add := func(effect, action string, principals ...string) {
		list := `"` + strings.Join(principals, `","`) + `"`
		statements = append(statements, strings.Replace(statement(effect, "PRINCIPALS", action),
			`"PRINCIPALS"`, "["+list+"]", 1))
	}
	switch resource {
	case "named":
		add("Allow", every, m.named(resource)...)
	case "session":
		add("Allow", every, m.named(resource)...)
	case "denied":
		add("Deny", action, m.named(resource)...)
	case "denied to the account":
		add("Deny", action, servicetest.Account, otherAccount)
	}
	return aws.String(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`)
}

// named are the principals in cells with a policy of the resource that names them.
func (m *matrix) named(resource string) (all []string) {
	for _, p := range principalKinds {
		for _, k := range policyKinds {
			if c := (cell{p, k}); k.resource == resource && m.saysOf(c) == resource && p.has(k) {
				one := m.person(c).named
				if resource == "session" {
					one = m.person(c).arn
				}
				if one != "" && !slices.Contains(all, one) {
					all = append(all, one)
				}
			}
		}
	}
	return all
}

// grant makes a grant on a key for everybody in a cell with one.
func (m *matrix) grant(t *testing.T, c *kms.Client, r policedThing) {
	t.Helper()
	var operations []types.GrantOperation
	for _, o := range grantOperationsOf(r.word) {
		operations = append(operations, types.GrantOperation(o))
	}
	for _, grantee := range m.named("granted") {
		must(c.CreateGrant(t.Context(), &kms.CreateGrantInput{KeyId: &r.arn,
			GranteePrincipal: &grantee, Operations: operations}))(t)
	}
}
