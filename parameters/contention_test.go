package parameters_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"claviger/internal/fault"
	"claviger/internal/op/optest"
	"claviger/parameters"
	"claviger/parameters/model"
	"claviger/policy"
	"claviger/store"
)

// together has n writers at work at once, and returns how often each was answered which error; an
// empty one is success.
func (s *service) together(n int, write func(i int) error) map[string]int {
	s.T.Helper()
	var all sync.WaitGroup
	var mu sync.Mutex
	codes := map[string]int{}
	for i := range n {
		all.Go(func() {
			code := ""
			if err := write(i); err != nil {
				code = model.ParameterStore.Code(fault.Of(err))
			}
			mu.Lock()
			defer mu.Unlock()
			codes[code]++
		})
	}
	all.Wait()
	return codes
}

// only fails the test if there was another answer than these.
func (s *service) only(codes map[string]int, allowed ...string) {
	s.T.Helper()
	for code := range codes {
		if !slices.Contains(allowed, code) {
			s.T.Errorf("answers %v, want only %q", codes, allowed)
		}
	}
}

// TestPutParameter_WritersAtOnce_LoseNothing: each number that a writer was told is one version,
// and has what that writer wrote.
func TestPutParameter_WritersAtOnce_LoseNothing(t *testing.T) {
	s := start(t)
	const writers, rounds = 8, 6
	for _, kind := range []string{"String", "SecureString"} {
		name := "/" + kind
		var mu sync.Mutex
		wrote := map[int64]string{}
		codes := s.together(writers, func(i int) (last error) {
			for n := range rounds {
				value := fmt.Sprint(i, "-", n)
				out, err := ask[parameters.PutParameterOutput](s, "PutParameter",
					M{"Name": name, "Value": value, "Type": kind, "Overwrite": true})
				if err != nil {
					last = err
					continue
				}
				mu.Lock()
				if old, twice := wrote[out.Version]; twice {
					t.Errorf("version %d was told to the writers of %s and %s", out.Version, old, value)
				}
				wrote[out.Version] = value
				mu.Unlock()
			}
			return last
		})
		s.only(codes, "")
		all := s.history(name)
		if len(all) != len(wrote) || len(all) == 0 {
			t.Errorf("%d versions, and %d were told of", len(all), len(wrote))
		}
		for i, v := range all {
			if v.Version != int64(i+1) || wrote[v.Version] != v.Value {
				t.Errorf("version %d is %d with %q, and its writer wrote %q", i+1, v.Version, v.Value,
					wrote[v.Version])
			}
		}
		if got := s.get(name); got.Version != int64(len(all)) || got.Value != all[len(all)-1].Value {
			t.Errorf("the newest: %+v", got)
		}
	}
}

func TestPutParameter_WithoutOverwriteAtOnce_OneWins(t *testing.T) {
	s := start(t)
	for round := range 5 {
		name := fmt.Sprint("/a", round)
		codes := s.together(8, func(i int) error {
			_, err := s.Ask(context.Background(), "PutParameter",
				M{"Name": name, "Value": fmt.Sprint(i), "Type": "String"})
			return err
		})
		if codes[""] != 1 || codes["ParameterAlreadyExists"] != 7 {
			t.Errorf("answers %v", codes)
		}
		if got := s.get(name); got.Version != 1 {
			t.Errorf("%+v", got)
		}
	}
	s.isCounted(5, 0)
}

var qCounts = store.SQL(`SELECT standard, advanced FROM parameter_counts
	WHERE account = $1 AND region = $2`)

// isCounted compares how many parameters of each tier there are said to be.
func (s *service) isCounted(standard, advanced int64) {
	s.T.Helper()
	var n, m int64
	err := s.DB.Row(qCounts, []any{account, region}, &n, &m)
	if err != nil || n != standard || m != advanced {
		s.T.Errorf("counted %d and %d, want %d and %d: %v", n, m, standard, advanced, err)
	}
}

// TestParameter_MadeAndDeletedAtOnce_IsThereOrNot: with all its versions, or none, and counted so.
func TestParameter_MadeAndDeletedAtOnce_IsThereOrNot(t *testing.T) {
	s := start(t)
	const name = "/a"
	for range 10 {
		codes := s.together(8, func(i int) (err error) {
			switch i % 4 {
			case 0:
				_, err = s.Ask(context.Background(), "DeleteParameter", M{"Name": name})
			case 1:
				_, err = s.Ask(context.Background(), "DeleteParameters", M{"Names": []string{name, "/b"}})
			case 2:
				_, err = s.Ask(context.Background(), "PutParameter", valued(name))
			default:
				_, err = s.Ask(context.Background(), "PutParameter", of("", name, i))
			}
			return err
		})
		s.only(codes, "", "ParameterNotFound", "ParameterAlreadyExists")
		there := int64(0)
		out, err := ask[parameters.GetParameterHistoryOutput](s, "GetParameterHistory", M{"Name": name})
		if err == nil {
			there = 1
			for i, v := range out.Parameters {
				if v.Version != int64(i+1) {
					t.Errorf("versions %+v", out.Parameters)
				}
			}
			if got := s.get(name); got.Version != int64(len(out.Parameters)) {
				t.Errorf("%+v of %d versions", got, len(out.Parameters))
			}
		} else if fault.Of(err).Code != "ParameterNotFound" {
			t.Error(err)
		}
		s.isCounted(there, 0)
	}
}

// TestLabels_MovedAtOnce_AreOnOneVersion: and none of what others did beside is lost.
func TestLabels_MovedAtOnce_AreOnOneVersion(t *testing.T) {
	s := start(t)
	for range 4 {
		s.put("/a", "v")
	}
	var mu sync.Mutex
	own := map[string]bool{}
	codes := s.together(8, func(i int) error {
		mine := fmt.Sprint("own", i)
		_, err := s.Ask(context.Background(), "LabelParameterVersion", M{"Name": "/a",
			"ParameterVersion": i%4 + 1, "Labels": []string{"moves", mine}})
		if err == nil {
			mu.Lock()
			defer mu.Unlock()
			own[mine] = true
		}
		return err
	})
	s.only(codes, "")
	moves := 0
	for _, labels := range s.labels("/a") {
		for _, l := range labels {
			if l == "moves" {
				moves++
				continue
			}
			delete(own, l)
		}
	}
	if moves != 1 || len(own) != 0 {
		t.Errorf("the label is on %d versions, and lost are %v", moves, own)
	}
}

// TestQuota_LastPlaceTakenAtOnce_IsGivenOnce.
func TestQuota_LastPlaceTakenAtOnce_IsGivenOnce(t *testing.T) {
	s := start(t)
	s.counted(9_998, 0)
	codes := s.together(6, func(i int) error {
		_, err := s.Ask(context.Background(), "PutParameter", of("Standard", fmt.Sprint("/a", i), 1))
		return err
	})
	s.only(codes, "", "ParameterLimitExceeded")
	if codes[""] != 2 {
		t.Errorf("answers %v, want two that were made", codes)
	}
	s.isCounted(10_000, 0)
}

// raced has another process change a parameter each time that an action on it is decided on, which
// is between what a request sees and what it commits.
func (s *service) raced(action string) {
	n := 0
	s.Decide(func(q policy.Request) policy.Decision {
		if q.Demands[0].Action == action && q.Caller.PrincipalID != "AIDAfaster" {
			n++
			faster := optest.As(context.Background(), policy.Caller{Type: policy.Root, Account: account,
				ARN: "arn:aws:iam::" + account + ":root", PrincipalID: "AIDAfaster"})
			s.Elsewhere(func() {
				_, err := s.Serve(faster, s.Operation("ssm:AddTagsToResource"), M{
					"ResourceType": "Parameter", "ResourceId": "/a",
					"Tags": []M{{"Key": "k", "Value": fmt.Sprint(n)}}})
				if err != nil {
					s.T.Error(err)
				}
			})
		}
		return policy.Decide(q)
	})
}

// TestTooManyUpdates_EveryRaceLost_IsAnsweredWhereAWSHasIt: the others have the name that every SDK
// answers by trying again.
func TestTooManyUpdates_EveryRaceLost_IsAnsweredWhereAWSHasIt(t *testing.T) {
	s := start(t)
	s.put("/a", "v")
	s.label("/a", 1, "l")
	s.Do("AddTagsToResource", byResource("/a")["AddTagsToResource"])
	for operation, in := range map[string]M{
		"PutParameter":            {"Name": "/a", "Value": "w", "Overwrite": true},
		"LabelParameterVersion":   {"Name": "/a", "Labels": []string{"m"}},
		"UnlabelParameterVersion": {"Name": "/a", "ParameterVersion": 1, "Labels": []string{"l"}},
		"AddTagsToResource":       byResource("/a")["AddTagsToResource"],
		"RemoveTagsFromResource":  byResource("/a")["RemoveTagsFromResource"],
	} {
		s.raced("ssm:" + operation)
		s.Refused(operation, in, "TooManyUpdates",
			"There are concurrent updates for a resource that supports one update at a time.")
	}
	s.raced("ssm:DeleteParameter")
	s.Refused("DeleteParameter", M{"Name": "/a"}, "ThrottlingException", "")
	s.raced("ssm:DeleteParameters")
	s.Refused("DeleteParameters", M{"Names": []string{"/a"}}, "ThrottlingException", "")
	if got := s.get("/a"); got.Version != 1 || got.Value != "v" {
		t.Errorf("%+v", got)
	}
	s.hasLabels("/a", []string{"l"})
}
