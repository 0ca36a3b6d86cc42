package events

import (
	"errors"
	"strings"

	"claviger/events/connection"
	"claviger/events/eventfault"
	"claviger/events/model"
	"claviger/events/rule"
	"claviger/events/rulerows"
	"claviger/events/transformer"
	"claviger/internal/op"
	"claviger/policy"

	"github.com/go-json-experiment/json/jsontext"
)

// PutTargetsInput adds targets to a rule, or writes over those with the same ids.
type PutTargetsInput struct {
	Rule         string        `shape:"RuleName,required"`
	EventBusName *string       `shape:"EventBusNameOrArn"`
	Targets      []rule.Target `shape:"TargetList,required"`
}

// Validate implements [op.Input].
func (in PutTargetsInput) Validate() error {
	if len(in.Targets) > rule.MostPutAtATime {
		return eventfault.BadParameter("Targets", "At most 10 targets may be put at a time.")
	}
	seen := map[string]bool{}
	for _, t := range in.Targets {
		if seen[t.Id] {
			return eventfault.BadParameter("Targets", "Target ID "+t.Id+" is there twice.")
		}
		seen[t.Id] = true
		if err := checkTarget(t); err != nil {
			return err
		}
	}
	return nil
}

// checkTarget checks what can be known of a target without asking anybody.
func checkTarget(t rule.Target) error {
	kind, _, _, ok := rule.ReadTarget(t.Arn)
	if !ok {
		return eventfault.BadParameter(t.Arn, "Provided Arn is not in correct format.")
	}
	if member := t.Elsewhere(); member != "" {
		return eventfault.BadParameter(member, "Target "+t.Id+" is of a kind that has none, and targets "+
			"of the kind that has are not here: leave it out.")
	}
	if err := checkInput(t); err != nil {
		return err
	}
	if kind == rule.Secret && (t.Input != nil || t.InputPath != nil || t.InputTransformer != nil) {
		return eventfault.BadParameter("Input", "The rotation of a secret takes no input: leave Input, "+
			"InputPath and InputTransformer out of target "+t.Id+".")
	}
	if t.HttpParameters != nil && kind != rule.Destination {
		return eventfault.BadParameter("HttpParameters", "Target "+t.Id+" is no API destination.")
	}
	if d := t.DeadLetterConfig; d != nil && d.Arn != nil {
		kind, _, _, ok := rule.ReadTarget(*d.Arn)
		if !ok || kind != rule.Topic && kind != rule.LogFile {
			return eventfault.BadParameter("DeadLetterConfig", "Here a dead letter goes to an SNS topic "+
				"or to a log group that the configuration declares; there are no queues.")
		}
	}
	return nil
}

// checkInput checks what a target is to get in the place of the event.
func checkInput(t rule.Target) error {
	given := 0
	for _, there := range []bool{t.Input != nil, t.InputPath != nil, t.InputTransformer != nil} {
		if there {
			given++
		}
	}
	switch {
	case given > 1:
		return eventfault.OneInput(t.Id)
	case t.Input != nil && !jsontext.Value(*t.Input).IsValid():
		return eventfault.BadParameter("Input", "It is no JSON text: target "+t.Id+".")
	case t.InputPath != nil:
		if _, err := transformer.ParsePath(*t.InputPath); err != nil {
			return eventfault.BadParameter("InputPath", "InputPath for target "+t.Id+" is not valid: "+
				err.Error()+".")
		}
	case t.InputTransformer != nil:
		return checkTransformer(t)
	}
	return nil
}

func checkTransformer(t rule.Target) error {
	_, err := transformer.New(t.InputTransformer.InputPathsMap, t.InputTransformer.InputTemplate)
	var placeholder *transformer.PlaceholderError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &placeholder):
		return eventfault.Invalid("InputTemplate for target " + t.Id +
			" contains invalid placeholder " + placeholder.Name + ".")
	}
	return eventfault.Invalid("InputTransformer for target " + t.Id + " is not valid: " + err.Error() +
		".")
}

func (in PutTargetsInput) bus() *string     { return in.EventBusName }
func (in PutTargetsInput) ruleName() string { return in.Rule }

// Conditions implements [domain.Conditional].
func (in PutTargetsInput) Conditions(v policy.Values) {
	for _, t := range in.Targets {
		v[model.TargetArn] = append(v[model.TargetArn], t.Arn)
	}
}

// PutTargetsOutput has what was refused: nothing, since a request is taken as a whole.
type PutTargetsOutput struct {
	FailedEntryCount int32
	FailedEntries    []PutTargetsResultEntry
}

// PutTargetsResultEntry is a target that was refused.
type PutTargetsResultEntry struct {
	TargetId     string
	ErrorCode    string
	ErrorMessage string
}

func (s *Events) putTargets(c *op.Call, in PutTargetsInput,
	r *rule.Rule) (*rulerows.Change, PutTargetsOutput, error) {
	out := PutTargetsOutput{FailedEntries: []PutTargetsResultEntry{}}
	for _, t := range in.Targets {
		if err := s.checkThere(c, t); err != nil {
			return nil, out, err
		}
	}
	after := r.Next(func(n *rule.Rule) {
		for _, t := range in.Targets {
			if i := n.Target(t.Id); i >= 0 {
				n.Targets[i] = t
				continue
			}
			n.Targets = append(n.Targets, t)
		}
	})
	if len(after.Targets) > rule.MostTargets {
		return nil, out, eventfault.TooMany
	}
	return &rulerows.Change{Before: r, After: after}, out, nil
}

// checkThere refuses targets that nothing could be sent to: those of other accounts and Regions,
// API destinations that there are not, and log groups and functions that the configuration has
// not.
func (s *Events) checkThere(c *op.Call, t rule.Target) error {
	arns := []string{t.Arn}
	if t.DeadLetterConfig != nil && t.DeadLetterConfig.Arn != nil {
		arns = append(arns, *t.DeadLetterConfig.Arn)
	}
	for _, arn := range arns {
		kind, name, at, _ := rule.ReadTarget(arn)
		account, region := c.Namespace()
		if at.Account != account || at.Region != region {
			return eventfault.BadParameter(arn, "Here targets are of the rule's own account and Region.")
		}
		switch kind {
		case rule.Destination:
			if err := s.checkDestination(c, name, arn); err != nil {
				return err
			}
		case rule.LogFile, rule.Program:
			if s.targets == nil || !s.targets.Declared(kind, name) {
				return eventfault.BadParameter(arn, "The configuration of this service declares no "+
					string(kind)+" of that name for events.")
			}
		}
	}
	return nil
}

func (s *Events) checkDestination(c *op.Call, name, arn string) error {
	name, _, _ = strings.Cut(name, "/")
	account, region := c.Namespace()
	d, err := s.connections.Destination(c,
		connection.Ref{Account: account, Region: region, Name: name})
	if err != nil {
		return err
	}
	if d == nil || d.ARN() != arn {
		return eventfault.BadParameter(arn, "There is no such API destination.")
	}
	return nil
}
