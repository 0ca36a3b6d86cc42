package op

import (
	"crypto/tls"
	"net/http"
	"slices"
	"strings"

	"claviger/audit"
	"claviger/internal/fault"
	"claviger/policy"
)

// mostOfMessage is how much CloudTrail keeps of an error's message, in bytes.
const mostOfMessage = 1024

// record is what an operation leaves that ends now.
func (c *Call) record(n *Info, err error) audit.Record {
	now := c.run.Now()
	r := audit.Record{
		Time: now, Source: n.Service.Source(), Name: n.Name, Region: c.Region, SourceIP: c.SourceIP,
		UserAgent: c.UserAgent, RequestID: c.RequestID, EventID: audit.NewEventID(now),
		Account: c.Caller.Account, ReadOnly: n.ReadOnly, Identity: identityOf(&c.Caller), TLS: c.tls,
	}
	if c.Via != "" {
		r.Identity.InvokedBy = c.Via + ".amazonaws.com"
		if c.counted || c.SourceIP == "" {
			// What a service asks for comes from it, and not from where its caller is. What a command
			// asks for says so itself.
			r.SourceIP, r.UserAgent = r.Identity.InvokedBy, r.Identity.InvokedBy
		}
	}
	mark(&r, n.Service, err)
	return r
}

// identityOf says who a caller is as CloudTrail does.
func identityOf(c *policy.Caller) audit.Identity {
	i := audit.Identity{Type: c.Type, PrincipalID: c.PrincipalID, ARN: c.ARN, AccountID: c.Account,
		AccessKeyID: c.AccessKeyID}
	if c.Type == policy.IAMUser {
		i.UserName = nameIn(c.ARN)
	}
	if c.Session == nil {
		return i
	}
	i.Session = audit.Session{Issued: c.Session.Issued, SourceIdentity: c.Session.SourceIdentity,
		Provider: c.Session.Provider}
	switch c.Type {
	case policy.AssumedRole:
		i.Session.Issuer = audit.Issuer{Type: "Role", PrincipalID: c.UniqueID, ARN: c.Role,
			AccountID: c.Account, UserName: nameIn(c.Role)}
	case policy.FederatedUser:
		i.Session.Issuer, i.Session.Federated = federator(c), true
	case policy.WebIdentityUser:
		i.UserName, i.Provider = c.Session.Subject, c.Session.Provider
	}
	return i
}

// federator is the user who asked for a federated user's session, or the root user.
func federator(c *policy.Caller) audit.Issuer {
	by := audit.Issuer{Type: policy.Root, PrincipalID: c.Account, ARN: c.Session.Issuer,
		AccountID: c.Account}
	if c.UniqueID != "" {
		by.Type, by.PrincipalID, by.UserName = policy.IAMUser, c.UniqueID, nameIn(c.Session.Issuer)
	}
	return by
}

// nameIn returns the name of a user or role in its ARN, without the path.
func nameIn(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// protection says how a request was protected on its way.
func protection(r *http.Request) audit.TLS {
	s := r.TLS
	if s == nil {
		return audit.TLS{}
	}
	t := audit.TLS{Version: versions[s.Version], CipherSuite: tls.CipherSuiteName(s.CipherSuite),
		Host: Clip(r.Host, ofClients)}
	if s.CurveID != 0 {
		t.KeyExchange = groups[s.CurveID]
	}
	return t
}

// versions are those of TLS as CloudTrail writes them.
var versions = map[uint16]string{tls.VersionTLS12: "TLSv1.2", tls.VersionTLS13: "TLSv1.3"}

// groups are the names of key exchanges that CloudTrail shows, which are those of IANA's registry
// of TLS Supported Groups.
var groups = map[tls.CurveID]string{
	tls.X25519MLKEM768:     "X25519MLKEM768",
	tls.SecP256r1MLKEM768:  "SecP256r1MLKEM768",
	tls.SecP384r1MLKEM1024: "SecP384r1MLKEM1024",
	tls.X25519:             "x25519",
	tls.CurveP256:          "secp256r1",
	tls.CurveP384:          "secp384r1",
	tls.CurveP521:          "secp521r1",
}

// mark writes the outcome as CloudTrail does. The text of an internal error is in no record.
func mark(r *audit.Record, s *Service, err error) {
	r.ErrorCode, r.ErrorMessage = "", ""
	f := fault.Of(err)
	if f == nil {
		return
	}
	r.Response = nil
	r.ErrorCode = s.RecordedCode(s.Code(f))
	if f.Kind != fault.Internal {
		r.ErrorMessage = Clip(f.Message, mostOfMessage)
	}
}

// RecordedCode returns what CloudTrail calls an error of the service, by its name on the wire. The
// service may be nil.
func (s *Service) RecordedCode(code string) string {
	switch {
	case code == "AccessDeniedException", s != nil && code == s.Own["AccessDeniedException"]:
		return "AccessDenied"
	case s != nil && slices.Contains(strings.Fields(s.Records.Errors), code):
		return code + "Exception"
	}
	return code
}
