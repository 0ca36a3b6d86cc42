package parameters_test

import (
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/parameters"
	"claviger/policy"
)

// TestAccess_EachPolicy_DecidesOnNameAndPath: documented policies of paths, tags and what requests
// say, asked by requests.
func TestAccess_EachPolicy_DecidesOnNameAndPath(t *testing.T) {
	s := start(t)
	for _, name := range []string{"/app/dev/a", "/app/dev/b", "/app/prod/a", "/app/dev", "top"} {
		s.put(name, "v")
	}
	s.do("AddTagsToResource", M{"ResourceType": "Parameter", "ResourceId": "/app/dev/a",
		"Tags": []M{{"Key": "team", "Value": "red"}}})
	statement := func(effect, actions, resource, condition string) string {
		if condition != "" {
			condition = `,"Condition":{` + condition + `}`
		}
		return `{"Effect":"` + effect + `","Action":[` + actions + `],"Resource":"` + resource + `"` +
			condition + `}`
	}
	allow := func(action, name, condition string) string {
		return statement("Allow", `"ssm:`+action+`"`, prefix+name, condition)
	}
	deny := func(action, name, condition string) string {
		return statement("Deny", `"ssm:`+action+`"`, prefix+name, condition)
	}
	everything := statement("Allow", `"*"`, "*", "")
	equals := func(key, value string) string {
		return `"StringEquals":{"` + key + `":"` + value + `"}`
	}
	get := func(name string) M { return M{"Name": name} }
	below := func(path string, more ...M) M {
		in := M{"Path": path}
		for _, m := range more {
			for k, v := range m {
				in[k] = v
			}
		}
		return in
	}
	names := func(names ...string) M { return M{"Names": names} }
	put := func(more M) M {
		in := M{"Name": "/app/dev/a", "Value": "w", "Type": "String"}
		for k, v := range more {
			in[k] = v
		}
		return in
	}
	recursive, tagged := M{"Recursive": true}, M{"Tags": []M{{"Key": "team", "Value": "red"}}}
	fresh := func(name string, more M) M {
		in := put(more)
		in["Name"] = name
		return in
	}
	tag := func(name, value string) M {
		return M{"ResourceType": "Parameter", "ResourceId": name,
			"Tags": []M{{"Key": "team", "Value": value}}}
	}
	for _, c := range []struct {
		operation string
		in        M
		policy    []string
		refused   string // the resource that a refusal names; empty: it is allowed
	}{
		{"GetParameter", get("/app/dev/a"), []string{allow("GetParameter", "/app/dev/*", "")}, ""},
		{"GetParameter", get("/app/dev/a:1"), []string{allow("GetParameter", "/app/dev/a", "")}, ""},
		{"GetParameter", get(prefix + "/app/dev/a:1"), []string{allow("GetParameter", "/app/dev/a", "")},
			""},
		{"GetParameter", get("/app/prod/a"), []string{allow("GetParameter", "/app/dev/*", "")},
			"/app/prod/a"},
		{"GetParameter", get("/app/prod/none"), []string{allow("GetParameter", "/app/dev/*", "")},
			"/app/prod/none"},
		{"GetParameter", get("/app/dev"), []string{allow("GetParameter", "/app/dev/*", "")}, "/app/dev"},
		{"GetParameter", get("top"), []string{allow("GetParameter", "/top", "")}, ""},
		{"GetParameter", get("top"), []string{allow("GetParameter", "//top", "")}, "/top"},
		{"GetParameter", get("/app/dev/a"), []string{allow("GetParameters", "/app/dev/*", "")},
			"/app/dev/a"},
		{"GetParameter", get("/app/dev/a"), []string{everything, deny("GetParameter", "/app/*", "")},
			"/app/dev/a"},
		{"GetParameterHistory", get("/app/dev/a"), []string{allow("GetParameter", "/*", "")},
			"/app/dev/a"},

		{"GetParameters", names("/app/dev/a", "/app/dev/b"),
			[]string{allow("GetParameters", "/app/dev/*", "")}, ""},
		{"GetParameters", names("/app/dev/a", "/app/prod/a", "/app/dev/b"),
			[]string{allow("GetParameters", "/app/dev/*", "")}, "/app/prod/a"},
		{"GetParameters", names("/app/dev/a", "/app/prod/none"),
			[]string{allow("GetParameters", "/app/dev/*", "")}, "/app/prod/none"},
		{"GetParameters", names("/app/dev/none"), []string{allow("GetParameters", "/app/dev/*", "")}, ""},
		{"DeleteParameters", names("/app/dev/none", "/app/prod/a"),
			[]string{allow("DeleteParameters", "/app/dev/*", "")}, "/app/prod/a"},

		{"GetParametersByPath", below("/app/dev"), []string{allow("GetParametersByPath", "/app/dev", "")},
			""},
		{"GetParametersByPath", below("/app/dev"),
			[]string{allow("GetParametersByPath", "/app/dev/*", "")}, "/app/dev"},
		{"GetParametersByPath", below("/app/dev/"),
			[]string{allow("GetParametersByPath", "/app/dev/*", "")}, ""},
		{"GetParametersByPath", below("/app/dev/"),
			[]string{allow("GetParametersByPath", "/app/dev", "")}, "/app/dev/"},
		{"GetParametersByPath", below("/"), []string{allow("GetParametersByPath", "/", "")}, ""},
		{"GetParametersByPath", below("/"), []string{allow("GetParametersByPath", "/app*", "")}, "/"},
		{"GetParametersByPath", below("/app", recursive), []string{
			allow("GetParametersByPath", "/app*", ""), deny("GetParametersByPath", "/app/prod*", "")}, ""},
		{"GetParametersByPath", below("/app/dev", recursive), []string{everything,
			deny("GetParametersByPath", "/*", equals("ssm:Recursive", "true"))}, "/app/dev"},
		{"GetParametersByPath", below("/app/dev", M{"Recursive": false}), []string{everything,
			deny("GetParametersByPath", "/*", equals("ssm:Recursive", "true"))}, ""},
		{"GetParametersByPath", below("/app/dev"), []string{everything,
			deny("GetParametersByPath", "/*", equals("ssm:Recursive", "true"))}, ""},
		{"GetParametersByPath", below("/app/dev"), []string{
			allow("GetParametersByPath", "/*", equals("ssm:Recursive", "false"))}, "/app/dev"},

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

		{"PutParameter", put(M{"Overwrite": true}), []string{everything,
			deny("PutParameter", "/*", equals("ssm:Overwrite", "true"))}, "/app/dev/a"},
		{"PutParameter", fresh("/app/new", M{"Overwrite": false}), []string{everything,
			deny("PutParameter", "/*", equals("ssm:Overwrite", "true"))}, ""},
		{"PutParameter", fresh("/app/new2", nil), []string{everything,
			deny("PutParameter", "/*", equals("ssm:Overwrite", "true"))}, ""},
		{"PutParameter", fresh("/app/new3", nil), []string{
			allow("PutParameter", "/*", equals("ssm:Overwrite", "false"))}, "/app/new3"},
		{"PutParameter", fresh("/app/new3", M{"Policies": "[{}]", "Tier": "Advanced"}), []string{everything,
			deny("PutParameter", "/*", `"Null":{"ssm:Policies":"false"}`)}, "/app/new3"},
		{"PutParameter", fresh("/app/new3", nil), []string{everything,
			deny("PutParameter", "/*", `"Null":{"ssm:Policies":"false"}`)}, ""},

		{"PutParameter", fresh("/app/t1", tagged), []string{allow("PutParameter", "/*", "")}, "/app/t1"},
		{"PutParameter", fresh("/app/t1", tagged), []string{allow("PutParameter", "/*", ""),
			allow("AddTagsToResource", "/app/t1", "")}, ""},
		{"PutParameter", fresh("/app/t2", tagged), []string{everything,
			deny("AddTagsToResource", "/*", "")}, "/app/t2"},
		{"PutParameter", fresh("/app/t2", tagged), []string{everything,
			deny("PutParameter", "/*", equals("aws:RequestTag/team", "red"))}, "/app/t2"},
		{"PutParameter", fresh("/app/t2", nil), []string{everything,
			deny("PutParameter", "/*", `"Null":{"aws:RequestTag/team":"true"}`)}, "/app/t2"},
		{"AddTagsToResource", tag("/app/dev/b", "blue"), []string{
			allow("AddTagsToResource", "/*", equals("aws:RequestTag/team", "red"))}, "/app/dev/b"},
		{"AddTagsToResource", tag("/app/dev/b", "green"), []string{
			allow("AddTagsToResource", "/*", equals("aws:RequestTag/team", "green"))}, ""},
		{"RemoveTagsFromResource", M{"ResourceType": "Parameter", "ResourceId": "/app/dev/b",
			"TagKeys": []string{"team"}}, []string{everything, deny("RemoveTagsFromResource", "/*",
			`"ForAnyValue:StringEquals":{"aws:TagKeys":"team"}`)}, "/app/dev/b"},

		{"DescribeParameters", M{}, []string{statement("Allow", `"ssm:DescribeParameters"`, "*", "")}, ""},
		{"DescribeParameters", M{}, []string{allow("DescribeParameters", "/*", "")}, "*"},
		{"PutResourcePolicy", M{"ResourceArn": prefix + "/app/dev/a", "Policy": document(
			readers(otherAccount))}, []string{allow("PutParameter", "/*", "")}, "/app/dev/a"},
	} {
		s.asUser(t, c.policy, func(who policy.Caller) {
			_, err := ask[any](s, c.operation, c.in)
			f := fault.Of(err)
			resource := prefix + c.refused
			if c.refused == "*" {
				resource = strings.TrimSuffix(prefix, "parameter") + "*"
			}
			switch {
			case c.refused == "" && err != nil:
				t.Errorf("%s %v by %v: %v", c.operation, c.in, c.policy, err)
			case c.refused != "" && (f == nil || f.Code != "AccessDeniedException" ||
				!strings.HasPrefix(f.Message, "User: "+who.ARN+" is not authorized to perform: ssm:") ||
				!strings.Contains(f.Message, " on resource: "+resource+" ")):
				t.Errorf("%s %v by %v: %v, want a refusal of %s", c.operation, c.in, c.policy, err, resource)
			}
		})
	}
}

// asUser has a user of the account ask who has one policy of some statements.
func (s *service) asUser(t *testing.T, statements []string, do func(policy.Caller)) {
	t.Helper()
	who := somebody(t, account, "alice", document(statements...))
	defer s.by(who)()
	do(who)
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
			s.refused("GetParameter", M{"Name": "/app/secret/b"}, "AccessDeniedException", "")
		})
}
