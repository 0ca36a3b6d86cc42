// Package smfault is how every part of Secrets Manager refuses.
package smfault

import (
	"errors"
	"fmt"
	"strings"

	"claviger/internal/fault"
)

// The answers of Secrets Manager. Where AWS's own words are known they stand here letter by letter,
// because programs match on them. The others say what to do instead.
var (
	NotFound = fault.New(fault.NotFound, "ResourceNotFoundException",
		"Secrets Manager can't find the specified secret.")
	MarkedForDeletion = InvalidRequest(
		"You can't perform this operation on the secret because it was " +
			"marked for deletion.",
	)
	NameMarkedForDeletion = InvalidRequest(
		"You can't create this secret because a secret with this " +
			"name is already scheduled for deletion.",
	)
	NotExpired = InvalidRequest("The secret was marked for deletion, and its time has not come.")
	NoToken    = Incomplete("You must provide a ClientRequestToken value. We recommend a " +
		"UUID-type value.")
	Unmatched = InvalidRequest("You provided a VersionStage that is not associated to the " +
		"provided VersionId.")
	NoValue   = Incomplete("You must provide either SecretString or SecretBinary.")
	TwoValues = InvalidParameter("You can't specify both a binary secret value and a string " +
		"secret value in the same secret.")
	ValueSize = InvalidParameter("The secret value is larger than 65536 bytes.")
	BadName   = fault.New(fault.Invalid, "ValidationException", "Invalid name. Must be a valid "+
		"name containing alphanumeric characters, or any of the following: -/_+=.@!")
	OnReplica = stateOf("Operation not permitted on a replica secret. Call must be made in " +
		"primary secret's region.")
	NoExternal = InvalidParameter("The configuration of the server has no rotator for managed " +
		"external secrets of this Type: leave Type out, or have one declared.")
	Managed = InvalidRequest("You can't change the secret's value because it's managed by the " +
		"service itself: it changes when the secret is rotated.")
	NoRotation = InvalidParameter("RotationToken isn't that of the rotation in progress, or " +
		"ClientRequestToken isn't its version: leave RotationToken out, or pass on what the event has.")
	BadPage = fault.New(fault.Invalid, "InvalidNextTokenException", "The NextToken value is "+
		"invalid: it was not returned by this operation with these parameters.")
)

// InvalidRequest is AWS's answer where the state of the secret forbids the request.
func InvalidRequest(message string) *fault.Error {
	return fault.New(fault.State, "InvalidRequestException", message)
}

// Incomplete is the same answer to a request that lacks something, whatever the secret's state.
func Incomplete(message string) *fault.Error {
	return fault.New(fault.Invalid, "InvalidRequestException", message)
}

// InvalidParameter is AWS's answer to a value that no state of the secret would make valid.
func InvalidParameter(message string) *fault.Error {
	return fault.New(fault.Invalid, "InvalidParameterException", message)
}

// stateOf is the same answer where it depends on the state of the secret.
func stateOf(message string) *fault.Error {
	return fault.New(fault.State, "InvalidParameterException", message)
}

// HasReplicas says that a secret can't be deleted while there are copies of it.
func HasReplicas(arn string, regions []string) error {
	return stateOf("You can't delete secret " + arn + " that still has replica regions [" +
		strings.Join(regions, ", ") + "].")
}

// NotReplica says that a secret stands alone already.
func NotReplica(arn string) error {
	return stateOf("The secret " + arn + " isn't a replica. Call StopReplicationToReplica in the " +
		"Region of the replica.")
}

// NoReplica says that a secret has no copy in a Region.
func NoReplica(arn, region string) error {
	return fault.New(fault.NotFound, "ResourceNotFoundException",
		"The secret "+arn+" has no replica in "+region+".")
}

// NoStage says that no version has a label.
func NoStage(label string) error {
	return fault.New(fault.NotFound, "ResourceNotFoundException",
		"Secrets Manager can't find the specified secret value for staging label: "+label)
}

// NoVersion says that there is no version with an id.
func NoVersion(id string) error {
	return fault.New(fault.NotFound, "ResourceNotFoundException",
		"Secrets Manager can't find the specified secret value for VersionId: "+id)
}

// Exists says that a name is taken.
func Exists(name string) error {
	return fault.New(fault.Exists, "ResourceExistsException",
		"The operation failed because the secret "+name+" already exists.")
}

// TokenUsed says that a ClientRequestToken has made a version with another value.
func TokenUsed(token, arn string) error {
	return fault.New(fault.Exists, "ResourceExistsException", "You can't use ClientRequestToken "+
		token+" because that value is already in use for a version of secret "+arn+".")
}

// SealLost is an internal error: a version is as it was stored and opens no more.
func SealLost(arn, id string, err error) error {
	return fault.New(fault.Internal, "", "").
		Because(fmt.Errorf("the version %s of %s can't be opened: "+
			"the data key that it was sealed by has been lost or exchanged: %w", id, arn, err))
}

// VersionRemoved is an internal error: a label is attached to a version whose row is gone.
func VersionRemoved(arn, id string) error {
	return fault.Of(errors.New("the version " + id + " of " + arn +
		" was removed outside the service"))
}
