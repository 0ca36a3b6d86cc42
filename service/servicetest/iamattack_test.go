package servicetest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"claviger/service/servicetest"
	"claviger/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// intruder makes what somebody is who can write to the database and has no token: users and roles
// whose credentials he has, which may do nothing.
type intruder struct {
	*servicetest.Server
	all []edited
}

// listing is a request that somebody makes who may not.
func listing(as aws.Credentials) servicetest.Request {
	return servicetest.Request{Target: "TrentService.ListKeys", Body: []byte(`{}`), As: as}
}

// user makes a user of the intruder's and the edit of a row that would let him have more.
func (i *intruder) user(t *testing.T, table, set string,
	prepare func(c *iam.Client, name *string)) {
	t.Helper()
	name := fmt.Sprint("eve", len(i.all))
	keys := i.User(t, name)
	if prepare != nil {
		prepare(i.IAM(), &name)
	}
	i.all = append(i.all, edited{table + " of " + name + ": " + set, table,
		`UPDATE ` + table + ` SET ` + set + ` WHERE name = ?1`, []any{name}, listing(keys)})
}

// role makes a role of which the intruder has a session, and the edit of its row.
func (i *intruder) role(t *testing.T, set string, prepare func(c *iam.Client, name *string)) {
	t.Helper()
	name := fmt.Sprint("mallory", len(i.all))
	keys := i.session(t, name)
	if prepare != nil {
		prepare(i.IAM(), &name)
	}
	i.all = append(i.all, edited{"iam_roles of " + name + ": " + set, "iam_roles",
		`UPDATE iam_roles SET ` + set + ` WHERE name = ?1`, []any{name}, listing(keys)})
}

// session makes a role that whoever is called taker may assume, and a session of it.
func (i *intruder) session(t *testing.T, role string) aws.Credentials {
	t.Helper()
	taking := stageTaker(t, i.Server)
	arn := createRole(t, i.Server, role, trust("AWS", servicetest.UserARN(taker)))
	return temporary(must(i.STS(servicetest.As(taking)).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: &arn, RoleSessionName: aws.String("session")}))(t).Credentials)
}

// What the rows say once they are edited.
const (
	allAttached = `attached = '["` + everythingARN + `"]'`
	allInline   = `inline = '[{"Name":"a","Document":"{\"Version\":\"2012-10-17\",` +
		`\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}}"}]'`
)

// deniedInline gives a user everything but what an inline policy denies.
func deniedInline(t *testing.T) func(c *iam.Client, name *string) {
	return func(c *iam.Client, name *string) {
		must(c.AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: name,
			PolicyArn: aws.String(everythingARN)}))(t)
		must(c.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: name,
			PolicyName:     aws.String("deny"),
			PolicyDocument: aws.String(identityPolicy("Deny", "kms:*"))}))(t)
	}
}

// ownGroup makes a group of the user's name that denies what he has.
func ownGroup(t *testing.T) func(c *iam.Client, name *string) {
	return func(c *iam.Client, name *string) {
		must(c.AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: name,
			PolicyArn: aws.String(everythingARN)}))(t)
		must(c.CreateGroup(t.Context(), &iam.CreateGroupInput{GroupName: name}))(t)
		must(c.PutGroupPolicy(t.Context(), &iam.PutGroupPolicyInput{GroupName: name,
			PolicyName:     aws.String("deny"),
			PolicyDocument: aws.String(identityPolicy("Deny", "kms:*"))}))(t)
		must(c.AddUserToGroup(t.Context(),
			&iam.AddUserToGroupInput{GroupName: name, UserName: name}))(t)
	}
}

// ownPolicy makes a managed policy that allowed everything and denies it now, and attaches it; or
// makes it the boundary of a user who has everything.
func ownPolicy(t *testing.T, boundary bool) func(c *iam.Client, name *string) {
	return func(c *iam.Client, name *string) {
		arn := must(c.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: name,
			PolicyDocument: aws.String(allowing("*"))}))(t).Policy.Arn
		must(c.CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{PolicyArn: arn,
			PolicyDocument: aws.String(identityPolicy("Deny", "kms:*")), SetAsDefault: true}))(t)
		attached := arn
		if boundary {
			must(c.PutUserPermissionsBoundary(t.Context(), &iam.PutUserPermissionsBoundaryInput{
				UserName: name, PermissionsBoundary: arn}))(t)
			attached = aws.String(everythingARN)
		}
		must(c.AttachUserPolicy(t.Context(),
			&iam.AttachUserPolicyInput{UserName: name, PolicyArn: attached}))(t)
	}
}

// bounded gives a user everything within a boundary of nothing.
func bounded(t *testing.T, nothing string) func(c *iam.Client, name *string) {
	return func(c *iam.Client, name *string) {
		must(c.AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: name,
			PolicyArn: aws.String(everythingARN)}))(t)
		must(c.PutUserPermissionsBoundary(t.Context(), &iam.PutUserPermissionsBoundaryInput{
			UserName: name, PermissionsBoundary: &nothing}))(t)
	}
}

// TestEntityRows_EditedInTheDatabase_GainNothing: who can write to the database gives himself
// nothing, takes no Deny, boundary or end of a session away, and gets into no role. What he edits
// is an internal error to whomever it is about, and the log names the table.
func TestEntityRows_EditedInTheDatabase_GainNothing(t *testing.T) {
	i := &intruder{Server: servicetest.Start(t)}
	nothing := managedPolicy(t, i.Server, "nothing", allowing("execute-api:Invoke"))
	group(t, i.Server, "admins", "*")
	for _, set := range []string{allAttached, allInline, `tags = '[{"Key":"team","Value":"admin"}]'`,
		`path = '/admin/'`, `member_of = (SELECT '["' || id || '"]' FROM iam_groups WHERE name = 'admins')`,
		`rev = rev + 1`, `created = created + 1`, `mac = zeroblob(32)`,
		allAttached + `, mac = (SELECT mac FROM iam_users WHERE name = 'nobody')`} {
		i.user(t, "iam_users", set, nil)
	}
	i.user(t, "iam_users", `inline = '[]'`, deniedInline(t))
	i.user(t, "iam_users", `boundary = ''`, bounded(t, nothing))
	i.user(t, "iam_users", `member_of = '[]'`, ownGroup(t))
	i.user(t, "iam_groups", `inline = '[]'`, ownGroup(t))
	i.user(t, "iam_groups", allInline, ownGroup(t))
	i.user(t, "iam_groups", allAttached, ownGroup(t))
	i.user(t, "iam_policies", `default_version = 'v1'`, ownPolicy(t, false))
	i.user(t, "iam_policies", `versions = replace(versions, 'Deny', 'Allow')`, ownPolicy(t, false))
	i.user(t, "iam_policies", `default_version = 'v1'`, ownPolicy(t, true))
	i.user(t, "iam_policies", `path = '/x/'`, ownPolicy(t, true))
	for _, set := range []string{allAttached, allInline, `revoked = 0, rev = rev + 1`,
		`tags = '[{"Key":"team","Value":"admin"}]'`, `trust = replace(trust, 'Allow', 'Deny')`,
		`max_session_duration = 43200`} {
		i.role(t, set, nil)
	}
	i.role(t, `boundary = ''`, func(c *iam.Client, name *string) {
		must(c.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: name,
			PolicyArn: aws.String(everythingARN)}))(t)
		must(c.PutRolePermissionsBoundary(t.Context(), &iam.PutRolePermissionsBoundaryInput{
			RoleName: name, PermissionsBoundary: &nothing}))(t)
	})
	i.role(t, `revoked = 0`, func(_ *iam.Client, name *string) {
		accepted(t, i.Service().RevokeRole(t.Context(), roleARN(*name), time.Time{}, "claviger test"))
	})
	theirs := i.RootOf(t, otherAccount)
	i.all = append(i.all, edited{"an account's alias", "iam_accounts",
		`UPDATE iam_accounts SET alias = 'admin' WHERE account = ?1`, []any{otherAccount},
		listing(theirs)})

	i.Restart(t, nil) // with empty caches; rows that are edited before it wouldn't let it start
	db := database(t, i.Database)
	for _, e := range i.all {
		edit(t, db, e)
	}
	for _, e := range i.all {
		i.Clock.Advance(10 * time.Second) // before a caller is known, one cause is logged once a period
		t.Run(e.name, func(t *testing.T) { refusedInside(t, i.Server, e) })
	}
	if _, err := i.KMS().ListKeys(t.Context(), nil); err != nil {
		t.Errorf("who has nothing to do with it: %v", err)
	}
}

func roleARN(name string) string { return "arn:aws:iam::" + servicetest.Account + ":role/" + name }

// TestEntityRows_Added_GainNothing: a row that the service hasn't made opens nothing.
func TestEntityRows_Added_GainNothing(t *testing.T) {
	i := &intruder{Server: servicetest.Start(t)}
	eve := i.User(t, "eve")
	createRole(t, i.Server, "open", trust("AWS", servicetest.UserARN("eve")))
	session := i.session(t, "mallory")
	must(i.IAM().CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{
		Url: aws.String("https://issuer.example"), ClientIDList: []string{"a"}}))(t)
	managedPolicy(t, i.Server, "any", allowing("*"))
	i.Restart(t, nil)
	db := database(t, i.Database)
	for table, set := range map[string]string{
		"iam_roles":          `name = 'added', id = 'AROAADDEDADDEDADDEDA'`,
		"iam_policies":       `name = 'added', id = 'ANPAADDEDADDEDADDEDA'`,
		"iam_oidc_providers": `name = 'added.example', id = 'added.example'`,
		"iam_users":          `name = 'added', id = 'AIDAADDEDADDEDADDEDA'`,
	} {
		must(db.Exec(`CREATE TEMP TABLE added AS SELECT * FROM ` + table + ` LIMIT 1`))(t)
		must(db.Exec(`UPDATE added SET ` + set))(t)
		must(db.Exec(`INSERT INTO ` + table + ` SELECT * FROM added`))(t)
		must(db.Exec(`DROP TABLE added`))(t)
	}
	ask := func(name string, as aws.Credentials, form string) {
		t.Helper()
		service := map[bool]string{true: "sts", false: "iam"}[strings.HasPrefix(form, "Action=Assume")]
		version := map[string]string{"sts": "2011-06-15", "iam": "2010-05-08"}[service]
		a := i.Send(t, servicetest.Request{Type: stsType, Service: service, As: as,
			Body: []byte(form + "&Version=" + version)})
		if a.Status != 500 {
			t.Errorf("%s: answered %d %s", name, a.Status, a.Body)
		}
		discreet(t, a)
	}
	ask("a role", eve, "Action=AssumeRole&RoleSessionName=s1&RoleArn="+roleARN("added"))
	ask("a policy", i.Root, "Action=GetPolicy&PolicyArn="+
		managedARN(servicetest.Account, "added"))
	ask("a provider", i.Root, "Action=GetOpenIDConnectProvider&OpenIDConnectProviderArn=arn:aws:iam::"+
		servicetest.Account+":oidc-provider/added.example")
	ask("a user", i.Root, "Action=GetUser&UserName=added")
	must(db.Exec(`INSERT INTO iam_revoked_sessions VALUES ('ASIAADDEDADDEDADDEDA', ?1, 0,
		zeroblob(32))`, servicetest.Account))(t)
	refusedInside(t, i.Server, edited{table: "iam_revoked_sessions", q: listing(session)})
}

// TestEntityRows_DeletedWhileRunning_DenyEverything: a group or a managed policy that an entity's
// row names may have held a Deny. Where it is gone nobody gets past the gap.
func TestEntityRows_DeletedWhileRunning_DenyEverything(t *testing.T) {
	i := &intruder{Server: servicetest.Start(t)}
	i.user(t, "iam_groups", "", ownGroup(t))
	i.user(t, "iam_policies", "", ownPolicy(t, false))
	i.user(t, "iam_policies", "", ownPolicy(t, true))
	i.Restart(t, nil)
	db := database(t, i.Database)
	for _, e := range i.all {
		must(db.Exec(`DELETE FROM `+e.table+` WHERE name = ?1`, e.args...))(t)
		if a := i.Send(t, e.q); a.Code() != "AccessDeniedException" {
			t.Errorf("%s: answered %d %s", e.name, a.Status, a.Body)
		}
	}
}

// TestEntityRows_PutBack_StopTheStart: an older row of the service's own, which allowed what was
// taken away since, or one that was deleted, or the end of a session that is taken away: none of it
// is there after the next start, for there is none.
func TestEntityRows_PutBack_StopTheStart(t *testing.T) {
	i := &intruder{Server: servicetest.Start(t)}
	c := i.IAM()
	document := func(effect string) *string { return aws.String(identityPolicy(effect, "*")) }
	i.User(t, "eve")
	must(c.AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: aws.String("eve"),
		PolicyArn: aws.String(everythingARN)}))(t)
	group(t, i.Server, "staff", "*", "eve")
	arn := managedPolicy(t, i.Server, "rights", *document("Allow"))
	createRole(t, i.Server, "open", trust("AWS", servicetest.UserARN("eve")))
	provider := must(c.CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{
		Url: aws.String("https://issuer.example"), ClientIDList: []string{"a"}}))(t)
	must(c.CreateAccountAlias(t.Context(),
		&iam.CreateAccountAliasInput{AccountAlias: aws.String("ours")}))(t)
	session := i.session(t, "mallory")
	before := copyOf(t, i.Server)

	must(c.DetachUserPolicy(t.Context(), &iam.DetachUserPolicyInput{UserName: aws.String("eve"),
		PolicyArn: aws.String(everythingARN)}))(t)
	must(c.PutGroupPolicy(t.Context(), &iam.PutGroupPolicyInput{GroupName: aws.String("staff"),
		PolicyName: aws.String("deny"), PolicyDocument: document("Deny")}))(t)
	must(c.CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{PolicyArn: &arn,
		PolicyDocument: document("Deny"), SetAsDefault: true}))(t)
	must(c.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{
		RoleName:       aws.String("open"),
		PolicyDocument: aws.String(trust("AWS", servicetest.NobodyARN))}))(t)
	must(c.DeleteOpenIDConnectProvider(t.Context(), &iam.DeleteOpenIDConnectProviderInput{
		OpenIDConnectProviderArn: provider.OpenIDConnectProviderArn}))(t)
	must(c.DeleteAccountAlias(t.Context(),
		&iam.DeleteAccountAliasInput{AccountAlias: aws.String("ours")}))(t)
	accepted(t, i.Service().RevokeSession(t.Context(), session.AccessKeyID, "claviger test"))

	copies := map[string]string{}
	for _, table := range []string{"iam_users", "iam_groups", "iam_policies", "iam_roles",
		"iam_oidc_providers", "iam_accounts", "iam_revoked_sessions"} {
		copies[table] = copyOf(t, i.Server)
		db := database(t, copies[table])
		must(db.Exec(`ATTACH '` + before + `' AS old; DELETE FROM main.` + table + `;
			INSERT INTO main.` + table + ` SELECT * FROM old.` + table))(t)
		accepted(t, db.Close())
	}
	i.Restart(t, func() {
		for table, path := range copies {
			err := i.TryStart(t.Context(), path)
			if !errors.Is(err, store.ErrRows) || !strings.Contains(err.Error(), "table "+table) {
				t.Errorf("%s: %v", table, err)
			}
		}
	})
	if a := i.Send(t, listing(session)); a.Code() != "ExpiredTokenException" {
		t.Errorf("the session that was ended: %d %s", a.Status, a.Body)
	}
}
