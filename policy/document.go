package policy

import (
	"errors"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The versions of the policy language and the effects of a statement.
const (
	Version2008 = "2008-10-17" // what a document without a version is written in
	Version2012 = "2012-10-17"

	Allow = "Allow"
	Deny  = "Deny"
)

// Document is an IAM policy document, as [Parse] read it.
type Document struct {
	Version    string
	ID         string
	Statements []Statement // at least one

	rules []rule // the statements compiled, in their order
}

// Statement is one statement of a document. Of Principal and NotPrincipal, Action and NotAction,
// Resource and NotResource there is at most one each.
type Statement struct {
	SID                     string
	Effect                  string
	Principal, NotPrincipal *Principals // nil: the element isn't there
	Action, NotAction       []string    // patterns, kms:Get*
	Resource, NotResource   []string    // "*" or patterns of ARNs; a key policy may have neither
	Condition               []Condition // all must hold
}

// Condition is one test of a statement: an operator, a key of the request's context, and the values
// to compare with.
type Condition struct {
	Operator string // StringEquals, ForAnyValue:StringLike, ArnLikeIfExists, ...
	Key      string // kms:ViaService
	Values   []string
}

// Malformed says what is wrong with a document, in IAM's words where they are known. It quotes what
// IAM quotes: names of elements, resources and principals.
type Malformed string

// Error implements error.
func (m Malformed) Error() string { return string(m) }

// Parse reads a policy document: exactly one JSON object without an element that IAM doesn't know
// or that stands twice. Every element is read and held to its form ("Grammar of the IAM JSON policy
// language" of the IAM user guide); what kind of policy it is decides on the rest, see
// [Document.OfKey]. Errors are [Malformed].
func Parse(text string) (*Document, error) { return parse(text, false) }

// parse is [Parse]. A statement may lack its Action if idle statements are allowed.
func parse(text string, idle bool) (*Document, error) {
	d, err := parseStored(text, idle)
	if err != nil {
		return nil, err
	}
	for i := range d.Statements {
		s := &d.Statements[i]
		if s.Principal.hasUniqueID() || s.NotPrincipal.hasUniqueID() {
			return nil, ErrPrincipal
		}
	}
	return d, nil
}

// Closed denies everything to everybody. It takes the place of a policy that can't be read, which
// may have held a Deny.
var Closed = func() *Document {
	d, err := ParseStored(`{"Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}`)
	if err != nil {
		panic(err)
	}
	return d
}()

// ParseStored reads a document as it is stored. It names users and roles by their unique ids, so
// that who is made again under a name of before is somebody else. Nobody may write that form: an id
// is no proof that its principal exists. Which kind of policy it is was looked at before it was
// stored.
func ParseStored(text string) (*Document, error) { return parseStored(text, true) }

func parseStored(text string, idle bool) (*Document, error) {
	raw, err := decode(text)
	if err != nil {
		return nil, explain(err)
	}
	return raw.document(idle)
}

func decode(text string) (raw rawDocument, err error) {
	err = json.Unmarshal([]byte(text), &raw, json.RejectUnknownMembers(true))
	return raw, err
}

// document holds what was read to the forms of a document, and compiles it.
func (raw *rawDocument) document(idle bool) (*Document, error) {
	d := &Document{Version: string(raw.Version), ID: string(raw.Id)}
	switch {
	case d.Version == "":
		d.Version = Version2008
	case d.Version != Version2008 && d.Version != Version2012:
		return nil, Malformed("The policy must contain a valid version string")
	}
	if len(raw.Statement) == 0 {
		return nil, Malformed("Missing required field Statement")
	}
	for _, r := range raw.Statement {
		s, err := r.statement(idle)
		if err != nil {
			return nil, err
		}
		d.Statements = append(d.Statements, s)
		d.rules = append(d.rules, s.compile(d.Version))
	}
	return d, nil
}

// explain turns an error of the JSON decoder into one for the caller.
func explain(err error) Malformed {
	var syntax *jsontext.SyntacticError
	var meaning *json.SemanticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntax):
		return Malformed("Duplicate field " + last(syntax.JSONPointer))
	case errors.As(err, &syntax):
		return "Syntax errors in policy."
	case errors.Is(err, json.ErrUnknownName) && errors.As(err, &meaning):
		return Malformed("Unknown field " + last(meaning.JSONPointer))
	case errors.As(err, &meaning) && meaning.JSONPointer != "":
		return Malformed("Syntax error: the value of " + last(meaning.JSONPointer) +
			" is not of the right type")
	}
	return "Syntax errors in policy."
}

// last is the name of the element that a pointer leads to, cut to what a message may carry; a place
// in a list is none.
func last(p jsontext.Pointer) string {
	const most = 128
	for p != "" && strings.Trim(p.LastToken(), "0123456789") == "" {
		p = p.Parent()
	}
	name := p.LastToken()
	if len(name) > most {
		return strings.ToValidUTF8(name[:most], "") + "..."
	}
	return name
}

// rawDocument and rawStatement are the forms of the JSON.
type (
	rawDocument struct {
		Version   word
		Id        word
		Statement many[rawStatement]
	}
	rawStatement struct {
		Sid          word
		Effect       word
		Principal    *Principals
		NotPrincipal *Principals
		Action       many[word]
		NotAction    many[word]
		Resource     many[word]
		NotResource  many[word]
		Condition    rawCondition
	}
	rawCondition map[string]map[string]many[scalar]
)

var errType = errors.New("not of the right type")

// word is a JSON string, and never null.
type word string

// UnmarshalJSONFrom implements [json.UnmarshalerFrom].
func (w *word) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	t, err := d.ReadToken()
	if err != nil {
		return err
	}
	if t.Kind() != '"' {
		return errType
	}
	*w = word(t.String())
	return nil
}

// scalar is a value of a condition: a JSON string, number or boolean.
type scalar string

// UnmarshalJSONFrom implements [json.UnmarshalerFrom].
func (s *scalar) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	t, err := d.ReadToken()
	if err != nil {
		return err
	}
	if !strings.ContainsRune(`"0tf`, rune(t.Kind())) {
		return errType
	}
	*s = scalar(t.String())
	return nil
}

// many is one value or a list of them. It isn't nil once the element was there.
type many[T any] []T

// UnmarshalJSONFrom implements [json.UnmarshalerFrom].
func (m *many[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*m = many[T]{}
	if d.PeekKind() == '[' {
		return json.UnmarshalDecode(d, (*[]T)(m))
	}
	if d.PeekKind() == 'n' {
		return errType
	}
	*m = make(many[T], 1)
	return json.UnmarshalDecode(d, &(*m)[0])
}

// UnmarshalJSONFrom implements [json.UnmarshalerFrom].
func (c *rawCondition) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == 'n' {
		return errType
	}
	return json.UnmarshalDecode(d, (*map[string]map[string]many[scalar])(c))
}

func texts[T ~string](list []T) (out []string) {
	for _, s := range list {
		out = append(out, string(s))
	}
	return out
}

// statement holds what was read to the forms of a statement.
func (r rawStatement) statement(idle bool) (Statement, error) {
	s := Statement{SID: string(r.Sid), Effect: string(r.Effect), Principal: r.Principal,
		NotPrincipal: r.NotPrincipal,
		Action:       texts(r.Action), NotAction: texts(r.NotAction), Resource: texts(
			r.Resource), NotResource: texts(r.NotResource)}
	switch {
	case s.Effect == "":
		return s, Malformed("Missing required field Effect")
	case s.Effect != Allow && s.Effect != Deny:
		return s, Malformed("Invalid effect: it must be Allow or Deny")
	case r.Action != nil && r.NotAction != nil, r.Resource != nil && r.NotResource != nil,
		r.Principal != nil && r.NotPrincipal != nil:
		return s, Malformed("A statement has an element or its opposite, and not both")
	case len(r.Action) == 0 && len(r.NotAction) == 0 &&
		!(idle && r.Action == nil && r.NotAction == nil):
		return s, Malformed("Missing required field Action")
	case r.Resource != nil && len(r.Resource) == 0, r.NotResource != nil && len(r.NotResource) == 0:
		return s, Malformed("Missing required field Resource")
	case s.NotPrincipal != nil && s.Effect == Allow:
		return s, Malformed("NotPrincipal can be used with the effect Deny only")
	}
	for _, a := range slices.Concat(s.Action, s.NotAction) {
		if !isAction(a) {
			return s, Malformed("Actions/Condition can contain only one colon, and must be prefaced by a " +
				"vendor, e.g., kms")
		}
	}
	for _, resource := range slices.Concat(s.Resource, s.NotResource) {
		if resource != "*" && (!strings.HasPrefix(resource, "arn:") || strings.Count(resource, ":") < 5) {
			return s, Malformed(`A resource must be in ARN format or "*".`)
		}
	}
	for _, p := range []*Principals{s.Principal, s.NotPrincipal} {
		if err := p.check(); err != nil {
			return s, err
		}
	}
	var err error
	s.Condition, err = r.Condition.conditions()
	return s, err
}

// isAction reports whether a is * or a service's name and a pattern of its actions.
func isAction(a string) bool {
	if a == "*" {
		return true
	}
	vendor, name, ok := strings.Cut(a, ":")
	return ok && vendor != "" && name != "" && consists(vendor, "-") && consists(name, "*?")
}

// consists reports whether s holds nothing but ASCII letters, digits and the characters of extra.
func consists(s, extra string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' ||
			strings.ContainsRune(extra, r))
	}) < 0
}

// conditions returns the tests in order of operator and key.
func (c rawCondition) conditions() (out []Condition, err error) {
	for operator, tests := range c {
		if !isOperator(operator) {
			return nil, Malformed("Invalid Condition type")
		}
		for key, values := range tests {
			if vendor, name, ok := strings.Cut(key, ":"); !ok || vendor == "" || name == "" {
				return nil, Malformed("Condition keys must be prefaced by a vendor, e.g., kms or aws")
			}
			out = append(out, Condition{operator, key, texts(values)})
		}
	}
	slices.SortFunc(out, func(a, b Condition) int {
		return strings.Compare(a.Operator+" "+a.Key, b.Operator+" "+b.Key)
	})
	return out, nil
}
