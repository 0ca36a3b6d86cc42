package parameters

import (
	"cmp"
	"strconv"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/parameters/model"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/parameters/pattern"
	"claviger/parameters/policies"
	"claviger/parameters/ssmfault"
	"claviger/parameters/target"
	"claviger/policy"

	"github.com/google/uuid"
)

// PutParameterInput makes a parameter, or gives one that is there a new version. What is left out
// then stays as it was; an empty Description or AllowedPattern takes it away.
type PutParameterInput struct {
	Name           string          `shape:"PSParameterName,required"`
	Description    *string         `shape:"ParameterDescription"`
	Value          string          `shape:"PSParameterValue,required"` // up to 4 KB, or 8 if advanced
	Type           *string         `shape:"ParameterType"`             // of a new parameter required
	KeyId          *string         `shape:"ParameterKeyId"`            // of a SecureString alone
	Overwrite      *bool           `shape:"Boolean"`                   // absent: false
	AllowedPattern *string         `shape:"AllowedPattern"`
	Tags           []parameter.Tag `shape:"TagList"`
	Tier           *string         `shape:"ParameterTier"`     // absent: the account's setting
	Policies       *string         `shape:"ParameterPolicies"` // in the place of those that there are
	DataType       *string         `shape:"ParameterDataType"`
}

// Validate checks what members say together.
func (in PutParameterInput) Validate() error {
	if len(in.Tags) > 0 && domain.Or(in.Overwrite, false) {
		return ssmfault.TaggedAnew
	}
	if err := domain.CheckTags(parameter.TagRules, in.Tags); err != nil {
		return err
	}
	return parameter.CheckText(in.Value)
}

// Conditions implements [domain.Conditional].
func (in PutParameterInput) Conditions(v policy.Values) {
	domain.Set(v, model.Overwrite, in.Overwrite, strconv.FormatBool)
	domain.SetText(v, model.Policies, in.Policies)
	domain.SetTags(v, in.Tags)
}

// PutParameterOutput is the new version's number, and the tier that was decided for it.
type PutParameterOutput struct {
	Version int64
	Tier    string
}

// placement is a parameter that shall be made or get a version.
type placement struct {
	*target.Target
	tags []parameter.Tag // that it shall have, which takes a permission of its own
}

// Demands implements [op.Target].
func (p placement) Demands() []policy.Demand {
	demands := p.Target.Demands()
	if len(p.tags) > 0 {
		demands = append(demands, p.Target.Demand("AddTagsToResource"))
	}
	return demands
}

// Missing implements [op.Target]: what isn't there is made.
func (p placement) Missing() error { return p.Unread }

func (s *Parameters) findPut(c *op.Call, in PutParameterInput) (p placement, err error) {
	asked, err := parameter.ReadNew(c, in.Name)
	if err != nil {
		return p, err
	}
	return placement{s.finder.Find(c, "PutParameter", asked, in, s.rows.WithoutValue), in.Tags}, nil
}

// putParameter seals the value before the commit, under the number that the version will have.
func (s *Parameters) putParameter(c *op.Call, in PutParameterInput,
	t placement) (op.Commit[PutParameterOutput], error) {
	ch, err := s.placed(c, in, t)
	if err != nil {
		return nil, err
	}
	next := ch.After
	if err := s.decideTier(c, in, ch); err != nil {
		return nil, err
	}
	// A match takes time in proportion to the value, whose size has its bounds by now.
	if err := checkPattern(next, in.Value); err != nil {
		return nil, err
	}
	value, err := s.sealer.Seal(c, next, in.Value)
	if err != nil {
		return nil, err
	}
	ch.Added = &parameter.Version{Ref: next.Ref, ID: next.ID, Facts: next.Facts, Value: value,
		Digest: parameter.DigestOf(value.Rests)}
	return domain.Planned(c, s.rows.Prepare, ch,
		PutParameterOutput{Version: next.Version, Tier: next.Tier})
}

// placed returns the parameter as it shall be but for its tier.
func (s *Parameters) placed(c *op.Call, in PutParameterInput,
	t placement) (*parameterrows.Change, error) {
	if t.Entry == nil {
		p, err := newParameter(c, in, t.Asked)
		return &parameterrows.Change{After: p}, err
	}
	if !domain.Or(in.Overwrite, false) {
		return nil, ssmfault.Exists
	}
	before := t.Entry.Parameter
	ch := &parameterrows.Change{Before: before}
	if before.Full() {
		if len(before.Labels.Of(before.Oldest)) > 0 {
			return nil, ssmfault.Labelled(t.Asked.Given, before.Oldest)
		}
		ch.Removed = before.Oldest
	}
	ch.After = before.Next(func(n *parameter.Parameter) {
		n.Version++
		if ch.Removed != 0 {
			n.Oldest++
		}
	})
	return ch, say(c, in, ch.After)
}

func newParameter(c *op.Call, in PutParameterInput,
	asked parameter.Asked) (*parameter.Parameter, error) {
	if in.Type == nil {
		return nil, ssmfault.NoType
	}
	tags, err := domain.AddTags(parameter.TagRules, nil, in.Tags)
	if err != nil {
		return nil, err
	}
	p := &parameter.Parameter{Ref: asked.Ref, ID: uuid.NewString(), Rev: 1,
		Parent: parameter.Parent(asked.Name), Bare: asked.Given != asked.Name, Tags: tags, Oldest: 1,
		Created: parameter.Now(c), Facts: parameter.Facts{Version: 1, DataType: parameter.Text}}
	return p, say(c, in, p)
}

// say puts into p what the request says of its newest version.
func say(c *op.Call, in PutParameterInput, p *parameter.Parameter) error {
	p.Type = domain.Or(in.Type, p.Type)
	p.Description = domain.Or(in.Description, p.Description)
	p.AllowedPattern = domain.Or(in.AllowedPattern, p.AllowedPattern)
	p.DataType = domain.Or(in.DataType, p.DataType)
	p.Modified, p.User = parameter.Now(c), c.Caller.ARN
	if in.KeyId != nil && p.Type != parameter.SecureString {
		return ssmfault.NoSeal
	}
	p.KeyID = keyFor(in, p)
	if in.Policies != nil {
		set, err := policies.Parse(*in.Policies, c.Time)
		if err != nil {
			return err
		}
		p.Policies = set
	}
	return p.CheckDataType(in.Value)
}

// keyFor is the KMS key that a value of p is sealed by: nothing but for a SecureString.
func keyFor(in PutParameterInput, p *parameter.Parameter) string {
	if p.Type != parameter.SecureString {
		return ""
	}
	return cmp.Or(domain.Or(in.KeyId, p.KeyID), parameter.ManagedAlias)
}

// checkPattern holds a value of p, also one that shall be sealed, to the pattern that p has now. Of
// a StringList each item has to be as the pattern says.
func checkPattern(p *parameter.Parameter, value string) error {
	if p.AllowedPattern == "" {
		return nil
	}
	allowed, err := pattern.Compile(p.AllowedPattern)
	if err != nil {
		return ssmfault.BadPattern(err)
	}
	for _, item := range p.Items(value) {
		if !allowed.Matches(item) {
			return ssmfault.PatternMismatch(p.AllowedPattern)
		}
	}
	return nil
}

// decideTier decides of which tier the parameter will be, and whether there may be one more of it.
func (s *Parameters) decideTier(c *op.Call, in PutParameterInput,
	ch *parameterrows.Change) (err error) {
	p := ch.After
	setting, err := s.settings.DefaultTier(c)
	if err != nil {
		return err
	}
	t := parameter.Tiering{Asked: domain.Or(in.Tier, ""), Setting: setting,
		Size: len(in.Value), Policies: len(p.Policies) > 0}
	if ch.Before != nil {
		t.Before = ch.Before.Tier
	}
	if p.Tier, err = t.Tier(); err != nil || p.Tier == t.Before {
		return err // there will be no more of it, so nobody needs their number
	}
	n, err := s.rows.Count(p.Account, p.Region)
	if err != nil {
		return err
	}
	t.Full = n.Standard >= parameter.StandardQuota
	p.Tier, err = t.Tier()
	switch {
	case err != nil:
		return err
	case p.Tier == parameter.Standard && t.Full:
		return ssmfault.TooMany("standard", parameter.StandardQuota)
	case p.Tier == parameter.Advanced && n.Advanced >= parameter.AdvancedQuota:
		return ssmfault.TooMany("advanced", parameter.AdvancedQuota)
	}
	return nil
}
