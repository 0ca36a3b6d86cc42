package events

import (
	"claviger/events/eventfault"
	"claviger/internal/op"
	"claviger/internal/pattern"

	"github.com/go-json-experiment/json/jsontext"
)

// TestEventPatternInput is a pattern and an event to try it on.
type TestEventPatternInput struct {
	EventPattern string `shape:"EventPattern,required"`
	Event        string `shape:"String,required"`
}

// Validate implements [op.Input].
func (in TestEventPatternInput) Validate() error {
	event := jsontext.Value(in.Event)
	if event.Kind() != jsontext.KindBeginObject || !event.IsValid(jsontext.AllowDuplicateNames(true)) {
		return eventfault.BadEvent
	}
	return checkPattern(in.EventPattern)
}

// TestEventPatternOutput says whether the event matches.
type TestEventPatternOutput struct{ Result bool }

func (s *Events) testEventPattern(_ *op.Call,
	in TestEventPatternInput) (out TestEventPatternOutput, err error) {
	p, err := pattern.Compile(in.EventPattern, pattern.EventBridge)
	if err != nil {
		return out, eventfault.BadPattern(err)
	}
	out.Result = p.Matches([]byte(in.Event))
	return out, nil
}
