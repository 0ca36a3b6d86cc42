package policy

import "time"

// The types of principal, in CloudTrail's userIdentity vocabulary.
const (
	Root    = "Root"
	IAMUser = "IAMUser"
	Service = "AWSService"
)

// Caller is a verified principal: who asks, not what it may do.
type Caller struct {
	Type        string // Root, IAMUser or Service
	Account     string // 12 digits
	ARN         string // arn:aws:iam::ACCOUNT:root and so on; a service has none
	PrincipalID string // unique id of the principal; the account's own number for its root
	AccessKeyID string // the key that signed; empty for a service

	Tags     map[string]string // of the principal: aws:PrincipalTag
	Boundary *Document         // its permissions boundary; nil: none
	Session  *Session          // nil for long-term credentials
}

// Session is what temporary credentials carry beside the principal that they act as
// ("Temporary security credentials in IAM" of the IAM user guide).
type Session struct {
	Issued         time.Time         // aws:TokenIssueTime
	Policies       []*Document       // session policies; none: the principal's rights undiminished
	SourceIdentity string            // aws:SourceIdentity, or nothing
	Provider       string            // aws:FederatedProvider, or nothing
	MFA            bool              // aws:MultiFactorAuthPresent
	Tags           map[string]string // session tags, which win over the principal's
}

// Facts are the circumstances of a request, the same for all that it demands.
type Facts struct {
	Time      time.Time // aws:CurrentTime
	SourceIP  string    // aws:SourceIp; empty for the service's own work
	TLS       bool      // aws:SecureTransport
	UserAgent string    // aws:UserAgent
	Region    string    // aws:RequestedRegion
	Via       string    // the service that asks on the caller's behalf, e.g. secretsmanager
}

// AsService is the service's own principal within an account, used for work that a caller has set
// going earlier.
func AsService(account, service string) Caller {
	return Caller{Type: Service, Account: account, PrincipalID: service + ".amazonaws.com"}
}

// Name is what the caller is called where others give it rights, and when it is refused: its ARN,
// or a service's name.
func (c *Caller) Name() string {
	if c.ARN == "" {
		return c.PrincipalID
	}
	return c.ARN
}
