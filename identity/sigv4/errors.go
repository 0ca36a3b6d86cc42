package sigv4

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"claviger/internal/fault"
)

// The errors of authentication that don't depend on the request. The codes are those of AWS's JSON
// services; the query protocol has names of its own for them, which package op knows. The last
// four are for the caller of this package, who knows keys and sessions. errors.Is compares codes
// alone, so that the first of two with one code stands for both.
var (
	// ErrMissing: the request carries no signature.
	ErrMissing = refusal("MissingAuthenticationTokenException", "Missing Authentication Token")
	// ErrMismatch: the signature is not the one that the key makes over this request.
	ErrMismatch = refusal("InvalidSignatureException", "The request signature we calculated "+
		"does not match the signature you provided. Check your AWS Secret Access Key and "+
		"signing method. Consult the service documentation for details.")
	// ErrUnknownKey: there is no such access key, or it is inactive.
	ErrUnknownKey = refusal("UnrecognizedClientException",
		"The security token included in the request is invalid.")
	// ErrExpired: the session is over.
	ErrExpired = refusal("ExpiredTokenException",
		"The security token included in the request is expired")
	// ErrToken: the session token is absent, forged or another key's.
	ErrToken = refusal("UnrecognizedClientException",
		"The security token included in the request is invalid")
)

// Errors that are the same for every request but of no use to other packages.
var (
	errBoth = refusal("InvalidSignatureException",
		"Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
	errHostUnsigned = refusal("InvalidSignatureException",
		"'Host' must be a 'SignedHeader' in the AWS Authorization.")
	errRepeated = incomplete("Found more than one 'Authorization' HTTP header.")
	errTooLong  = incomplete("Authorization header must have at most %d bytes and %d signed "+
		"headers.", maxAuthorization, maxSignedHeaders)
	errQueryTooLong = incomplete("Query string must have at most %d bytes and %d parameters.",
		maxQuery, maxParameters)
)

// refusal is an error of a request that nobody we know has signed.
func refusal(code, message string) *fault.Error {
	return fault.New(fault.Unauthenticated, code, message)
}

// incomplete says that a signature lacks something or can't be read.
func incomplete(format string, args ...any) *fault.Error {
	return fault.Newf(fault.Unauthenticated, "IncompleteSignatureException", format, args...)
}

// invalid says that a signature can be read and isn't good here or now.
func invalid(format string, args ...any) *fault.Error {
	return fault.Newf(fault.Unauthenticated, "InvalidSignatureException", format, args...)
}

// echo makes what a caller sent fit to be said back: valid, and no longer than a line.
func echo(s string) string {
	const most = 128
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strings.ToValidUTF8(s, "?")
}

// hashed names an Authorization header without showing it, as AWS does, so that no signature gets
// into logs.
func hashed(header string) string {
	sum := sha256.Sum256([]byte(header))
	return "(Hashed with SHA-256 and encoded with Base64) Authorization=" +
		base64.StdEncoding.EncodeToString(sum[:])
}
