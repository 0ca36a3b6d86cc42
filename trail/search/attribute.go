package search

import (
	"bytes"
	"time"
)

// Attribute is something that records are found by. Its number is a part of hashes, so that it is
// never another one's.
type Attribute uint8

// The first eight are AWS's. The values of all are compared as they stand, letter by letter.
const (
	EventID Attribute = iota + 1
	EventName
	ReadOnly // true or false
	Username
	ResourceType
	ResourceName
	EventSource
	AccessKeyID

	// Resource is a resource by its ARN or its name, wherever in the request it was named.
	Resource
	ErrorCode
	SourceAddress
	// ContextPair is a pair of an encryption context, as [Pair] makes it.
	ContextPair

	// anything is had by every record.
	anything Attribute = 0
)

// Pair is the value by which a pair of an encryption context is found.
func Pair(key, value string) string { return key + "\x00" + value }

// Condition is one thing that a record must have.
type Condition struct {
	Attribute Attribute
	Value     string
}

// Query is what a lookup is for: records of one account in one Region that have all of what is
// asked for.
type Query struct {
	Account, Region string

	// Wide has an empty Account or Region stand for all: for whoever has the database itself.
	Wide bool

	Where    []Condition
	From, To time.Time // of the event, to the second and both inclusive; zero: any
}

// plan is a query made ready.
type plan struct {
	Query
	seed     seed
	where    []Condition // what hashes are looked up for, in the form that records are compared in
	from, to int64       // seconds
	id       []byte      // of the one event that is asked for, if its id tells when it was made
	idAt     int64       // that time
}

// ever is later than any event.
const ever = 1 << 40

func (s seed) plan(q Query) plan {
	p := plan{Query: q, seed: s, to: ever}
	if !q.From.IsZero() {
		p.from = q.From.Unix()
		if q.From.Nanosecond() > 0 {
			p.from++
		}
	}
	if !q.To.IsZero() {
		p.to = q.To.Unix()
	}
	p.Where = nil
	for _, c := range q.Where {
		if c.Attribute == Resource {
			c.Value = string(subject([]byte(c.Value)))
		}
		p.Where = append(p.Where, c)
		if at, ok := timeOf([]byte(c.Value)); ok && c.Attribute == EventID {
			p.id, p.idAt = []byte(c.Value), at
			continue
		}
		p.where = append(p.where, c)
	}
	if len(p.where) == 0 {
		p.where = []Condition{{Attribute: anything}}
	}
	return p
}

// within reports whether records of an account in a Region are looked for.
func (p *plan) within(account, region string) bool {
	return (account == p.Account || p.Wide && p.Account == "") &&
		(region == p.Region || p.Wide && p.Region == "")
}

// cursor finds the records that the query is for, by the cursors of single hashes.
func (p *plan) cursor(scopes []scope, of func(hash uint64) cursor) cursor {
	var found either
	for _, s := range scopes {
		if !p.within(s.account, s.region) {
			continue
		}
		under := p.seed.scope([]byte(s.account), []byte(s.region))
		var terms all
		for _, c := range p.where {
			terms = append(terms, of(hashOf(under, c.Attribute, []byte(c.Value))))
		}
		found = append(found, terms)
	}
	return found
}

// matches compares a record with what was asked for, whatever the index said.
func (p *plan) matches(r *record) bool {
	if r.at < p.from || r.at > p.to || !p.within(string(r.account), string(r.region)) {
		return false
	}
	for _, c := range p.Where {
		found := false
		r.values(func(a Attribute, value []byte) {
			found = found || a == c.Attribute && string(value) == c.Value
		})
		if !found {
			return false
		}
	}
	return true
}

// subject is the form in which resources are compared: what Secrets Manager and Parameter Store
// take by name and by ARN is one thing. Any other ARN stays as it is. The six characters behind a
// secret's name are left out, because most requests leave them out.
func subject(name []byte) []byte {
	_, rest, isSecret := bytes.Cut(name, []byte(":secret:"))
	_, path, isParameter := bytes.Cut(name, []byte(":parameter/"))
	switch {
	case !bytes.HasPrefix(name, []byte("arn:")):
		return bytes.TrimPrefix(name, []byte("/"))
	case isSecret && bytes.HasPrefix(name, []byte("arn:aws:secretsmanager:")):
		if n := len(rest) - 7; n > 0 && rest[n] == '-' {
			rest = rest[:n]
		}
		return rest
	case isParameter && bytes.HasPrefix(name, []byte("arn:aws:ssm:")):
		return path
	}
	return name
}
