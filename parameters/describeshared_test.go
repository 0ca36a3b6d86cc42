package parameters_test

import (
	"fmt"
	"slices"
	"testing"

	"claviger/internal/op/optest"
	"claviger/parameters"
)

// describeShared returns the ARNs of what others share with who asks, from all pages.
func (s *service) describeShared(more M) (arns []string) {
	s.T.Helper()
	in := M{"Shared": true}
	for k, v := range more {
		in[k] = v
	}
	for {
		out := must[parameters.DescribeParametersOutput](s, "DescribeParameters", in)
		for _, p := range out.Parameters {
			arns = append(arns, p.ARN)
			if p.ARN[len(p.ARN)-len(p.Name):] != p.Name || p.Tier != "Advanced" {
				s.T.Errorf("%+v", p)
			}
		}
		if out.NextToken == "" {
			return arns
		}
		in["NextToken"] = out.NextToken
	}
}

// TestDescribeParameters_Shared_ListsWhatPoliciesLetIn: of each account, and nothing of one's own.
func TestDescribeParameters_Shared_ListsWhatPoliciesLetIn(t *testing.T) {
	s := start(t)
	describe := func(effect, principal string) string {
		return let(effect, principal, "DescribeParameters")
	}
	boss := optest.Somebody(t, otherAccount, "boss", optest.AllowsAll)
	for name, statements := range map[string][]string{
		"/a/account":  {describe("Allow", otherAccount)},
		"/a/user":     {describe("Allow", boss.ARN)},
		"/a/everyone": {describe("Allow", "*")},
		"/b/account":  {readers(otherAccount)},
		"/no/third":   {readers("777788889999")},
		"/no/denied":  {describe("Allow", "*"), describe("Deny", boss.ARN)},
		"/no/reading": {let("Allow", otherAccount, "GetParameter")},
		"/no/policy":  nil,
	} {
		arn := s.putAdvanced(name, "v", M{"Overwrite": false,
			"Tags": []M{{"Key": "team", "Value": "a"}}})
		if statements != nil {
			s.share(arn, statements...)
		}
	}
	s.share(s.putAdvanced("/l/string", "v", M{"Type": "StringList"}), readers(otherAccount))
	back := s.By(boss)
	s.putAdvanced("/own", "v")
	s.share("arn:aws:ssm:"+region+":"+otherAccount+":parameter/own", describe("Allow", "*"))
	back()

	all := []string{"/a/account", "/a/everyone", "/a/user", "/b/account", "/l/string"}
	filtered := func(key, option string, values ...string) M {
		return M{"ParameterFilters": []M{{"Key": key, "Option": option, "Values": values}}}
	}
	defer s.By(boss)()
	for i, c := range []struct {
		more M
		want []string
	}{
		{nil, all},
		{M{"MaxResults": 1}, all},
		{M{"MaxResults": 2}, all},
		{filtered("Name", "BeginsWith", "/a"), all[:3]},
		{filtered("Path", "Recursive", "/b"), all[3:4]},
		{filtered("Type", "Equals", "StringList"), all[4:]},
		{M{"ParameterFilters": []M{{"Key": "tag:team"}}}, nil},
	} {
		var want []string
		for _, name := range c.want {
			want = append(want, prefix+name)
		}
		if got := s.describeShared(c.more); !slices.Equal(got, want) {
			t.Errorf("%d: %v, want %v", i, got, want)
		}
	}
	out := must[parameters.DescribeParametersOutput](s, "DescribeParameters", M{"Shared": false})
	if len(out.Parameters) != 1 || out.Parameters[0].Name != "/own" {
		t.Errorf("of one's own: %+v", out)
	}
	page := must[parameters.DescribeParametersOutput](s, "DescribeParameters",
		M{"Shared": true, "MaxResults": 1})
	s.Refused("DescribeParameters", M{"NextToken": page.NextToken, "MaxResults": 1},
		"InvalidNextToken", "")
}

// TestDescribeParameters_SharedRowEdited_FailsTheListing: nobody lets others in behind the
// service's back.
func TestDescribeParameters_SharedRowEdited_FailsTheListing(t *testing.T) {
	s := start(t)
	s.share(s.putAdvanced("/x", "v"), readers("777788889999"))
	s.putAdvanced("/y", "v")
	s.Edit(`UPDATE parameters SET sharing = replace((SELECT sharing FROM parameters WHERE name = '/x'),
		'777788889999', '444455556666') WHERE name = '/y'`)
	defer s.By(optest.Root(otherAccount))()
	s.Refused("DescribeParameters", M{"Shared": true}, "InternalServerError", "")
}

// TestDescribeParameters_ManyShared_TurnPagesInOrder: parameters that nobody shares with who asks
// make pages short, and none is lost between them.
func TestDescribeParameters_ManyShared_TurnPagesInOrder(t *testing.T) {
	s := start(t)
	var want []string
	for i := range 230 {
		arn, with := s.putAdvanced(fmt.Sprintf("/p/%03d", i), "v"), "777788889999"
		if i%50 == 7 {
			with, want = otherAccount, append(want, arn)
		}
		s.share(arn, readers(with))
	}
	defer s.By(optest.Root(otherAccount))()
	if got := s.describeShared(M{"MaxResults": 2}); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
