package op

import "claviger/internal/fault"

// queryNames are what services with the query protocol call failures that all services of AWS have,
// by the names of its JSON services (STS API Reference, Common Errors).
var queryNames = map[string]string{
	"AccessDeniedException":          "AccessDenied",
	"RequestEntityTooLargeException": "RequestEntityTooLarge",
	"SerializationException":         "MalformedInput",
	"ThrottlingException":            "Throttling",
	"UnknownOperationException":      "InvalidAction",
	"ValidationException":            "ValidationError",
	"":                               "ValidationError",
}

// unauthenticatedNames are those of failed signatures. They are apart, because
// ExpiredTokenException is also a name of STS's own, for the token of an identity provider.
var unauthenticatedNames = map[string]string{
	"ExpiredTokenException":               "ExpiredToken",
	"IncompleteSignatureException":        "IncompleteSignature",
	"InvalidSignatureException":           "SignatureDoesNotMatch",
	"MissingAuthenticationTokenException": "MissingAuthenticationToken",
	"UnrecognizedClientException":         "InvalidClientTokenId",
}

// queryName returns a fault's name in the vocabulary of the query protocol.
func queryName(f *fault.Error) string {
	names := queryNames
	if f.Kind == fault.Unauthenticated {
		names = unauthenticatedNames
	}
	if name, ok := names[f.Code]; ok {
		return name
	}
	return f.Code
}
