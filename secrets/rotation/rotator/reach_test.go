package rotator_test

import (
	"testing"

	"claviger/secrets/rotation/rotator"
)

func parse(t *testing.T, text string) rotator.Document {
	t.Helper()
	d, err := rotator.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestSameLogin_OlderVersion_IsTriedNowhereElse has whoever may write a secret, and not read it,
// write a value by which the password of before would go elsewhere, or there without TLS.
func TestSameLogin_OlderVersion_IsTriedNowhereElse(t *testing.T) {
	reach := rotator.Reach{Targets: []string{"db:*", "other:*"}}
	older := parse(t, `{"host":"db","port":"5432","username":"u","password":"p"}`)
	for name, c := range map[string]struct {
		older, current rotator.Document
		want           bool
	}{
		"as it was":       {older, older, true},
		"usual port":      {older, older.With("port", ""), true},
		"another port":    {older, older.With("port", "6543"), false},
		"another host":    {older, older.With("host", "other"), false},
		"another user":    {older, older.With("username", "v"), false},
		"no target":       {older.With("host", "gone"), older, false},
		"TLS now":         {older, older.With("ssl", "true"), true},
		"plain now":       {older, older.With("ssl", "false"), false},
		"TLS no more":     {older.With("ssl", "true"), older, false},
		"plain, TLS once": {older.With("ssl", "true"), older.With("ssl", "false"), false},
		"plain as before": {older.With("ssl", "false"), older.With("ssl", "false"), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := reach.SameLogin(c.older, c.current, 5432); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestWays_RequireTLS_LeavesNoPlainOne(t *testing.T) {
	for _, required := range []bool{false, true} {
		for ssl, want := range map[string][2]bool{"": {true, true}, "true": {true, false},
			"false": {false, true}} {
			if required {
				want = [2]bool{true, false}
			}
			d := parse(t, "{}").With("ssl", ssl)
			encrypted, plain := rotator.Reach{RequireTLS: required}.Ways(d)
			if got := [2]bool{encrypted, plain}; got != want {
				t.Errorf("required %v, ssl %q: got %v, want %v", required, ssl, got, want)
			}
		}
	}
}
