package policy

// Rules are the policy of a resource as it decides. They are compiled once, with the row that the
// text is in, and kept with it.
type Rules struct {
	Document *Document // never nil
	Err      error     // why the text can't be read: the document denies everything then
}

// CompileRules compiles the text of a resource's policy as it is stored.
func CompileRules(text string) *Rules {
	d, err := ParseStored(text)
	if err != nil {
		return &Rules{Document: Closed, Err: err}
	}
	return &Rules{Document: d}
}

// compiledShare is how many bytes of compiled rules weigh as much as one of a caller's text: usual
// rules are several times their text, and those that many resources share are counted at each.
const compiledShare = 8

// Weight is about how many bytes of a caller's text the rules weigh, in a cache that bounds those.
func (r *Rules) Weight() int {
	if r == nil {
		return 0
	}
	return r.Document.Weight() / compiledShare
}

// Admits reports whether the document as the policy of what is asked for lets the caller have it,
// whatever the caller's own account says. To whom it doesn't, a resource of another account is
// nothing that there is.
func (d *Document) Admits(c Caller, f Facts, asked Demand) bool {
	r := Request{Caller: c, Facts: f}
	s := newScope(&r, &asked)
	v := ofResource(&s, d)
	return s.err == nil && v.allowed && !v.denied
}
