package policy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"claviger/internal/fault"
	"claviger/policy"
)

// engine asks Decide the same question. The error is of a document that is refused.
func (q *question) engine() (allowed bool, text string, refused error) {
	r, err := q.request()
	if err != nil {
		return false, "", err
	}
	d := policy.Decide(r)
	if err := d.Refusal(); err != nil {
		return false, fault.Of(err).Message, nil
	}
	return true, "", nil
}

// request is the question with its documents compiled.
func (q *question) request() (_ policy.Request, refused error) {
	document := func(text string) *policy.Document {
		if text == "" {
			return nil
		}
		d, err := policy.ParseStored(text)
		if err != nil {
			refused = fmt.Errorf("%w: %s", err, text)
		}
		return d
	}
	c := q.Caller
	for _, t := range q.Identity {
		c.Policies = append(c.Policies, document(t))
	}
	c.Boundary = document(q.Boundary)
	if c.Session != nil {
		s := *c.Session
		for _, t := range q.Session {
			s.Policies = append(s.Policies, document(t))
		}
		c.Session = &s
	}
	of := document(q.Policy)
	resource := policy.Resource{ARN: q.ARN, Account: q.Owner, PolicyDecides: q.Decides}
	if q.Policy != "" {
		resource.Policy = func() (*policy.Document, error) { return of, nil }
	}
	if q.Tags != nil {
		resource.Tags = func() (map[string]string, error) { return q.Tags, nil }
	}
	if aliases, ok := q.Values["kms:ResourceAliases"]; ok {
		resource.Aliases = func() ([]string, error) { return aliases, nil }
	}
	if q.Grants != nil {
		resource.Grants = func() ([]policy.Grant, error) { return q.Grants, nil }
	}
	return policy.Request{Caller: c, Facts: q.Facts, Demands: []policy.Demand{{
		Action: q.Action, Resource: resource, Values: q.values}}}, refused
}

// values are those of the request, and what it says of the grant that it is to make.
func (q *question) values() policy.Values {
	if q.Child == nil {
		return q.Values
	}
	v := q.Child.Values()
	maps.Copy(v, q.Values)
	return v
}

// differs reports whether oracle and engine give two answers.
func (q *question) differs() bool {
	allowed, text, err := q.engine()
	if err != nil {
		return false
	}
	wantAllowed, want := q.judge()
	return allowed != wantAllowed || text != want
}

func (q *question) text() string {
	b, err := json.MarshalIndent(q, "", "  ")
	if err != nil {
		panic(err)
	}
	return string(b)
}

// shrink leaves out of a JSON value whatever it can while ok still holds. It looks into texts that
// are documents.
func shrink(v any, ok func(any) bool) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			without := map[string]any{}
			for l, f := range v {
				if l != k {
					without[l] = f
				}
			}
			if ok(without) {
				return shrink(without, ok)
			}
			with := func(e any) map[string]any {
				m := map[string]any{k: e}
				for l, f := range without {
					m[l] = f
				}
				return m
			}
			v = with(shrink(e, func(e any) bool { return ok(with(e)) }))
		}
		return v
	case []any:
		for half := len(v) / 2; half > 0; half /= 2 {
			for i := 0; i+half <= len(v); {
				without := append(append([]any{}, v[:i]...), v[i+half:]...)
				if ok(without) {
					v = without
					continue
				}
				i += half
			}
		}
		if len(v) == 1 && ok([]any{}) {
			return []any{}
		}
		for i := range v {
			with := func(e any) []any {
				l := append([]any{}, v...)
				l[i] = e
				return l
			}
			v[i] = shrink(v[i], func(e any) bool { return ok(with(e)) })
		}
		return v
	case string:
		var inner map[string]any
		if json.Unmarshal([]byte(v), &inner) != nil {
			return v
		}
		write := func(e any) string { b, _ := json.Marshal(e); return string(b) }
		return write(shrink(inner, func(e any) bool { return ok(write(e)) }))
	}
	return v
}

// whole reports whether what every request has is there.
func (q *question) whole() bool {
	c := &q.Caller
	return c.Type != "" && c.Account != "" && c.PrincipalID != "" && q.Action != "" && q.ARN != "" &&
		(c.ARN != "" || c.Type == policy.Service) && (c.Role != "" || c.Type != policy.AssumedRole) &&
		(c.Session == nil && q.Session == nil || c.Session != nil && !c.Session.Issued.IsZero()) &&
		q.Facts.Region != "" && !q.Facts.Time.IsZero()
}

// shrunk is the smallest question found whose answers still differ.
func (q *question) shrunk() *question {
	var tree any
	if err := json.Unmarshal([]byte(q.text()), &tree); err != nil {
		panic(err)
	}
	read := func(v any) *question {
		b, _ := json.Marshal(v)
		var q question
		if json.Unmarshal(b, &q) != nil {
			return nil
		}
		return &q
	}
	return read(shrink(tree, func(v any) bool {
		q := read(v)
		return q != nil && q.whole() && q.differs()
	}))
}

// TestDecide_DrawnQuestions_AnswerAsTheOracle: CASES asks for more of them than 20,000, and SEED
// for others. What differs is shrunk, and belongs into testdata/oracle.jsonl when it is mended.
func TestDecide_DrawnQuestions_AnswerAsTheOracle(t *testing.T) {
	setting := func(name string, otherwise uint64) uint64 {
		if n, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
			return n
		}
		return otherwise
	}
	cases, seed := setting("CASES", 20_000), setting("SEED", 1)
	allowed, refused, differing := 0, map[string]int{}, 0
	for i := range cases {
		q := drawing{rand.New(rand.NewPCG(seed, i))}.question()
		if _, _, err := q.engine(); err != nil {
			t.Fatalf("seed %d, case %d: %v", seed, i, err)
		}
		if q.differs() {
			q = q.shrunk()
			a, text, _ := q.engine()
			b, want := q.judge()
			t.Errorf("seed %d, case %d: the engine says %v %q, the oracle %v %q:\n%s",
				seed, i, a, text, b, want, q.text())
			if differing++; differing == 10 {
				t.FailNow()
			}
		}
		if yes, _ := q.judge(); yes {
			allowed++
		} else {
			refused[q.Action]++
		}
	}
	t.Logf("%d allowed, refused %v", allowed, refused)
	if allowed < int(cases)/10 || allowed > int(cases)*9/10 {
		t.Errorf("%d of %d cases are allowed: too few differ", allowed, cases)
	}
}

// kept is a question on which oracle and engine once differed, with the answer that is right.
type kept struct {
	question
	Allowed bool
	Text    string `json:",omitempty"`
}

// TestDecide_KeptQuestions_AreAnsweredAsDecided: testdata/oracle.jsonl has one on each line.
func TestDecide_KeptQuestions_AreAnsweredAsDecided(t *testing.T) {
	file, err := os.ReadFile("testdata/oracle.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range bytes.Split(bytes.TrimSpace(file), []byte("\n")) {
		var q kept
		if err := json.Unmarshal(line, &q); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		if allowed, text, err := q.engine(); allowed != q.Allowed || text != q.Text {
			t.Errorf("line %d: the engine says %v %q (%v), and it is %v %q", i+1, allowed, text, err,
				q.Allowed, q.Text)
		}
		if allowed, text := q.judge(); allowed != q.Allowed || text != q.Text {
			t.Errorf("line %d: the oracle says %v %q, and it is %v %q", i+1, allowed, text, q.Allowed,
				q.Text)
		}
	}
}
