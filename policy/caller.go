package policy

import (
	"strings"
	"time"
)

// The types of principal, in CloudTrail's userIdentity vocabulary.
const (
	Root          = "Root"
	IAMUser       = "IAMUser"
	AssumedRole   = "AssumedRole"
	FederatedUser = "FederatedUser"
	Service       = "AWSService"
	// whom an identity provider knows, until it has a session
	WebIdentityUser = "WebIdentityUser"
	// who has not signed, and was let in by what the request holds
	Anonymous = "AWSAccount"
)

// Caller is a verified principal: who asks, not what it may do.
type Caller struct {
	// Root, IAMUser, AssumedRole, FederatedUser, Service, WebIdentityUser or Anonymous
	Type        string
	Account     string // 12 digits
	ARN         string // arn:aws:iam::ACCOUNT:root, of a session, ...; empty: it has none
	Role        string // ARN of the role that a session acts as, with its path
	UniqueID    string // of a user or role: AIDA... or AROA...; a name made again has another
	PrincipalID string // aws:userid: the unique id, of a session with its name behind it
	AccessKeyID string // the key that signed; empty for a service

	Policies []*Document       // identity policies, those of its groups included
	Tags     map[string]string // of the principal: aws:PrincipalTag
	Boundary *Document         // its permissions boundary; nil: none
	Session  *Session          // nil for long-term credentials
}

// Session is what temporary credentials carry beside the principal that they act as
// ("Temporary security credentials in IAM" of the IAM user guide).
type Session struct {
	Issued         time.Time         // aws:TokenIssueTime; zero: it is still to begin
	Policies       []*Document       // session policies; none: the principal's rights undiminished
	SourceIdentity string            // aws:SourceIdentity, or nothing
	Issuer         string            // ARN of the user whose federated user it is, or nothing
	Subject        string            // of a web identity: who the provider says it is
	Provider       string            // aws:FederatedProvider, or nothing
	MFA            bool              // aws:MultiFactorAuthPresent
	Tags           map[string]string // session tags, which win over the principal's
	Transitive     []string          // keys of Tags that go on to the sessions that it starts
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

// issuer is aws:PrincipalArn: of a role's session the role.
func (c *Caller) issuer() string {
	if c.Role != "" {
		return c.Role
	}
	return c.ARN
}

// tag returns the value of aws:PrincipalTag. A session's tag wins over the principal's.
func (c *Caller) tag(name string) (string, bool) {
	if c.Session != nil {
		if v, ok := folded(c.Session.Tags, name); ok {
			return v, true
		}
	}
	return folded(c.Tags, name)
}

// userName is aws:username, which users have and their sessions: the name without its path.
func (c *Caller) userName() (string, bool) {
	return c.ARN[strings.LastIndexByte(c.ARN, '/')+1:], c.Type == IAMUser
}

// principalTypes is aws:PrincipalType.
var principalTypes = map[string]string{Root: "Account", IAMUser: "User",
	AssumedRole: "AssumedRole", FederatedUser: "FederatedUser", Service: "AWSService"}
