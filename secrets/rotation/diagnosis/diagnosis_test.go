package diagnosis_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	"claviger/secrets/rotation/diagnosis"
	"claviger/secrets/rotation/rotator"
	"claviger/secrets/secret"
)

var now = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)

// configured is a secret that is rotated on request, and that a test changes.
func configured(change func(*secret.Secret)) *secret.Secret {
	s := &secret.Secret{Account: "111122223333", Region: "eu-west-1", Name: "x", Suffix: "AbCdEf",
		Stages:   secret.Stages{secret.Current: "v1"},
		Rotation: secret.Rotation{Configured: true, Enabled: true}}
	change(s)
	return s
}

func TestOf_EachState_IsSaidWithWhatToDo(t *testing.T) {
	failure := &secret.Failure{Version: "v2", Step: rotator.SetSecret, Reason: rotator.ReadOnly,
		Text: "read-only", At: now, Attempts: 2}
	for _, c := range []struct {
		name          string
		secret        *secret.Secret
		state, advice []string // parts of the sentences, in order
	}{
		{"all is well", configured(func(*secret.Secret) {}), []string{"no schedule"}, nil},
		{"never turned on", &secret.Secret{}, []string{"never"}, []string{"RotateSecret"}},
		{"turned off", configured(func(s *secret.Secret) { s.Rotation.Enabled = false }),
			[]string{"turned off"}, []string{"RotateSecret"}},
		{"goes", configured(func(s *secret.Secret) { s.DeletionDate = now }),
			[]string{"scheduled for deletion"}, []string{"RestoreSecret"}},
		{"scheduled", configured(func(s *secret.Secret) {
			s.Rotation.Due, s.Rotation.Next = now.Add(time.Hour), now.Add(2*time.Hour)
		}), []string{"2026-03-01T10:30:00Z, in a window that ends at 2026-03-01T11:30:00Z"}, nil},
		{"in progress", configured(func(s *secret.Secret) { s.BeginRotation("v2", "t", now) }),
			[]string{"rotation has been in progress since 2026-03-01T09:30:00Z: createSecret",
				"version v2. AWSCURRENT stays"}, nil},
		{"tested", configured(func(s *secret.Secret) { s.BeginTest("v2", "t", now) }),
			[]string{"A test of the rotation has been"}, nil},
		{"waits", configured(func(s *secret.Secret) {
			s.Rotation.Failure = failure
			s.Rotation.Run = &secret.Run{Version: "v2", Step: rotator.CreateSecret, Began: now,
				Touched: true, Attempts: 2, Retry: now.Add(time.Minute)}
		}), []string{"failed 2 times. The next attempt is due at 2026-03-01T09:31:00Z",
			"may be in force"},
			[]string{"--client-request-token v2", "no copy"}},
		{"finishing", configured(func(s *secret.Secret) {
			s.Rotation.Run = &secret.Run{Version: "v2", Step: rotator.TestSecret, Touched: true,
				Final: true}
		}), []string{"in progress", "", "was cancelled"}, nil},
		{"label left", configured(func(s *secret.Secret) { s.Stages[secret.Pending] = "v3" }),
			[]string{"no schedule", "AWSPENDING is on version v3"},
			[]string{"--remove-from-version-id v3"}},
		{"abandoned", configured(func(s *secret.Secret) { s.Rotation.Abandoned = []string{"v4"} }),
			[]string{"no schedule", "one of 1 rotations"}, []string{"finds out"}},
	} {
		d := diagnosis.Of(c.secret, now)
		parts(t, c.name+": state", d.State, c.state)
		parts(t, c.name+": advice", d.Advice, c.advice)
		if d.ARN != c.secret.ARN() || d.Failure != c.secret.Rotation.Failure {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

// parts holds each sentence to a part of it.
func parts(t *testing.T, what string, got, want []string) {
	t.Helper()
	for i, part := range want {
		if i >= len(got) || !strings.Contains(got[i], part) {
			t.Errorf("%s: %q, want %q", what, got, want)
			return
		}
	}
	if len(want) == 0 && strings.HasSuffix(what, "advice") && len(got) != 0 {
		t.Errorf("%s: %q, and nothing has to be done", what, got)
	}
}

// Every reason that a rotator may give has its own advice.
func TestAdvice_EachReason_HasItsOwn(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../rotator/error.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); !ok || of.Name != "Reason" {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		found++
		if diagnosis.Advice(rotator.Reason(text)) == diagnosis.Advice("") {
			t.Errorf("there is no advice for %s", spec.Names[0].Name)
		}
		return true
	})
	if found == 0 {
		t.Error("no reason was found")
	}
}
