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
}

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
	for _, found := range placeholder.FindAllStringSubmatch(template, -1) {
		if _, ok := t.paths[found[1]]; !ok && !predefined[found[1]] {
			return nil, &PlaceholderError{Name: found[1]}
		}
	}
	return t, nil
}

// Apply fills the template with values of an event. What comes of it is JSON, or several lines of
// it.
func (t *Transformer) Apply(event []byte, v Variables) ([]byte, error) {
	object := strings.HasPrefix(strings.TrimSpace(t.template), "{")
	var out []byte
	quoted := false
	for i := 0; i < len(t.template); {
		c := t.template[i]
		at := placeholder.FindStringSubmatchIndex(t.template[i:])
		switch {
		case at != nil && at[0] == 0:
			name := t.template[i+at[2] : i+at[3]]
			value := t.value(name, event, v)
			i += at[1]
			if !quoted {
				out = append(out, bare(value)...)
				continue
			}
			alone := len(out) > 0 && out[len(out)-1] == '"' && i < len(t.template) &&
				t.template[i] == '"'
			if k := value.Kind(); alone && isPlain(k) {
				// The quotes go with it: recorded of "<valid>".
				out = append(out[:len(out)-1], value...)
				quoted = false
				i++
				continue
			}
			out = append(out, between(value, object)...)
			continue
		case c == '\\' && quoted && i+1 < len(t.template):
			out = append(out, c, t.template[i+1])
			i += 2
			continue
		case c == '"':
			quoted = !quoted
		}
		out = append(out, c)
		i++
	}
	return out, fits(out, object)
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
		if !jsontext.Value(bytes.TrimSpace(line)).IsValid(jsontext.AllowDuplicateNames(true)) {
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

// between is a value between quotes: of a text what it says, of others their JSON, in a text
// without its quotes.
func between(v jsontext.Value, object bool) []byte {
	switch {
	case v == nil:
		return nil
	case v.Kind() == jsontext.KindString:
		return v[1 : len(v)-1]
	case object:
		return v
	}
	return bytes.ReplaceAll(v, []byte(`"`), nil)
}

// value returns the value of a place as compact JSON, or nil if there is none.
func (t *Transformer) value(name string, event []byte, v Variables) jsontext.Value {
	switch name {
	case ruleARN:
		return quote(v.RuleARN)
	case ruleName:
		return quote(v.RuleName)
	case ingestionTime:
		return quote(v.Ingested.UTC().Format("2006-01-02T15:04:05Z"))
	case wholeEvent:
		return event
	case withoutDetail:
		return envelope(event)
	}
	found, ok := t.paths[name].Select(event)
	if !ok {
		return nil
	}
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
