package events

import (
	"time"

	"claviger/events/rule"
	"claviger/events/transformer"
)

// Shape makes what a target of a rule gets of an event that came here at a moment. An error says
// that nothing can be made of it, now or later.
func Shape(r *rule.Rule, t *rule.Target, event []byte, came time.Time) ([]byte, error) {
	switch {
	case t.Input != nil:
		return []byte(*t.Input), nil
	case t.InputPath != nil:
		path, err := transformer.ParsePath(*t.InputPath)
		if err != nil {
			return nil, err
		}
		part, ok := path.Select(event)
		if !ok {
			return []byte("null"), nil
		}
		return part, nil
	case t.InputTransformer != nil:
		made, err := transformer.New(t.InputTransformer.InputPathsMap,
			t.InputTransformer.InputTemplate)
		if err != nil {
			return nil, err
		}
		return made.Apply(event, transformer.Variables{RuleARN: r.ARN(), RuleName: r.Name,
			Ingested: came})
	}
	return event, nil
}
