package parameters_test

import (
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/internal/op/optest"
	"claviger/parameters"
	"claviger/policy"
)

// Statements of identity policies of the account.
const everything = `{"Effect":"Allow","Action":"*","Resource":"*"}`

func allow(action, name, condition string) string { return about("Allow", action, name, condition) }

func deny(action, name, condition string) string { return about("Deny", action, name, condition) }

func about(effect, action, name, condition string) string {
	if condition != "" {
		condition = `,"Condition":{` + condition + `}`
	}
	return `{"Effect":"` + effect + `","Action":"ssm:` + action + `","Resource":"` + prefix + name +
		`"` + condition + `}`
}

func equals(key, value string) string { return `"StringEquals":{"` + key + `":"` + value + `"}` }

// asked is a request of a user who has one policy, and the resource that the refusal of it names;
// empty: it is allowed.
type asked struct {
	operation string
	in        M
	policy    []string
	refused   string
}

// decided performs each request, after some parameters were made.
func decided(t *testing.T, all []asked) {
	t.Helper()
	s := start(t)
	for _, name := range []string{"/app/dev/a", "/app/dev/b", "/app/prod/a", "/app/dev", "top"} {
		s.put(name, "v")
	}
	s.Do("AddTagsToResource", tagging("/app/dev/a", "red"))
	for _, c := range all {
		s.asUser(t, c.policy, func(who policy.Caller) {
			_, err := ask[any](s, c.operation, c.in)
			f := fault.Of(err)
			switch {
			case c.refused == "" && err != nil:
				t.Errorf("%s %v by %v: %v", c.operation, c.in, c.policy, err)
			case c.refused != "" && (f == nil || f.Code != "AccessDeniedException" ||
				!strings.HasPrefix(f.Message, "User: "+who.ARN+" is not authorized to perform: ssm:") ||
				!strings.Contains(f.Message, " on resource: "+prefix+c.refused+" ")):
				t.Errorf("%s %v by %v: %v, want a refusal of %s", c.operation, c.in, c.policy, err, c.refused)
			}
		})
	}
}

// asUser has a user of the account ask who has one policy of some statements.
func (s *service) asUser(t *testing.T, statements []string, do func(policy.Caller)) {
	t.Helper()
	who := optest.Somebody(t, account, "alice", document(statements...))
	defer s.By(who)()
	do(who)
}

func tagging(name, team string) M {
	return M{"ResourceType": "Parameter", "ResourceId": name,
		"Tags": []M{{"Key": "team", "Value": team}}}
}

// TestAccess_ByName_IsDecidedOnEachParameter: a selector and the form of the name make no
// difference, and one name that is denied denies the request.
func TestAccess_ByName_IsDecidedOnEachParameter(t *testing.T) {
	get := func(name string) M { return M{"Name": name} }
	names := func(names ...string) M { return M{"Names": names} }
	dev := func(action string) []string { return []string{allow(action, "/app/dev/*", "")} }
	decided(t, []asked{
		{"GetParameter", get("/app/dev/a"), dev("GetParameter"), ""},
		{"GetParameter", get("/app/dev/a:1"), []string{allow("GetParameter", "/app/dev/a", "")}, ""},
		{"GetParameter", get(prefix + "/app/dev/a:1"), dev("GetParameter"), ""},
		{"GetParameter", get("/app/prod/a"), dev("GetParameter"), "/app/prod/a"},
		{"GetParameter", get("/app/prod/a:1"), dev("GetParameter"), "/app/prod/a"},
		{"GetParameter", get("/app/prod/none"), dev("GetParameter"), "/app/prod/none"},
		{"GetParameter", get("/app/dev"), dev("GetParameter"), "/app/dev"},
		{"GetParameter", get("top"), []string{allow("GetParameter", "/top", "")}, ""},
		{"GetParameter", get("top"), []string{allow("GetParameter", "//top", "")}, "/top"},
		{"GetParameter", get("/app/dev/a"), dev("GetParameters"), "/app/dev/a"},
		{"GetParameter", get("/app/dev/a"), []string{everything, deny("GetParameter", "/app/*", "")},
			"/app/dev/a"},
		{"GetParameterHistory", get("/app/dev/a"), dev("GetParameter"), "/app/dev/a"},

		{"GetParameters", names("/app/dev/a", "/app/dev/b"), dev("GetParameters"), ""},
		{"GetParameters", names("/app/dev/a", "/app/prod/a", "/app/dev/b"), dev("GetParameters"),
			"/app/prod/a"},
		{"GetParameters", names("/app/dev/a", "/app/prod/none"), dev("GetParameters"),
			"/app/prod/none"},
		{"GetParameters", names("/app/dev/none"), dev("GetParameters"), ""},
		{"DeleteParameters", names("/app/dev/none", "/app/prod/a"), dev("DeleteParameters"),
			"/app/prod/a"},

		{"GetParameter", get("/app/dev/a"), []string{
			allow("GetParameter", "/*", equals("aws:ResourceTag/team", "red"))}, ""},
		{"GetParameter", get("/app/dev/a"), []string{
			allow("GetParameter", "/*", equals("ssm:resourceTag/team", "red"))}, ""},
		{"GetParameter", get("/app/dev/b"), []string{
			allow("GetParameter", "/*", equals("ssm:resourceTag/team", "red"))}, "/app/dev/b"},
		{"GetParameters", names("/app/dev/a", "/app/dev/b"), []string{
			allow("GetParameters", "/*", equals("aws:ResourceTag/team", "red"))}, "/app/dev/b"},
		{"DeleteParameter", get("/app/dev/b"), []string{
			allow("DeleteParameter", "/*", equals("aws:ResourceTag/team", "red"))}, "/app/dev/b"},
		{"PutResourcePolicy", M{"ResourceArn": prefix + "/app/dev/a", "Policy": document(
			readers(otherAccount))}, []string{allow("PutParameter", "/*", "")}, "/app/dev/a"},
	})
}

// TestAccess_ByPath_IsDecidedOnThePathAsGiven: a slash at its end is a part of it. Who is denied it
// with that slash or without is denied it both ways.
func TestAccess_ByPath_IsDecidedOnThePathAsGiven(t *testing.T) {
	const operation = "GetParametersByPath"
	path := func(path string) M { return M{"Path": path} }
	recursive := func(is bool) M { return M{"Path": "/app/dev", "Recursive": is} }
	denied := []string{everything, deny(operation, "/*", equals("ssm:Recursive", "true"))}
	decided(t, []asked{
		{operation, path("/app/dev"), []string{allow(operation, "/app/dev", "")}, ""},
		{operation, path("/app/dev"), []string{allow(operation, "/app/dev/*", "")}, "/app/dev"},
		{operation, path("/app/dev/"), []string{allow(operation, "/app/dev/*", "")}, ""},
		{operation, path("/app/dev/"), []string{allow(operation, "/app/dev", "")}, "/app/dev/"},
		{operation, path("/"), []string{allow(operation, "/", "")}, ""},
		{operation, path("/"), []string{allow(operation, "/app*", "")}, "/"},
		{operation, path("/app/none"), []string{allow(operation, "/app/dev", "")}, "/app/none"},
		{operation, path("/app/dev"), []string{everything, deny(operation, "/app/dev/", "")},
			"/app/dev"},
		{operation, path("/app/dev/"), []string{everything, deny(operation, "/app/dev", "")},
			"/app/dev/"},
		{operation, path("/app/dev"), []string{everything, deny(operation, "/app/dev/*", "")},
			"/app/dev"},
		{operation, path("/app"), []string{everything, deny(operation, "/app/dev", "")}, ""},
		{operation, path("/"), []string{everything, deny(operation, "/?*", "")}, ""},
		{operation, recursive(true), denied, "/app/dev"},
		{operation, recursive(false), denied, ""},
		{operation, path("/app/dev"), denied, ""},
		{operation, path("/app/dev"), []string{
			allow(operation, "/*", equals("ssm:Recursive", "false"))}, "/app/dev"},
	})
}

// TestAccess_WhatARequestSays_IsInConditions: ssm:Overwrite and ssm:Policies, which are absent
// where the request says nothing, and tags, which take a permission of their own.
func TestAccess_WhatARequestSays_IsInConditions(t *testing.T) {
	put := func(name string, more ...M) M {
		in := M{"Name": name, "Value": "w", "Type": "String"}
		for _, m := range more {
			for k, v := range m {
				in[k] = v
			}
		}
		return in
	}
	tagged := M{"Tags": []M{{"Key": "team", "Value": "red"}}}
	noOverwrite := []string{everything, deny("PutParameter", "/*", equals("ssm:Overwrite", "true"))}
	noPolicies := []string{everything, deny("PutParameter", "/*", `"Null":{"ssm:Policies":"false"}`)}
	decided(t, []asked{
		{"PutParameter", put("/app/dev/a", M{"Overwrite": true}), noOverwrite, "/app/dev/a"},
		{"PutParameter", put("/app/1", M{"Overwrite": false}), noOverwrite, ""},
		{"PutParameter", put("/app/2"), noOverwrite, ""},
		{"PutParameter", put("/app/3"), []string{
			allow("PutParameter", "/*", equals("ssm:Overwrite", "false"))}, "/app/3"},
		{"PutParameter", put("/app/3", M{"Policies": "[{}]", "Tier": "Advanced"}), noPolicies, "/app/3"},
		{"PutParameter", put("/app/3"), noPolicies, ""},

		{"PutParameter", put("/app/4", tagged), []string{allow("PutParameter", "/*", "")}, "/app/4"},
		{"PutParameter", put("/app/4", tagged), []string{allow("PutParameter", "/*", ""),
			allow("AddTagsToResource", "/app/4", "")}, ""},
		{"PutParameter", put("/app/5", tagged), []string{everything,
			deny("AddTagsToResource", "/*", "")}, "/app/5"},
		{"PutParameter", put("/app/5", tagged), []string{everything,
			deny("PutParameter", "/*", equals("aws:RequestTag/team", "red"))}, "/app/5"},
		{"PutParameter", put("/app/5"), []string{everything,
			deny("PutParameter", "/*", `"Null":{"aws:RequestTag/team":"true"}`)}, "/app/5"},
		{"AddTagsToResource", tagging("/app/dev/b", "blue"), []string{
			allow("AddTagsToResource", "/*", equals("aws:RequestTag/team", "red"))}, "/app/dev/b"},
		{"AddTagsToResource", tagging("/app/dev/b", "green"), []string{
			allow("AddTagsToResource", "/*", equals("aws:RequestTag/team", "green"))}, ""},
		{"RemoveTagsFromResource", M{"ResourceType": "Parameter", "ResourceId": "/app/dev/b",
			"TagKeys": []string{"team"}}, []string{everything, deny("RemoveTagsFromResource", "/*",
			`"ForAnyValue:StringEquals":{"aws:TagKeys":"team"}`)}, "/app/dev/b"},
	})
}

// TestAccess_DescribeParameters_IsAllowedOnEverythingAlone: no policy narrows the listing. The
// refusal is in AWS's words, as recorded.
func TestAccess_DescribeParameters_IsAllowedOnEverythingAlone(t *testing.T) {
	s := start(t)
	s.asUser(t, []string{`{"Effect":"Allow","Action":"ssm:DescribeParameters","Resource":"*"}`},
		func(policy.Caller) { s.Do("DescribeParameters", M{}) })
	s.asUser(t, []string{allow("DescribeParameters", "/*", "")}, func(who policy.Caller) {
		s.Refused("DescribeParameters", M{}, "AccessDeniedException", "User: "+who.ARN+" is not "+
			"authorized to perform: ssm:DescribeParameters on resource: arn:aws:ssm:"+region+":"+account+
			":* because no identity-based policy allows the ssm:DescribeParameters action")
	})
}

// TestGetParametersByPath_DeniedBelow_IsShownAllTheSame, as AWS warns: who may list a path may read
// what is below it.
func TestGetParametersByPath_DeniedBelow_IsShownAllTheSame(t *testing.T) {
	s := start(t)
	s.put("/app/a", "v")
	s.put("/app/secret/b", "v")
	s.asUser(t, []string{`{"Effect":"Allow","Action":"ssm:*","Resource":"` + prefix + `/app"}`,
		`{"Effect":"Deny","Action":"ssm:*","Resource":"` + prefix + `/app/secret*"}`},
		func(policy.Caller) {
			out := must[parameters.GetParametersByPathOutput](s, "GetParametersByPath",
				M{"Path": "/app", "Recursive": true})
			if len(out.Parameters) != 2 || out.Parameters[1].Value != "v" {
				t.Errorf("%+v", out)
			}
			s.Refused("GetParameter", M{"Name": "/app/secret/b"}, "AccessDeniedException", "")
		})
}
