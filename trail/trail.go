// Package trail is AWS CloudTrail, as far as it can be true of a service that records all that it
// does and can't be told not to: each account has the one trail that the configuration declares,
// and operations read what there is.
//
// What follows the trail behind the committer is below: search is the index by which events are
// found, export writes CloudTrail's files, copies sends the trail on, retention removes what is
// old.
package trail

import (
	"context"
	"regexp"
	"strings"
	"time"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/signedtoken"
	"claviger/policy"
	"claviger/trail/export"
	"claviger/trail/model"
	"claviger/trail/search"
)

// Exports tells of what was exported.
type Exports interface {
	// PublicKeys are what digests can be verified by: none before the first.
	PublicKeys() ([]SigningKey, error)
	// Newest returns when digests were signed last, or the zero time.
	Newest() (time.Time, error)
}

// Finder looks for events; *[search.Index] is one.
type Finder interface {
	Find(ctx context.Context, q search.Query, before int64, size int) (search.Page, error)
}

// SigningKey is a key that signs digests.
type SigningKey struct {
	Public      []byte // RSAPublicKey of PKCS #1 (RFC 8017 appendix A.1.1), in DER
	Fingerprint string // 32 hexadecimal digits; digests name the key by it
	Since       time.Time
}

// Trails performs the operations of CloudTrail. [New] makes it.
type Trails struct {
	declared *export.Trail
	exports  Exports
	events   Finder
	pages    domain.Pager
	rates    rates
}

// Config is what the operations are made of.
type Config struct {
	Trail   *export.Trail // of every account, whatever its Account says; nil: none is declared
	Exports Exports
	Events  Finder
	Tokens  *signedtoken.Maker // of pages
}

// New returns the operations of one installation.
func New(c Config) *Trails {
	return &Trails{declared: c.Trail, exports: c.Exports, events: c.Events,
		pages: domain.Pager{Tokens: c.Tokens, Invalid: badPage}}
}

// Jobs is the work that CloudTrail puts off, by kind: none.
func (s *Trails) Jobs() map[string]domain.Job { return nil }

// of returns the trail of an account, or nil.
func (s *Trails) of(account string) *export.Trail {
	if s.declared == nil {
		return nil
	}
	t := *s.declared
	t.Account = account
	return &t
}

// Sentences of CloudTrail's on names.
const (
	tooShort = "Trail name too short. Minimum allowed length: 3 characters. Specified name length: " +
		"%d characters."
	tooLong = "Trail name too long. Maximum allowed length: 128 characters. Specified name length: " +
		"%d characters."
	badCharacters = "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, " +
		"periods (.), hyphens (-), and underscores (_)."
	badStart = "Trail name must starts with a letter or number."
	badEnd   = "Trail name must ends with a letter or number."
	badPair  = "Trail name can't have two periods, hyphens, or underscores side by side."
)

const (
	alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	inName       = alphanumeric + "._-"
)

// adjacent is what no trail's name has, by the reference of CreateTrail.
var adjacent = regexp.MustCompile(`[._-]{2}`)

func invalidName(format string, args ...any) error {
	return fault.Newf(fault.Invalid, "InvalidTrailNameException", format, args...)
}

// checkName refuses what is no trail's name.
func checkName(name string) error {
	switch {
	case len(name) < 3:
		return invalidName(tooShort, len(name))
	case len(name) > 128:
		return invalidName(tooLong, len(name))
	case strings.Trim(name, inName) != "":
		return invalidName(badCharacters)
	case !strings.Contains(alphanumeric, name[:1]):
		return invalidName(badStart)
	case !strings.Contains(alphanumeric, name[len(name)-1:]):
		return invalidName(badEnd)
	case adjacent.MatchString(name):
		return invalidName(badPair)
	}
	return nil
}

// read returns the ARN of the trail that a name or an ARN means, and whose it is.
func (s *Trails) read(c *op.Call, text string) (arn domain.ARN, err error) {
	if !strings.HasPrefix(text, "arn:") {
		home := c.Region
		if s.declared != nil {
			home = s.declared.Home
		}
		return domain.ARN{Service: model.CloudTrail.Name, Region: home, Account: c.Caller.Account,
			Resource: "trail/" + text}, checkName(text)
	}
	arn, ok := domain.ParseARN(text)
	name, isTrail := strings.CutPrefix(arn.Resource, "trail/")
	if !ok || !isTrail || arn.Service != model.CloudTrail.Name || arn.Region == "" ||
		!domain.IsAccount(arn.Account) {
		return arn, fault.Newf(fault.Invalid, "CloudTrailARNInvalidException",
			"Invalid ARN: %s", text)
	}
	return arn, checkName(name)
}

// target is a trail that an operation is about, there or not.
type target struct {
	action, asked string
	arn           domain.ARN
	trail         *export.Trail // nil: it isn't there
	op.There
}

// Demands implements [op.Target].
func (t target) Demands() []policy.Demand {
	return []policy.Demand{domain.On(t.action, t.arn.String(), t.arn.Account)}
}

// Missing implements [op.Target].
func (t target) Missing() error {
	if t.trail != nil {
		return nil
	}
	return fault.Newf(fault.NotFound, "TrailNotFoundException", "Unknown trail: %s for the user: %s",
		t.asked, t.arn.Account)
}

// asking is an input that names one trail.
type asking interface {
	op.Input
	trail() string
}

// readTrail makes an operation that tells something of one trail.
func readTrail[I asking, O any](s *Trails, n op.Info,
	do func(*op.Call, *export.Trail) (O, error)) op.Operation {
	find := func(c *op.Call, in I) (target, error) {
		arn, err := s.read(c, in.trail())
		t := target{action: n.Service.Name + ":" + n.Name, asked: in.trail(), arn: arn}
		if own := s.of(arn.Account); err == nil && own != nil && own.ARN() == arn.String() {
			t.trail = own
		}
		return t, err
	}
	return op.Read(n, find, func(c *op.Call, _ I, t target) (O, error) { return do(c, t.trail) })
}
