package delivery

// Expire is what Run does once an hour.
func (q *Queue) Expire() { q.expire() }

// Delay is that before a retry, in seconds.
func (p Policy) Delay(retry int) float64 { return p.delay(retry) }
