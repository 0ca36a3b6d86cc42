package servicetest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"claviger/service/servicetest"
)

// The tests that show something of every operation and every member.
const (
	proofOfOperations  = "TestOperations_EveryOneOfAWS_IsServedOrRefusedByName"
	proofOfMembers     = "TestMembers_EveryType_IsAWSs"
	proofOfRefusals    = "TestMembers_NotServed_AreRefusedByName"
	proofOfConstraints = "TestValidation_EveryConstraintBroken_IsAWSsSentence"
	proofOfTheRoad     = "TestRegistry_EveryOperation_KeepsThePromisesOfAll"
)

// TestOperations_EveryOneOfAWS_IsServedOrRefusedByName: what the SDK's client can do is served, or
// is said not to be and is refused by name.
func TestOperations_EveryOneOfAWS_IsServedOrRefusedByName(t *testing.T) {
	s := servicetest.Start(t)
	for _, c := range coverages {
		operations, _ := c.model(s)
		found := 0
		for _, u := range operations {
			absent := c.noOperation[u.name] != ""
			if ours[c.id(u.name)] == "" {
				found++
			}
			switch {
			case u.served && absent:
				t.Errorf("%s is served: take it out of noOperation (%s), and give it a row in proofs",
					c.id(u.name), c.source)
			case !u.served && !absent:
				t.Errorf("%s is missing: the SDK has it", c.id(u.name))
			case absent:
				a := s.Do(t, c.target+"."+u.name, "{}")
				if a.Status != 400 || a.Code() != "UnknownOperationException" {
					t.Errorf("%s: %d %s", c.id(u.name), a.Status, a.Body)
				}
			}
		}
		c.elsewhere(t, s)
		if found < c.least {
			t.Errorf("the SDK's client of %s has %d operations", c.title, found)
		}
	}
}

// elsewhere asks for what the client has and the page is not of.
func (c coverage) elsewhere(t *testing.T, s *servicetest.Server) {
	t.Helper()
	for i := range c.client.NumMethod() {
		name := c.client.Method(i).Name
		if c.has(name) || name == "Options" {
			continue
		}
		if a := s.Do(t, c.target+"."+name, "{}"); a.Code() != "UnknownOperationException" {
			t.Errorf("%s: %d %s, and the page says nothing of it", c.id(name), a.Status, a.Body)
		}
	}
}

// TestProofs_EveryOperation_HasOne: for all that works there is a test that speaks of it, and no
// row speaks of what isn't there.
func TestProofs_EveryOperation_HasOne(t *testing.T) {
	s := servicetest.Start(t)
	for _, c := range coverages {
		operations, structures := c.model(s)
		p := page{c, evidenceOf(t, c.proven...)}
		known := map[string]bool{}
		for _, u := range append(operations, structures...) {
			known[u.name] = u.served
			if u.served {
				p.prove(t, u)
			}
			for member := range u.members {
				known[u.name+"."+member], known["*."+member] = u.served, true
			}
		}
		for _, names := range []map[string]bool{keysOf(c.proofs), keysOf(c.refused),
			keysOf(c.limited)} {
			for name := range names {
				if !known[name] {
					t.Errorf("%s has a row for %s, which isn't served", c.source, name)
				}
			}
		}
	}
}

// TestProofs_NamedTest_Exists reads the tests of the packages in proven: every name in the tables
// of a coverage is that of one test function there.
func TestProofs_NamedTest_Exists(t *testing.T) {
	for _, c := range coverages {
		p := page{c, evidenceOf(t, c.proven...)}
		for row, tests := range c.proofs {
			for _, test := range tests {
				p.named(t, row, test)
			}
		}
		for member, test := range c.proofsOfAll {
			p.named(t, "*."+member, test)
		}
		for _, test := range []string{proofOfOperations, proofOfMembers, proofOfRefusals,
			proofOfConstraints, proofOfTheRoad} {
			p.named(t, "every operation", test)
		}
	}
}

// named checks that a test of a row is there, once.
func (p page) named(t *testing.T, row, test string) {
	t.Helper()
	switch found := p.files[test]; len(found) {
	case 1:
	case 0:
		t.Errorf("%s is said to be shown by %s, and no package of %v has such a test.\n"+
			"Was it renamed, moved or made one with another? "+
			"Then name it in %s and run `make docs`. Close to it: %s",
			row, test, p.proven, p.source, strings.Join(p.closeTo(row, test), ", "))
	default:
		t.Errorf("%s is said to be shown by %s, which several files have: %v. Rename all but one",
			row, test, found)
	}
}

// prove checks what is said of one served unit.
func (p page) prove(t *testing.T, u unit) {
	t.Helper()
	for member := range u.members {
		if v := p.judge(u, member); v.text == "works" && len(v.tests) == 0 {
			t.Errorf("%s.%s works, and none of the tests %v speaks of it: "+
				"add the one that does to proofs (%s)", u.name, member, p.proofs[u.name], p.source)
		}
	}
	if len(p.proofs[u.name]) == 0 && !p.allRefused(u) {
		t.Errorf("%s has no row in proofs (%s): say which tests show what it does", u.name, p.source)
	}
}

// allRefused reports whether a structure can only be refused.
func (c coverage) allRefused(u unit) bool {
	for member := range u.members {
		if _, refused := c.refused[u.name+"."+member]; !refused {
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
	for _, c := range coverages {
		for name, row := range c.refused {
			operation, member, _ := strings.Cut(name, ".")
			path, request := []string{member}, row.request
			if !strings.HasPrefix(request, "{") { // of a structure: the operation's name stands before it
				path = pathTo(operation, member)
				operation, request, _ = strings.Cut(request, " ")
			}
			there, _ := stage(t, s, request)
			if a := s.Do(t, c.target+"."+operation, there); a.Code() != row.code {
				t.Errorf("%s: %d %s, want %s", name, a.Status, a.Body, row.code)
			}
			if a := s.Do(t, c.target+"."+operation, without(t, there, path...)); a.Status != 200 {
				t.Errorf("%s without %s: %d %s", operation, path, a.Status, a.Body)
			}
		}
	}
}

// pathTo returns where a request has what is refused of a structure.
func pathTo(structure, member string) []string {
	switch {
	case structure == "Target":
		return []string{"Targets", member}
	case strings.HasSuffix(structure, "ConnectionAuthRequestParameters"):
		return []string{"AuthParameters", member}
	case strings.HasPrefix(structure, "Recipient"):
		return []string{"Recipient"}
	case strings.HasPrefix(structure, "Connectivity"):
		return []string{"InvocationConnectivityParameters"}
	}
	return []string{"XksProxyAuthenticationCredential"}
}

// without returns a JSON object without what is at a path, which leads into the objects of a list.
func without(t testing.TB, object string, path ...string) string {
	t.Helper()
	if strings.HasPrefix(object, "[") {
		var all []json.RawMessage
		accepted(t, json.Unmarshal([]byte(object), &all))
		for i := range all {
			all[i] = json.RawMessage(without(t, string(all[i]), path...))
		}
		b, err := json.Marshal(all)
		accepted(t, err)
		return string(b)
	}
	all := map[string]json.RawMessage{}
	accepted(t, json.Unmarshal([]byte(object), &all))
	if len(path) > 1 {
		all[path[0]] = json.RawMessage(without(t, string(all[path[0]]), path[1:]...))
	} else {
		delete(all, path[0])
	}
	b, err := json.Marshal(all)
	accepted(t, err)
	return string(b)
}
