package filter

import (
	"slices"
	"strings"

	"claviger/internal/fault"
	"claviger/parameters/ssmfault"
)

// rule is what the filters of one key may say.
type rule struct {
	options []string // the first is meant where none is given
	listed  string   // the options as AWS's refusal of others lists them
	values  []string // all that there are, or nil where any text may be one
}

// rules are the keys that an operation takes.
type rules struct {
	keys   map[string]rule
	listed string // the keys as AWS's refusal of others lists them
}

// The lists in refusals are as they were recorded from AWS, which has taken more keys and options
// since: DataType, tags, Label, and that a name contains something.
const textOptions = "[BeginsWith, Equals]"

// text is what filters of most keys may say. The options hold for all values, also for the few that
// Type and Tier have.
var text = rule{options: []string{equals, beginsWith}, listed: textOptions}

var types = rule{options: text.options, listed: text.listed,
	values: []string{"String", "StringList", "SecureString"}}

// describedRules are the rules of DescribeParameters.
var describedRules = rules{listed: "[Path, Name, Type, KeyId, Tier]", keys: map[string]rule{
	keyName:  {options: []string{equals, beginsWith, contains}, listed: textOptions},
	keyType:  types,
	keyKeyID: text,
	keyPath:  {options: []string{oneLevel, recursive}, listed: "[Recursive, OneLevel]"},
	keyTier: {options: text.options, listed: text.listed,
		values: []string{"Standard", "Advanced", "Intelligent-Tiering"}},
	keyDataType: text,
	keyTag:      text,
}}

// byPathRules are the rules of GetParametersByPath. A filter by tag was once taken there and did
// nothing (recorded of 2017). AWS's reference says that it isn't valid, and a filter that does
// nothing shows more than was asked for.
var byPathRules = rules{listed: "[Type, KeyId]", keys: map[string]rule{
	keyType:  types,
	keyKeyID: text,
	keyLabel: {options: []string{equals}, listed: "[Equals]"},
}}

// of returns the rule of a key.
func (r rules) of(key string) (found rule, ok bool) {
	if strings.HasPrefix(key, keyTag) {
		key = keyTag
	}
	found, ok = r.keys[key]
	return found, ok
}

// usual returns the option that is meant where a filter gives none.
func (r rules) usual(key string) string {
	found, ok := r.of(key)
	if !ok {
		return ""
	}
	return found.options[0]
}

// CheckDescribed holds the filters of DescribeParameters to what the model leaves open. The words
// are AWS's.
func CheckDescribed(old []ParametersFilter, filters []ParameterStringFilter) error {
	if len(old) > 0 && len(filters) > 0 {
		return ssmfault.Invalid("You can use either Filters or ParameterFilters in a single request.")
	}
	seen := map[string]bool{}
	for _, f := range old {
		if seen[f.Key] {
			return errDuplicate(f.Key)
		}
		seen[f.Key] = true
	}
	return describedRules.check(filters)
}

// CheckByPath holds the path and the filters of GetParametersByPath to what the model leaves open.
// A path below /aws is well formed: public parameters are there. Blanks around a path are no part
// of it, as those around a name aren't. The words are AWS's.
func CheckByPath(path string, filters []ParameterStringFilter) error {
	if !isPath(strings.TrimSpace(path)) {
		return ssmfault.BadPath
	}
	return byPathRules.check(filters)
}

func (r rules) check(filters []ParameterStringFilter) error {
	seen := map[string]bool{}
	for _, f := range filters {
		of, ok := r.of(f.Key)
		switch {
		case !ok:
			return fault.Newf(fault.Invalid, "InvalidFilterKey",
				"The following filter key is not valid: %s. Valid filter keys include: %s.",
				f.Key, r.listed)
		case len(f.Values) == 0 && !strings.HasPrefix(f.Key, keyTag):
			return fault.Newf(fault.Invalid, "InvalidFilterValue",
				"The following filter values are missing : null for filter key %s.", f.Key)
		case seen[f.Key]:
			return errDuplicate(f.Key)
		case f.Option != nil && !slices.Contains(of.options, *f.Option):
			return fault.Newf(fault.Invalid, "InvalidFilterOption",
				"The following filter option is not valid: %s. Valid options include: %s.",
				*f.Option, of.listed)
		}
		if err := of.checkValues(f); err != nil {
			return err
		}
		seen[f.Key] = true
	}
	return nil
}

// checkValues refuses the first value that the key can't have.
func (r rule) checkValues(f ParameterStringFilter) error {
	for _, v := range f.Values {
		switch {
		case f.Key == keyPath && isReserved(v):
			return errReserved
		case f.Key == keyPath && !isPath(v):
			return ssmfault.BadPath
		case r.values != nil && !slices.Contains(r.values, v):
			// The code is the option's, though the text is of the value.
			return fault.Newf(fault.Invalid, "InvalidFilterOption",
				"The following filter value is not valid: %s. Valid values include: [%s].", v,
				strings.Join(r.values, ", "))
		}
	}
	return nil
}

// isReserved reports whether a path begins as no parameter of an account can.
func isReserved(path string) bool {
	path = strings.ToLower(path)
	return strings.HasPrefix(path, "/aws") || strings.HasPrefix(path, "/ssm")
}

// isPath reports whether a path begins with a slash and has only names of parameters' characters
// between single ones. One more at the end does no harm.
func isPath(path string) bool {
	rest, ok := strings.CutPrefix(path, "/")
	if !ok || rest == "" {
		return ok
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(rest, "/"), "/") {
		if part == "" || strings.ContainsFunc(part, isForeign) {
			return false
		}
	}
	return true
}

// isForeign reports whether no name of a parameter has the character.
func isForeign(c rune) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return false
	}
	return c != '.' && c != '-' && c != '_'
}

func errDuplicate(key string) error {
	return fault.Newf(fault.Invalid, "InvalidFilterKey", "The following filter is duplicated in "+
		"the request: %s. A request can contain only one occurrence of a specific filter.", key)
}

var errReserved = ssmfault.Invalid(`Filters for common parameters can't be prefixed with "aws" ` +
	`or "ssm" (case-insensitive). When using global parameters, please specify within a global ` +
	`namespace.`)
