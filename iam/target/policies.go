package target

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

// Policy returns the managed policy of an ARN that an operation reads: one of the caller's account,
// or one of AWS's, which count as the account's own then.
func (e Entities) Policy(c *op.Call, arn string, asked Asked) (Entity[entity.Policy], error) {
	return e.policy(c, arn, asked, c.Caller.Account)
}

// PolicyToChange returns the managed policy of an ARN that an operation changes. AWS's belong to
// somebody else then, and so nobody may.
func (e Entities) PolicyToChange(c *op.Call, arn string, asked Asked) (
	Entity[entity.Policy], error) {
	return e.policy(c, arn, asked, entity.AWS)
}

// policy finds a managed policy. ofAWS is whose those of AWS are.
func (e Entities) policy(c *op.Call, arn string, asked Asked, ofAWS string) (
	t Entity[entity.Policy], err error) {
	owner, kind, _, _, ok := entity.ParseARN(arn)
	if !ok || kind != "policy" || owner != entity.AWS && !domain.IsAccount(owner) {
		return t, model.Invalid("ARN %s is not valid.", arn)
	}
	if owner == entity.AWS {
		owner = ofAWS
	}
	t.Row, err = e.PolicyByARN(c, c.Caller.Account, arn)
	if err != nil {
		return t, err
	}
	r := policy.Resource{ARN: arn, Asked: "policy " + arn, Account: owner}
	if t.Row == nil {
		t.absent = model.NoSuchEntity("Policy %s was not found.", arn)
	} else {
		tags := t.Row.Tags
		r.Tags = func() (map[string]string, error) { return domain.TagMap(tags), nil }
	}
	t.demands = []policy.Demand{{Action: "iam:" + asked.Action, Resource: r,
		Values: func() policy.Values { return asked.Values }}}
	return t, nil
}
