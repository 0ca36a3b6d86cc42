// Package events is what Secrets Manager tells of secrets: EventBridge of labels that move, and the
// trail of what the service does unasked, as CloudTrail's service events ("Log AWS Secrets Manager
// events with AWS CloudTrail" of its user guide). Each belongs to the operation that is being done,
// and is told if that is.
package events

import (
	"claviger/internal/op"
	"claviger/secrets/rotation/rotator"
	"claviger/secrets/secret"
)

// RotationStarted says that a rotation begins, or its next attempt.
func RotationStarted(c *op.Call, s *secret.Secret, run *secret.Run) {
	leave(c, s, run, kind(run, "Started"), "")
}

// RotationSucceeded says that a rotation is complete.
func RotationSucceeded(c *op.Call, s *secret.Secret, run *secret.Run) {
	leave(c, s, run, kind(run, "Succeeded"), "")
}

// RotationFailed says that an attempt failed, in which step. Why is in the secret's row: what
// targets and functions answer is no text for a trail.
func RotationFailed(c *op.Call, s *secret.Secret, run *secret.Run, step rotator.Step) {
	leave(c, s, run, kind(run, "Failed"),
		"Error when executing lambda "+s.Rotation.Function+" during "+string(step)+" step")
}

// RotationAbandoned says that somebody gave the secret a new version, or took its label from the
// candidate, while it was being rotated.
func RotationAbandoned(c *op.Call, s *secret.Secret, run *secret.Run) {
	leave(c, s, run, "RotationAbandoned", "")
}

// kind is the name of an event of a rotation, or of a test.
func kind(run *secret.Run, what string) string {
	if run.Test {
		return "TestRotation" + what
	}
	return "Rotation" + what
}

func leave(c *op.Call, s *secret.Secret, run *secret.Run, name, failure string) {
	c.Event(s.RotationEvent(name, run.Version, failure))
}

// What becomes of a copy of a secret, by the names that CloudTrail gives it.
const (
	ReplicationStarted   = "ReplicationStarted"   // the copy isn't as its primary is
	ReplicationSucceeded = "ReplicationSucceeded" // it is now
	ReplicationFailed    = "ReplicationFailed"    // it could not be made so
)

// Replication says what became of the copy of a secret in a Region.
func Replication(c *op.Call, s *secret.Secret, region, name, failure string) {
	e := s.ReplicationEvent(name, region)
	e.Failure = failure
	c.Event(e)
}
