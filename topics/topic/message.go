package topic

import (
	"encoding/base64"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"claviger/topics/snsfault"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MostMessage is how many bytes a message has at most, with its attributes, and a batch of them.
const MostMessage = 256 << 10

// MessageAttributeValue is an attribute of a message.
type MessageAttributeValue struct {
	DataType    string  `shape:"String,required"`
	StringValue *string `shape:"String"`
	BinaryValue []byte  `shape:"Binary"`
}

// Text is the attribute's value as messages show it: bytes in base64.
func (v MessageAttributeValue) Text() string {
	if v.StringValue != nil {
		return *v.StringValue
	}
	return base64.StdEncoding.EncodeToString(v.BinaryValue)
}

// Message is what was published.
type Message struct {
	ID         string            `json:"id"` // a UUID
	Subject    *string           `json:"subject,omitzero"`
	Text       string            `json:"text"`
	By         map[string]string `json:"by,omitzero"` // its text for single protocols
	Attributes []Attribute       `json:"attributes,omitzero"`
	Published  int64             `json:"published"` // milliseconds since 1970
	Signature  string            `json:"signature"` // version: 1 or 2
}

// Attribute is an attribute of a [Message].
type Attribute struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

// For returns the text that a protocol's subscriptions get.
func (m *Message) For(protocol string) string {
	if text, ok := m.By[protocol]; ok {
		return text
	}
	return m.Text
}

// CheckSubject holds the subject of a message to AWS's rules: it becomes a header of mails.
func CheckSubject(subject *string) error {
	if subject == nil {
		return nil
	}
	s := *subject
	first, _ := utf8.DecodeRuneInString(s)
	if s == "" || utf8.RuneCountInString(s) > 100 || hasControls(s) || first == ' ' {
		return snsfault.Invalid("Subject")
	}
	return nil
}

// ReadStructure reads a message with texts for single protocols. What is no text there, and names
// that are no protocols, are left out, as AWS does.
func ReadStructure(structure *string, message string) (text string, by map[string]string,
	err error) {
	if structure == nil || *structure == "" {
		return message, nil, nil
	}
	if *structure != "json" {
		return "", nil, snsfault.Invalid("MessageStructure")
	}
	var all map[string]jsontext.Value
	if err := json.Unmarshal([]byte(message), &all); err != nil {
		return "", nil, snsfault.Invalid(
			"Message Structure - JSON message body failed to parse")
	}
	by = map[string]string{}
	for name, value := range all {
		var s string
		if json.Unmarshal(value, &s) != nil {
			continue
		}
		if name == "default" {
			text = s
			by[name] = s
		} else if slices.Contains(Protocols, name) {
			by[name] = s
		}
	}
	if _, ok := by["default"]; !ok {
		return "", nil, snsfault.Invalid(
			"Message Structure - No default entry in JSON message body")
	}
	delete(by, "default")
	return text, by, nil
}

var attributeName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,256}$`)

// ReadAttributes reads the attributes of a message, in order of name.
func ReadAttributes(of map[string]MessageAttributeValue) (all []Attribute, err error) {
	for name, v := range of {
		if err := checkAttribute(name, v); err != nil {
			return nil, err
		}
		all = append(all, Attribute{name, v.DataType, v.Text()})
	}
	slices.SortFunc(all, func(a, b Attribute) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func checkAttribute(name string, v MessageAttributeValue) error {
	shown := clip(name)
	switch {
	case name == "":
		return snsfault.Value("The message attribute name can't be empty.")
	case len(name) > 256:
		return snsfault.Value("Length of message attribute name must be less than 256 bytes.")
	case !attributeName.MatchString(name):
		return snsfault.Value("Invalid non-alphanumeric character was found in the message attribute " +
			"name. Can only include alphanumeric characters, hyphens, underscores, or dots.")
	case strings.HasPrefix(name, ".") || strings.HasSuffix(name, "."):
		return snsfault.Value("Invalid message attribute name starting or ending with character '.' "+
			"was found: %s", shown)
	case strings.Contains(name, ".."):
		return snsfault.Value("Message attribute name can not have successive '.' character.")
	case v.DataType == "":
		return snsfault.Value("The message attribute '%s' must contain non-empty message attribute type.",
			shown)
	}
	kind, _, _ := strings.Cut(v.DataType, ".")
	switch {
	case !slices.Contains([]string{"String", "Number", "Binary"}, kind):
		return snsfault.Value("The message attribute '%s' has an invalid message attribute type, the "+
			"set of supported type prefixes is Binary, Number, and String.", shown)
	case kind == "Binary" && v.StringValue != nil, kind != "Binary" && len(v.BinaryValue) > 0:
		field := map[bool]string{true: "Binary", false: "String"}[kind == "Binary"]
		return snsfault.Value("The message attribute '%s' with type '%s' must use field '%s'.", shown,
			clip(v.DataType), field)
	case v.Text() == "":
		return snsfault.Value("The message attribute '%s' must contain non-empty message attribute "+
			"value for message attribute type '%s'.", shown, clip(v.DataType))
	case kind == "Number" && !isNumber(*v.StringValue):
		return snsfault.Value("Could not cast message attribute '%s' value to number.", shown)
	}
	return nil
}

// isNumber reports whether a text is a decimal number of usual length.
func isNumber(s string) bool {
	if len(s) > 64 || strings.ContainsAny(s, "/_xXoObBpPiInN") {
		return false
	}
	_, ok := new(big.Rat).SetString(s)
	return ok
}

// Size is how many bytes a message counts: its text, as it was sent, and its attributes. AWS counts
// no subject.
func Size(message string, attributes map[string]MessageAttributeValue) int {
	n := len(message)
	for name, v := range attributes {
		n += len(name) + len(v.DataType) + len(v.BinaryValue)
		if v.StringValue != nil {
			n += len(*v.StringValue)
		}
	}
	return n
}

// Event is a message as a filter policy on attributes sees it: a JSON object. Texts that are lists
// are those, and bytes are left out.
func (m *Message) Event() []byte {
	b := []byte{'{'}
	for _, a := range m.Attributes {
		kind, _, _ := strings.Cut(a.Type, ".")
		var value []byte
		switch {
		case kind == "Binary":
			continue
		case a.Type == "String.Array" && jsontext.Value(a.Value).IsValid():
			value = []byte(a.Value)
		case kind == "Number" && jsontext.Value(a.Value).IsValid():
			value = []byte(a.Value)
		default:
			value, _ = jsontext.AppendQuote(nil, a.Value)
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b, _ = jsontext.AppendQuote(b, a.Name)
		b = append(append(b, ':'), value...)
	}
	return append(b, '}')
}
