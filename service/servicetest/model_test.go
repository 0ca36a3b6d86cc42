package servicetest_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"claviger/service/servicetest"
)

// coverage is what is known of one of AWS's services beside what its types say. A page of the
// documents is made of it.
type coverage struct {
	service string       // its name in the registry
	title   string       // its name in a sentence
	target  string       // what X-Amz-Target has before the name of an operation
	client  reflect.Type // the SDK's
	least   int          // operations that the client has: fewer were not found

	// part has the operations that are looked at, where the client is of more than the page is of.
	// All others are refused by name, as UnknownOperationException.
	part []string

	page   string // its path from the module's root
	source string // the file that the tables below are in

	// noOperation has AWS's operations that are refused by name, as UnknownOperationException, each
	// with its reason.
	noOperation map[string]string

	// refused has the members that are refused whatever is in them.
	refused map[string]refusal

	// limited has the members that don't do all that they do with AWS, and what they do here. "*"
	// stands for every operation.
	limited map[string]string

	// proofs says which tests show what an operation, or a structure in its answer, does. For each
	// member that works, one of them has to speak of it. That each is a test is shown by
	// TestProofs_NamedTest_Exists, so that whoever renames a test hears of it.
	proofs map[string][]string

	// proofsOfAll are the tests that show what a member does in whatever operation has it.
	proofsOfAll map[string]string

	// proven are the packages whose tests may be named: those that perform operations.
	proven []string
}

// refusal is a request that is fine but for the member that is refused, and the error's name. The
// words in capitals are those of walk.
type refusal struct{ request, code string }

// coverages are the services that have a page.
var coverages = []coverage{coverageOfKMS, coverageOfSecretsManager, coverageOfParameterStore,
	coverageOfEventBridge, coverageOfTopics, coverageOfCloudTrail}

// unit is an operation, or a structure of their members, with its members by their names on the
// wire.
type unit struct {
	name      string
	served    bool
	members   map[string]string // for an operation: in, out or both
	structure bool
}

// model returns all that AWS's service has, as the SDK tells it, and what of it is served. The
// operations that AWS doesn't have stand behind its own.
func (c coverage) model(s *servicetest.Server) (operations, structures []unit) {
	served := map[string]bool{}
	var added []unit
	for _, n := range routed(s) {
		if n.Service.Name != c.service {
			continue
		}
		served[n.Name] = true
		if ours[idOf(n)] != "" {
			added = append(added, c.operation(n.Name, true, n.In, n.Out, map[string]unit{}))
		}
	}
	found := map[string]unit{}
	for i := range c.client.NumMethod() {
		call := c.client.Method(i)
		if call.Type.NumIn() < 3 || !c.has(call.Name) {
			continue // Options
		}
		operations = append(operations, c.operation(call.Name, served[call.Name],
			call.Type.In(2).Elem(), call.Type.Out(0).Elem(), found))
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		structures = append(structures, found[name])
	}
	return append(operations, added...), structures
}

// has reports whether an operation of the client is one of those that are looked at.
func (c coverage) has(operation string) bool {
	return c.part == nil || slices.Contains(c.part, operation)
}

// operation describes an operation of two types, and adds the structures that it has.
func (c coverage) operation(name string, served bool, in, out reflect.Type,
	found map[string]unit) unit {
	u := unit{name, served, map[string]string{}, false}
	for member, typ := range members(in) {
		u.members[member] = "in"
		c.structuresOf(typ, served, found)
	}
	for member, typ := range members(out) {
		u.members[member] = strings.TrimPrefix(u.members[member]+", out", ", ")
		c.structuresOf(typ, served && left[c.id(name)+".Out."+member] == "", found)
	}
	return u
}

// id is the name of an operation among those of all services.
func (c coverage) id(operation string) string { return c.service + "." + operation }

// structuresOf adds the structures that a member is made of. One is served if anything that is
// served has it.
func (c coverage) structuresOf(typ reflect.Type, served bool, found map[string]unit) {
	for slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Map}, typ.Kind()) {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || typ.PkgPath() != c.client.Elem().PkgPath()+"/types" {
		return
	}
	u, known := found[typ.Name()]
	if known && (u.served || !served) {
		return
	}
	u = unit{typ.Name(), served, map[string]string{}, true}
	found[u.name] = u
	for name, member := range members(typ) {
		u.members[name] = ""
		_, refused := c.refused[u.name+"."+name]
		c.structuresOf(member, served && !refused && left[u.name+"."+name] == "", found)
	}
}
