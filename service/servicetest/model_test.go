package servicetest_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// unit is one of AWS's operations, or a structure of their members, with its
// members by their names on the wire.
type unit struct {
	name      string
	served    bool
	members   map[string]string // for an operation: in, out or both
	structure bool
}

// model returns all that AWS's KMS has, as the SDK tells it, and what of it is served.
func model(s *servicetest.Server) (operations, structures []unit) {
	served := map[string]bool{}
	for _, n := range routed(s) {
		served[n.Name] = served[n.Name] || n.Service.Name == "kms"
	}
	client := reflect.TypeFor[*kms.Client]()
	found := map[string]unit{}
	for i := range client.NumMethod() {
		call := client.Method(i)
		if call.Type.NumIn() < 3 {
			continue // Options
		}
		u := unit{call.Name, served[call.Name], map[string]string{}, false}
		for name, typ := range members(call.Type.In(2).Elem()) {
			u.members[name] = "in"
			structuresOf(typ, u.served, found)
		}
		for name, typ := range members(call.Type.Out(0).Elem()) {
			u.members[name] = strings.TrimPrefix(u.members[name]+", out", ", ")
			structuresOf(typ, u.served && left[idOfKMS(call.Name)+".Out."+name] == "", found)
		}
		operations = append(operations, u)
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		structures = append(structures, found[name])
	}
	return operations, structures
}

func idOfKMS(operation string) string { return "kms." + operation }

// structuresOf adds the structures that a member is made of. One is served if anything that is
// served has it.
func structuresOf(typ reflect.Type, served bool, found map[string]unit) {
	for slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Map}, typ.Kind()) {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || !strings.HasSuffix(typ.PkgPath(), "/kms/types") {
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
		structuresOf(member, served && left[u.name+"."+name] == "", found)
	}
}
