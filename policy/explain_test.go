package policy_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"claviger/policy"
)

// TestExplain_DrawnQuestions_DecideAsDecide: what conditions see is handed in, and all the rest is
// one evaluation. The statements that are listed are those that the decision rests on.
func TestExplain_DrawnQuestions_DecideAsDecide(t *testing.T) {
	r := drawing{rand.New(rand.NewPCG(7, 7))}
	asked := 0
	for range 20_000 {
		q := r.question()
		// Names of a key are seen by some policies and not by others: no context can say so.
		if _, ok := q.Values["kms:ResourceAliases"]; ok {
			continue
		}
		q.Grants, q.Child = nil, nil
		request, err := q.request()
		if err != nil {
			continue
		}
		asked++
		want := policy.Decide(request)
		got := policy.Explain(request, policy.Values(q.context(false)))
		if got.Effect != want.Effect || got.Reason != want.Reason || got.Statement != want.Statement {
			t.Fatalf("explained as %+v, decided as %+v:\n%s", got.Decision, want, q.text())
		}
		denies := len(got.Identity.Denies) + len(got.Resource.Denies) + len(got.Boundary.Denies) +
			len(got.Session.Denies)
		own := got.Reason == policy.OwnWork
		if (denies > 0) != (got.Reason == policy.ExplicitDeny) && !own {
			t.Fatalf("%d statements deny, and the reason is %q:\n%s", denies, got.Reason, q.text())
		}
		if got.Reason == policy.ByIdentityPolicy && len(got.Identity.Allows) == 0 ||
			got.Reason == policy.ByResourcePolicy && len(got.Resource.Allows) == 0 {
			t.Fatalf("no statement stands for %q:\n%s", got.Reason, q.text())
		}
	}
	if asked < 5000 {
		t.Errorf("%d questions were asked", asked)
	}
}

func TestExplain_SeveralStatements_ListsAllThatApply(t *testing.T) {
	first := parse(t, `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"kms:*","Resource":"*"},
		{"Effect":"Allow","Action":"s3:*","Resource":"*"},
		{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}]}`)
	second := parse(t, `{"Statement":{"Effect":"Deny","Action":"kms:Decrypt","Resource":"*",
		"Condition":{"Bool":{"aws:SecureTransport":"false"}}}}`)
	c := user
	c.Policies, c.Boundary = []*policy.Document{first, second}, first
	r := policy.Request{Caller: c, Facts: policy.Facts{TLS: true},
		Demands: []policy.Demand{{Action: "kms:Decrypt", Resource: policy.Resource{ARN: key}}}}
	allowed := policy.Explain(r, nil)
	denied := policy.Explain(r, policy.Values{"AWS:securetransport": {"false"}})
	both := []policy.Match{{Document: first, Statement: 0}, {Document: first, Statement: 2}}
	switch {
	case !allowed.Allowed(), denied.Allowed():
		t.Errorf("%+v, %+v", allowed.Decision, denied.Decision)
	case !slices.Equal(allowed.Identity.Allows, both), !slices.Equal(allowed.Boundary.Allows, both):
		t.Errorf("%+v", allowed)
	case !slices.Equal(denied.Identity.Denies, []policy.Match{{Document: second, Statement: 0}}):
		t.Errorf("%+v", denied)
	case allowed.Session.Given, allowed.Resource.Given, !allowed.Boundary.Given:
		t.Errorf("%+v", allowed)
	}
}

// TestExplain_NothingInContext_SeesNothing: neither caller nor circumstances are asked.
func TestExplain_NothingInContext_SeesNothing(t *testing.T) {
	c := user
	c.Policies = []*policy.Document{parse(t, `{"Version":"2012-10-17","Statement":{"Effect":"Allow",
		"Action":"*","Resource":"*","Condition":{"Null":{"aws:CurrentTime":"true",
		"aws:PrincipalArn":"true","aws:SourceIp":"true","aws:PrincipalTag/team":"true",
		"aws:ResourceTag/team":"true","kms:ViaService":"true","kms:ResourceAliases":"true"}}}}`)}
	c.Tags = map[string]string{"team": "a"}
	demand := policy.Demand{Action: "kms:Decrypt", Resource: policy.Resource{ARN: key}}
	r := policy.Request{Caller: c, Facts: policy.Facts{SourceIP: "10.0.0.1", Via: "s3", Region: "x"},
		Demands: []policy.Demand{demand}}
	if d := policy.Explain(r, nil); !d.Allowed() {
		t.Error(d)
	}
	if policy.Decide(r).Allowed() {
		t.Error("a true request has no context")
	}
}

func TestExplain_VariableInContext_TakesItsValue(t *testing.T) {
	c := user
	c.Policies = []*policy.Document{parse(t, `{"Version":"2012-10-17","Statement":{"Effect":"Allow",
		"Action":"*","Resource":"arn:aws:kms:*:*:key/${aws:username}-${aws:TagKeys, 'x'}"}}`)}
	for arn, want := range map[string]bool{"bob-x": true, "alice-x": false, "bob-t": false} {
		r := policy.Request{Caller: c, Demands: []policy.Demand{{Action: "kms:Decrypt",
			Resource: policy.Resource{ARN: "arn:aws:kms:us-east-1:111122223333:key/" + arn}}}}
		d := policy.Explain(r, policy.Values{"aws:UserName": {"bob"}, "aws:TagKeys": {"t"}})
		if d.Allowed() != want {
			t.Errorf("%s: %v", arn, d.Decision)
		}
	}
}

func TestReadable_ValueOfAnotherType_IsNot(t *testing.T) {
	for _, c := range []struct {
		operator, value string
		want            bool
	}{
		{"NumericEquals", "01.00", true}, {"NumericEquals", "+1", true}, {"NumericEquals", "x", false},
		{"NumericEquals", "0x10", false}, {"NumericEquals", "Infinity", false},
		{"DateEquals", "2035", true}, {"DateEquals", "2035-01-02T03:04:05Z", true},
		{"DateEquals", "tomorrow", false}, {"IpAddress", "999.0.0.1", false},
		{"IpAddress", "10.0.0.1", true}, {"BinaryEquals", "!base64", false},
		{"BinaryEquals", "AAEC", true}, {"StringEquals", "anything", true},
	} {
		if got := policy.Readable(c.operator, c.value); got != c.want {
			t.Errorf("%s %q: %t", c.operator, c.value, got)
		}
	}
}
