package simulate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/internal/op/optest"
	"claviger/policy"
)

// TestSimulateCustomPolicy_WrongInput_IsRefusedInIAMsWords: the texts are recorded.
func TestSimulateCustomPolicy_WrongInput_IsRefusedInIAMsWords(t *testing.T) {
	s := start(t)
	entry := func(more M) M {
		e := M{"ContextKeyName": "stack:key", "ContextKeyType": "string",
			"ContextKeyValues": []string{"a"}}
		for name, value := range more {
			if e[name] = value; value == nil {
				delete(e, name)
			}
		}
		return M{"ContextEntries": []M{e}}
	}
	typed := func(kind string, values ...string) M {
		return entry(M{"ContextKeyType": kind, "ContextKeyValues": values})
	}
	onA := []string{objectA}
	policyOf := ofResource("Allow", bob)
	for name, c := range map[string]struct {
		in   M
		text string
	}{
		"no type":     {entry(M{"ContextKeyType": nil}), "Context key stack:key has invalid type null."},
		"no values":   {entry(M{"ContextKeyValues": nil}), "Context values for context key stack:key cannot be null or empty."},
		"no name":     {entry(M{"ContextKeyName": nil}), "ContextKeyName cannot be null or empty."},
		"two values":  {typed("string", "a", "b"), "Context key string expected a single value, but received 2."},
		"hexadecimal": {typed("numeric", "0x10"), "Invalid context value for key stack:key: expected numeric format."},
		"blanks":      {typed("numericList", "1", " 1 "), "Invalid context value for key stack:key: expected numeric format."},
		"no number":   {typed("numeric", "NaN"), "Invalid context value for key stack:key: expected numeric format."},
		"infinity":    {typed("numeric", "Infinity"), "Invalid context value for key stack:key: expected numeric format."},
		"no date":     {typed("date", "tomorrow"), "Invalid context value for key stack:key: expected DateTime format."},
		"no address":  {typed("ip", "999.0.0.1"), "Invalid context value for key stack:key: expected IP address."},
		"no base64": {typed("binaryList", "AA==", "!"),
			"Invalid context value for key stack:key: expected base-64 encoded binary format."},
		"a key twice": {M{"ContextEntries": []M{entry(nil)["ContextEntries"].([]M)[0],
			entry(M{"ContextKeyName": "STACK:KEY"})["ContextEntries"].([]M)[0]}},
			"Duplicate context key: STACK:KEY."},
		"a marker":          {M{"Marker": "not-a-simulation-marker"}, "Invalid marker for pagination."},
		"no JSON":           {M{"PolicyInputList": []string{allowGet, "{"}}, "Policy input list item 2 has invalid content"},
		"another version":   {M{"PolicyInputList": []string{`{"Version":"2099-01-01","Statement":[]}`}}, "Policy input list item 1 has invalid content"},
		"two boundaries":    {M{"PermissionsBoundaryPolicyInputList": []string{allowGet, allowGet}}, "The list of Permissions Boundary policies cannot exceed 1 items."},
		"a broken one":      {M{"PermissionsBoundaryPolicyInputList": []string{"{"}}, "Permissions boundary policy input list item 1 has invalid content"},
		"an empty level":    {M{"OrderedOrganizationPolicyInputList": []M{{"ServiceControlPolicyInputList": []string{}}}}, "Organization policy at index 1 must contain at least one service control policy"},
		"a broken level":    {M{"OrderedOrganizationPolicyInputList": levels("{")}, "Service control policy input list item 1 has invalid content"},
		"no vendor":         {M{"ActionNames": []string{"GetObject"}}, "The action is invalid since it is missing names"},
		"no ARN":            {M{"ResourceArns": []string{"not-an-arn"}}, "ResourceNames are not in a valid ARN format: not-an-arn."},
		"half an ARN":       {M{"ResourceArns": []string{"arn:aws:s3"}}, "ResourceNames are not in a valid ARN format: arn:aws:s3."},
		"everything, too":   {M{"ResourceArns": []string{objectA, "*"}}, "ResourceNames are not in a valid ARN format: *."},
		"an owner's number": {M{"ResourceOwner": account}, "'" + account + "' is not a valid as a Resource Owner."},
		"a session":         {M{"CallerArn": "arn:aws:sts::" + account + ":assumed-role/r/s"}, "Invalid caller - Caller must be an IAM user, role or group in this context."},
		"nobody asks":       {M{"ResourceArns": onA, "ResourcePolicy": policyOf}, "Invalid caller - Caller cannot be null or empty."},
		"no resource":       {M{"CallerArn": bob, "ResourcePolicy": policyOf}, "Invalid Entity Arn: * does not clearly define entity type and name."},
		"any resource":      {M{"CallerArn": bob, "ResourcePolicy": policyOf, "ResourceArns": []string{"*"}}, "Invalid Entity Arn: * does not clearly define entity type and name."},
		"names nobody":      {M{"CallerArn": bob, "ResourcePolicy": allowGet, "ResourceArns": onA}, "Resource policy has invalid content"},
		"a broken policy":   {M{"CallerArn": bob, "ResourcePolicy": "{", "ResourceArns": onA}, "Resource policy has invalid content"},
		"a way to handle": {M{"ResourceArns": onA, "ResourceHandlingOption": "EC2-VPC-EBS"},
			"Invalid input resource handling options. Action does not support resource handling options: s3:GetObject."},
	} {
		_, err := s.custom(c.in)
		if f := fault.Of(err); f == nil || f.Code != "InvalidInput" || f.Message != c.text ||
			f.Kind != fault.Invalid {
			t.Errorf("%s: answered %v, want %s", name, err, c.text)
		}
	}
	if _, err := s.custom(M{"ResourceHandlingOption": "EC2-VPC-EBS"}); err != nil {
		t.Errorf("without resources the option means nothing: %v", err)
	}
}

func TestSimulateCustomPolicy_WrongShape_IsRefused(t *testing.T) {
	s := start(t)
	for name, in := range map[string]M{
		"no such type": {"ContextEntries": []M{{"ContextKeyName": "aws:x", "ContextKeyType": "text",
			"ContextKeyValues": []string{"a"}}}},
		"a short name": {"ContextEntries": []M{{"ContextKeyName": "a:b",
			"ContextKeyType": "string"}}},
		"too many on a page":      {"MaxItems": 1001},
		"none on a page":          {"MaxItems": 0},
		"a letter like another":   {"PolicyInputList": []string{strings.Replace(allowGet, "s3", "ѕ3", 1)}},
		"no actions":              {"ActionNames": nil},
		"eight levels":            {"OrderedOrganizationPolicyInputList": slices.Repeat(levels(allowAll), 8)},
		"an action of one letter": {"ActionNames": []string{":"}},
	} {
		_, err := s.custom(in)
		if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || f.Code == "InvalidInput" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSimulateCustomPolicy_InPages_AnswersEachActionOnce, in the order of the request.
func TestSimulateCustomPolicy_InPages_AnswersEachActionOnce(t *testing.T) {
	s := start(t)
	var actions, got []string
	for i := range 205 {
		actions = append(actions, fmt.Sprintf("s3:Action%d", i%200))
	}
	in := M{"PolicyInputList": []string{allowAll}, "ActionNames": actions}
	pages := 0
	for {
		out, err := s.custom(in)
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, r := range out.EvaluationResults {
			got = append(got, r.EvalActionName)
		}
		if out.IsTruncated != (out.Marker != "") {
			t.Fatalf("truncated %t with the marker %q", out.IsTruncated, out.Marker)
		}
		if !out.IsTruncated {
			break
		}
		in["Marker"] = out.Marker
		if pages > 1 {
			in["MaxItems"] = 3
		}
	}
	expect(t, "actions", got, actions)
	if pages != 4 {
		t.Errorf("%d pages", pages)
	}
	// A marker holds a place, and none that others made.
	in["ActionNames"] = []string{"s3:GetObject"}
	if out, err := s.custom(in); err != nil || len(out.EvaluationResults) != 0 || out.IsTruncated {
		t.Errorf("behind the end: %v %v", out, err)
	}
	in["PolicySourceArn"] = bob
	_, err := s.simulate("SimulatePrincipalPolicy", in)
	refused(t, err, "InvalidInput", "Invalid marker for pagination.")
}

// TestSimulateCustomPolicy_ManyStatements_AnswersWithinBounds: pages end early, and what one action
// can't be answered for is refused.
func TestSimulateCustomPolicy_ManyStatements_AnswersWithinBounds(t *testing.T) {
	s := start(t)
	statement := `{"Effect":"Allow","Action":"*","Resource":"*"}`
	big := `{"Statement":[` + statement + strings.Repeat(","+statement, 999) + `]}`
	resources := make([]string, 51)
	for i := range resources {
		resources[i] = fmt.Sprintf("arn:aws:s3:::b/%d", i)
	}
	in := M{"PolicyInputList": []string{big}, "ActionNames": []string{"a:b", "a:c", "a:d"},
		"ResourceArns": resources[:25]}
	out, err := s.custom(in)
	if err != nil || len(out.EvaluationResults) != 2 || !out.IsTruncated {
		t.Errorf("%d answers, %v", len(out.EvaluationResults), err)
	}
	in["Marker"] = out.Marker
	if out, err = s.custom(in); err != nil || len(out.EvaluationResults) != 1 || out.IsTruncated {
		t.Errorf("%d answers, %v", len(out.EvaluationResults), err)
	}
	in["ResourceArns"] = resources
	_, err = s.custom(in)
	refused(t, err, "InvalidInput", "The simulation is too large: 1000 statements on 51 resources. "+
		"Name fewer of them.")
}

// TestSimulateCustomPolicy_PatternsThatTakeLong_AreRefused, be it one or many.
func TestSimulateCustomPolicy_PatternsThatTakeLong_AreRefused(t *testing.T) {
	s := start(t)
	const text = "The simulation is too large: its patterns take too long to compare with its values."
	long := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*",` +
		`"Condition":{"StringLike":{"stack:key":"*` + strings.Repeat("a", 60_000) + `b"}}}}`
	_, err := s.custom(M{"PolicyInputList": []string{long}, "ContextEntries": []M{{
		"ContextKeyName": "stack:key", "ContextKeyType": "string",
		"ContextKeyValues": []string{strings.Repeat("a", 120_000)}}}})
	refused(t, err, "InvalidInput", text)
	resources := make([]string, 4000)
	for i := range resources {
		resources[i] = fmt.Sprintf("arn:aws:s3:::b/%d", i)
	}
	many := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":[` +
		strings.Repeat(`"arn:a:b:::c",`, 8000) + `"*"]}}`
	many = strings.ReplaceAll(many, "arn:a:", "arn:aws:")
	_, err = s.custom(M{"PolicyInputList": []string{many, many, many}, "ResourceArns": resources})
	refused(t, err, "InvalidInput", text)
}

// TestSimulate_Forbidden_IsDeniedByTheOperationsOwnAction, and nothing is told of who there is.
func TestSimulate_Forbidden_IsDeniedByTheOperationsOwnAction(t *testing.T) {
	s := start(t)
	s.by = optest.User("alice")
	nobody := "arn:aws:iam::" + account + ":user/nobody"
	for name, on := range map[string]string{"SimulateCustomPolicy": "",
		"GetContextKeysForCustomPolicy":    "",
		"SimulatePrincipalPolicy":          " on resource: " + nobody,
		"GetContextKeysForPrincipalPolicy": " on resource: " + nobody} {
		in := M{"PolicyInputList": []string{allowGet}}
		if strings.HasPrefix(name, "Simulate") {
			in["ActionNames"] = []string{"s3:GetObject"}
		}
		if strings.HasSuffix(name, "PrincipalPolicy") {
			in["PolicySourceArn"] = nobody
		}
		_, err := s.ask(name, in)
		refused(t, err, "AccessDeniedException", "User: "+s.by.ARN+" is not authorized to perform: iam:"+
			name+on+" because no identity-based policy allows the iam:"+name+" action")
	}
	s.Decide(func(policy.Request) policy.Decision { return policy.Decision{Effect: policy.Allow} })
	_, err := s.ask("GetContextKeysForPrincipalPolicy", M{"PolicySourceArn": nobody})
	refused(t, err, "NoSuchEntity", "Unable to retrieve specified IAM entity.")
}
