package parameter

import "time"

// Due returns when something is to be done about the parameter by its policies, which may have been
// long ago, or the zero time if nothing is.
func (p *Parameter) Due() (time.Time, error) { return p.Policies.Next(p.Modified) }
