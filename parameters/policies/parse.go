package policies

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Most is how many policies a parameter may have.
const Most = 10

// Parse reads the member Policies of PutParameter at a moment, from which on they rest with their
// parameter. The set replaces the one that the parameter had. [{}] is AWS's way to have none; [] is
// the same, being another array without policies. That a text has 1 to 4,096 characters is of
// AWS's model.
//
// The error is a ValidationException if the text is no JSON array of objects, has a member twice,
// or a Type that is no text; InvalidPolicyTypeException, InvalidPolicyAttributeException,
// IncompatiblePolicyException, or PoliciesLimitExceededException.
func Parse(text string, now time.Time) (Set, error) {
	var objects []jsontext.Value
	if jsontext.Value(text).Kind() != jsontext.KindBeginArray ||
		json.Unmarshal([]byte(text), &objects) != nil {
		return nil, badInput(text)
	}
	if len(objects) > Most {
		return nil, errTooMany
	}
	s := Set{}
	if len(objects) == 1 && isEmpty(objects[0]) {
		return s, nil
	}
	rules := make([]rule, len(objects))
	for i, object := range objects {
		r, isWellFormed, err := readPolicy(object)
		switch {
		case !isWellFormed:
			return nil, badInput(text)
		case err != nil:
			return nil, err
		}
		rules[i] = r
		s = append(s, Policy{Type: r.kind, Text: string(object), Status: Pending, Created: now.UTC()})
	}
	return s, check(rules, now)
}

func isEmpty(v jsontext.Value) bool {
	v = slices.Clone(v)
	return v.Compact() == nil && string(v) == "{}"
}

// check holds policies to what they say of each other and of the present.
func check(rules []rule, now time.Time) error {
	var expires time.Time
	for _, r := range rules {
		if r.kind != Expiration {
			continue
		}
		if !expires.IsZero() {
			return errTwoExpirations
		}
		expires = r.at
		if !expires.After(now) {
			return errPast
		}
	}
	for _, r := range rules {
		if r.kind != ExpirationNotification {
			continue
		}
		if expires.IsZero() {
			return errNoExpiration
		}
		if !r.span.before(expires).After(now) {
			return errNoRoom
		}
	}
	return nil
}

// readPolicy reads one policy. One that isn't well formed makes the whole input invalid.
func readPolicy(object jsontext.Value) (r rule, isWellFormed bool, err error) {
	members, ok := readObject(object)
	if !ok || members == nil {
		return rule{}, false, nil
	}
	kind, ok := readText(members, "Type")
	if !ok {
		return rule{}, false, nil
	}
	version, ok := readText(members, "Version")
	if !ok {
		return rule{}, false, nil
	}
	attributes, ok := readObject(members["Attributes"])
	if !ok {
		return rule{}, false, nil
	}
	if err := onlyKnown(members, "Type", "Version", "Attributes"); err != nil {
		return rule{}, true, err
	}
	if kind == "" {
		return rule{}, true, missing("Type")
	}
	read, ok := readers[Type(kind)]
	if !ok {
		return rule{}, true, badType(kind)
	}
	if version != "1.0" {
		return rule{}, true, errVersion
	}
	if attributes == nil {
		return rule{}, true, missing("Attributes")
	}
	r, err = read(attributes)
	r.kind = Type(kind)
	return r, true, err
}

// readers read the attributes of each type.
var readers = map[Type]func(map[string]jsontext.Value) (rule, error){
	Expiration: readExpiration,
	ExpirationNotification: func(a map[string]jsontext.Value) (rule, error) {
		return readSpan(a, "Before")
	},
	NoChangeNotification: func(a map[string]jsontext.Value) (rule, error) {
		return readSpan(a, "After")
	},
}

func readExpiration(attributes map[string]jsontext.Value) (rule, error) {
	if err := onlyKnown(attributes, "Timestamp"); err != nil {
		return rule{}, err
	}
	if isAbsent(attributes["Timestamp"]) {
		return rule{}, errNoTimestamp
	}
	text, _ := readText(attributes, "Timestamp")
	at, ok := parseTimestamp(text)
	if !ok {
		return rule{}, errTimestamp
	}
	return rule{at: at}, nil
}

func readSpan(attributes map[string]jsontext.Value, name string) (rule, error) {
	if err := onlyKnown(attributes, name, "Unit"); err != nil {
		return rule{}, err
	}
	for _, mandatory := range []string{name, "Unit"} {
		if isAbsent(attributes[mandatory]) {
			return rule{}, missing(mandatory)
		}
	}
	n, ok := readNumber(attributes, name)
	if !ok {
		return rule{}, badNumber(name)
	}
	unit, _ := readText(attributes, "Unit")
	days := strings.EqualFold(unit, "Days")
	if !days && !strings.EqualFold(unit, "Hours") {
		return rule{}, errUnit
	}
	return rule{span: span{n: n, days: days}}, nil
}

// longestNumber keeps each moment that follows from a number within what clocks and rows hold. It
// is days of 2,700 years.
const longestNumber = 6

// readNumber reads a positive integer. It is a text by AWS's reference, and has been seen to be
// taken as a number, too.
func readNumber(members map[string]jsontext.Value, name string) (int, bool) {
	text := string(members[name])
	if members[name].Kind() == jsontext.KindString {
		text, _ = readText(members, name)
	}
	if text == "" || text[0] == '0' || len(text) > longestNumber ||
		strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	return number(text), true
}

// readObject reads an object's members. What is absent or null has none and is nil; ok is false for
// anything else that is no object.
func readObject(v jsontext.Value) (members map[string]jsontext.Value, ok bool) {
	if isAbsent(v) {
		return nil, true
	}
	err := json.Unmarshal(v, &members)
	return members, err == nil
}

// readText reads a member that is a text. One that is absent or null is empty; ok is false for
// anything else that is no text.
func readText(members map[string]jsontext.Value, name string) (text string, ok bool) {
	if isAbsent(members[name]) {
		return "", true
	}
	err := json.Unmarshal(members[name], &text)
	return text, err == nil
}

func isAbsent(v jsontext.Value) bool { return v == nil || v.Kind() == jsontext.KindNull }

// onlyKnown refuses the first, by name, of the members that aren't known: they are misspelt, and a
// policy without them would do something else.
func onlyKnown(members map[string]jsontext.Value, known ...string) error {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(known, name) {
			return unknown(name)
		}
	}
	return nil
}
