package plan

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"strings"

	"claviger/cmd/claviger/params/document"
	"claviger/parameters/parameter"
)

// secure reports whether a pattern matches a name, below the path or whole. A star matches slashes
// too, and capitals are small letters.
func (m *maker) secure(below, whole string) (found bool, err error) {
	for _, pattern := range m.Secure {
		for _, name := range []string{below, whole} {
			is, err := path.Match(flattened(pattern), flattened(name))
			if err != nil {
				return false, fmt.Errorf("%q is no pattern: *, ? and [a-z] stand for characters", pattern)
			}
			if is {
				m.matched[pattern], found = true, true
			}
		}
	}
	return found, nil
}

// flattened is a name or pattern in which no slash separates anything for path.Match.
func flattened(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "/", "\x00")
}

// typeOf returns the type of an entry, or why there is none. What is there keeps its type: in its
// history are the values of before, which another type wouldn't hide.
func typeOf(e document.Entry, secure bool, there string) (kind, why string) {
	kind = parameter.String
	switch {
	case e.Wrong != "":
		return there, e.Wrong
	case e.Kind == document.List && secure:
		return parameter.SecureString, "a list can't be a SecureString: write one text"
	case e.Kind == document.List:
		kind = parameter.StringList
	case secure, there == parameter.SecureString:
		kind = parameter.SecureString
	case e.Kind == document.Text && there != "":
		kind = there
	}
	if there == "" || there == kind {
		return kind, ""
	}
	return kind, fmt.Sprintf("it is a %s and would become a %s: delete it first, with its history",
		there, kind)
}

// AWS's limits of names.
const (
	mostLevels = 15
	mostOfARN  = 1011 // characters
)

// ofARN is what an ARN has before the name, but for the Region.
const ofARN = "arn:aws:ssm::123456789012:parameter"

var (
	validLevel    = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)
	reservedLevel = regexp.MustCompile(`^(?i:aws|ssm)`)
)

var validPath = regexp.MustCompile(`^(/[a-zA-Z0-9_.-]+)+/?$|^/$`)

// ReadPath reads a path that parameters are below.
func ReadPath(text string) (string, error) {
	switch {
	case !validPath.MatchString(text):
		return "", fmt.Errorf("%.80q is no path: /app/dev, of letters, digits and . - _", text)
	case text == "/":
		return text, nil
	}
	return strings.TrimSuffix(text, "/"), nil
}

// IsName reports whether a name, from its first slash on, has the form of one.
func IsName(name string) bool { return name != "/" && validPath.MatchString(name+"/") }

// wrongName says why a whole name can't be a parameter's; nothing if it can.
func wrongName(name, region string) string {
	levels := strings.Split(name[1:], "/")
	for _, level := range levels {
		switch {
		case level == "":
			return "a level of the name is empty"
		case !validLevel.MatchString(level):
			return "names have letters, digits and . - _ alone"
		}
	}
	long := len(ofARN) + len(region) + len(name)
	switch {
	case reservedLevel.MatchString(levels[0]):
		return "names can't begin with aws or ssm"
	case len(levels) > mostLevels:
		return fmt.Sprintf("the name has %d levels, and %d are the most", len(levels), mostLevels)
	case long > mostOfARN:
		return fmt.Sprintf("the name has %d characters with its ARN, and %d are the most", long,
			mostOfARN)
	}
	return ""
}

func wrongValue(value string) string {
	switch {
	case value == "":
		return "a value has at least one character"
	case parameter.CheckText(value) != nil:
		return "a value can't refer to another parameter by {{ }}"
	}
	return ""
}

// Bytes that a value has at most, by tier.
const (
	mostStandard = 4096
	mostAdvanced = 8192
)

// wrongWrite says why a value can't be written over what is there, or anew; nothing if it can. It
// chooses the key.
func (m *maker) wrongWrite(s *Step, there *Details) string {
	if s.Action == Change && !m.Overwrite {
		return "it is there with another value: --overwrite changes it"
	}
	if why := m.wrongTier(s, there); why != "" {
		return why
	}
	if s.Type != parameter.SecureString {
		return ""
	}
	s.KeyID = m.KeyID
	if s.Action == Create || s.KeyID != "" {
		return ""
	}
	// PutParameter without a key takes the default key, whichever the parameter had.
	if there == nil {
		m.plan.Details = true
		return "its key can't be seen, and the default key would take its place: say --key"
	}
	s.KeyID = there.KeyID
	return ""
}

// wrongTier says why a value doesn't fit the tier that it would be of.
func (m *maker) wrongTier(s *Step, there *Details) string {
	before := ""
	if there != nil {
		before = there.Tier
	}
	unseen := s.Action == Change && there == nil
	tier := cmp.Or(m.Tier, m.Options.Default, parameter.Standard)
	switch {
	case m.Tier == parameter.Standard && unseen:
		m.plan.Details = true
	case m.Tier == parameter.Standard && before == parameter.Advanced:
		return "it is Advanced, and there is no way back to Standard"
	case m.Tier == "" && before == parameter.Advanced:
		tier = parameter.Advanced
	}
	most, next := mostAdvanced, ""
	if tier == parameter.Standard {
		most, next = mostStandard, ": --tier Advanced takes more"
	}
	if len(s.Value) <= most {
		return ""
	}
	if len(s.Value) > mostAdvanced {
		most, next = mostAdvanced, ""
	} else if m.Tier == "" {
		m.plan.Details = m.plan.Details || unseen
		m.plan.Default = m.Options.Default == ""
	}
	return fmt.Sprintf("the value has %d bytes, and %d are the most%s", len(s.Value), most, next)
}
