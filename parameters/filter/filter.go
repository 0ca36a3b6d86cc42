// Package filter chooses parameters by the filters of DescribeParameters and GetParametersByPath.
//
// check.go says what a filter may be, this file which parameters it finds, and index.go which ones
// have to be looked at to find them.
//
// `/x` and `x` are one parameter (recorded from AWS). Names are compared in the form that begins
// with a slash, and values of the key Name are brought to it.
package filter

import (
	"fmt"
	"slices"
	"strings"

	"claviger/internal/domain"
)

// ParameterStringFilter narrows a listing to the parameters of which an attribute has one of the
// values.
type ParameterStringFilter struct {
	// Path, Name, Type, KeyId, Tier, DataType or tag:KEY of DescribeParameters; Type, KeyId or
	// Label of GetParametersByPath
	Key    string   `shape:"ParameterStringFilterKey,required"`
	Option *string  `shape:"ParameterStringQueryOption"`     // absent: OneLevel of Path, else Equals
	Values []string `shape:"ParameterStringFilterValueList"` // 1 to 50; tag:KEY needs none
}

// ParametersFilter is what DescribeParameters took before there was [ParameterStringFilter].
type ParametersFilter struct {
	Key    string   `shape:"ParametersFilterKey,required"`       // Name, Type or KeyId
	Values []string `shape:"ParametersFilterValueList,required"` // 1 to 50; how a Name may begin
}

// The attributes that a filter may look at. The key of a tag stands behind keyTag.
const (
	keyName     = "Name"
	keyType     = "Type"
	keyKeyID    = "KeyId"
	keyPath     = "Path"
	keyTier     = "Tier"
	keyDataType = "DataType"
	keyLabel    = "Label"
	keyTag      = "tag:"
)

// The ways to compare.
const (
	equals     = "Equals"
	beginsWith = "BeginsWith"
	contains   = "Contains"
	oneLevel   = "OneLevel"
	recursive  = "Recursive"
	exists     = "" // what is asked of a tag without values
)

// Subject is what filters look at in a parameter.
type Subject struct {
	Name     string // with a slash in front, whether the parameter was made with it or not
	Type     string
	KeyID    string // as whoever wrote the parameter named the key, or nothing
	Tier     string
	DataType string
	Tags     map[string]string
	Labels   []string // of the version that is looked at
}

// Filter is filters, read once, for many parameters. All of them must hold.
type Filter struct{ conditions []condition }

// condition is a filter whose values have the form that its attribute is compared in: names begin
// with a slash, and paths end with one besides.
type condition struct {
	key, option string
	values      []string // in order, each once
}

// NewDescribed reads the filters of DescribeParameters, which were checked. Old ones find what new
// ones with the same keys find, so that either makes the same Filter.
func NewDescribed(old []ParametersFilter, filters []ParameterStringFilter) *Filter {
	f := new(Filter)
	for _, o := range old {
		option := equals
		if o.Key == keyName {
			option = beginsWith
		}
		f.add(o.Key, option, o.Values)
	}
	for _, n := range filters {
		f.add(n.Key, domain.Or(n.Option, describedRules.usual(n.Key)), n.Values)
	}
	return f
}

// NewByPath reads the path and the filters of GetParametersByPath, which were checked. The Filter
// holds both: directly below the path, or anywhere if all is set.
func NewByPath(path string, all bool, filters []ParameterStringFilter) *Filter {
	f := new(Filter)
	option := oneLevel
	if all {
		option = recursive
	}
	f.add(keyPath, option, []string{strings.TrimSpace(path)})
	for _, n := range filters {
		f.add(n.Key, domain.Or(n.Option, byPathRules.usual(n.Key)), n.Values)
	}
	return f
}

// add keeps the conditions in order of their keys: who asks for the same in another order shall
// have the same Filter.
func (f *Filter) add(key, option string, values []string) {
	c := condition{key: key, option: option, values: make([]string, 0, len(values))}
	for _, v := range values {
		c.values = append(c.values, compared(key, option, v))
	}
	slices.Sort(c.values)
	c.values = slices.Compact(c.values)
	if strings.HasPrefix(key, keyTag) && len(values) == 0 {
		c.option = exists
	}
	at, _ := slices.BinarySearchFunc(f.conditions, key, func(c condition, key string) int {
		return strings.Compare(c.key, key)
	})
	f.conditions = slices.Insert(f.conditions, at, c)
}

// compared returns a value in the form that its attribute is compared in. A part of a name stays
// as it is: `/tan` is in `/tangram` and not in `/standby` (recorded from AWS).
func compared(key, option, value string) string {
	switch {
	case key == keyPath:
		return below(value)
	case key == keyName && option != contains && !strings.HasPrefix(value, "/"):
		return "/" + value
	}
	return value
}

// below returns what the names of all parameters below a path begin with: `/a/` for `/a` and `/a/`,
// and a slash for all there are.
func below(path string) string { return strings.TrimSuffix(path, "/") + "/" }

// Matches reports whether a parameter passes all filters.
func (f *Filter) Matches(s Subject) bool {
	for i := range f.conditions {
		if !f.conditions[i].holds(&s) {
			return false
		}
	}
	return true
}

// Labels returns the labels of which a version must carry one, or nothing if the filters ask for
// none and mean each parameter's newest version.
func (f *Filter) Labels() []string {
	for _, c := range f.conditions {
		if c.key == keyLabel {
			return c.values
		}
	}
	return nil
}

// String returns the filters in full, for page tokens to be bound to. It is the same for filters
// that say the same in another order.
func (f *Filter) String() string {
	var b strings.Builder
	for _, c := range f.conditions {
		fmt.Fprintf(&b, "%q %q %q\n", c.key, c.option, c.values)
	}
	return b.String()
}

func (c *condition) holds(s *Subject) bool {
	switch c.key {
	case keyName, keyPath:
		return c.anyFits(s.Name)
	case keyType:
		return c.anyFits(s.Type)
	case keyKeyID:
		return c.anyFits(s.KeyID)
	case keyTier:
		return c.anyFits(s.Tier)
	case keyDataType:
		return c.anyFits(s.DataType)
	case keyLabel:
		return slices.ContainsFunc(s.Labels, c.anyFits)
	}
	tag, isTag := strings.CutPrefix(c.key, keyTag)
	value, there := s.Tags[tag]
	return isTag && there && (c.option == exists || c.anyFits(value))
}

// anyFits reports whether one of the values fits a text that the parameter has. What it lacks is
// no text: no value fits it.
func (c *condition) anyFits(text string) bool {
	return text != "" && slices.ContainsFunc(c.values, func(value string) bool {
		return fits(c.option, text, value)
	})
}

func fits(option, text, value string) bool {
	switch option {
	case equals:
		return text == value
	case beginsWith, recursive:
		return strings.HasPrefix(text, value)
	case contains:
		return strings.Contains(text, value)
	case oneLevel:
		rest, isBelow := strings.CutPrefix(text, value)
		return isBelow && !strings.Contains(rest, "/")
	}
	return false
}
