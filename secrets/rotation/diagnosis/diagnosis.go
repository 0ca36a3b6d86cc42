// Package diagnosis says how the rotation of a secret stands, why it failed, and what to do next:
// for who runs the service. It knows what the secret's row says and nothing more, and has no value.
package diagnosis

import (
	"fmt"
	"time"

	"claviger/secrets/secret"
)

// Diagnosis is what there is to say of one secret.
type Diagnosis struct {
	ARN     string
	State   []string // sentences, the most important first
	Last    time.Time
	Failure *secret.Failure `json:",omitzero"` // of the last attempt; nil: it went well
	Advice  []string        // what a person can do, in sentences; none: nothing has to be done
}

// Of diagnoses a secret at a moment.
func Of(s *secret.Secret, now time.Time) Diagnosis {
	d := Diagnosis{ARN: s.ARN(), Last: s.Rotation.Last}
	switch r := &s.Rotation; {
	case s.ScheduledForDeletion():
		d.say("The secret is scheduled for deletion, and not rotated any more.")
		d.advise("RestoreSecret takes it back from deletion.")
		return d
	case s.IsReplica():
		d.say("The secret is a copy of one in %s, and rotated there.", s.PrimaryRegion)
		d.advise("Look at the secret in that Region.")
		return d
	case !r.Configured:
		d.say("Rotation was never turned on.")
		d.advise("RotateSecret turns it on, with the ARN of a rotator of the configuration.")
		return d
	case r.Run != nil:
		d.running(s, now)
	default:
		d.resting(s)
	}
	if n := len(s.Rotation.Abandoned); n > 0 {
		d.say("The credentials of one of %d rotations that were ended may be in force at the target.", n)
		d.advise("The next rotation finds out which are in force. Turn rotation on, or set the current " +
			"version's at the target by hand.")
	}
	if f := s.Rotation.Failure; f != nil {
		d.Failure = f
		d.advise("%s", Advice(f.Reason))
	}
	return d
}

// running says how far a rotation in progress is.
func (d *Diagnosis) running(s *secret.Secret, now time.Time) {
	r := s.Rotation.Run
	what := "rotation"
	if r.Test {
		what = "test of the rotation"
	}
	if !r.Retry.After(now) {
		d.say("A %s has been in progress since %s: %s is next.", what, shown(r.Began), r.Step)
	} else {
		d.say("A %s that began at %s has failed %d times. The next attempt is due at %s.", what,
			shown(r.Began), r.Attempts, shown(r.Retry))
		d.advise("To try again at once: aws secretsmanager rotate-secret --secret-id %s "+
			"--client-request-token %s", s.ARN(), r.Version)
	}
	switch {
	case r.Touched && r.Attempts > 0:
		d.say("The candidate is version %s. Its credentials may be in force at the target already: "+
			"the next attempt finds out.", r.Version)
	case !r.Test:
		d.say("The candidate is version %s. AWSCURRENT stays where it is until it is tried.", r.Version)
	}
	if r.Final {
		d.say("Rotation was cancelled: this one goes on to its end because it has begun to set " +
			"credentials.")
	}
}

// resting says what will happen when no rotation is in progress.
func (d *Diagnosis) resting(s *secret.Secret) {
	r := &s.Rotation
	switch {
	case !r.Enabled:
		d.say("Rotation is turned off.")
		d.advise("RotateSecret turns it on again.")
	case r.Due.IsZero():
		d.say("There is no schedule: the secret is rotated when RotateSecret asks for it.")
	default:
		d.say("The next rotation is due at %s, in a window that ends at %s.", shown(r.Due),
			shown(r.Next))
	}
	if s.RotationPending() {
		pending := s.Stages[secret.Pending]
		d.say("AWSPENDING is on version %s, which no rotation is preparing. Until it is gone no "+
			"rotation begins.", pending)
		d.advise("To take it away: aws secretsmanager update-secret-version-stage --secret-id %s "+
			"--version-stage AWSPENDING --remove-from-version-id %s", s.ARN(), pending)
	}
}

func (d *Diagnosis) say(format string, args ...any) {
	d.State = append(d.State, fmt.Sprintf(format, args...))
}

func (d *Diagnosis) advise(format string, args ...any) {
	d.Advice = append(d.Advice, fmt.Sprintf(format, args...))
}

func shown(t time.Time) string { return t.UTC().Format(time.RFC3339) }
