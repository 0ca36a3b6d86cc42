// Package entity keeps what IAM knows: accounts, users, groups, roles, managed policies and
// identity providers, each as one signed row with everything that belongs to it. A policy can't be
// detached, or a membership put back, without the whole row of its entity, which is verified before
// it is believed.
//
// [Directory] makes callers of them. What was committed counts from the next request on: rows are
// cached until they change, and what is made of several rows until any row does.
package entity

import (
	"crypto/rand"
	"encoding/base32"
	"slices"
	"strings"
	"time"

	"claviger/policy"
)

// Head is what every entity has.
type Head struct {
	Account string // 12 digits
	ID      string // AIDA..., AGPA..., AROA..., ANPA...: no other entity ever gets it
	Name    string // unique among its kind in the account, whatever its case
	Path    string // begins and ends with a slash
	Created time.Time
	Rev     int64 // 1 when it was made
}

// The prefixes of unique ids, by kind ("IAM identifiers" of the IAM user guide).
const (
	ofUser   = "AIDA"
	ofGroup  = "AGPA"
	ofRole   = "AROA"
	ofPolicy = "ANPA"
)

// newHead returns the head of an entity that is about to be made.
func newHead(prefix, account, name, path string, now time.Time) Head {
	var b [10]byte
	rand.Read(b[:])
	return Head{Account: account, ID: prefix + base32.StdEncoding.EncodeToString(b[:]) + "A",
		Name: name, Path: path, Created: now, Rev: 1}
}

// arn returns the ARN of an entity of a kind: user, group, role or policy.
func (h *Head) arn(kind string) string {
	return "arn:aws:iam::" + h.Account + ":" + kind + h.Path + h.Name
}

// Permissions are the policies of a user, a group or a role.
type Permissions struct {
	Attached []string // ARNs of managed policies, in the order in which they were attached
	Inline   []Inline // in order of name

	compiled []*policy.Document // of Inline
}

// Inline is a policy that belongs to one entity alone.
type Inline struct{ Name, Document string }

// Has reports whether a managed policy is attached.
func (p *Permissions) Has(arn string) bool { return slices.Contains(p.Attached, arn) }

// Attach adds a managed policy. One that is attached stays as it is.
func (p *Permissions) Attach(arn string) {
	if !p.Has(arn) {
		p.Attached = append(slices.Clone(p.Attached), arn)
	}
}

// Detach takes a managed policy away, and reports whether it was there.
func (p *Permissions) Detach(arn string) bool {
	at := slices.Index(p.Attached, arn)
	if at < 0 {
		return false
	}
	p.Attached = slices.Delete(slices.Clone(p.Attached), at, at+1)
	return true
}

// Find returns the inline policy of a name, or nil. Names differ by their case.
func (p *Permissions) Find(name string) *Inline {
	at, ok := p.search(name)
	if !ok {
		return nil
	}
	return &p.Inline[at]
}

// Put adds an inline policy or writes over that of its name.
func (p *Permissions) Put(name, document string) {
	at, ok := p.search(name)
	p.Inline = slices.Clone(p.Inline)
	if !ok {
		p.Inline = slices.Insert(p.Inline, at, Inline{Name: name})
	}
	p.Inline[at].Document = document
}

// Remove deletes an inline policy, and reports whether it was there.
func (p *Permissions) Remove(name string) bool {
	at, ok := p.search(name)
	if ok {
		p.Inline = slices.Delete(slices.Clone(p.Inline), at, at+1)
	}
	return ok
}

func (p *Permissions) search(name string) (int, bool) {
	return slices.BinarySearchFunc(p.Inline, name, func(i Inline, name string) int {
		return strings.Compare(i.Name, name)
	})
}

// compile reads the inline policies, once for each reading of the row.
func (p *Permissions) compile() {
	p.compiled = nil
	for _, i := range p.Inline {
		p.compiled = append(p.compiled, compiled(i.Document))
	}
}

// overhead is about what a row takes beside what callers made long, in bytes.
const overhead = 1024

// weight is about how many bytes the policies take, texts and compiled.
func (p *Permissions) weight() int {
	n := weigh(p.compiled)
	for i := range p.Inline {
		n += len(p.Inline[i].Document)
	}
	return n
}

func weigh(documents []*policy.Document) (n int) {
	for _, d := range documents {
		n += d.Weight()
	}
	return n
}

// weighTags is about how many bytes tags take.
func weighTags(tags []Tag) (n int) {
	const strings = 32 // bytes of two
	for _, t := range tags {
		n += strings + len(t.Key) + len(t.Value)
	}
	return n
}

// compiled reads a stored document. One that can't be read may have held a Deny: it denies
// everything.
func compiled(text string) *policy.Document {
	d, err := policy.ParseStored(text)
	if err != nil {
		return policy.Closed
	}
	return d
}

// links are what the entity's row says of others.
func (p *Permissions) links(kind string) (out []link) {
	for _, arn := range p.Attached {
		out = append(out, link{arn, kind})
	}
	return out
}

// Tag is a tag of an entity.
type Tag struct {
	Key   string `shape:"tagKeyType,required"`
	Value string `shape:"tagValueType,required"`
}

// Pair implements [domain.Tag].
func (t Tag) Pair() (key, value string) { return t.Key, t.Value }
