package parameter

import "time"

// Expired reports whether the parameter is to be there no more, though nobody may have deleted it
// yet.
func (p *Parameter) Expired(now time.Time) (bool, error) { return p.Policies.Expired(now) }

// Due returns when something is to be done about the parameter by its policies, which may have been
// long ago, or the zero time if nothing is.
func (p *Parameter) Due() (time.Time, error) { return p.Policies.Next(p.Modified) }
