package api

import (
	"strings"
	"testing"

	"claviger/internal/op"
	"claviger/internal/shape"
)

// TestMembers_Each_SaysWhatItIsFor: a client that is made from the document has nothing else.
func TestMembers_Each_SaysWhatItIsFor(t *testing.T) {
	used := map[*op.Service]map[string]bool{}
	for _, o := range registry() {
		n := o.Info()
		of := shape.Schemas{Table: n.Service.Shapes, Say: n.Service.Members,
			Named: map[string]*shape.Schema{}}
		if used[n.Service] == nil {
			used[n.Service] = map[string]bool{}
		}
		all := map[string]*shape.Schema{n.In.Name(): of.Of(n.In), n.Out.Name(): of.Of(n.Out)}
		for _, part := range of.Named {
			all[part.Go.Name()] = part
		}
		for structure, s := range all {
			checkSentences(t, n.Service, structure, s, used[n.Service])
		}
	}
	for service, names := range used {
		for name := range service.Members {
			if !names[name] {
				t.Errorf("%s has a sentence on %s, and there is no such member", service.Name, name)
			}
		}
	}
}

func checkSentences(t *testing.T, service *op.Service, structure string, s *shape.Schema,
	used map[string]bool) {
	t.Helper()
	for _, p := range s.Properties {
		if own := structure + "." + p.Name; service.Members[own] != "" {
			used[own] = true
		} else {
			used[p.Name] = true
		}
		said := service.Members.Of(structure, p.Name)
		if said == "" {
			t.Errorf("%s.%s of %s has no sentence: add one to the service's members", structure,
				p.Name, service.Name)
			continue
		}
		if !strings.HasPrefix(p.Schema.Description, said) || !strings.HasSuffix(said, ".") ||
			strings.Contains(said, ". ") {
			t.Errorf("%s.%s: %q is no sentence, or is not in the schema", structure, p.Name, said)
		}
	}
}
