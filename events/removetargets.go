package events

import (
	"slices"

	"claviger/events/rule"
	"claviger/events/rulerows"
	"claviger/internal/op"
)

// RemoveTargetsInput names targets of a rule.
type RemoveTargetsInput struct {
	Rule         string   `shape:"RuleName,required"`
	EventBusName *string  `shape:"EventBusNameOrArn"`
	Ids          []string `shape:"TargetIdList,required"`
	Force        *bool    `shape:"Boolean"` // of managed rules, of which there are none
	op.ByShape
}

func (in RemoveTargetsInput) bus() *string     { return in.EventBusName }
func (in RemoveTargetsInput) ruleName() string { return in.Rule }

// RemoveTargetsOutput has what was refused: nothing, since a request is taken as a whole.
type RemoveTargetsOutput struct {
	FailedEntryCount int32
	FailedEntries    []RemoveTargetsResultEntry
}

// RemoveTargetsResultEntry is a target that could not be taken away.
type RemoveTargetsResultEntry struct {
	TargetId     string
	ErrorCode    string
	ErrorMessage string
}

// removeTargets takes targets away. One that isn't there is away already.
func (s *Events) removeTargets(_ *op.Call, in RemoveTargetsInput,
	r *rule.Rule) (*rulerows.Change, RemoveTargetsOutput, error) {
	out := RemoveTargetsOutput{FailedEntries: []RemoveTargetsResultEntry{}}
	after := r.Next(func(n *rule.Rule) {
		n.Targets = slices.DeleteFunc(n.Targets, func(t rule.Target) bool {
			return slices.Contains(in.Ids, t.Id)
		})
	})
	if len(after.Targets) == len(r.Targets) {
		return nil, out, nil
	}
	return &rulerows.Change{Before: r, After: after}, out, nil
}
