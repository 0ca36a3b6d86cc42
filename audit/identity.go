package audit

import "time"

// Types of identities that are nobody's caller here, by CloudTrail's names.
const (
	awsAccount      = "AWSAccount"
	awsService      = "AWSService"
	webIdentityUser = "WebIdentityUser"
)

// Identity says who asked, as CloudTrail's userIdentity does ("CloudTrail userIdentity element" of
// its user guide). One without a type is a service that tells of what it did by itself: of it
// AccountID and InvokedBy alone are written.
type Identity struct {
	Type, PrincipalID, ARN, AccountID, AccessKeyID string
	UserName                                       string // of an IAM user or a web identity
	Provider                                       string // identityProvider of a web identity
	// the service that asked on the caller's behalf, e.g. secretsmanager.amazonaws.com
	InvokedBy string

	Session Session // of temporary credentials; zero: there is none
}

// Session is what temporary credentials are of, CloudTrail's sessionContext.
type Session struct {
	Issued         time.Time // zero: there is no session
	Issuer         Issuer
	Federated      bool   // an issuer of somebody outside: webIdFederationData is there, if empty
	SourceIdentity string // or nothing
	Provider       string // of a web identity, or nothing
}

// Issuer is whom a session acts as.
type Issuer struct{ Type, PrincipalID, ARN, AccountID, UserName string }

// InAnotherAccount is the identity as the account reads it that owns what was used: it learns whose
// account it was and the principal's id, and no name.
func (i *Identity) InAnotherAccount() Identity {
	return Identity{Type: awsAccount, PrincipalID: i.PrincipalID, AccountID: i.AccountID,
		InvokedBy: i.InvokedBy}
}

// append writes the members that CloudTrail has for the identity's type.
func (i *Identity) append(b []byte) []byte {
	switch i.Type {
	case "":
		b = append(b, `"accountId":`...)
		return member(quote(b, i.AccountID), "invokedBy", i.InvokedBy)
	case awsService:
		return member(append(b, `"type":"AWSService"`...), "invokedBy", i.InvokedBy)
	case webIdentityUser:
		b = member(append(b, `"type":"WebIdentityUser"`...), "principalId", i.PrincipalID)
		b = member(member(b, "userName", i.UserName), "identityProvider", i.Provider)
		return member(b, "invokedBy", i.InvokedBy)
	}
	b = append(b, `"type":`...)
	b = quote(b, i.Type)
	b = member(b, "principalId", i.PrincipalID)
	b = member(b, "arn", i.ARN)
	b = member(b, "accountId", i.AccountID)
	b = member(b, "accessKeyId", i.AccessKeyID)
	b = member(b, "userName", i.UserName)
	if !i.Session.Issued.IsZero() {
		b = i.Session.append(b)
	}
	return member(b, "invokedBy", i.InvokedBy)
}

// append writes a session as CloudTrail does. Nobody here has an MFA device.
func (s *Session) append(b []byte) []byte {
	b = append(b, `,"sessionContext":{`...)
	if s.Issuer.Type != "" {
		b = append(b, `"sessionIssuer":{"type":`...)
		b = quote(b, s.Issuer.Type)
		b = member(b, "principalId", s.Issuer.PrincipalID)
		b = member(b, "arn", s.Issuer.ARN)
		b = member(b, "accountId", s.Issuer.AccountID)
		b = member(b, "userName", s.Issuer.UserName)
		b = append(b, `},`...)
	}
	switch {
	case s.Provider != "":
		b = append(b, `"webIdFederationData":{"federatedProvider":`...)
		b = append(quote(b, s.Provider), `,"attributes":{}},`...)
	case s.Federated:
		b = append(b, `"webIdFederationData":{},`...)
	}
	b = append(b, `"attributes":{"creationDate":"`...)
	b = appendTime(b, s.Issued)
	b = append(b, `","mfaAuthenticated":"false"}`...)
	b = member(b, "sourceIdentity", s.SourceIdentity)
	return append(b, '}')
}
