package secret

import (
	"claviger/internal/op"

	"github.com/go-json-experiment/json/jsontext"
)

// The names that CloudTrail gives to what becomes of a version. Those of rotation are where it is
// done.
const (
	StartVersionDelete  = "StartSecretVersionDelete"  // it goes when the recovery window is over
	CancelVersionDelete = "CancelSecretVersionDelete" // its secret was restored
	EndVersionDelete    = "EndSecretVersionDelete"    // it went with its secret
	VersionDeletion     = "SecretVersionDeletion"     // it had no label and there were too many
)

// VersionEvent is what the trail tells of a version: an event of that name. That AWS says which
// version it is in SecretVersionId isn't published; the encryption context calls it so.
func (s *Secret) VersionEvent(name, id string) op.Event {
	of := append(s.appendID(nil), `,"SecretVersionId":`...)
	of, _ = jsontext.AppendQuote(of, id)
	return op.Event{Name: name, Account: s.Account, Additional: append(of, '}')}
}

// RotationEvent is what the trail tells of a rotation that makes the version of a token, and why it
// failed if it did: the form that the user guide shows of a RotationFailed.
func (s *Secret) RotationEvent(name, token, failure string) op.Event {
	return op.Event{Name: name, Account: s.Account, Additional: append(s.appendID(nil), '}'),
		RequestID: "Rotation-" + s.ARN() + "-" + token, Failure: failure}
}

// appendID appends the beginning of the object that names the secret.
func (s *Secret) appendID(b []byte) []byte {
	b, _ = jsontext.AppendQuote(append(b, `{"SecretId":`...), s.ARN())
	return b
}

// ReplicationEvent is what the trail tells of the copy of a secret in a Region. That AWS says which
// Region it is in ReplicaRegion isn't published; the API reference calls it so.
func (s *Secret) ReplicationEvent(name, region string) op.Event {
	of := append(s.appendID(nil), `,"ReplicaRegion":`...)
	of, _ = jsontext.AppendQuote(of, region)
	return op.Event{Name: name, Account: s.Account, Additional: append(of, '}')}
}
