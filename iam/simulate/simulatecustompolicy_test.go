package simulate_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"claviger/iam/simulate"
)

func at(line, column int32) simulate.Position {
	return simulate.Position{Line: line, Column: column}
}

// first is the one statement of a recorded policy, which ends at a column.
func first(id, kind string, end int32) simulate.Statement {
	return simulate.Statement{SourcePolicyId: id, SourcePolicyType: kind,
		StartPosition: at(1, 38), EndPosition: at(1, end)}
}

var (
	getInput = first("PolicyInputList.1", "IAM Policy", 95)
	yes      = &simulate.PermissionsBoundaryDecisionDetail{AllowedByPermissionsBoundary: true}
	no       = &simulate.PermissionsBoundaryDecisionDetail{}
)

// TestSimulateCustomPolicy_Recorded_AnswersAlike: each answer is one that IAM has given.
func TestSimulateCustomPolicy_Recorded_AnswersAlike(t *testing.T) {
	s := start(t)
	denied := first("PermissionsBoundaryPolicyInputList.1", "Permissions Boundary Policy", 94)
	conditional := strings.Replace(allowGet, `"*"}`,
		`"*","Condition":{"StringEquals":{"stack:missing":"yes"}}}`, 1)
	plain := func(decision string, matched ...simulate.Statement) simulate.EvaluationResult {
		return simulate.EvaluationResult{EvalActionName: "s3:GetObject", EvalResourceName: "*",
			EvalDecision: decision, MatchedStatements: append([]simulate.Statement{}, matched...),
			MissingContextValues: []string{}}
	}
	onA := func(r simulate.EvaluationResult) simulate.EvaluationResult {
		r.EvalResourceName, r.EvalDecisionDetails = objectA, map[string]string{}
		one := simulate.ResourceSpecificResult{EvalResourceName: objectA,
			EvalResourceDecision:              r.EvalDecision,
			PermissionsBoundaryDecisionDetail: r.PermissionsBoundaryDecisionDetail}
		one.MatchedStatements = append(one.MatchedStatements, r.MatchedStatements...)
		one.MissingContextValues = append(one.MissingContextValues, r.MissingContextValues...)
		r.ResourceSpecificResults = []simulate.ResourceSpecificResult{one}
		return r
	}
	type result = simulate.EvaluationResult
	with := func(r result, set func(*result)) result {
		set(&r)
		return r
	}
	lacking := with(plain("implicitDeny"), func(r *simulate.EvaluationResult) {
		r.MissingContextValues = []string{"stack:missing"}
	})
	resources := []string{objectA}
	for name, c := range map[string]struct {
		in   M
		want simulate.EvaluationResult
	}{
		"every resource": {nil, plain("allowed", getInput)},
		"one resource":   {M{"ResourceArns": resources}, onA(plain("allowed", getInput))},
		"no policy":      {M{"PolicyInputList": []string{}}, plain("implicitDeny")},
		"a denial alone is told": {M{"PolicyInputList": []string{allowGet, denyGet}},
			plain("explicitDeny", first("PolicyInputList.2", "IAM Policy", 94))},
		"a key without value": {M{"PolicyInputList": []string{conditional}, "ResourceArns": resources},
			onA(lacking)},
		"a key that doesn't matter": {M{"PolicyInputList": []string{allowGet, conditional}},
			plain("allowed", getInput)},
		"a key of another action's": {M{"PolicyInputList": []string{strings.ReplaceAll(conditional,
			"GetObject", "PutObject")}}, lacking},
		"a boundary that denies": {M{"PermissionsBoundaryPolicyInputList": []string{denyGet},
			"ResourceArns": resources}, onA(with(plain("explicitDeny", denied),
			func(r *simulate.EvaluationResult) { r.PermissionsBoundaryDecisionDetail = no }))},
		"a boundary that says nothing": {M{"PermissionsBoundaryPolicyInputList": []string{allowPut},
			"ResourceArns": resources}, onA(with(plain("implicitDeny"),
			func(r *simulate.EvaluationResult) { r.PermissionsBoundaryDecisionDetail = no }))},
		"a boundary that allows": {M{"PermissionsBoundaryPolicyInputList": []string{allowGet},
			"ResourceArns": resources}, onA(with(plain("allowed", getInput),
			func(r *simulate.EvaluationResult) { r.PermissionsBoundaryDecisionDetail = yes }))},
		"both deny": {M{"PolicyInputList": []string{denyGet},
			"PermissionsBoundaryPolicyInputList": []string{denyGet}}, with(plain("explicitDeny", denied,
			first("PolicyInputList.1", "IAM Policy", 94)),
			func(r *simulate.EvaluationResult) { r.PermissionsBoundaryDecisionDetail = no })},
		"letters of another case": {M{"ActionNames": []string{"S3:gEtObJeCt"}},
			with(plain("allowed", getInput),
				func(r *simulate.EvaluationResult) { r.EvalActionName = "S3:gEtObJeCt" })},
		"an action that isn't": {M{"ActionNames": []string{"s3:*"}}, with(plain("implicitDeny"),
			func(r *simulate.EvaluationResult) { r.EvalActionName = "s3:*" })},
		"an organization that allows": {M{"OrderedOrganizationPolicyInputList": levels(allowAll, allowAll)},
			with(plain("allowed", getInput), organization(true))},
		"an organization that denies": {M{"OrderedOrganizationPolicyInputList": levels(allowAll, denyGet)},
			with(plain("explicitDeny"), organization(false))},
		"an organization that says nothing": {M{"OrderedOrganizationPolicyInputList": levels(allowAll,
			allowPut)}, with(plain("implicitDeny"), organization(false))},
	} {
		out, err := s.custom(c.in)
		if err != nil || len(out.EvaluationResults) != 1 ||
			!reflect.DeepEqual(out.EvaluationResults[0], c.want) {
			t.Errorf("%s: %v\n%+v, want\n%+v", name, err, out.EvaluationResults, c.want)
		}
	}
}

func levels(policies ...string) (out []M) {
	for _, p := range policies {
		out = append(out, M{"ServiceControlPolicyInputList": []string{p}})
	}
	return out
}

func organization(allows bool) func(*simulate.EvaluationResult) {
	return func(r *simulate.EvaluationResult) {
		r.OrganizationsDecisionDetail = &simulate.OrganizationsDecisionDetail{
			AllowedByOrganizations: allows}
	}
}

// TestSimulateCustomPolicy_SeveralResources_StrictestCounts, and what allows one of them is told.
func TestSimulateCustomPolicy_SeveralResources_StrictestCounts(t *testing.T) {
	s := start(t)
	onlyA := strings.Replace(allowGet, `"*"`, `"`+objectA+`"`, 1)
	denyB := strings.Replace(denyGet, `"*"`, `"`+objectB+`"`, 1)
	for name, c := range map[string]struct {
		policies  []string
		resources []string
		decision  string
		each      []string
		matched   []string
	}{
		"both": {[]string{allowGet}, []string{objectA, objectB}, "allowed",
			[]string{"allowed", "allowed"}, []string{"PolicyInputList.1"}},
		"one": {[]string{onlyA}, []string{objectA, objectB}, "implicitDeny",
			[]string{"allowed", "implicitDeny"}, []string{"PolicyInputList.1"}},
		"one denied": {[]string{allowGet, denyB}, []string{objectA, objectB}, "explicitDeny",
			[]string{"allowed", "explicitDeny"}, []string{"PolicyInputList.2"}},
		"twice": {[]string{allowGet}, []string{objectA, objectA}, "allowed",
			[]string{"allowed", "allowed"}, []string{"PolicyInputList.1"}},
	} {
		out, err := s.custom(M{"PolicyInputList": c.policies, "ResourceArns": c.resources})
		if err != nil {
			t.Fatal(name, err)
		}
		r := out.EvaluationResults[0]
		var each []string
		for i, one := range r.ResourceSpecificResults {
			each = append(each, one.EvalResourceDecision)
			if one.EvalResourceName != c.resources[i] {
				t.Errorf("%s: %s", name, one.EvalResourceName)
			}
		}
		if r.EvalDecision != c.decision || r.EvalResourceName != "*" {
			t.Errorf("%s: %s on %s", name, r.EvalDecision, r.EvalResourceName)
		}
		expect(t, name, each, c.each)
		expect(t, name, sources(r.MatchedStatements), c.matched)
	}
}

// ofResource is a resource policy that names a principal.
func ofResource(effect, principal string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":"s3:GetObject",` +
		`"Resource":"arn:aws:s3:::b/*","Principal":{"AWS":"` + principal + `"}}]}`
}

// TestSimulateCustomPolicy_ResourcePolicy_CountsAsInTruth: by itself or with the caller's policies,
// and across accounts only with them.
func TestSimulateCustomPolicy_ResourcePolicy_CountsAsInTruth(t *testing.T) {
	s := start(t)
	const iam, resource, boundary = "IAM Policy", "Resource Policy", "Permissions Boundary Policy"
	const there = "arn:aws:iam::" + other + ":root"
	root := "arn:aws:iam::" + account + ":root"
	for name, c := range map[string]struct {
		identity, boundary []string
		policy, owner      string
		decision           string
		matched            []string
		details            map[string]string
	}{
		"names the user": {nil, nil, ofResource("Allow", bob), "", "allowed",
			[]string{"ResourcePolicy"}, nil},
		"both": {[]string{allowGet}, nil, ofResource("Allow", bob), "", "allowed",
			[]string{"PolicyInputList.1", "ResourcePolicy"}, nil},
		"beyond a boundary": {nil, []string{allowPut}, ofResource("Allow", bob), "", "allowed",
			[]string{"ResourcePolicy"}, nil},
		"the account alone":         {nil, nil, ofResource("Allow", root), "", "implicitDeny", nil, nil},
		"the account, and its user": {[]string{allowGet}, nil, ofResource("Allow", root), "", "allowed", []string{"PolicyInputList.1", "ResourcePolicy"}, nil},
		"denies": {[]string{allowGet}, nil, ofResource("Deny", bob), "", "explicitDeny",
			[]string{"ResourcePolicy"}, nil},
		"elsewhere, alone": {nil, nil, ofResource("Allow", bob), there, "implicitDeny", nil,
			map[string]string{iam: "implicitDeny", resource: "allowed"}},
		"elsewhere": {[]string{allowGet}, nil, ofResource("Allow", bob), there, "allowed",
			[]string{"PolicyInputList.1", "ResourcePolicy"},
			map[string]string{iam: "allowed", resource: "allowed"}},
		"elsewhere, beyond a boundary": {[]string{allowGet}, []string{denyGet},
			ofResource("Allow", bob), there, "explicitDeny",
			[]string{"PermissionsBoundaryPolicyInputList.1"},
			map[string]string{iam: "allowed", resource: "allowed", boundary: "explicitDeny"}},
	} {
		in := M{"PolicyInputList": append([]string{}, c.identity...), "ResourceArns": []string{objectA},
			"CallerArn": bob, "ResourcePolicy": c.policy}
		if c.boundary != nil {
			in["PermissionsBoundaryPolicyInputList"] = c.boundary
		}
		if c.owner != "" {
			in["ResourceOwner"] = c.owner
		}
		out, err := s.custom(in)
		if err != nil {
			t.Fatal(name, err)
		}
		r := out.EvaluationResults[0]
		if r.EvalDecision != c.decision {
			t.Errorf("%s: %s", name, r.EvalDecision)
		}
		expect(t, name, sources(r.MatchedStatements), c.matched)
		if c.details == nil {
			c.details = map[string]string{}
		}
		specific := r.ResourceSpecificResults[0].EvalDecisionDetails
		if !reflect.DeepEqual(r.EvalDecisionDetails, c.details) ||
			len(c.details) > 0 && !reflect.DeepEqual(specific, c.details) {
			t.Errorf("%s: %v and %v", name, r.EvalDecisionDetails, specific)
		}
	}
}

// TestSimulateCustomPolicy_KeyPolicy_DecidesAlone: what a key's policy neither allows nor hands to
// its account, no identity policy gives.
func TestSimulateCustomPolicy_KeyPolicy_DecidesAlone(t *testing.T) {
	s := start(t)
	const key = "arn:aws:kms:us-east-1:" + account + ":key/k"
	of := func(principal string) string {
		return `{"Statement":{"Effect":"Allow","Principal":{"AWS":"` + principal +
			`"},"Action":"kms:Decrypt","Resource":"*"}}`
	}
	for principal, want := range map[string]string{account: "allowed", bob: "allowed",
		"arn:aws:iam::" + account + ":user/eve": "implicitDeny"} {
		out, err := s.custom(M{"PolicyInputList": []string{allowAll}, "CallerArn": bob,
			"ActionNames": []string{"kms:Decrypt"}, "ResourceArns": []string{key},
			"ResourcePolicy": of(principal)})
		if err != nil || out.EvaluationResults[0].EvalDecision != want {
			t.Errorf("%s: %v %v", principal, decisions(out), err)
		}
	}
}

// TestSimulateCustomPolicy_Context_IsAllThatConditionsSee: the entries, and who asks.
func TestSimulateCustomPolicy_Context_IsAllThatConditionsSee(t *testing.T) {
	s := start(t)
	entry := func(name, kind string, values ...string) M {
		return M{"ContextKeyName": name, "ContextKeyType": kind, "ContextKeyValues": values}
	}
	when := func(operator, key, value string) []string {
		return []string{strings.Replace(allowGet, `"*"}`,
			`"*","Condition":{"`+operator+`":{"`+key+`":"`+value+`"}}}`, 1)}
	}
	type entries = []M
	for name, c := range map[string]struct {
		policies []string
		entries  entries
		caller   string
		want     string
		missing  []string
	}{
		"a date": {when("DateGreaterThan", "aws:CurrentTime", "2018-08-16T12:00:00Z"),
			entries{entry("aws:CurrentTime", "date", "2019-04-25T11:00:00Z")}, "", "allowed", nil},
		"too early": {when("DateGreaterThan", "aws:CurrentTime", "2018-08-16T12:00:00Z"),
			entries{entry("aws:CurrentTime", "date", "2010-04-25T11:00:00Z")}, "", "implicitDeny", nil},
		"no date": {when("DateGreaterThan", "aws:CurrentTime", "2018-08-16T12:00:00Z"), nil, "",
			"implicitDeny", []string{"aws:CurrentTime"}},
		"a truth": {when("Bool", "aws:SecureTransport", "false"),
			entries{entry("aws:securetransport", "boolean", "perhaps")}, "", "allowed", nil},
		"an exponent": {when("NumericEquals", "kms:X", "100"),
			entries{entry("kms:X", "numeric", "1e2")}, "", "allowed", nil},
		"too large a number": {when("NumericEquals", "kms:X", "100"),
			entries{entry("kms:X", "numeric", "1e9999")}, "", "implicitDeny", nil},
		"an address": {when("IpAddress", "aws:SourceIp", "10.0.0.0/8"),
			entries{entry("aws:SourceIp", "ip", "10.1.1.1")}, "", "allowed", nil},
		"bytes": {when("BinaryEquals", "kms:X", "AAEC"), entries{entry("kms:X", "binary", "AAEC")}, "",
			"allowed", nil},
		"several": {when("ForAllValues:StringLike", "aws:TagKeys", "a*"),
			entries{entry("aws:TagKeys", "stringList", "ab", "ac")}, "", "allowed", nil},
		"an empty text": {when("Null", "kms:X", "false"), entries{entry("kms:X", "string", "")}, "",
			"allowed", nil},
		"an empty entry": {[]string{allowGet}, entries{{}}, "", "allowed", nil},
		"who asks":       {when("ArnEquals", "aws:PrincipalArn", bob), nil, bob, "allowed", nil},
		"what the user is called": {when("StringEquals", "aws:username", "bob"), nil, bob, "allowed",
			nil},
		"what a role isn't": {when("Null", "aws:username", "true"), nil, bounded, "allowed", nil},
		"the account": {when("StringEquals", "aws:PrincipalAccount", account), nil, "", "allowed",
			nil},
		"the id is an ARN": {when("StringEquals", "aws:userid", bob), nil, bob, "allowed", nil},
		"the id is nobody's": {when("StringEquals", "aws:userid",
			"STUB_PRINCIPAL_FOR_POLICY_SIMULATOR"), nil, "", "allowed", nil},
		"the id is always missing": {when("StringEquals", "aws:userid", "x"), nil, bob, "implicitDeny",
			[]string{"aws:userid"}},
		"another name was asked for": {when("StringEquals", "aws:username", "x"),
			entries{entry("AWS:UserName", "string", "x")}, bob, "allowed", nil},
	} {
		in := M{"PolicyInputList": c.policies, "ContextEntries": c.entries}
		if c.entries == nil {
			delete(in, "ContextEntries")
		}
		if c.caller != "" {
			in["CallerArn"] = c.caller
		}
		out, err := s.custom(in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r := out.EvaluationResults[0]
		if r.EvalDecision != c.want || !slices.Equal(r.MissingContextValues, c.missing) {
			t.Errorf("%s: %s, missing %q", name, r.EvalDecision, r.MissingContextValues)
		}
	}
}

const bounded = "arn:aws:iam::" + account + ":role/bounded"
