package policy

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"claviger/internal/fault"
)

// keyID tells apart the keys whose values come from the caller and the circumstances. Those of
// every other key come with the demand.
type keyID int

const (
	ofDemand keyID = iota
	principalARN
	principalAccount
	principalType
	principalTag
	principalIsService
	principalService
	userID
	userName
	federatedProvider
	sourceIdentity
	tokenIssueTime
	multiFactor
	sourceIP
	secureTransport
	currentTime
	epochTime
	requestedRegion
	userAgent
	viaService
	calledVia
	resourceAccount
	resourceTag
	kmsCallerAccount
	kmsViaService
	resourceAliases
)

// globalKeys are the keys of every request, in small letters ("AWS global condition context keys"
// of the IAM user guide). Those that end in a slash have the name of a tag behind it. Keys of
// organizations and of networks in AWS's cloud are in no request here, and so they are no keys.
var globalKeys = map[string]keyID{
	"aws:principalarn":            principalARN,
	"aws:principalaccount":        principalAccount,
	"aws:principaltype":           principalType,
	"aws:principaltag/":           principalTag,
	"aws:principalisawsservice":   principalIsService,
	"aws:principalservicename":    principalService,
	"aws:userid":                  userID,
	"aws:username":                userName,
	"aws:federatedprovider":       federatedProvider,
	"aws:sourceidentity":          sourceIdentity,
	"aws:tokenissuetime":          tokenIssueTime,
	"aws:multifactorauthpresent":  multiFactor,
	"aws:sourceip":                sourceIP,
	"aws:securetransport":         secureTransport,
	"aws:currenttime":             currentTime,
	"aws:epochtime":               epochTime,
	"aws:requestedregion":         requestedRegion,
	"aws:useragent":               userAgent,
	"aws:viaawsservice":           viaService,
	"aws:calledvia":               calledVia,
	"aws:calledviafirst":          calledVia,
	"aws:calledvialast":           calledVia,
	"aws:resourceaccount":         resourceAccount,
	"aws:resourcetag/":            resourceTag,
	"kms:resourcetag/":            resourceTag,
	"secretsmanager:resourcetag/": resourceTag,
	"ssm:resourcetag/":            resourceTag,
	"iam:resourcetag/":            resourceTag,
	"sns:resourcetag/":            resourceTag,
	"kms:calleraccount":           kmsCallerAccount,
	"kms:viaservice":              kmsViaService,
	"kms:resourcealiases":         resourceAliases,
}

// severalValues are the keys, in small letters, that may have more than one value and so are no
// policy variables, not even while they have one.
var severalValues = []string{"aws:tagkeys", "kms:encryptioncontextkeys", "kms:grantoperations",
	"kms:resourcealiases", "secretsmanager:addreplicaregions", "sts:transitivetagkeys"}

// key is the name of a condition key. Case makes no difference to it.
type key struct {
	id      keyID
	name    string // as it was written
	several bool
	tag     uint8 // where in the name of a tag's key that of the tag begins; 0: it is none
}

func compileKey(name string) key {
	folded := strings.ToLower(name)
	if id, ok := globalKeys[folded]; ok && !strings.HasSuffix(folded, "/") {
		return key{id: id, name: name, several: id == resourceAliases}
	}
	if slash := strings.IndexByte(folded, '/'); slash >= 0 {
		if id, ok := globalKeys[folded[:slash+1]]; ok {
			return key{id: id, name: name, tag: uint8(slash + 1)}
		}
	}
	return key{name: name, several: slices.Contains(severalValues, folded)}
}

// scope is what one demand says to conditions. What is costly to know is asked for once, and only
// if a condition turns on it. It belongs to one decision.
type scope struct {
	caller Caller // a copy, as a pointer to the request would send all of it to the heap
	facts  Facts
	demand *Demand

	values     Values
	hasValues  bool
	tags       map[string]string // of the resource
	hasTags    bool
	aliases    []string
	hasAliases bool
	err        error // of the first fact that could not be had
	effort     int   // see [scope.spend]

	ofResource bool // the policy that is looked at is the resource's

	simulated Values // all that conditions see of a request that nobody made; nil: it is a true one

	// An address stands in many conditions of one request and is read once.
	addressText string
	addressRead netip.Addr

	single [1]string // of values, so that one value costs no allocation
}

func newScope(r *Request, d *Demand) scope {
	return scope{caller: r.Caller, facts: r.Facts, demand: d}
}

// address reads an address; one of IPv4 in the form of IPv6 is one of IPv4. The zero Addr stands
// for what is none.
func (r *scope) address(s string) netip.Addr {
	if s != r.addressText {
		a, _ := netip.ParseAddr(s)
		r.addressText, r.addressRead = s, a.Unmap()
	}
	return r.addressRead
}

// fail notes why a fact could not be had. What is had afterwards makes nothing good.
func (r *scope) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// mostEffort is how many characters one decision may compare in vain. Documents of usual patterns
// come to some thousands. Without a bound one pattern of 64 KiB takes seconds.
const mostEffort = 1 << 24

// ErrEffort is the end of a decision whose patterns take too long to compare: it allows nothing.
var ErrEffort = fault.New(fault.Denied, "AccessDeniedException",
	"The patterns in the policies that decide on this take too long to compare.")

// spend reports whether a pattern may be tried at one more place, after so many characters that it
// fit at the last one.
func (r *scope) spend(compared int) bool {
	if r.effort += compared + 1; r.effort > mostEffort {
		r.fail(ErrEffort)
		return false
	}
	return true
}

// lookup returns the values of a key. A key may be there with no value.
func (r *scope) lookup(k *key) (values []string, present bool) {
	switch {
	case r.simulated != nil:
		return folded(r.simulated, k.name)
	case k.id == ofDemand:
		return r.ofDemand(k.name)
	case k.id == resourceAliases:
		return r.resourceAliases()
	}
	value, ok := r.text(k)
	if !ok {
		return nil, false
	}
	r.single[0] = value
	return r.single[:], true
}

// one returns the value of a key that has just one; keys with several are no variables.
func (r *scope) one(k *key) (string, bool) {
	switch {
	case k.several:
		return "", false
	case k.id != ofDemand && r.simulated == nil:
		return r.text(k)
	}
	values, _ := r.lookup(k)
	if len(values) != 1 {
		return "", false
	}
	return values[0], true
}

// ofDemand looks among the values that came with the demand.
func (r *scope) ofDemand(name string) ([]string, bool) { return folded(r.brought(), name) }

// brought returns the values that came with the demand, which are asked for once.
func (r *scope) brought() Values {
	if !r.hasValues {
		r.hasValues = true
		if r.demand.Values != nil {
			r.values = r.demand.Values()
		}
	}
	return r.values
}

// text returns the value of a key of the caller or of the circumstances.
func (r *scope) text(k *key) (string, bool) {
	c, f := &r.caller, &r.facts
	service := c.Type == Service
	switch k.id {
	case principalARN:
		arn := c.issuer()
		return arn, arn != ""
	case principalAccount:
		return c.Account, c.Account != "" && c.Type != WebIdentityUser // it is the role's
	case kmsCallerAccount:
		return c.Account, r.ofKey()
	case kmsViaService:
		return r.viaService()
	case principalType:
		value, ok := principalTypes[c.Type]
		return value, ok
	case principalTag:
		return c.tag(k.name[k.tag:])
	case principalIsService:
		return strconv.FormatBool(service), true
	case principalService:
		return c.PrincipalID, service
	case userID:
		return c.PrincipalID, true
	case userName:
		return c.userName()
	case currentTime:
		return f.Time.UTC().Format(time.RFC3339), true
	case epochTime:
		return strconv.FormatInt(f.Time.Unix(), 10), true
	case resourceAccount:
		return r.owner(), true
	case resourceTag:
		return r.resourceTag(k.name[k.tag:])
	case federatedProvider, sourceIdentity, tokenIssueTime, multiFactor:
		return c.Session.text(k.id)
	}
	return f.text(k.id)
}

// ofKey reports whether the demand is about a KMS key.
func (r *scope) ofKey() bool {
	return strings.HasPrefix(r.demand.Action, "kms:") && r.demand.Resource.ARN != "*"
}

// viaService is kms:ViaService.
func (r *scope) viaService() (string, bool) {
	f := &r.facts
	if f.Via == "" || !r.ofKey() {
		return "", false
	}
	return f.Via + "." + f.Region + ".amazonaws.com", true
}

// owner is the account of the resource.
func (r *scope) owner() string {
	if account := r.demand.Resource.Account; account != "" {
		return account
	}
	return r.caller.Account
}

// resourceTag fetches the tags of the resource. If they can't be had the decision is none.
func (r *scope) resourceTag(name string) (string, bool) {
	if !r.hasTags {
		r.hasTags = true
		if tags := r.demand.Resource.Tags; tags != nil {
			var err error
			r.tags, err = tags()
			r.fail(err)
		}
	}
	return folded(r.tags, name)
}

// resourceAliases fetches the names of the key. They are "only honoured in IAM policies": the key's
// own can't turn on its names. If they can't be had the decision is none.
func (r *scope) resourceAliases() ([]string, bool) {
	if r.ofResource {
		return nil, false
	}
	if !r.hasAliases {
		r.hasAliases = true
		if aliases := r.demand.Resource.Aliases; aliases != nil {
			var err error
			r.aliases, err = aliases()
			r.fail(err)
		}
	}
	return r.aliases, r.aliases != nil
}

// folded finds a name whose case makes no difference. Where several differ in case alone the one
// that is written the same counts, and otherwise the first in order: any rule would do but chance.
func folded[V any](values map[string]V, name string) (value V, ok bool) {
	if value, ok = values[name]; ok {
		return value, true
	}
	found := ""
	for k, v := range values {
		if strings.EqualFold(k, name) && (!ok || k < found) {
			found, value, ok = k, v, true
		}
	}
	return value, ok
}

// text returns the value of a key of the circumstances.
func (f *Facts) text(id keyID) (string, bool) {
	switch id {
	case sourceIP:
		return f.SourceIP, f.SourceIP != ""
	case secureTransport:
		return strconv.FormatBool(f.TLS), true
	case requestedRegion:
		return f.Region, f.Region != ""
	case userAgent:
		return f.UserAgent, f.UserAgent != ""
	case viaService:
		return strconv.FormatBool(f.Via != ""), true
	case calledVia:
		return f.Via + ".amazonaws.com", f.Via != ""
	}
	return "", false
}

// text returns the value of a key of temporary credentials. Others have none of these.
func (s *Session) text(id keyID) (string, bool) {
	if s == nil {
		return "", false
	}
	switch id {
	case federatedProvider:
		return s.Provider, s.Provider != ""
	case sourceIdentity:
		return s.SourceIdentity, s.SourceIdentity != ""
	case tokenIssueTime:
		return s.Issued.UTC().Format(time.RFC3339), !s.Issued.IsZero()
	}
	return strconv.FormatBool(s.MFA), !s.Issued.IsZero()
}
