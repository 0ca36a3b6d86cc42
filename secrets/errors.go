package secrets

import (
	"errors"
	"fmt"

	"claviger/internal/fault"
)

// The answers of Secrets Manager. Where AWS's own words are known they stand here letter by letter,
// because programs match on them. The others say what to do instead.
var (
	errNotFound = fault.New(fault.NotFound, "ResourceNotFoundException",
		"Secrets Manager can't find the specified secret.")
	errScheduled = invalidRequest("You can't perform this operation on the secret because it was " +
		"marked for deletion.")
	errNameScheduled = invalidRequest("You can't create this secret because a secret with this " +
		"name is already scheduled for deletion.")
	errNotExpired = invalidRequest("The secret was marked for deletion, and its time has not come.")
	errNoToken    = incomplete("You must provide a ClientRequestToken value. We recommend a " +
		"UUID-type value.")
	errUnmatched = invalidRequest("You provided a VersionStage that is not associated to the " +
		"provided VersionId.")
	errNoValue   = incomplete("You must provide either SecretString or SecretBinary.")
	errTwoValues = invalidParameter("You can't specify both a binary secret value and a string " +
		"secret value in the same secret.")
	errValueSize = invalidParameter("The secret value is larger than 65536 bytes.")
	errName      = fault.New(fault.Invalid, "ValidationException", "Invalid name. Must be a valid "+
		"name containing alphanumeric characters, or any of the following: -/_+=.@!")
	errReplicas = invalidParameter("This service has no replication to other Regions: leave " +
		"AddReplicaRegions and ForceOverwriteReplicaSecret out.")
	errExternal = invalidParameter("This service manages no secrets held by " +
		"third parties: leave Type out.")
	errRotation = invalidParameter("RotationToken belongs to a rotation that the service has " +
		"started, and there is none: leave it out.")
	errPage = fault.New(fault.Invalid, "InvalidNextTokenException", "The NextToken value is "+
		"invalid: it was not returned by this operation with these parameters.")
)

// invalidRequest is AWS's answer where the state of the secret forbids the request.
func invalidRequest(message string) *fault.Error {
	return fault.New(fault.State, "InvalidRequestException", message)
}

// incomplete is the same answer to a request that lacks something, whatever the secret's state.
func incomplete(message string) *fault.Error {
	return fault.New(fault.Invalid, "InvalidRequestException", message)
}

// invalidParameter is AWS's answer to a value that no state of the secret would make valid.
func invalidParameter(message string) *fault.Error {
	return fault.New(fault.Invalid, "InvalidParameterException", message)
}

func errNoStage(label string) error {
	return fault.New(fault.NotFound, "ResourceNotFoundException",
		"Secrets Manager can't find the specified secret value for staging label: "+label)
}

func errNoVersion(id string) error {
	return fault.New(fault.NotFound, "ResourceNotFoundException",
		"Secrets Manager can't find the specified secret value for VersionId: "+id)
}

func errExists(name string) error {
	return fault.New(fault.Exists, "ResourceExistsException",
		"The operation failed because the secret "+name+" already exists.")
}

func errTokenUsed(token, arn string) error {
	return fault.New(fault.Exists, "ResourceExistsException", "You can't use ClientRequestToken "+
		token+" because that value is already in use for a version of secret "+arn+".")
}

// errSealLost is an internal error: a version is as it was stored and opens no more.
func errSealLost(arn, id string, err error) error {
	return fault.New(fault.Internal, "", "").Because(fmt.Errorf("the version %s of %s can't be opened: "+
		"the data key that it was sealed by has been lost or exchanged: %w", id, arn, err))
}

// errVersionRemoved is an internal error: a label is attached to a version whose row is gone.
func errVersionRemoved(arn, id string) error {
	return fault.Of(errors.New("the version " + id + " of " + arn +
		" was removed outside the service"))
}
