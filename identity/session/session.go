// Package session makes and opens the session tokens of temporary credentials.
//
// A token holds all that its session is: nothing of it rests in the database, and an opened one
// costs no row. What is inside is sealed by the token device, and in front of it stands a MAC by a
// key that every node of an installation has in memory, so that what nobody here made costs neither
// a call of the device nor a row. What the session's principal may do is not inside: that is looked
// up with each request.
package session

import "time"

// Kind is the operation of STS that made a session.
type Kind string

// The kinds of session.
const (
	AssumeRole      Kind = "AssumeRole"
	WebIdentity     Kind = "AssumeRoleWithWebIdentity"
	SessionToken    Kind = "GetSessionToken"
	FederationToken Kind = "GetFederationToken"
)

// Session is what a token says of its session.
type Session struct {
	AccessKeyID string `json:"-"` // ASIA...: it names the session, also to whoever ends it early

	Kind    Kind   `json:"k"`
	Account string `json:"a"` // of the principal, 12 digits
	// whom it acts as: the unique id of a role or a user, or the account's number for its root user
	Principal string    `json:"p"`
	Name      string    `json:"n,omitzero"` // of a role's session or a federated user
	Issued    time.Time `json:"i"`
	Expires   time.Time `json:"e"`

	Passed

	SourceIdentity string `json:"s,omitzero"` // as it was set in this session or one before
	Provider       string `json:"o,omitzero"` // ARN of the identity provider of a web identity
}

// Passed is what whoever asks for a session passes along. It has a greatest size: see
// [Passed.Packed].
type Passed struct {
	Policies   []string          `json:"d,omitzero"` // texts of session policies
	PolicyARNs []string          `json:"m,omitzero"` // managed policies that are session policies
	Tags       map[string]string `json:"t,omitzero"`
	Transitive []string          `json:"c,omitzero"` // keys of Tags that go on to the next session
}
