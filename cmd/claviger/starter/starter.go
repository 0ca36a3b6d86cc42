// Package starter makes the starter set of rules what is there, as any program with AWS's SDK
// would: by operations of EventBridge and SNS, with the rights of whoever runs it. It first finds
// out what is missing, so that it can be shown, and what is done already is left alone.
package starter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"claviger/alarms/starter"
	"claviger/cmd/claviger/params/remote"
	"claviger/cmd/claviger/terminal"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// Set is the set of rules in one account and Region.
type Set struct {
	events  *eventbridge.Client
	topics  *sns.Client
	account string
	region  string
}

// Open finds out in which account the set is.
func Open(ctx context.Context, c aws.Config) (*Set, error) {
	who, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, err
	}
	return &Set{events: eventbridge.NewFromConfig(c), topics: sns.NewFromConfig(c),
		account: aws.ToString(who.Account), region: c.Region}, nil
}

// step is one thing that is as it should be, or that has to be done.
type step struct {
	mark string // one of those below
	what string
	do   func(context.Context) error // nil: nothing
}

// The marks of steps, as they are shown.
const (
	isThere = "="
	isNew   = "+"
	changes = "~"
	goes    = "-"
)

// Enable makes the topic with its subscriptions, and the rules with the topic as their target.
func (s *Set) Enable(ctx context.Context, w Wanted, t *terminal.Terminal) error {
	steps, err := s.topicSteps(ctx, w)
	if err != nil {
		return err
	}
	for _, r := range starter.Rules() {
		of, err := s.ruleSteps(ctx, r, w)
		if err != nil {
			return err
		}
		steps = append(steps, of...)
	}
	return w.apply(ctx, steps, t)
}

// apply shows the steps, asks, and does them in their order.
func (w Wanted) apply(ctx context.Context, steps []step, t *terminal.Terminal) error {
	todo := slices.DeleteFunc(slices.Clone(steps), func(s step) bool { return s.do == nil })
	for _, s := range steps {
		fmt.Fprintf(t.Out, "%s %s\n", s.mark, s.what)
	}
	switch {
	case len(todo) == 0:
		t.Note("All is as it should be.")
		return nil
	case w.DryRun:
		t.Note("Nothing was done.")
		return nil
	case !w.Yes:
		if err := t.Confirm(ctx); err != nil {
			return err
		}
	}
	for i, s := range todo {
		if err := s.do(ctx); err != nil {
			return fmt.Errorf("%s: %s. Before that %d of %d were done; do it again to go on", s.what,
				remote.Said(err), i, len(todo))
		}
	}
	t.Note("Done.")
	return nil
}

// state is a rule of the set as it is.
type state struct {
	rule    starter.Rule
	isThere bool
	pattern string
	says    string // its description
	isOn    bool
	targets map[string]string // ARNs by id
}

// look returns how a rule of the set is.
func (s *Set) look(ctx context.Context, r starter.Rule) (state, error) {
	is := state{rule: r, targets: map[string]string{}}
	out, err := s.events.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: &r.Name})
	if isAbsent(err) {
		return is, nil
	}
	if err != nil {
		return is, err
	}
	is.isThere, is.isOn = true, out.State != "DISABLED"
	is.pattern, is.says = aws.ToString(out.EventPattern), aws.ToString(out.Description)
	targets, err := s.events.ListTargetsByRule(ctx,
		&eventbridge.ListTargetsByRuleInput{Rule: &r.Name})
	if err != nil {
		return is, err
	}
	for _, target := range targets.Targets {
		is.targets[aws.ToString(target.Id)] = aws.ToString(target.Arn)
	}
	return is, nil
}

func isAbsent(err error) bool {
	refused := smithy.APIError(nil)
	return errors.As(err, &refused) && slices.Contains([]string{"ResourceNotFoundException",
		"NotFound", "NotFoundException"}, refused.ErrorCode())
}

// List shows the rules of the set as they are.
func (s *Set) List(ctx context.Context, t *terminal.Terminal) error {
	for _, r := range starter.Rules() {
		is, err := s.look(ctx, r)
		if err != nil {
			return err
		}
		on := "absent"
		switch {
		case is.isOn:
			on = "enabled"
		case is.isThere:
			on = "disabled"
		}
		var to []string
		for _, arn := range is.targets {
			to = append(to, arn)
		}
		slices.Sort(to)
		fmt.Fprintf(t.Out, "%-28s %-9s %s\n", r.Name, on, r.Description)
		if len(to) > 0 {
			fmt.Fprintf(t.Out, "%-28s %-9s to %s\n", "", "", strings.Join(to, ", "))
		}
	}
	return nil
}

// Disable turns the rules of the set off, or deletes them with their targets. The topic and its
// subscriptions stay.
func (s *Set) Disable(ctx context.Context, w Wanted, t *terminal.Terminal) error {
	var steps []step
	for _, r := range starter.Rules() {
		is, err := s.look(ctx, r)
		if err != nil {
			return err
		}
		steps = append(steps, s.ending(is, w.Deletes)...)
	}
	return w.apply(ctx, steps, t)
}

func (s *Set) ending(is state, deletes bool) []step {
	name := is.rule.Name
	switch {
	case !is.isThere:
		return []step{{mark: isThere, what: "rule " + name + " is absent"}}
	case deletes:
		return []step{{goes, "rule " + name + " with its targets", func(ctx context.Context) error {
			var ids []string
			for id := range is.targets {
				ids = append(ids, id)
			}
			if err := s.removeTargets(ctx, name, ids); err != nil {
				return err
			}
			_, err := s.events.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: &name})
			return err
		}}}
	case !is.isOn:
		return []step{{mark: isThere, what: "rule " + name + " is disabled"}}
	}
	return []step{{changes, "rule " + name + " is disabled", func(ctx context.Context) error {
		_, err := s.events.DisableRule(ctx, &eventbridge.DisableRuleInput{Name: &name})
		return err
	}}}
}
