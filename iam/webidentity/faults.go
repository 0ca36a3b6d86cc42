package webidentity

import "claviger/internal/fault"

// The sentences are AWS's, blanks included: tools look for them.
var (
	errNotJWT = invalid("The ID Token provided is not a valid JWT. (You may see this error if " +
		"you sent an Access Token)")
	errAudience = invalid("Incorrect token audience")
	errNoKey    = invalid("Couldn't retrieve verification key from your identity provider,  please " +
		"reference AssumeRoleWithWebIdentity documentation for requirements")
	errNotValidated = invalid("The web identity token provided could not be validated. See the " +
		"AssumeRoleWithWebIdentity documentation for requirements.")

	errUnreachable = fault.New(fault.Unavailable, "IDPCommunicationError",
		"The identity provider could not be reached. Try again later.")
)

func invalid(message string) *fault.Error {
	return fault.New(fault.Invalid, "InvalidIdentityToken", message)
}

// missing is what is said of a claim that every token has.
func missing(claim string) error { return invalid("Missing a required claim: " + claim) }

// NoProvider is what is said where the role's account declares no provider for the token's issuer.
func (t *Token) NoProvider() error { return noProvider(t.Issuer) }

func noProvider(issuer string) *fault.Error {
	return invalid("No OpenIDConnect provider found in your account for " + issuer)
}

// expired is what is said of a token that held once.
func expired(format string, args ...any) error {
	return fault.Newf(fault.Invalid, "ExpiredTokenException", format, args...)
}
