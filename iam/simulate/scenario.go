package simulate

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

// scenario is what one simulation is about: who asks what, under which policies, and what
// conditions see.
type scenario struct {
	caller    policy.Caller
	owner     string // account of the resources
	actions   []string
	resources []string
	named     bool // the request names resources
	identity  []*source
	boundary  *source     // nil: none
	resource  *source     // the resources' policy; nil: none
	control   [][]*source // service control policies by level; nil: no organization
	context   policy.Values
	missing   []string // keys that the policies ask for and the request says nothing of
	sources   map[*policy.Document]*source
	patterns  int // in all policies
	effort    int // see [mostEffort]
}

// most is how many statements may be held against how many resources for one action, and bounds
// the answer, which names every statement that applies.
const most = 50_000

// mostEffort is how many patterns and characters a simulation may compare, which is less than a
// second's work.
const mostEffort = 1 << 24

var errEffort = invalid("The simulation is too large: its patterns take too long to compare with " +
	"its values.")

// prepare finishes the scenario once its policies are read.
func (s *scenario) prepare() error {
	s.sources = map[*policy.Document]*source{}
	all := slices.Clone(s.identity)
	if s.boundary != nil {
		all = append(all, s.boundary)
		s.caller.Boundary = s.boundary.document
	}
	if s.resource != nil {
		all = append(all, s.resource)
	}
	for _, one := range all {
		s.sources[one.document] = one
	}
	for _, one := range s.identity {
		s.caller.Policies = append(s.caller.Policies, one.document)
	}
	if asked := slices.DeleteFunc(keysOf(all), s.says); len(asked) > 0 {
		s.missing = asked
	}
	s.setDefaults()
	s.count()
	if s.weight() > most {
		return invalid("The simulation is too large: %d statements on %d resources. Name fewer of them.",
			s.weight()/len(s.resources), len(s.resources))
	}
	return nil
}

// count takes down how many patterns there are.
func (s *scenario) count() {
	documents := slices.Collect(maps.Keys(s.sources))
	for _, level := range s.control {
		for _, one := range level {
			documents = append(documents, one.document)
		}
	}
	for _, d := range documents {
		for i := range d.Statements {
			t := &d.Statements[i]
			s.patterns += len(t.Action) + len(t.NotAction) + len(t.Resource) + len(t.NotResource)
			for j := range t.Condition {
				s.patterns += len(t.Condition[j].Values)
			}
		}
	}
}

// explain decides a request, and takes down what that has cost. A decision that was given up costs
// all that there is.
func (s *scenario) explain(r policy.Request) policy.Explanation {
	e := policy.Explain(r, s.context)
	s.effort += e.Effort
	if e.Reason == policy.FactMissing { // all facts are in the request
		s.effort = mostEffort + 1
	}
	return e
}

// weight is how many statements are held against a resource for one action.
func (s *scenario) weight() (n int) {
	for d := range s.sources {
		n += len(d.Statements)
	}
	for _, level := range s.control {
		for _, one := range level {
			n += len(one.document.Statements)
		}
	}
	return n * len(s.resources)
}

// says reports whether the request brings a value for a key, in its context or with the caller.
func (s *scenario) says(key string) bool {
	for name := range s.context {
		if strings.EqualFold(name, key) {
			return true
		}
	}
	return s.caller.ARN != "" && slices.Contains(ofCaller, strings.ToLower(key))
}

// ofCaller are the keys that CallerArn gives a value to, in small letters.
var ofCaller = []string{"aws:principalarn", "aws:principalaccount", "aws:username"}

// anybody is the id of a caller whom the request doesn't name, as IAM has it.
const anybody = "STUB_PRINCIPAL_FOR_POLICY_SIMULATOR"

// setDefaults gives values to the keys that say who asks. What the request says of them wins. A
// user id is none that the entity has: IAM takes the ARN for it, and still calls it missing.
func (s *scenario) setDefaults() {
	c := &s.caller
	defaults := policy.Values{"aws:PrincipalAccount": {c.Account}, "aws:userid": {anybody}}
	if c.ARN != "" {
		defaults["aws:PrincipalArn"] = []string{c.ARN}
		defaults["aws:userid"] = []string{c.ARN}
	}
	if e, ok := parseEntity(c.ARN); ok && e.kind == OfUser {
		defaults["aws:username"] = []string{e.name}
	}
	for name, value := range c.Tags {
		defaults["aws:PrincipalTag/"+name] = []string{value}
	}
	given := map[string]bool{}
	for name := range s.context {
		given[strings.ToLower(name)] = true
	}
	for name, value := range defaults {
		if !given[strings.ToLower(name)] {
			s.context[name] = value
		}
	}
}

// evaluate answers the actions from a place on. It stops early where answers grow large; ended is
// the place of the next action.
func (s *scenario) evaluate(ctx context.Context, from, size int) (
	out []EvaluationResult, ended int, err error) {
	weight := 0
	for i := from; i < len(s.actions) && len(out) < size; i++ {
		if weight += s.weight(); weight > most && len(out) > 0 {
			return out, i, nil
		}
		one, err := s.ofAction(ctx, s.actions[i])
		if errors.Is(err, errEffort) && len(out) > 0 {
			return out, i, nil
		}
		if err != nil {
			return nil, 0, err
		}
		out = append(out, one)
	}
	return out, from + len(out), nil
}

// ofAction answers one action on all resources.
func (s *scenario) ofAction(ctx context.Context, action string) (EvaluationResult, error) {
	all := EvaluationResult{EvalActionName: action, EvalResourceName: "*", EvalDecision: allowed,
		MatchedStatements: []Statement{}, MissingContextValues: []string{}}
	if len(s.resources) == 1 {
		all.EvalResourceName = s.resources[0]
	}
	if s.named {
		all.EvalDecisionDetails = map[string]string{}
	}
	outcomes := make([]outcome, len(s.resources))
	for i, arn := range s.resources {
		if err := ctx.Err(); err != nil {
			return all, err
		}
		outcomes[i] = s.ofResource(action, arn)
		if s.effort += s.patterns; s.effort > mostEffort {
			return all, errEffort
		}
		all.add(&outcomes[i])
		if s.named {
			all.ResourceSpecificResults = append(all.ResourceSpecificResults, outcomes[i].specific(s))
		}
	}
	seen := map[policy.Match]bool{}
	for i := range outcomes {
		if all.EvalDecision == explicitDeny && outcomes[i].decision != explicitDeny {
			continue // where one denies, what allows elsewhere isn't why
		}
		for _, m := range outcomes[i].matches {
			if !seen[m] {
				seen[m] = true
				all.MatchedStatements = append(all.MatchedStatements, s.statement(m))
			}
		}
	}
	return all, nil
}

func (s *scenario) statement(m policy.Match) Statement {
	return s.sources[m.Document].statement(m.Statement)
}

// page answers the part of a simulation that a request asks for.
func (s *Simulator) page(c *op.Call, operation string, sc *scenario, size *int32, marker *string) (
	out SimulateOutput, err error) {
	const usual = 100
	p, err := s.pages.Page(c, operation, "", int(domain.Or(size, usual)), marker)
	if err != nil {
		return out, err
	}
	// Another request may have fewer actions, and IAM takes a marker for it.
	from, _ := strconv.Atoi(p.After)
	out.EvaluationResults, from, err = sc.evaluate(c, min(from, len(sc.actions)), p.Size)
	if err != nil {
		return out, err
	}
	if out.EvaluationResults == nil {
		out.EvaluationResults = []EvaluationResult{}
	}
	if from < len(sc.actions) {
		out.IsTruncated, out.Marker = true, p.Next(strconv.Itoa(from))
	}
	return out, nil
}
