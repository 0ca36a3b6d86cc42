package starter

import (
	"context"
	"fmt"

	"claviger/alarms/starter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// ruleSteps are what makes a rule of the set what it should be. One whose pattern somebody has
// changed gets that of the set again; targets of one's own stay.
func (s *Set) ruleSteps(ctx context.Context, r starter.Rule, w Wanted) ([]step, error) {
	is, err := s.look(ctx, r)
	if err != nil {
		return nil, err
	}
	put := func(ctx context.Context) error {
		_, err := s.events.PutRule(ctx, &eventbridge.PutRuleInput{Name: &r.Name,
			Description: &r.Description, EventPattern: &r.Pattern, State: types.RuleStateEnabled})
		return err
	}
	steps := []step{{mark: isThere, what: "rule " + r.Name}}
	switch {
	case !is.isThere:
		steps[0] = step{isNew, "rule " + r.Name + ": " + r.Description, put}
	case is.pattern != r.Pattern || is.says != r.Description:
		steps[0] = step{changes, "rule " + r.Name + " is as in the set again", put}
	case !is.isOn:
		steps[0] = step{changes, "rule " + r.Name + " is enabled", put}
	}
	want := map[string]string{starter.TargetID: s.arn("sns", w.Topic)}
	if w.Log != "" {
		want[starter.LogTargetID] = s.arn("logs", "log-group:"+w.Log)
	}
	var lacks []types.Target
	for _, id := range []string{starter.TargetID, starter.LogTargetID} {
		if arn, ok := want[id]; ok && is.targets[id] != arn {
			lacks = append(lacks, types.Target{Id: aws.String(id), Arn: aws.String(arn)})
		}
	}
	for _, target := range lacks {
		what := "rule " + r.Name + " sends to " + *target.Arn
		steps = append(steps, step{isNew, what, func(ctx context.Context) error {
			return s.putTarget(ctx, r.Name, target)
		}})
	}
	return steps, nil
}

func (s *Set) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + s.region + ":" + s.account + ":" + resource
}

// putTarget puts one target. EventBridge answers a request whose targets fail with 200.
func (s *Set) putTarget(ctx context.Context, rule string, target types.Target) error {
	out, err := s.events.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &rule,
		Targets: []types.Target{target}})
	if err != nil {
		return err
	}
	for _, failed := range out.FailedEntries {
		return fmt.Errorf("%s: %s", aws.ToString(failed.ErrorCode), aws.ToString(failed.ErrorMessage))
	}
	return nil
}

func (s *Set) removeTargets(ctx context.Context, rule string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := s.events.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &rule, Ids: ids})
	return err
}
