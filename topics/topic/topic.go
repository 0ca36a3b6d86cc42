// Package topic is what a topic and a subscription are, and the rules that hold for them: no clock,
// no database, no device.
package topic

import (
	"maps"
	"regexp"
	"strings"
	"time"

	"claviger/internal/domain"
	"claviger/policy"
	"claviger/topics/snsfault"
)

// Service is SNS's name in ARNs, actions and signatures.
const Service = "sns"

// Ref is where a topic is.
type Ref struct{ Account, Region, Name string }

// ARN returns the topic's ARN.
func (r Ref) ARN() string {
	return domain.ARN{Service: Service, Region: r.Region, Account: r.Account,
		Resource: r.Name}.String()
}

// Topic is a topic as its row says it. What is stored is never changed: a change makes a copy.
type Topic struct {
	Ref
	ID         string // new for every topic of the same name
	Rev        int64
	Attributes map[string]string // those that were set, but for the policy
	Policy     string            // as it is stored, with unique ids; empty: the default one
	Tags       []Tag             // in order of key
	Created    time.Time

	Rules *policy.Rules // of its policy; set where it was read
}

// Next returns a copy with the next revision, which change may alter.
func (t *Topic) Next(change func(*Topic)) *Topic {
	next := *t
	next.Attributes = maps.Clone(t.Attributes)
	next.Rev++
	change(&next)
	return &next
}

// Set returns the topic with an attribute. An empty value takes it away.
func (t *Topic) Set(name, value string) *Topic {
	return t.Next(func(n *Topic) {
		if value == "" {
			delete(n.Attributes, name)
			return
		}
		if n.Attributes == nil {
			n.Attributes = map[string]string{}
		}
		n.Attributes[name] = value
	})
}

// Key returns the KMS key that messages rest under, or nothing.
func (t *Topic) Key() string { return t.Attributes[KeyAttribute] }

// SignatureVersion is how messages of the topic are signed: 1 or 2.
func (t *Topic) SignatureVersion() string {
	if t.Attributes[SignatureAttribute] == "2" {
		return "2"
	}
	return "1"
}

// nameForm is what a topic may be called. Those of FIFO topics end in .fifo, and aren't here.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// CheckName holds the name of a new topic to AWS's rules.
func CheckName(name string) error {
	if base, fifo := strings.CutSuffix(name, ".fifo"); fifo && nameForm.MatchString(base) {
		return errFIFO
	}
	if !nameForm.MatchString(name) {
		return snsfault.Invalid("Topic Name")
	}
	return nil
}

var errFIFO = snsfault.Invalid("Topic Name Reason: FIFO topics are not supported by this service")

// Tag is a tag of a topic. Its key has 1 to 128 characters, its value up to 256.
type Tag struct {
	Key   string `shape:"TagKey,required"`
	Value string `shape:"TagValue,required"`
}

// Pair implements [domain.Tag].
func (t Tag) Pair() (key, value string) { return t.Key, t.Value }

// TagRules are what holds for tags of topics.
var TagRules = domain.TagRules{
	Most:     50,
	NoKey:    snsfault.Invalid("Tags"),
	Reserved: snsfault.Invalid("Tags Reason: tag keys that begin with aws: are reserved"),
	Invalid:  snsfault.Invalid("Tags Reason: a tag has characters that no tag may have"),
	Duplicate: func(string) error {
		return snsfault.Invalid("Duplicated keys are not allowed.")
	},
	TooMany: snsfault.TooManyTags,
}
