package records_test

import (
	"slices"
	"strconv"
	"testing"

	"claviger/alarms"
	"claviger/audit"
)

// document is a policy that lets principals do anything.
func document(principal string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":` + principal +
		`,"Action":"*","Resource":"*"}}`
}

const (
	everybody = `"*"`
	outside   = `{"AWS":"arn:aws:iam::` + other + `:root"}`
	inside    = `{"AWS":"arn:aws:iam::` + own + `:root"}`
	topic     = "arn:aws:sns:" + region + ":" + own + ":alarms"
	parameter = "arn:aws:ssm:" + region + ":" + own + ":parameter/app"
	aRole     = "arn:aws:iam::" + own + ":role/r"
)

// put is the record of a request that has a policy.
func put(service, name, parameters, policy string, answer ...string) audit.Record {
	r := by("admin")
	r.Source, r.Name, r.ReadOnly = service+".amazonaws.com", name, false
	r.Parameters = []byte(`{` + parameters + strconv.Quote(policy) + `}`)
	for _, text := range answer {
		r.Response = []byte(text)
	}
	return r
}

// Each operation that lets somebody in, whatever it has of policies and names.
func TestLook_AccessOpened_IsToldOfEachWay(t *testing.T) {
	const id = "1234abcd-12ab-34cd-56ef-1234567890ab"
	for what, c := range map[string]struct {
		record           func(policy string) audit.Record
		resource, region string
	}{
		"a key's policy": {func(p string) audit.Record {
			return put("kms", "PutKeyPolicy", `"keyId":"`+id+`","policy":`, p)
		}, keyARN, region},
		"a new key": {func(p string) audit.Record {
			return put("kms", "CreateKey", `"policy":`, p, `{"keyMetadata":{"arn":"`+keyARN+`"}}`)
		}, keyARN, region},
		"a replica": {func(p string) audit.Record {
			r := put("kms", "ReplicateKey", `"replicaRegion":"us-east-1","policy":`, p)
			r.Resources = []audit.Resource{{ARN: keyARN}}
			return r
		}, "arn:aws:kms:us-east-1:" + own + ":key/" + id, "us-east-1"},
		"a secret's policy": {func(p string) audit.Record {
			return put("secretsmanager", "PutResourcePolicy",
				`"secretId":"`+aSecret+`","resourcePolicy":`, p)
		}, aSecret, region},
		"a secret's policy, by its name": {func(p string) audit.Record {
			r := put("secretsmanager", "PutResourcePolicy", `"secretId":"name","resourcePolicy":`, p)
			r.Additional = []byte(`{"resourceARNs":["` + aSecret + `"]}`)
			return r
		}, aSecret, region},
		"a parameter's policy": {func(p string) audit.Record {
			return put("ssm", "PutResourcePolicy", `"resourceArn":"`+parameter+`","policy":`, p)
		}, parameter, region},
		"a topic's policy": {func(p string) audit.Record {
			return put("sns", "SetTopicAttributes",
				`"topicArn":"`+topic+`","attributeName":"Policy","attributeValue":`, p)
		}, topic, region},
		"who may assume a role": {func(p string) audit.Record {
			return put("iam", "UpdateAssumeRolePolicy", `"roleName":"r","policyDocument":`, p)
		}, aRole, region},
		"a new role": {func(p string) audit.Record {
			return put("iam", "CreateRole", `"roleName":"r","assumeRolePolicyDocument":`, p)
		}, aRole, region},
	} {
		w := watched(t)
		for principal, access := range map[string]string{everybody: alarms.Public,
			outside: alarms.CrossAccount, inside: ""} {
			got := w.look(0, c.record(document(principal)))
			if access == "" {
				w.tells(what+" for its own", got, "")
				continue
			}
			w.tells(what, got, alarms.AccessOpened)
			if len(got) != 1 {
				continue
			}
			d := got[0].Detail.(alarms.Opened)
			if d.Access != access || d.Resource != c.resource || got[0].Region != c.region ||
				got[0].Account != own || !slices.Equal(got[0].Resources, []string{c.resource}) ||
				access == alarms.CrossAccount && !slices.Equal(d.Accounts, []string{other}) {
				t.Errorf("%s for %s: %+v", what, principal, got[0])
			}
		}
		refused := c.record(document(everybody))
		refused.ErrorCode = "AccessDenied"
		w.tells(what+" that is refused", w.look(0, refused), "")
	}
}

func TestLook_GrantToAnotherAccount_IsTold(t *testing.T) {
	w := watched(t)
	grant := func(to string) audit.Record {
		return put("kms", "CreateGrant", `"keyId":"`+keyARN+`","granteePrincipal":`, to)
	}
	w.tells("its own", w.look(0, grant("arn:aws:iam::"+own+":user/x")), "")
	got := w.look(0, grant("arn:aws:iam::"+other+":role/x"))
	w.tells("another's", got, alarms.AccessOpened)
	if d := got[0].Detail.(alarms.Opened); !slices.Equal(d.Accounts, []string{other}) ||
		d.Resource != keyARN {
		t.Errorf("%+v", d)
	}
}

// A principal of another account leaves a record in both accounts: one event tells of it, where the
// key is.
func TestLook_RecordsInTwoAccounts_AreToldOnceAtTheOwners(t *testing.T) {
	w := watched(t)
	theirs := put("kms", "PutKeyPolicy", `"keyId":"`+keyARN+`","policy":`, document(everybody))
	theirs.SharedID, theirs.Account, theirs.Identity.AccountID = "shared", other, other
	ours := theirs
	ours.Account = own
	b := w.batch(0, theirs, ours)
	got := w.Look(b, 0)
	w.tells("both", got, alarms.AccessOpened)
	if got[0].Account != own {
		t.Errorf("%+v", got[0])
	}
}

func TestLook_RequestsWithoutAPolicy_TellNothing(t *testing.T) {
	w := watched(t)
	for _, r := range []audit.Record{
		put("kms", "CreateKey", `"description":`, "x"),
		put("sns", "SetTopicAttributes", `"topicArn":"`+topic+`","attributeName":"DisplayName",`+
			`"attributeValue":`, document(everybody)),
		put("iam", "CreateRole", `"roleName":`, "r"),
		put("secretsmanager", "PutResourcePolicy", `"secretId":"x","resourcePolicy":`, "no policy"),
		put("kms", "PutKeyPolicy", `"keyId":5,"policy":`, document(everybody)),
	} {
		w.tells(string(r.Parameters), w.look(0, r), "")
	}
}
