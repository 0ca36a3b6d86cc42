package parameters_test

import (
	"fmt"
	"testing"
)

// cost is what requests ask of the token and of the database.
type cost struct{ calls, commits, reads int64 }

// costOf performs an operation once to fill the caches, and returns what it costs afterwards.
func (s *service) costOf(operation string, in func(n int) M) cost {
	s.T.Helper()
	const times = 10
	s.Do(operation, in(0))
	calls, before := s.TokenCalls.Load(), s.DB.Stats()
	for n := range times {
		s.Do(operation, in(n+1))
	}
	calls, after := s.TokenCalls.Load()-calls, s.DB.Stats()
	commits, reads := after.Batches-before.Batches, after.Reads-before.Reads
	if calls%times != 0 || commits%times != 0 || reads%times != 0 {
		s.T.Errorf("%s costs now more, now less: %d calls, %d commits and %d reads by %d requests",
			operation, calls, commits, reads, times)
	}
	return cost{calls / times, commits / times, reads / times}
}

func always(in M) func(int) M { return func(int) M { return in } }

// TestReads_Warm_CostNoMoreThanTheyMust: what is kept is not read again, what is no secret is not
// the token's business, and however much is read has one commit.
func TestReads_Warm_CostNoMoreThanTheyMust(t *testing.T) {
	s := start(t)
	for i := range 10 {
		for _, kind := range []string{"String", "SecureString"} {
			s.Do("PutParameter", M{"Name": fmt.Sprintf("/app/%s/%d", kind, i), "Value": "v", "Type": kind})
		}
	}
	s.Do("LabelParameterVersion", M{"Name": "/app/String/0", "Labels": []string{"l"}})
	for _, c := range []struct {
		operation string
		in        M
		want      cost
	}{
		{"GetParameter", M{"Name": "/app/String/0"}, cost{commits: 1}},
		{"GetParameter", M{"Name": "/app/String/0:l"}, cost{commits: 1}},
		{"GetParameter", M{"Name": "/app/SecureString/0"}, cost{commits: 1}},
		{"GetParameter", M{"Name": "/app/SecureString/0", "WithDecryption": true},
			cost{calls: 1, commits: 1}},
		{"GetParameters", M{"Names": []string{"/app/String/0", "/app/SecureString/0"},
			"WithDecryption": true}, cost{calls: 1, commits: 1}},
		{"GetParametersByPath", M{"Path": "/app/String"}, cost{commits: 1, reads: 1}},
		{"GetParametersByPath", M{"Path": "/app/SecureString", "WithDecryption": true},
			cost{calls: 10, commits: 1, reads: 1}},
		{"GetParametersByPath", M{"Path": "/app", "Recursive": true}, cost{commits: 1, reads: 1}},
		{"DescribeParameters", M{}, cost{commits: 1, reads: 1}},
		{"DescribeParameters", M{"ParameterFilters": []M{{"Key": "Name",
			"Values": []string{"/app/String/3"}}}}, cost{commits: 1, reads: 1}},
	} {
		if got := s.costOf(c.operation, always(c.in)); got != c.want {
			t.Errorf("%s %v costs %+v, want %+v", c.operation, c.in, got, c.want)
		}
	}
}

// TestPutParameter_EachType_CostsTwoRowsAndASeal: the token signs the parameter's row and the
// version's, and seals what is secret and opens it once. Number and tier are what is kept says.
func TestPutParameter_EachType_CostsTwoRowsAndASeal(t *testing.T) {
	s := start(t)
	for kind, calls := range map[string]int64{"String": 2, "SecureString": 4} {
		anew := func(n int) M {
			return M{"Name": fmt.Sprintf("/new/%s/%d", kind, n), "Value": "v", "Type": kind}
		}
		over := M{"Name": "/new/" + kind + "/0", "Value": "w", "Type": kind, "Overwrite": true}
		if got, want := s.costOf("PutParameter", anew), (cost{calls, 1, 2}); got != want {
			t.Errorf("a new %s costs %+v, want %+v", kind, got, want)
		}
		if got, want := s.costOf("PutParameter", always(over)), (cost{calls, 1, 1}); got != want {
			t.Errorf("the next version of a %s costs %+v, want %+v", kind, got, want)
		}
	}
}
