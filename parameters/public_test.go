package parameters_test

import (
	"slices"
	"testing"

	"claviger/internal/op/optest"
	"claviger/parameters"
	"claviger/parameters/ssmfault"
	"claviger/policy"
)

// site is where the tests' public tree hangs.
const site = "/aws/service/site"

// publicPrefix is what ARNs of public parameters begin with: they have no account.
const publicPrefix = "arn:aws:ssm:" + region + "::parameter"

const declared = "image: ami-1\nregions: [a, b]\ndb: {host: h, port: 5, replica: {host: r}}\n"

// startPublic starts a service whose site declares parameters.
func startPublic(t *testing.T) *service {
	t.Helper()
	return startWith(t, declare(t, site, declared))
}

func TestPublic_EveryAccount_ReadsThem(t *testing.T) {
	s := startPublic(t)
	image := site + "/image"
	for _, owner := range []string{account, "222222222222"} {
		s.As(owner)
		for _, name := range []string{image, image + ":1", publicPrefix + image} {
			got := s.get(name)
			if got.Name != image || got.ARN != publicPrefix+image || got.Value != "ami-1" ||
				got.Type != "String" || got.Version != 1 || got.DataType != "text" ||
				got.LastModifiedDate.IsZero() {
				t.Errorf("%s: %+v", name, got)
			}
		}
		if got := s.get("/aws/service/list/site"); got.Value != site+"/" {
			t.Errorf("%+v", got)
		}
	}
	out := must[parameters.GetParametersOutput](s, "GetParameters", M{"Names": []string{
		site + "/regions", site + "/image:1", site + "/image:2", site + "/none", "/none"}})
	if len(out.Parameters) != 2 || out.Parameters[0].Selector != ":1" ||
		out.Parameters[1].Type != "StringList" || out.Parameters[1].Value != "a,b" {
		t.Errorf("%+v", out.Parameters)
	}
	if want := []string{site + "/image:2", site + "/none", "/none"}; !slices.Equal(
		out.InvalidParameters, want) {
		t.Errorf("invalid %v, want %v", out.InvalidParameters, want)
	}
}

func TestPublic_WhatIsNotDeclared_IsAbsent(t *testing.T) {
	for _, s := range []*service{startPublic(t), start(t)} {
		for _, name := range []string{site + "/none", site, "/aws/service", prefix + site + "/image",
			"arn:aws:ssm:eu-central-1::parameter" + site + "/image", publicPrefix + "/image"} {
			s.Refused("GetParameter", M{"Name": name}, "ParameterNotFound", "")
		}
	}
	s := startPublic(t)
	for _, name := range []string{site + "/image:2", site + "/image:label"} {
		s.Refused("GetParameter", M{"Name": name}, "ParameterVersionNotFound", "")
	}
}

func TestPublic_ByPath_AreBelowTheirOwnOnly(t *testing.T) {
	s := startPublic(t)
	s.put("/own", "v")
	db := []string{site + "/db/host", site + "/db/port"}
	all := []string{site + "/db/host", site + "/db/port", site + "/db/replica/host", site + "/image",
		site + "/regions"}
	for _, c := range []struct {
		path      string
		recursive bool
		want      []string
	}{
		{"/", true, []string{"/own"}}, {"/", false, []string{"/own"}}, {"/aws", true, nil},
		{"/aws/servicex", true, nil}, {site, true, all}, {site + "/", true, all},
		{site, false, all[3:]}, {site + "/db", false, db}, {site + "/image", true, nil},
		{"/aws/service/list", false, []string{"/aws/service/list/site"}},
		{"/aws/service", true, append([]string{"/aws/service/list/site"}, all...)},
	} {
		if got := s.byPath(c.path, c.recursive); !slices.Equal(got, c.want) {
			t.Errorf("%s (%v): %v, want %v", c.path, c.recursive, got, c.want)
		}
	}
	out := must[parameters.GetParametersByPathOutput](s, "GetParametersByPath", M{"Path": site,
		"ParameterFilters": []M{{"Key": "Type", "Values": []string{"StringList"}}}})
	if len(out.Parameters) != 1 || out.Parameters[0].ARN != publicPrefix+site+"/regions" {
		t.Errorf("%+v", out)
	}
	out = must[parameters.GetParametersByPathOutput](s, "GetParametersByPath", M{"Path": site,
		"ParameterFilters": []M{{"Key": "Label", "Values": []string{"l"}}}})
	if len(out.Parameters) != 0 {
		t.Errorf("no public parameter has labels: %+v", out)
	}
}

// TestPublic_Reading_TakesPermissionOnAnARNWithoutAccount: as the documented policies have it.
func TestPublic_Reading_TakesPermissionOnAnARNWithoutAccount(t *testing.T) {
	s := startPublic(t)
	asked := map[string]string{}
	s.Decide(func(q policy.Request) policy.Decision {
		for _, d := range q.Demands {
			asked[d.Action] = d.Resource.ARN
		}
		return policy.Decide(q)
	})
	image := M{"Name": site + "/image"}
	s.Do("GetParameter", image)
	s.Do("GetParameters", M{"Names": []string{site + "/image"}})
	s.Do("GetParametersByPath", M{"Path": site})
	for action, arn := range map[string]string{"GetParameter": "/image", "GetParameters": "/image",
		"GetParametersByPath": ""} {
		if got := asked["ssm:"+action]; got != publicPrefix+site+arn {
			t.Errorf("%s asked about %s", action, got)
		}
	}
	s.Decide(policy.Decide)
	defer s.By(optest.User("nobody"))()
	s.Refused("GetParameter", image, "AccessDeniedException", "")
	s.Refused("GetParametersByPath", M{"Path": site}, "AccessDeniedException", "")
}

// TestPublic_OtherOperations_KnowNone: AWS has no history of public parameters, lists none of them
// by DescribeParameters, and lets nobody write there.
func TestPublic_OtherOperations_KnowNone(t *testing.T) {
	s := startPublic(t)
	name := site + "/image"
	s.Refused("PutParameter", M{"Name": name, "Value": "v", "Type": "String", "Overwrite": true},
		"AccessDeniedException", "No access to reserved parameter name: "+name+".")
	s.Refused("GetParameterHistory", M{"Name": name}, "ParameterNotFound", "")
	s.Refused("DeleteParameter", M{"Name": name}, "ParameterNotFound", "")
	s.Refused("LabelParameterVersion", M{"Name": name, "Labels": []string{"l"}},
		"ParameterNotFound", "")
	s.Refused("ListTagsForResource", M{"ResourceType": "Parameter", "ResourceId": name},
		"InvalidResourceId", "")
	s.Refused("AddTagsToResource", M{"ResourceType": "Parameter", "ResourceId": name,
		"Tags": []M{{"Key": "k", "Value": "v"}}}, "InvalidResourceId", "")
	for _, policy := range []string{"PutResourcePolicy", "GetResourcePolicies"} {
		s.Refused(policy, M{"ResourceArn": publicPrefix + name, "Policy": "{}"},
			"ResourceNotFoundException", "")
	}
	gone := must[parameters.DeleteParametersOutput](s, "DeleteParameters", M{"Names": []string{name}})
	if !slices.Equal(gone.InvalidParameters, []string{name}) {
		t.Errorf("%+v", gone)
	}
	if out := must[parameters.DescribeParametersOutput](s, "DescribeParameters", M{}); len(
		out.Parameters) != 0 {
		t.Errorf("%+v", out)
	}
	s.Refused("DescribeParameters", M{"ParameterFilters": []M{{"Key": "Path",
		"Values": []string{site}}}}, "ValidationException", `Filters for common parameters can't be `+
		`prefixed with "aws" or "ssm" (case-insensitive). When using global parameters, please `+
		`specify within a global namespace.`)
	if got := s.get(name); got.Value != "ami-1" {
		t.Errorf("%+v", got)
	}
	s.Refused("GetParameter", M{"Name": "aws/service/site/image"}, "ValidationException",
		ssmfault.BadName.Message)
}

// TestPublic_ETag_ChangesWithTheFile: who waits over a restart is told of what the site declares
// then.
func TestPublic_ETag_ChangesWithTheFile(t *testing.T) {
	s := startPublic(t)
	read := func() [2]string {
		return [2]string{s.etag("GetParameter", M{"Name": site + "/image"}),
			s.etag("GetParametersByPath", M{"Path": site})}
	}
	first := read()
	if first[0] == "" || first[1] == "" || read() != first {
		t.Errorf("%q, then %q", first, read())
	}
	s.Restart()
	if again := read(); again != first {
		t.Errorf("%q, after a restart %q", first, again)
	}
	s.declared = declare(t, site, "image: ami-2\n")
	s.Restart()
	if again := read(); again[0] == first[0] || again[1] == first[1] {
		t.Errorf("%q, with another file %q", first, again)
	}
}
