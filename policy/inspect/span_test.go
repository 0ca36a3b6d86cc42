package inspect_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"claviger/policy"
	"claviger/policy/inspect"
)

// TestSpans_TextOfDocument_AreAsIAMTellsThem: recorded answers of SimulateCustomPolicy.
func TestSpans_TextOfDocument_AreAsIAMTellsThem(t *testing.T) {
	const one = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject",` +
		`"Resource":"*","Sid":"First"},{"Effect":"Allow","Action":"s3:GetObject","Resource":"*",` +
		`"Sid":"Second"}]}`
	const pretty = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "s3:GetObject",
      "Resource": "*",
      "Sid": "First"
    },
    {
      "Effect": "Deny",
      "Action": "s3:PutObject",
      "Resource": "*",
      "Sid": "Second"
    }
  ]
}`
	span := func(l, c, el, ec int) inspect.Span {
		return inspect.Span{Start: inspect.Position{Line: l, Column: c},
			End: inspect.Position{Line: el, Column: ec}}
	}
	type spans = []inspect.Span
	for name, c := range map[string]struct {
		text string
		want spans
	}{
		"one line": {one, spans{span(1, 38, 1, 109), span(1, 109, 1, 182)}},
		"lines":    {pretty, spans{span(3, 17, 9, 6), span(9, 6, 15, 6)}},
		"CR and LF": {" \r\n" + strings.ReplaceAll(pretty, "\n", "\r\n"),
			spans{span(4, 17, 10, 6), span(10, 6, 16, 6)}},
		"CR alone": {strings.ReplaceAll(pretty, "\n", "\r"),
			spans{span(3, 17, 9, 6), span(9, 6, 15, 6)}},
		"no list": {`{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}`,
			spans{span(1, 16, 1, 77)}},
		"a letter of two bytes": {`{"Id":"é","Statement":[{}]}`, spans{span(1, 24, 1, 26)}},
		"before the version":    {`{"Statement":[{}],"Version":"2012-10-17"}`, spans{span(1, 15, 1, 17)}},
		"no statement":          {`{"Version":"2012-10-17"}`, nil},
		"no document":           {`[{"Statement":[{}]}]`, nil},
		"no JSON":               {`{"Statement":[{},{"a"`, spans{span(1, 15, 1, 17)}},
	} {
		if got := inspect.Spans(c.text); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func parse(t testing.TB, text string) *policy.Document {
	t.Helper()
	d, err := policy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestContextKeys_ConditionsAndVariables_AreListedOnce(t *testing.T) {
	d := parse(t, `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::b/${aws:username}/${*}","*"],
		 "Condition":{"StringEquals":{"aws:PrincipalTag/Team":["${aws:ResourceTag/team}","x"],
		  "AWS:username":"bob"},
		  "ArnLike":{"aws:SourceArn":"arn:aws:iam::${aws:PrincipalAccount, '1'}:*"}}}]}`)
	want := []string{"aws:PrincipalAccount", "aws:PrincipalTag/Team", "aws:ResourceTag/team",
		"aws:SourceArn", "aws:username"}
	if got := inspect.ContextKeys(d); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	old := parse(t, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:userid}"}}`)
	if got := inspect.ContextKeys(old); got != nil {
		t.Errorf("the version of 2008 has no variables: %q", got)
	}
}

// FuzzSpans: every statement of a document has its place, and they come one after the other.
func FuzzSpans(f *testing.F) {
	f.Add(`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	f.Add("{\"Statement\"\r\n:\t{\"Effect\":\"Deny\",\"Action\":\"*\",\"Sid\":\"é\"}}")
	f.Fuzz(func(t *testing.T, text string) {
		spans := inspect.Spans(text)
		d, err := policy.ParseStored(text)
		if err == nil && len(spans) != len(d.Statements) {
			t.Fatalf("%d places of %d statements", len(spans), len(d.Statements))
		}
		last := inspect.Position{Line: 1, Column: 1}
		for _, s := range spans {
			if before(s.Start, last) || !before(s.Start, s.End) {
				t.Fatalf("%+v after %+v", s, last)
			}
			last = s.End
		}
	})
}

func before(a, b inspect.Position) bool {
	return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
}
