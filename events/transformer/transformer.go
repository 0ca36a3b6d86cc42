// Package transformer makes of an event what a target gets in its place: a part of it, or a text
// with parts of it in their places. It is pure.
//
// What EventBridge does with the places of a template was recorded from it, and isn't what JSON
// would suggest: in a text between quotes, a value that isn't a text stands without its quotes.
package transformer

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Transformer fills a template. [New] makes it.
type Transformer struct {
	paths    map[string]Path
	template string
	places   [][]int // of the template: where a place begins and ends, and its name
}

// mostMade is how much may come of a template, in bytes: as much as AWS lets an event have. A place
// may stand in a template a thousand times.
const mostMade = 1 << 20

// Variables are what a template can have beside parts of the event.
type Variables struct {
	RuleARN, RuleName string
	Ingested          time.Time // when the event came here
}

// PlaceholderError says that a template has a place for which there is no value.
type PlaceholderError struct{ Name string }

// Error implements error.
func (e *PlaceholderError) Error() string { return "there is no value with the name " + e.Name }

// ErrUnfit says that what comes of a template isn't JSON: a list between quotes, or a text without
// any. EventBridge then delivers nothing.
var ErrUnfit = errors.New("what the template makes of this event is not JSON")

// ErrLarge says that what comes of a template is larger than a target may get.
var ErrLarge = errors.New("what the template makes of this event has more than 1 MiB")

// The predefined variables.
const (
	ruleARN       = "aws.events.rule-arn"
	ruleName      = "aws.events.rule-name"
	ingestionTime = "aws.events.event.ingestion-time"
	withoutDetail = "aws.events.event"
	wholeEvent    = "aws.events.event.json"
)

var predefined = map[string]bool{ruleARN: true, ruleName: true, ingestionTime: true,
	withoutDetail: true, wholeEvent: true}

// placeholder is a name between < and >, which can't be escaped.
var placeholder = regexp.MustCompile(`<([A-Za-z0-9_.\-]+)>`)

// New reads a template, and the paths of the values that it has places for. An error may be a
// [PlaceholderError].
func New(paths map[string]string, template string) (*Transformer, error) {
	t := &Transformer{paths: map[string]Path{}, template: template}
	for name, text := range paths {
		if strings.HasPrefix(strings.ToLower(name), "aws") {
			return nil, fmt.Errorf("the name %s begins with aws, which is reserved", name)
		}
		path, err := ParsePath(text)
		if err != nil {
			return nil, fmt.Errorf("the path of %s: %w", name, err)
		}
		t.paths[name] = path
	}
	t.places = placeholder.FindAllStringSubmatchIndex(template, -1)
	for _, at := range t.places {
		name := template[at[2]:at[3]]
		if _, ok := t.paths[name]; !ok && !predefined[name] {
			return nil, &PlaceholderError{Name: name}
		}
	}
	return t, nil
}

// Apply fills the template with values of an event. What comes of it is JSON, or several lines of
// it.
func (t *Transformer) Apply(event []byte, v Variables) ([]byte, error) {
	f := filling{Transformer: t, event: event, variables: v, root: part{raw: event},
		values: map[string]jsontext.Value{},
		object: strings.HasPrefix(strings.TrimSpace(t.template), "{")}
	places := t.places
	for i := 0; i < len(t.template); {
		if len(f.out) > mostMade {
			return nil, ErrLarge
		}
		if len(places) > 0 && places[0][0] == i {
			at := places[0]
			places = places[1:]
			if i = at[1]; f.fill(t.template[at[2]:at[3]], t.template[i:]) {
				i++
			}
			continue
		}
		c := t.template[i]
		f.out = append(f.out, c)
		i++
		switch {
		case c == '\\' && f.quoted && len(places) > 0 && places[0][0] == i:
			f.unfit = true // it would escape what the value begins with
		case c == '\\' && f.quoted && i < len(t.template):
			f.out = append(f.out, t.template[i])
			i++
		case c == '"':
			f.quoted = !f.quoted
		}
	}
	if f.unfit {
		return f.out, ErrUnfit
	}
	return f.out, fits(f.out, f.object)
}

// filling is a template that is being filled.
type filling struct {
	*Transformer
	event     []byte
	root      part // the event, as far as paths have led into it
	variables Variables
	values    map[string]jsontext.Value // of names that have been there

	out    []byte
	object bool // the template is an object
	quoted bool // between quotes
	unfit  bool
}

// fill adds the value of a place, and reports whether it takes the next character of the template
// with it: the quote behind a word that is between quotes by itself, as recorded of "<valid>".
func (f *filling) fill(name, rest string) bool {
	value, known := f.values[name]
	if !known {
		value = f.value(name)
		f.values[name] = value
	}
	k := value.Kind()
	switch {
	case !f.quoted:
		f.out = append(f.out, bare(value)...)
	case len(f.out) > 0 && f.out[len(f.out)-1] == '"' && strings.HasPrefix(rest, `"`) && isPlain(k):
		f.out = append(f.out[:len(f.out)-1], value...)
		f.quoted = false
		return true
	case f.object && (k == jsontext.KindBeginObject || k == jsontext.KindBeginArray):
		f.unfit = true // whatever JSON it might look like: what it says would be read as members
	default:
		f.out = append(f.out, between(value)...)
	}
	return false
}

// isPlain reports whether a value is one word: true, false, null or a number.
func isPlain(k jsontext.Kind) bool {
	return k == jsontext.KindTrue || k == jsontext.KindFalse || k == jsontext.KindNull ||
		k == jsontext.KindNumber
}

// fits reports an error if what was made is not JSON. A text may have lines, each of which is.
func fits(out []byte, object bool) error {
	lines := [][]byte{out}
	if !object {
		lines = bytes.Split(out, []byte("\n"))
	}
	for _, line := range lines {
		if !jsontext.Value(line).IsValid(jsontext.AllowDuplicateNames(true)) {
			return ErrUnfit
		}
	}
	return nil
}

// bare is a value where no quotes are around: as JSON, and an empty text if there is none.
func bare(v jsontext.Value) []byte {
	if v == nil {
		return []byte(`""`)
	}
	return v
}

// between is a value between quotes: of a text what it says, of others their JSON without its
// quotes. What is escaped stays so.
func between(v jsontext.Value) []byte {
	switch {
	case v == nil:
		return nil
	case v.Kind() == jsontext.KindString:
		return v[1 : len(v)-1]
	}
	out := make([]byte, 0, len(v))
	for i := 0; i < len(v); i++ {
		switch {
		case v[i] == '\\' && i+1 < len(v):
			out = append(out, v[i], v[i+1])
			i++
		case v[i] != '"':
			out = append(out, v[i])
		}
	}
	return out
}

// value returns the value of a place as compact JSON, or nil if there is none.
func (f *filling) value(name string) jsontext.Value {
	switch name {
	case ruleARN:
		return quote(f.variables.RuleARN)
	case ruleName:
		return quote(f.variables.RuleName)
	case ingestionTime:
		return quote(f.variables.Ingested.UTC().Format("2006-01-02T15:04:05Z"))
	case wholeEvent:
		return f.event
	case withoutDetail:
		return envelope(f.event)
	}
	found, ok := f.paths[name].from(&f.root)
	if !ok {
		return nil
	}
	found = found.Clone() // compacting is done in place, and others may look into it
	if found.Compact(jsontext.AllowDuplicateNames(true)) != nil {
		return nil
	}
	return found
}

func quote(text string) jsontext.Value {
	quoted, err := jsontext.AppendQuote(nil, text)
	if err != nil {
		return nil
	}
	return quoted
}

// envelope is an event without its detail, with the names and in the order that were recorded.
func envelope(event []byte) jsontext.Value {
	var members struct {
		ID         jsontext.Value `json:"id,omitempty"`
		Account    jsontext.Value `json:"account,omitempty"`
		DetailType jsontext.Value `json:"detail-type,omitempty"`
		Time       jsontext.Value `json:"time,omitempty"`
		Source     jsontext.Value `json:"source,omitempty"`
		Region     jsontext.Value `json:"region,omitempty"`
		Resources  jsontext.Value `json:"resources,omitempty"`
		Version    jsontext.Value `json:"version,omitempty"`
	}
	if json.Unmarshal(event, &members, lenient) != nil {
		return nil
	}
	out := []byte{'{'}
	for _, m := range []struct {
		name  string
		value jsontext.Value
	}{{"id", members.ID}, {"account", members.Account}, {"detailType", members.DetailType},
		{"time", members.Time}, {"source", members.Source}, {"region", members.Region},
		{"resources", members.Resources}, {"version", members.Version}} {
		if m.value == nil {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(out, `"`+m.name+`":`...), m.value...)
	}
	return append(out, '}')
}
