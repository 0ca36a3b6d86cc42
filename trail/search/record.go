package search

import (
	"bytes"
	"encoding/hex"
	"time"
)

// record is what is looked at in a record of the trail. What it has is of the record's own bytes.
type record struct {
	account, region, id, name, source, address, errorCode []byte
	identity                                              identity
	at                                                    int64 // seconds since 1970
	readOnly                                              bool
	resources                                             []named
	subjects                                              [][]byte // as [subject] has them
	pairs                                                 [][]byte // as [Pair] has them
	room                                                  []byte   // that pairs are in

	wanted, told, added []byte // requestParameters, responseElements and additionalEventData
}

// named is a resource by its type and name.
type named struct{ kind, name []byte }

// identity is what is looked at in userIdentity.
type identity struct{ kind, principal, user, accessKey []byte }

// parse takes apart one line of the trail. What was in r is forgotten.
func (r *record) parse(line []byte) {
	*r = record{resources: r.resources[:0], subjects: r.subjects[:0], pairs: r.pairs[:0],
		room: r.room[:0]}
	s := scanner{b: line}
	for s.open('{'); s.more(); {
		switch string(s.key()) {
		case "userIdentity":
			r.identity.parse(&s)
		case "eventTime":
			r.at = seconds(s.text())
		case "eventSource":
			r.source = s.text()
		case "eventName":
			r.name = s.text()
		case "awsRegion":
			r.region = s.text()
		case "sourceIPAddress":
			r.address = s.text()
		case "errorCode":
			r.errorCode = s.text()
		case "eventID":
			r.id = s.text()
		case "readOnly":
			r.readOnly = s.peek() == 't'
			s.skip()
		case "recipientAccountId":
			r.account = s.text()
		case "resources":
			r.parseResources(&s)
		case "requestParameters":
			r.wanted = s.value()
		case "responseElements":
			r.told = s.value()
		case "additionalEventData":
			r.added = s.value()
		default:
			s.skip()
		}
	}
	r.parseParameters() // now that the source is known
	r.parseARNs(r.told)
	r.parseARNs(r.added)
}

func (i *identity) parse(s *scanner) {
	if !s.open('{') {
		return
	}
	for s.more() {
		switch string(s.key()) {
		case "type":
			i.kind = s.text()
		case "principalId":
			i.principal = s.text()
		case "userName":
			i.user = s.text()
		case "accessKeyId":
			i.accessKey = s.text()
		default:
			s.skip()
		}
	}
}

func (r *record) parseResources(s *scanner) {
	if !s.open('[') {
		return
	}
	for s.more() {
		var n named
		if !s.open('{') {
			continue
		}
		for s.more() {
			switch string(s.key()) {
			case "ARN":
				n.name = s.text()
			case "type":
				n.kind = s.text()
			default:
				s.skip()
			}
		}
		if len(n.name) > 0 {
			r.subjects = append(r.subjects, subject(n.name))
			r.resources = append(r.resources, n)
		}
	}
}

// kinds are the types of what requests name without an ARN among the record's resources, by the
// service and the member.
var kinds = map[string]map[string]string{
	"secretsmanager.amazonaws.com": {"secretId": "AWS::SecretsManager::Secret",
		"name": "AWS::SecretsManager::Secret"},
	"ssm.amazonaws.com": {"name": "AWS::SSM::Parameter"},
	"iam.amazonaws.com": {"userName": "AWS::IAM::User", "roleName": "AWS::IAM::Role",
		"groupName": "AWS::IAM::Group", "policyArn": "AWS::IAM::Policy",
		"accessKeyId": "AWS::IAM::AccessKey"},
}

const parameterType = "AWS::SSM::Parameter"

// parseParameters finds what a request names: resources, ARNs, and encryption contexts.
func (r *record) parseParameters() {
	for i := range r.resources {
		if n := &r.resources[i]; len(n.kind) == 0 && string(r.source) == "ssm.amazonaws.com" {
			n.kind = []byte(parameterType)
		}
	}
	s := scanner{b: r.wanted}
	if !s.open('{') {
		return
	}
	given := len(r.resources) > 0
	types := kinds[string(r.source)]
	for s.more() {
		key := s.key()
		switch {
		case s.peek() == '"':
			r.parameter(types[string(key)], s.text(), given)
		case s.peek() == '{' && isContext(key):
			r.parsePairs(&s)
		case s.peek() == '[' && string(key) == "names":
			for s.open('['); s.more(); {
				r.parameter(parameterType, s.text(), given)
			}
		default:
			s.skip()
		}
	}
}

// parseARNs finds what else a record says by an ARN: of what was made, what a service did by itself
// to a secret, and in resourceARNs what was asked for where CloudTrail's record has no resources.
func (r *record) parseARNs(object []byte) {
	s := scanner{b: object}
	if !s.open('{') {
		return
	}
	for s.more() {
		if string(s.key()) != "resourceARNs" || s.peek() != '[' {
			r.parameter("", s.text(), true)
			continue
		}
		for s.open('['); s.more(); {
			r.parameter("", s.text(), true)
		}
	}
}

// parameter takes a value of a request that may name something. A record that has resources of its
// own gets no more of them.
func (r *record) parameter(kind string, value []byte, given bool) {
	if len(value) == 0 || kind == "" && !bytes.HasPrefix(value, []byte("arn:")) {
		return
	}
	r.subjects = append(r.subjects, subject(value))
	if kind != "" && !given {
		r.resources = append(r.resources, named{kind: []byte(kind), name: value})
	}
}

// isContext reports whether a member is an encryption context: ReEncrypt has a source's and a
// destination's.
func isContext(key []byte) bool {
	const name = "encryptionContext"
	return len(key) >= len(name) && bytes.EqualFold(key[len(key)-len(name):], []byte(name))
}

func (r *record) parsePairs(s *scanner) {
	for s.open('{'); s.more(); {
		begin := len(r.room)
		r.room = append(append(r.room, s.key()...), 0)
		if s.peek() != '"' {
			s.skip()
			continue
		}
		r.room = append(r.room, s.text()...)
		r.pairs = append(r.pairs, r.room[begin:])
	}
}

// username is what CloudTrail's event history calls who asked: the user, root, or the name that
// the session was given. A service has none.
func (r *record) username() []byte {
	switch string(r.identity.kind) {
	case "Root":
		if len(r.identity.user) == 0 {
			return []byte("root")
		}
	case "AssumedRole", "FederatedUser":
		if _, session, ok := bytes.Cut(r.identity.principal, []byte(":")); ok {
			return session
		}
	}
	return r.identity.user
}

var truths = map[bool][]byte{false: []byte("false"), true: []byte("true")}

// values calls each for all that the record is found by.
func (r *record) values(each func(Attribute, []byte)) {
	for _, v := range [...]struct {
		a     Attribute
		value []byte
	}{{EventID, r.id}, {EventName, r.name}, {ReadOnly, truths[r.readOnly]}, {Username, r.username()},
		{EventSource, r.source}, {AccessKeyID, r.identity.accessKey}, {ErrorCode, r.errorCode},
		{SourceAddress, r.address}} {
		if len(v.value) > 0 {
			each(v.a, v.value)
		}
	}
	for _, n := range r.resources {
		each(ResourceName, n.name)
		if len(n.kind) > 0 {
			each(ResourceType, n.kind)
		}
	}
	for _, s := range r.subjects {
		each(Resource, s)
	}
	for _, p := range r.pairs {
		each(ContextPair, p)
	}
}

// seconds reads a time as records have it: 2026-03-01T08:30:00Z, with a fraction or without. What
// it can't read is 0.
func seconds(text []byte) int64 {
	if len(text) < 20 {
		return 0
	}
	number := func(from, to int) (n int) {
		for _, c := range text[from:to] {
			n = 10*n + int(c-'0')
		}
		return n
	}
	year, month, day := number(0, 4), number(5, 7), number(8, 10)
	// Days since 1970, of a year that begins in March (as the calendar did that leap years are of).
	if month <= 2 {
		year--
		month += 12
	}
	days := 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - 719468
	return int64(days)*86400 + int64(3600*number(11, 13)+60*number(14, 16)+number(17, 19))
}

// timeOf returns the time that a UUID of version 7 was made at, in milliseconds (RFC 9562, 5.7).
func timeOf(id []byte) (ms int64, ok bool) {
	if len(id) != 36 || id[8] != '-' || id[14] != '7' {
		return 0, false
	}
	var b [6]byte
	if _, err := hex.Decode(b[:4], id[:8]); err != nil {
		return 0, false
	}
	if _, err := hex.Decode(b[4:], id[9:13]); err != nil {
		return 0, false
	}
	for _, c := range b {
		ms = ms<<8 | int64(c)
	}
	return ms, true
}

// Event is a record of the trail as CloudTrail's event history shows it.
type Event struct {
	Number      int64 // in the trail
	ID          string
	Name        string
	Source      string
	Time        time.Time
	ReadOnly    bool
	Username    string // or nothing
	AccessKeyID string // or nothing
	ErrorCode   string // or nothing
	Account     string
	Region      string
	Resources   []ResourceOf
	Record      []byte // the record itself, as JSON
}

// ResourceOf is what an event was about.
type ResourceOf struct{ Type, Name string }

func (r *record) event(number int64, line []byte) Event {
	e := Event{Number: number, ID: string(r.id), Name: string(r.name), Source: string(r.source),
		Time: time.Unix(r.at, 0).UTC(), ReadOnly: r.readOnly, Username: string(r.username()),
		AccessKeyID: string(r.identity.accessKey), ErrorCode: string(r.errorCode),
		Account: string(r.account), Region: string(r.region), Record: bytes.Clone(line)}
	for _, n := range r.resources {
		e.Resources = append(e.Resources, ResourceOf{Type: string(n.kind), Name: string(n.name)})
	}
	return e
}
