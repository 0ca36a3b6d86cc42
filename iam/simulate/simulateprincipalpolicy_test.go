package simulate_test

import (
	"cmp"
	"strings"
	"testing"

	"claviger/iam/simulate"
	"claviger/policy"
)

// TestSimulatePrincipalPolicy_PoliciesInForce_Decide: the user's own, its groups' and what the
// request adds, each by its name.
func TestSimulatePrincipalPolicy_PoliciesInForce_Decide(t *testing.T) {
	s := start(t)
	out, err := s.principal(bob, M{"PolicyInputList": []string{allowGet}})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "decisions", decisions(out), []string{"allowed", "allowed", "allowed"})
	for i, want := range [][]string{{"user_bob_Inline", "PolicyInputList.1"},
		{"group_staff_GroupInline"}, {"Managed"}} {
		expect(t, "statements", sources(out.EvaluationResults[i].MatchedStatements), want)
	}
	one := out.EvaluationResults[0].MatchedStatements[0]
	if one != first("user_bob_Inline", "IAM Policy", 95) {
		t.Errorf("%+v", one)
	}
	if out, err = s.principal("arn:aws:iam::"+account+":user/bob", nil); err != nil {
		t.Errorf("the path is not part of the name: %v", err)
	}
}

// TestSimulatePrincipalPolicy_Exclusions_LeaveOutAttachedOnes, and never what the request brings.
func TestSimulatePrincipalPolicy_Exclusions_LeaveOutAttachedOnes(t *testing.T) {
	s := start(t)
	const yes, no = "allowed", "implicitDeny"
	inline := func(name, kind, owner string) M {
		return M{"InlinePolicyIdentifier": M{"PolicyName": name, "AttachmentType": kind,
			"AttachmentName": owner}}
	}
	const policies = "arn:aws:iam::" + account + ":policy/"
	for name, c := range map[string]struct {
		exclusion M
		want      []string // get, put, delete, list
	}{
		"nothing":            {M{}, []string{yes, yes, yes, yes}},
		"inline":             {M{"PolicyType": "inline"}, []string{no, no, yes, yes}},
		"the account's":      {M{"PolicyType": "user-managed"}, []string{yes, yes, no, yes}},
		"AWS's":              {M{"PolicyType": "aws-managed"}, []string{yes, yes, yes, no}},
		"boundaries":         {M{"PolicyType": "permission-boundary"}, []string{yes, yes, yes, yes}},
		"an organization's":  {M{"PolicyType": "scp"}, []string{yes, yes, yes, yes}},
		"by ARN":             {M{"PolicyArn": policies + "people/Managed"}, []string{yes, yes, no, yes}},
		"without its path":   {M{"PolicyArn": policies + "Managed"}, []string{yes, yes, no, yes}},
		"another path":       {M{"PolicyArn": policies + "others/Managed"}, []string{yes, yes, yes, yes}},
		"one inline":         {inline("Inline", "user", "bob"), []string{no, yes, yes, yes}},
		"one of a group":     {inline("GroupInline", "group", "staff"), []string{yes, no, yes, yes}},
		"one of another one": {inline("Inline", "user", "eve"), []string{yes, yes, yes, yes}},
		"of another kind":    {inline("Inline", "group", "bob"), []string{yes, yes, yes, yes}},
	} {
		out, err := s.principal(bob, M{"PolicyExclusionList": []M{c.exclusion}, "ActionNames": []string{
			"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "kms:ListKeys"}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		expect(t, name, decisions(out), c.want)
	}
	out, err := s.principal(bob, M{"PolicyInputList": []string{allowGet},
		"PolicyExclusionList": []M{{"PolicyType": "inline"}}})
	if err != nil || out.EvaluationResults[0].EvalDecision != yes {
		t.Errorf("%v %v", decisions(out), err)
	}
}

func TestSimulatePrincipalPolicy_Boundary_IsItsOwnUnlessReplaced(t *testing.T) {
	s := start(t)
	const yes, no = "allowed", "implicitDeny"
	for name, c := range map[string]struct {
		in    M
		want  []string
		tells bool
	}{
		"its own":  {nil, []string{no, yes, no}, true},
		"replaced": {M{"PermissionsBoundaryPolicyInputList": []string{allowGet}}, []string{yes, no, no}, true},
		"left out": {M{"PolicyExclusionList": []M{{"PolicyType": "permission-boundary"}}},
			[]string{yes, yes, yes}, false},
		"by its ARN it stays": {M{"PolicyExclusionList": []M{{"PolicyArn": "arn:aws:iam::" + account +
			":policy/Limit"}}}, []string{no, yes, no}, true},
	} {
		out, err := s.principal(bounded, c.in)
		if err != nil {
			t.Fatal(name, err)
		}
		expect(t, name, decisions(out), c.want)
		for i, r := range out.EvaluationResults {
			told := r.PermissionsBoundaryDecisionDetail
			if (told != nil) != c.tells || told != nil &&
				told.AllowedByPermissionsBoundary != (c.want[i] == yes) {
				t.Errorf("%s: %+v of %s", name, told, r.EvalActionName)
			}
		}
	}
}

// TestSimulatePrincipalPolicy_CallerArn_AsksWithItsPolicies: as somebody else with this one's
// policies. A role names no user, so that the policy of a resource has nobody to name.
func TestSimulatePrincipalPolicy_CallerArn_AsksWithItsPolicies(t *testing.T) {
	s := start(t)
	eve := "arn:aws:iam::" + account + ":user/eve"
	object := []string{"s3:GetObject"}
	for name, c := range map[string]struct {
		source string
		caller any
		policy string
		want   string
	}{
		"itself":        {bob, nil, ofResource("Deny", bob), "explicitDeny"},
		"somebody else": {bob, eve, ofResource("Deny", bob), "allowed"},
		"as eve":        {bob, eve, ofResource("Deny", eve), "explicitDeny"},
	} {
		in := M{"ResourcePolicy": c.policy, "ActionNames": object}
		if c.caller != nil {
			in["CallerArn"] = c.caller
		}
		out, err := s.principal(c.source, in)
		if err != nil {
			t.Fatal(name, err)
		}
		expect(t, name, decisions(out), []string{c.want})
	}
	_, err := s.principal(bounded, M{"ResourcePolicy": ofResource("Deny", bob)})
	refused(t, err, "InvalidInput", "Invalid caller - Caller cannot be null or empty.")
}

// TestSimulatePrincipalPolicy_TagsOfPrincipal_AreSeen by conditions, as in a true request.
func TestSimulatePrincipalPolicy_TagsOfPrincipal_AreSeen(t *testing.T) {
	s := start(t)
	tagged := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*",` +
		`"Condition":{"StringEquals":{"aws:PrincipalTag/Team":"blue"}}}}`
	out, err := s.principal(bob, M{"PolicyInputList": []string{tagged},
		"ActionNames": []string{"sqs:SendMessage"}})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "decisions", decisions(out), []string{"allowed"})
}

func TestSimulatePrincipalPolicy_SourceThatIsNone_IsRefusedInIAMsWords(t *testing.T) {
	s := start(t)
	const here = "arn:aws:iam::" + account
	for arn, want := range map[string]string{
		here + ":user/nobody": "Unable to retrieve specified IAM entity.",
		here + ":root":        "",
		"arn:aws:sts::" + account + ":assumed-role/r/session": "",
		"not-an-arn-but-long-enough":                          "",
		here + ":policy/x":                                    "",
		here + ":user/x/":                                     "",
		"arn:aws:iam::" + other + ":user/bob": "Invalid Policy Source Arn: caller's account " + account +
			" does not have access to policies in account " + other + ".",
	} {
		code := "InvalidInput"
		if strings.HasSuffix(arn, "/nobody") {
			code = "NoSuchEntity"
		}
		want = cmp.Or(want, "Invalid ARN provided in the request: "+arn)
		_, err := s.principal(arn, nil)
		refused(t, err, code, want)
		_, err = s.ask("GetContextKeysForPrincipalPolicy", M{"PolicySourceArn": arn})
		refused(t, err, code, want)
	}
	for _, name := range []string{"down", "broken"} {
		_, err := s.principal("arn:aws:iam::"+account+":user/"+name, nil)
		refused(t, err, "", "")
	}
}

func TestGetContextKeys_PoliciesAndVariables_AreListedOnce(t *testing.T) {
	s := start(t)
	keyed := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*",` +
		`"Resource":"arn:aws:s3:::b/${aws:username}","Condition":{"DateGreaterThan":` +
		`{"aws:CurrentTime":"2015-07-10T12:00:00Z"}}}}`
	again := `{"Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Null":` +
		`{"AWS:CurrentTime":"true","kms:ViaService":"true"}}}}`
	want := []string{"aws:CurrentTime", "aws:username", "kms:ViaService"}
	for name, in := range map[string]M{"GetContextKeysForCustomPolicy": {},
		"GetContextKeysForPrincipalPolicy": {"PolicySourceArn": bob}} {
		in["PolicyInputList"] = []string{keyed, again}
		out, err := s.ask(name, in)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, name, out.(simulate.GetContextKeysOutput).ContextKeyNames, want)
		in["PolicyInputList"] = []string{"{"}
		_, err = s.ask(name, in)
		refused(t, err, "InvalidInput", "Policy input list item 1 has invalid content")
	}
	out, err := s.ask("GetContextKeysForPrincipalPolicy", M{"PolicySourceArn": bob})
	if err != nil || out.(simulate.GetContextKeysOutput).ContextKeyNames == nil {
		t.Errorf("no keys are an empty list: %v %v", out, err)
	}
}

// TestSubject_AnyPath_IsAuthorizedByItsOwnARN: the path in a request makes no difference to who is
// found, and so it makes none to who may look.
func TestSubject_AnyPath_IsAuthorizedByItsOwnARN(t *testing.T) {
	s := start(t)
	var on policy.Resource
	s.Decide(func(q policy.Request) policy.Decision {
		on = q.Demands[0].Resource
		return policy.Decide(q)
	})
	for _, operation := range []string{"SimulatePrincipalPolicy", "GetContextKeysForPrincipalPolicy"} {
		for _, arn := range []string{bob, strings.Replace(bob, "people/", "", 1)} {
			in := M{"PolicySourceArn": arn}
			if operation == "SimulatePrincipalPolicy" {
				in["ActionNames"] = []string{"s3:GetObject"}
			}
			if _, err := s.ask(operation, in); err != nil {
				t.Fatal(err)
			}
			tags, err := on.Tags()
			if on.ARN != bob || on.Asked != arn || err != nil || tags["team"] != "blue" {
				t.Errorf("%s of %s is authorized on %s, with tags %v: %v", operation, arn, on.ARN, tags, err)
			}
		}
	}
}
