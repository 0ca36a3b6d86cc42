// Package rotator is the contract between a rotation and those who change credentials at their
// target: a built-in [Target] for each kind of database, and functions of the site's own.
//
// A rotation goes in four steps: createSecret, setSecret, testSecret and finishSecret ("Rotate
// secrets by Lambda function" of the Secrets Manager user guide). Each may come again after a crash
// or a failure, always with the same version, so each begins by looking at what is done already. A
// rotator never decides about labels and stores nothing of its own: what it knows is in the
// versions of the secret.
package rotator

import (
	"context"

	"claviger/secrets/password"
)

// Step is one of the four that the contract has, by AWS's name.
type Step string

// The steps, in their order.
const (
	CreateSecret Step = "createSecret"
	SetSecret    Step = "setSecret"
	TestSecret   Step = "testSecret"
	FinishSecret Step = "finishSecret"
)

// Event is what a function gets, as AWS sends it.
type Event struct {
	Step               Step   `json:"Step"`
	SecretId           string `json:"SecretId"` // the full ARN
	ClientRequestToken string `json:"ClientRequestToken"`
	RotationToken      string `json:"RotationToken"` // a UUID of this rotation alone
}

// Function performs steps by itself: it reads and writes the secret through the API, with
// credentials of its own. What it answers is ignored, an error fails the step.
type Function interface {
	Invoke(ctx context.Context, e Event, of Secret) error
}

// Secret is what a [Function] may know of the secret without asking.
type Secret struct {
	Account, Region, ARN string
	Metadata             map[string]string // ExternalSecretRotationMetadata; nil: there is none
}

// Target is a kind of system whose credentials a built-in rotator changes. Who calls it reads and
// writes the versions, and moves the labels. Its errors are [Error]s.
type Target interface {
	// Candidate returns the value of the version to be from the current one: new credentials,
	// everything else kept. It reaches no target.
	Candidate(ctx context.Context, current Document, from Passwords) (Document, error)

	// Set puts the pending credentials in force. Where they are already it changes nothing. As long
	// as it fails those of before must go on working, and if it was cut off nobody knows which.
	Set(ctx context.Context, v Versions) error

	// Test logs in by the credentials of a version and asks something that changes nothing.
	Test(ctx context.Context, pending Document) error
}

// Issuer is a [Target] that makes credentials itself, as an API does that answers with a new key.
// Whoever has one asks it for candidates in place of Candidate.
type Issuer interface {
	Target

	// Issue has the target make new credentials, and returns the value of the version to be. v has no
	// Pending. Nothing but the answer knows the credentials: it is kept before anything else is done.
	// Asked again with the same token and current version, after a crash in which the answer was lost,
	// it leaves no more than one set of credentials behind: it returns the same, or revokes those
	// that nobody knows.
	Issue(ctx context.Context, v Versions, token string) (Document, error)
}

// Versions are the values of one secret while its rotation sets new credentials.
type Versions struct {
	Pending  Document
	Current  Document
	Previous *Document // nil: there is none

	// Abandoned are the candidates of earlier rotations that were cancelled or abandoned: one of them
	// may have the credentials in force. The newest comes first.
	Abandoned []Document

	// Superuser is the secret that masterarn in Current names. Nil: it names none.
	Superuser *Document
}

// Older returns the versions beside the pending and the current one whose credentials may be in
// force, the likeliest first.
func (v Versions) Older() []Document {
	if v.Previous == nil {
		return v.Abandoned
	}
	return append([]Document{*v.Previous}, v.Abandoned...)
}

// Passwords makes passwords of the token's random numbers, by the rules of GetRandomPassword.
type Passwords interface {
	Password(ctx context.Context, rules password.GetRandomPasswordInput) (string, error)
}
