package policy

// Explanation is a decision with the statements that it rests on, for people who look for what a
// policy does before they rely on it.
type Explanation struct {
	Decision
	Identity, Resource, Boundary, Session Finding

	Effort int // characters that were compared in vain: see [ErrEffort]
}

// Finding is what the policies of one kind say to a demand.
type Finding struct {
	Given  bool    // there is such a policy
	Allows []Match // in the order of the policies and of their statements
	Denies []Match
}

// Match is a statement that applies to a demand: a place in the document's Statements.
type Match struct {
	Document  *Document
	Statement int
}

// Explain decides a request that nobody made, and says why: [Decide] with another view of the same
// evaluation. All that conditions see is context, whatever caller and facts say. Of the demands the
// first one is decided; there has to be one.
func Explain(r Request, context Values) Explanation {
	e := evaluation{scope: newScope(&r, &r.Demands[0])}
	if e.simulated = context; context == nil {
		e.simulated = Values{}
	}
	c := &r.Caller
	out := Explanation{Decision: e.decide(), Identity: e.find(c.Policies...)}
	if c.Boundary != nil {
		out.Boundary = e.find(c.Boundary)
	}
	if c.Session != nil {
		out.Session = e.find(c.Session.Policies...)
	}
	if of := e.demand.Resource.Policy; of != nil {
		if d, err := of(); err == nil && d != nil {
			e.ofResource = true
			out.Resource = e.find(d)
		}
	}
	if out.Effort = e.effort; e.err != nil {
		out.Decision = Decision{Effect: Deny, Reason: FactMissing, Err: e.err}
	}
	return out
}

// find lists the statements that apply. An evaluation stops where it knows enough, and so it can't
// tell them all.
func (e *evaluation) find(documents ...*Document) Finding {
	f := Finding{Given: len(documents) > 0}
	for _, d := range documents {
		for i := range d.rules {
			r := &d.rules[i]
			switch m := (Match{Document: d, Statement: i}); {
			case e.ofResource && r.appliesTo(&e.scope) == 0, !e.ofResource && !r.applies(&e.scope):
			case r.deny:
				f.Denies = append(f.Denies, m)
			default:
				f.Allows = append(f.Allows, m)
			}
		}
	}
	return f
}

// Readable reports whether the operator of a condition can read a value as what it compares:
// NumericEquals a number, DateEquals a date. Operators of texts read everything.
func Readable(operator, value string) bool {
	c := Condition{Operator: operator, Key: "aws:Any", Values: []string{value}}
	return c.isReadable()
}
