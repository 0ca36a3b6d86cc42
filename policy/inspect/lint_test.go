package inspect_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"claviger/policy"
	"claviger/policy/inspect"
)

var actions = []string{"kms:Decrypt", "kms:Encrypt", "secretsmanager:GetSecretValue"}

// TestLint_EachFinding_IsSaidWhereItStands: what never matches, and what matches more than one
// sees.
func TestLint_EachFinding_IsSaidWhereItStands(t *testing.T) {
	const everybody = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*",` +
		`"Action":"kms:*","Resource":"*"%s}}`
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"nothing": {`{"Statement":[{"Effect":"Allow","Action":["KMS:decrypt","kms:En*","*"],` +
			`"Resource":"*"}]}`, nil},
		"misspelt": {`{"Statement":[{"Effect":"Allow","Action":["kms:Decrypt","kms:Decryptt"],` +
			`"Resource":"*"}]}`, []string{"1:57 never-matches kms:Decryptt never matches: kms has no such " +
			"action here; is kms:Decrypt meant?"}},
		"another service": {`{"Statement":{"Effect":"Deny","Action":"s3:GetObject","Resource":"*"}}`,
			[]string{"1:31 never-matches s3:GetObject never matches: there is no service s3 here"}},
		"a pattern": {`{"Statement":{"Effect":"Deny","NotAction":"kms:Foo*","Resource":"*"}}`,
			[]string{"1:31 never-matches kms:Foo* never matches: kms has no such actions here"}},
		"all but": {`{"Statement":{"Effect":"Allow","NotAction":"kms:Decrypt","Resource":"*"}}`,
			[]string{"1:32 broad Allow with NotAction allows every other action of every service, also of " +
				"those to come"}},
		"a condition key": {"{\n \"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\"," +
			"\"Resource\":\"*\"," +
			"\n  \"Condition\":{\"Null\":{\"aws:SourceIp\":\"true\",\"ec2:Vpc/a\":\"true\"}}}]}",
			[]string{"3:46 never-matches no request here has the condition key ec2:Vpc/a"}},
		"everybody": {fmt.Sprintf(everybody, ""), []string{"1:55 broad everybody is allowed, in every " +
			"account: no condition with fixed values says who"}},
		"some": {fmt.Sprintf(everybody,
			`,"Condition":{"StringEquals":{"kms:CallerAccount":"111122223333"}}`), nil},
		"whoever": {fmt.Sprintf(everybody, `,"Condition":{"StringLike":{"kms:CallerAccount":"1*"}}`),
			[]string{"1:55 broad everybody is allowed, in every account: no condition with fixed values " +
				"says who"}},
	} {
		var got []string
		for _, f := range inspect.Lint(c.text, parse(t, c.text), actions) {
			got = append(got, fmt.Sprintf("%d:%d %s %s", f.At.Line, f.At.Column, f.Kind, f.Text))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestBroken_TextThatIsNoJSON_IsSaidWhere(t *testing.T) {
	for text, want := range map[string]string{`{"a":1}`: "", "{\n\"a\" 1}": "2:5", `{"a":`: "1:6",
		"": "", "{\"a\":tru}": "1:9", `{"a":1,"a":2}`: "1:8"} {
		at, ok := inspect.Broken(text)
		got := ""
		if ok {
			got = fmt.Sprintf("%d:%d", at.Line, at.Column)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// FuzzLint: every finding is in the text, in order, and nothing panics.
func FuzzLint(f *testing.F) {
	f.Add(`{"Statement":[{"Effect":"Allow","NotAction":["a:b",""],"Resource":"*"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		inspect.Broken(text)
		d, err := policy.Parse(text)
		if err != nil {
			return
		}
		lines := strings.Count(strings.ReplaceAll(text, "\r", "\n"), "\n") + 1
		last := 0
		for _, x := range inspect.Lint(text, d, actions) {
			if x.At.Line < last || x.At.Line > lines || x.At.Column < 1 {
				t.Fatalf("%+v in %d lines", x, lines)
			}
			last = x.At.Line
		}
	})
}
