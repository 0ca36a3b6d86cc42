package sigv4

import (
	"net/http"
	"time"
)

// Algorithm is the one signing algorithm that is verified.
const Algorithm = "AWS4-HMAC-SHA256"

// DefaultWindow is how far a request's time may be from ours where [Rules] don't say.
const DefaultWindow = 5 * time.Minute

// Limits on what an unknown caller can make us read. The SDKs sign about ten headers and write a
// header of 300 bytes.
const (
	maxAuthorization = 8 << 10  // bytes of the Authorization header
	maxSignedHeaders = 64       // names in SignedHeaders
	maxQuery         = 32 << 10 // bytes of the query string
	maxParameters    = 512      // parameters in the query string
)

// Rules say what a request must be signed for.
type Rules struct {
	Service string        // signing name of the service asked, such as "kms"
	Regions []string      // Regions that are served
	Window  time.Duration // allowed difference of clocks, each way; zero means DefaultWindow

	// PathIgnored is set for protocols that read nothing from the path (AWS JSON and query). The
	// path may then also be signed normalised: without "." and ".." segments and repeated slashes.
	PathIgnored bool

	// ExpiresIgnored gives a presigned request the life of any other, whatever X-Amz-Expires says.
	ExpiresIgnored bool

	// UnsignedPayload lets a presigned request leave its body out of the signature.
	UnsignedPayload bool
}

// Credential is the scope of a signature: whose key, and what the signing key was derived for.
type Credential struct {
	AccessKeyID string
	Date        string // YYYYMMDD, UTC
	Region      string
	Service     string // signing name
}

// Presented is a signature that was found on a request and is well formed, in time and in scope. It
// proves nothing until [Presented.Verify] has returned nil.
type Presented struct {
	Credential   Credential
	Time         time.Time // when the request was signed, to the second
	Presigned    bool      // the signature is in the query, not in the header
	SessionToken string    // empty for a long-term access key

	stamp         string // Time as it is signed
	signedHeaders string // names joined by ";", as sent
	signature     string // hexadecimal, as sent
	payload       string // claimed hash of the body; empty if none is claimed
	rules         Rules
}

// Parse finds the signature on r and checks all of it that needs no secret. now is the time of the
// request's arrival.
//
// Checks run in the order of AWS's JSON services: presence, form, date, expiry, host, algorithm,
// credential, scope. The first that fails is the error: a fault.Error of kind Unauthenticated with
// AWS's code and text.
func Parse(r *http.Request, now time.Time, rules Rules) (*Presented, error) {
	// No window at all would refuse everyone whose clock isn't exactly ours.
	if rules.Window == 0 {
		rules.Window = DefaultWindow
	}
	c, err := find(r)
	if err != nil {
		return nil, err
	}
	at, stamp, err := c.time()
	if err != nil {
		return nil, err
	}
	if err := c.inTime(at, now, rules); err != nil {
		return nil, err
	}
	if !names(c.signedHeaders, "host") {
		return nil, errHostUnsigned
	}
	if c.algorithm != Algorithm {
		return nil, incomplete("Unsupported AWS 'algorithm': '%s' (only AWS4-HMAC-SHA256 for now). ",
			echo(c.algorithm))
	}
	cred, err := c.scope(rules, stamp)
	if err != nil {
		return nil, err
	}
	return &Presented{
		Credential: cred, Time: at, Presigned: c.presigned, SessionToken: c.token,
		stamp: stamp, signedHeaders: c.signedHeaders, signature: c.signature,
		payload: c.payload, rules: rules,
	}, nil
}
