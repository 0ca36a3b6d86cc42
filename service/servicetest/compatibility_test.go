package servicetest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"claviger/service/servicetest"
)

// TestOperations_EveryOneOfAWS_IsServedOrRefusedByName: what the SDK's client can do is served, or
// is said not to be and is refused by name.
func TestOperations_EveryOneOfAWS_IsServedOrRefusedByName(t *testing.T) {
	s := servicetest.Start(t)
	operations, _ := model(s)
	if len(operations) < 56 {
		t.Fatalf("the SDK's client has %d operations", len(operations))
	}
	for _, u := range operations {
		absent := noOperation[u.name] != ""
		switch {
		case u.served && absent:
			t.Errorf("%s is served: take it out of noOperation (coverage_test.go), "+
				"and give it a row in proofs", u.name)
		case !u.served && !absent:
			t.Errorf("%s is missing: the SDK has it", u.name)
		case absent:
			a := s.Do(t, "TrentService."+u.name, "{}")
			if a.Status != 400 || a.Code() != "UnknownOperationException" {
				t.Errorf("%s: %d %s", u.name, a.Status, a.Body)
			}
		}
	}
}

// TestProofs_EveryOperation_HasOne: for all that works there is a test that speaks of it, and no
// row speaks of what isn't there.
func TestProofs_EveryOperation_HasOne(t *testing.T) {
	operations, structures := model(servicetest.Start(t))
	e := evidenceOf(t, proven...)
	known := map[string]bool{}
	for _, u := range append(operations, structures...) {
		known[u.name] = u.served
		if u.served {
			e.prove(t, u)
		}
		for member := range u.members {
			known[u.name+"."+member], known["*."+member] = u.served, true
		}
	}
	for _, names := range []map[string]bool{keysOf(proofs), keysOf(refusedMembers), keysOf(limited)} {
		for name := range names {
			if !known[name] {
				t.Errorf("there is a row for %s, which isn't served", name)
			}
		}
	}
}

// TestProofs_NamedTest_Exists reads the tests of the packages in proven: every name in the tables
// of coverage_test.go is that of one test function there.
func TestProofs_NamedTest_Exists(t *testing.T) {
	e := evidenceOf(t, proven...)
	check := func(row, test string) {
		switch found := e.files[test]; len(found) {
		case 1:
		case 0:
			t.Errorf("%s is said to be shown by %s, and no package of %v has such a test.\n"+
				"Was it renamed, moved or made one with another? "+
				"Then name it in coverage_test.go and run `make docs`. Close to it: %s",
				row, test, proven, strings.Join(e.closeTo(row, test), ", "))
		default:
			t.Errorf("%s is said to be shown by %s, which several files have: %v. Rename all but one",
				row, test, found)
		}
	}
	for row, tests := range proofs {
		for _, test := range tests {
			check(row, test)
		}
	}
	for member, test := range proofsOfAll {
		check("*."+member, test)
	}
	for _, test := range []string{proofOfOperations, proofOfMembers, proofOfRefusals,
		proofOfConstraints, proofOfTheRoad} {
		check("every operation", test)
	}
}

// prove checks what is said of one served unit.
func (e evidence) prove(t *testing.T, u unit) {
	for member := range u.members {
		if v := e.judge(u, member); v.text == "works" && len(v.tests) == 0 {
			t.Errorf("%s.%s works, and none of the tests %v speaks of it: "+
				"add the one that does to proofs (coverage_test.go)", u.name, member, proofs[u.name])
		}
	}
	if len(proofs[u.name]) == 0 && !allRefused(u) {
		t.Errorf("%s has no row in proofs (coverage_test.go): say which tests show what it does", u.name)
	}
}

// allRefused reports whether a structure can only be refused.
func allRefused(u unit) bool {
	for member := range u.members {
		if _, refused := refusedMembers[u.name+"."+member]; !refused {
			return false
		}
	}
	return true
}

func keysOf[V any](m map[string]V) map[string]bool {
	keys := map[string]bool{}
	for k := range m {
		keys[k] = true
	}
	return keys
}

// TestMembers_NotServed_AreRefusedByName sends each of them, and the same request without it.
func TestMembers_NotServed_AreRefusedByName(t *testing.T) {
	s := servicetest.Start(t, servicetest.WithCluster(t))
	for name, row := range refusedMembers {
		operation, member, _ := strings.Cut(name, ".")
		request := row.request
		if !strings.HasPrefix(request, "{") { // of a structure: the operation's name stands before it
			operation, request, _ = strings.Cut(request, " ")
			member = "XksProxyAuthenticationCredential"
			if strings.HasPrefix(name, "Recipient") {
				member = "Recipient"
			}
		}
		there, _ := stage(t, s, request)
		if a := s.Do(t, "TrentService."+operation, there); a.Code() != row.code {
			t.Errorf("%s: %d %s, want %s", name, a.Status, a.Body, row.code)
		}
		if a := s.Do(t, "TrentService."+operation, without(t, there, member)); a.Status != 200 {
			t.Errorf("%s without %s: %d %s", operation, member, a.Status, a.Body)
		}
	}
}

// without returns a JSON object without one of its members.
func without(t testing.TB, object, member string) string {
	t.Helper()
	all := map[string]json.RawMessage{}
	accepted(t, json.Unmarshal([]byte(object), &all))
	delete(all, member)
	b, err := json.Marshal(all)
	accepted(t, err)
	return string(b)
}
