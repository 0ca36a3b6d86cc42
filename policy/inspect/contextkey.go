package inspect

import (
	"regexp"
	"slices"
	"strings"

	"claviger/policy"
)

// variable is ${key} or ${key, 'fallback'}. Those of one character are that character.
var variable = regexp.MustCompile(`\$\{\s*([^},]{2,}?)\s*(?:,[^}]*)?\}`)

// ContextKeys returns the condition keys that a document asks for, in conditions and as variables,
// as they are written and in order. Two that differ in case alone are one, and stand as the first.
func ContextKeys(d *policy.Document) []string {
	var out []string
	seen := map[string]bool{}
	add := func(name string) {
		if folded := strings.ToLower(name); !seen[folded] {
			seen[folded] = true
			out = append(out, name)
		}
	}
	variables := func(texts []string) {
		for _, text := range texts {
			for _, v := range variable.FindAllStringSubmatch(text, -1) {
				if d.Version == policy.Version2012 { // before, they were text
					add(v[1])
				}
			}
		}
	}
	for _, s := range d.Statements {
		variables(s.Resource)
		variables(s.NotResource)
		for _, c := range s.Condition {
			add(c.Key)
			variables(c.Values)
		}
	}
	slices.Sort(out)
	return out
}
