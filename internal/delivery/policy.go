package delivery

import (
	"math"
	"time"
)

// Backoff is how delays grow from the smallest to the largest.
type Backoff string

// The four functions of SNS lead from Min at the first retry to Max at the last one, each later
// than the one before it. Doubling begins with Min, doubles, and stays at Max.
const (
	Linear      Backoff = "linear"
	Arithmetic  Backoff = "arithmetic"
	Geometric   Backoff = "geometric"
	Exponential Backoff = "exponential"
	Doubling    Backoff = "doubling"
)

// Policy is how often and how long a message is tried. Times are seconds.
type Policy struct {
	Retries int `json:"r"` // after the first attempt
	Age     int `json:"a"` // since it was put, after which there is no further attempt; 0: any

	// The retries in their phases: at once, after Min, growing, and after Max. What the three numbers
	// leave of Retries is growing.
	NoDelay int     `json:"n,omitempty"`
	AtMin   int     `json:"l,omitempty"`
	AtMax   int     `json:"h,omitempty"`
	Min     int     `json:"min"`
	Max     int     `json:"max"`
	Backoff Backoff `json:"b"`
}

// Bounds of a policy, as EventBridge calls them in dead letters (EXHAUSTED_RETRY_CONDITION).
const (
	exhaustedRetries = "MaximumRetryAttempts"
	exhaustedAge     = "MaximumEventAgeInSeconds"
)

// EventBridge is the policy of a rule's target: AWS says "exponential back off and jitter" and no
// figures. With these 185 retries, the most, take 24 hours, the longest.
func EventBridge(retries, age int) Policy {
	return Policy{Retries: retries, Age: age, Min: 1, Max: 480, Backoff: Doubling}
}

// jitter is by which part a delay is made longer or shorter at most.
const jitter = 0.2

// next returns when a message is to be tried that was put then and has failed so many times, or
// which bound it has reached. random is from 0 to 1.
func (p Policy) next(put, now time.Time, attempts int, f *Failure, random float64) (
	due time.Time, exhausted string) {
	if attempts > p.Retries {
		return due, exhaustedRetries
	}
	seconds := p.delay(attempts) * (1 + jitter*(2*random-1))
	due = now.Add(max(time.Duration(seconds*float64(time.Second)), f.After))
	if p.Age > 0 && due.After(put.Add(time.Duration(p.Age)*time.Second)) {
		return due, exhaustedAge
	}
	return due, ""
}

// delay is that before a retry, counted from 1, in seconds.
func (p Policy) delay(retry int) float64 {
	growing := p.Retries - p.NoDelay - p.AtMin - p.AtMax
	switch n := retry - p.NoDelay - p.AtMin; {
	case retry <= p.NoDelay:
		return 0
	case n <= 0:
		return float64(p.Min)
	case n > growing:
		return float64(p.Max)
	default:
		return p.grown(n, growing)
	}
}

// grown is the nth of so many delays that grow.
func (p Policy) grown(n, of int) float64 {
	low, high := float64(p.Min), float64(p.Max)
	if p.Backoff == Doubling {
		return min(low*math.Exp2(float64(min(n-1, 40))), high)
	}
	if of == 1 {
		return low
	}
	i, steps := float64(n-1), float64(of-1)
	switch p.Backoff {
	case Arithmetic: // each step is longer than the one before by the same
		return low + (high-low)*i*(i+1)/(steps*(steps+1))
	case Geometric: // each delay is longer by the same factor
		return low * math.Pow(high/low, i/steps)
	case Exponential: // each step is twice as long as the one before
		return low + (high-low)*(math.Exp2(i)-1)/(math.Exp2(steps)-1)
	default:
		return low + (high-low)*i/steps
	}
}
