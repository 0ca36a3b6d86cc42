// Package parameter is what a parameter of Parameter Store is: its name, its facts, its versions,
// and the rules by which labels move. It has no clock, no database and no key.
package parameter

import (
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/parameters/policies"
	"claviger/policy"
)

// Service is the service's name in ARNs and IAM actions, and how KMS knows who asks.
const Service = "ssm"

// ManagedAlias names the AWS managed key, which a SecureString has if nobody names another.
const ManagedAlias = "alias/aws/ssm"

// The types of a parameter, by AWS's names.
const (
	String       = "String"
	StringList   = "StringList"
	SecureString = "SecureString"
)

// The data types, by AWS's names.
const (
	Text        = "text"
	Image       = "aws:ec2:image"
	Integration = "aws:ssm:integration"
)

// Parameter is one parameter as its row says. It is never changed: a change makes a copy with the
// next revision.
type Parameter struct {
	Ref
	ID      string // tells parameters apart that had the name one after the other
	Rev     int64
	Parent  string // the path that it is directly below
	Bare    bool   // it was made by a name without a slash before it, and is shown so
	Tags    []Tag  // in order of key
	Labels  Labels
	Oldest  int64 // the oldest version that there is; between it and Version none lacks
	Created time.Time
	Sharing Sharing
	Rules   *policy.Rules // compiled from Sharing's policy; nil: there is none
	Facts                 // of the newest version
}

// Facts are what is said of a version when it is made, its value left out. What a caller leaves
// out stays as the version before had it.
type Facts struct {
	Version        int64
	Type           string
	Tier           string // Standard or Advanced
	KeyID          string // the KMS key as the caller named it; empty but for a SecureString
	Description    string
	AllowedPattern string
	DataType       string
	Policies       policies.Set
	Modified       time.Time
	User           string // the ARN of who made it
}

// Version is one version of a parameter with its value. It never changes.
type Version struct {
	Ref
	ID string // of the parameter
	Facts
	Value  Value
	Digest []byte // SHA-256 of the value as it rests
}

// Value is a value as it rests: as it is, or sealed for a SecureString.
type Value struct {
	Rests  []byte
	KeyARN string // of the KMS key that sealed it; empty: it isn't sealed
	Epoch  int64  // of the data key under it; 0: KMS encrypted it
}

// Ref is a parameter's place in table and cache. The name begins with a slash always: AWS takes x
// and /x for one parameter.
type Ref struct{ Account, Region, Name string }

// ARN returns the parameter's Amazon Resource Name, which has one slash before the name.
func (r Ref) ARN() string {
	return domain.ARN{Service: Service, Region: r.Region, Account: r.Account,
		Resource: resource + r.Name}.String()
}

const resource = "parameter"

// Shown is the name as it was given when the parameter was made.
func (p *Parameter) Shown() string {
	if p.Bare {
		return p.Name[1:]
	}
	return p.Name
}

// Next returns a copy of p with the next revision, for change to alter.
func (p *Parameter) Next(change func(*Parameter)) *Parameter {
	next := *p
	next.Rev++
	change(&next)
	return &next
}

// Full reports whether there are as many versions as AWS keeps.
func (p *Parameter) Full() bool { return p.Version-p.Oldest+1 >= mostVersions }

// mostVersions is how many versions a parameter has at most: the next one takes the place of the
// oldest.
const mostVersions = 100

// Now is the time of a request as rows and answers keep it, to the millisecond. AWS JSON tells no
// more, and an answer must not differ from what is read later.
func Now(c *op.Call) time.Time { return c.Time.UTC().Truncate(time.Millisecond) }

// EncryptionContext binds a value to its parameter. Its member is the one that AWS documents ("AWS
// KMS encryption for AWS Systems Manager Parameter Store SecureString parameters").
func (r Ref) EncryptionContext() map[string]string {
	return map[string]string{"PARAMETER_ARN": r.ARN()}
}
