// Package op is the spine: what an operation is, and the one road that every operation runs on.
//
// # An operation is data plus one typed function
//
// The package that performs an operation makes it with [Read] or [Write]; there is no other maker,
// and package api mounts nothing but Operations. So nothing can be reached that has not been
// authenticated, validated, authorized and recorded.
//
// # The road
//
// authenticate the raw bytes → decode → validate → find → authorize → absence → ready → dry run →
// condition → turn → do → commit the change with all its records → answer. Find answers a [Target]
// even for a thing that is not there, so that authorization has something to decide on and absence
// is shown only to those allowed to know. The condition is whether the caller has the answer
// already ([Condition]): then it may wait for another, and the road starts again at find, with the
// caller and the time of that moment. A Write waits for its turn while others change the same
// ([Changer]), and starts again at find, too.
//
// # Plan, then commit
//
// A Read returns its output. A Write does its slow work on the token first and returns a [Commit],
// which makes the output inside the store's transaction. Every outcome leaves a record, and a
// record that can't be stored means that there is no answer.
package op

import (
	"cmp"
	"errors"
	"reflect"
	"slices"

	"claviger/internal/fault"
	"claviger/internal/shape"
	"claviger/policy"
	"claviger/store"
)

// Service is one of AWS's services: its names on the wire and the shapes of its members.
type Service struct {
	// kms: the signing name, the prefix of IAM actions and the first part of the event source
	Name     string
	Title    string            // AWS Key Management Service, for people
	Version  string            // of the API, e.g. 2014-11-01
	Target   string            // the prefix of X-Amz-Target: TrentService; empty: no AWS JSON
	JSON     string            // the version of AWS JSON; empty: 1.1
	XML      string            // the namespace of answers in AWS query; empty: it speaks no AWS query
	Message  string            // how error bodies spell their message member: "message" or "Message"
	Spelled  map[string]string // errors that spell it otherwise: how, by AWS's name
	Internal string            // AWS's name of the service's own failure, e.g. KMSInternalException
	// AWS's name of "the key can't be used just now", e.g. KeyUnavailableException
	Down string
	// AWS's name of "it timed out", which leaves open whether it was done; empty: Internal
	Uncertain string
	NoStore   bool        // answers forbid caching, as KMS's do
	Object    bool        // in AWS JSON an operation that answers nothing answers an empty object
	Shapes    shape.Table // constraints by AWS shape name
	Words     shape.Words // of sentences about broken constraints
	Members   shape.Sentences
	Failures  Failures // its errors
	Answers   Answers  // which of them each operation may answer
	Refused   Refused
	Records   Records // how CloudTrail writes them down
	// AWS's answer to who lost every race for what it changes, of the operations whose Answers have
	// it. The others, and those of a service without one, answer ThrottlingException.
	Contended *fault.Error
	Unsigned  bool // some of its operations need no signature, so that bodies without one are read
	// In AWS query, what it calls failures that all services have, where that isn't what the others
	// call them: by the names of [Common], and "" for a failure without a name.
	Own map[string]string
	// In AWS query, whose operations have their names in the body, any signed request may be large.
	Large bool
	// In AWS query, links that people follow leave the Version out.
	Unversioned bool

	// Changed names what is changed with a resource, by its ARN, where that is more than the
	// resource: see [Changer]. It may be nil.
	Changed func(arn string) string
}

// MessageMember returns how the body of an error spells the member that has its message: most
// clients read either, and older ones just what AWS's model has.
func (s *Service) MessageMember(code string) string {
	return cmp.Or(s.Spelled[code], s.Message)
}

// Source returns the service's name in records, e.g. kms.amazonaws.com.
func (s *Service) Source() string { return s.Name + ".amazonaws.com" }

// Info describes an operation to those who mount, document and test it.
type Info struct {
	Name     string // AWS's
	Service  *Service
	Route            // of REST; none for an operation that only the service itself performs
	More     []Route // other routes of REST that ask for the same: by resource
	Location string  // where what it makes is found, in REST; members of answer or input in braces
	Doc      string  // one sentence for people
	Large    bool    // a request may be up to a mebibyte: it carries a secret's value or a policy
	Rooted   bool    // the greedy member begins with a slash, which paths leave out: /app/db
	ReadOnly bool    // as CloudTrail's readOnly: changes no resource. Set by the maker
	Unsigned bool    // what is in a request says who asks, and no signature. Set by the maker
	In, Out  reflect.Type
	Token    string // the member that names the request, so that it may come again. Set by the maker
	Watched  bool   // its answers have ETags: see the interface of that name. Set by the maker
}

// Route is a method and a path of REST. Members of the input stand in braces and take one segment
// of the path; one of them may be greedy and take as many as there are: /v1/keys/{KeyId...}/tags.
type Route struct{ Method, Path string }

// Routes returns all routes of an operation, the first one first.
func (n Info) Routes() []Route {
	if n.Method == "" {
		return nil
	}
	return append([]Route{n.Route}, n.More...)
}

// At returns the description with one more route.
func (n Info) At(method, path string) Info {
	n.More = append(n.More[:len(n.More):len(n.More)], Route{method, path})
	return n
}

// Makes returns the description of an operation that makes something, which is found at location.
func (n Info) Makes(location string) Info {
	n.Location = location
	return n
}

// Input is a request's document. Validate checks what shapes can't say: rules across members.
type Input interface{ Validate() error }

// ByShape is embedded by inputs whose shapes say all there is to say.
type ByShape struct{}

// Validate accepts everything: the shapes were checked before.
func (ByShape) Validate() error { return nil }

// Target is what an operation touches. Find answers one even for a thing that is not there.
type Target interface {
	Demands() []policy.Demand // what the caller must be allowed; never empty
	Missing() error           // the absence, shown only to a caller who passed Demands
	// state and usage: after authorization, before the dry run, before any work
	Ready() error
}

// There is embedded by a [Target] that is simply there and lets itself be used in every state.
type There struct{}

// Missing implements [Target].
func (There) Missing() error { return nil }

// Ready implements [Target].
func (There) Ready() error { return nil }

// Open is the target of an operation that needs no permission, and says why.
type Open struct {
	Action, Reason string
	There
}

// Demands implements [Target].
func (o Open) Demands() []policy.Demand {
	return []policy.Demand{{Action: o.Action, Open: o.Reason}}
}

// Commit finishes a Write inside the transaction and may run twice: no token, no network, nothing
// captured that it changes. It must re-check itself what Find saw (UPDATE ... WHERE rev = $n):
// [store.Stale] sends the road back to find.
type Commit[O any] func(*store.Tx) (O, error)

// Apply is a Commit that answers out, which was known before, once change is made.
func Apply[O any](change func(*store.Tx) error, out O) Commit[O] {
	return func(tx *store.Tx) (O, error) { return out, change(tx) }
}

// Unchanged is a Commit that answers out and changes nothing: all is as it was asked for.
func Unchanged[O any](out O) Commit[O] {
	return func(*store.Tx) (O, error) { return out, nil }
}

// None is the output of an operation that answers with an empty body; a struct without members
// answers {}.
type None struct{}

// Asked is what a request is for, by all that comes before its body.
type Asked struct {
	Service   *Service   // the signature is to be for this one; nil is none of those here
	Operation Operation  // nil where only the body tells, or where there is none of that name
	Condition *Condition // nil where the protocol has no conditional requests
}

// Operation is one row of the registry.
type Operation interface {
	Info() Info
	serve(*Call, *Request) (any, error)
}

// operation is the only implementation of Operation.
type operation[I Input, T Target, O any] struct {
	info Info
	plan *shape.Plan
	rec  *recording
	find func(*Call, I) (T, error)
	do   func(*Call, I, T) (O, Commit[O], error)
	dry  int // index of the input's member DryRun; negative: it has none
}

// Query is an operation that changes nothing: it may be asked for inside another.
type Query[I Input, O any] struct {
	Operation
	ask func(*Call, I) (O, error)
	own func(*Call, I) (O, error)
}

// Command is an operation that changes something: it has a commit of its own,
// so it is never nested.
type Command[I Input, O any] struct {
	Operation
	own func(*Call, I) (O, error)
}

// Read makes an operation that changes nothing.
func Read[I Input, T Target, O any](n Info, find func(*Call, I) (T, error),
	do func(*Call, I, T) (O, error)) Query[I, O] {
	n.ReadOnly = true
	o := build(n, find, reading(do))
	return Query[I, O]{o, func(c *Call, in I) (O, error) {
		out, _, err := o.run(c, in)
		return out, err
	}, o.whole}
}

// Write makes an operation whose change, output and records are one transaction.
func Write[I Input, T Target, O any](n Info, find func(*Call, I) (T, error),
	plan func(*Call, I, T) (Commit[O], error)) Command[I, O] {
	o := build(n, find, planning(n.Name, plan))
	return Command[I, O]{o, o.whole}
}

// reading is what an operation does that changes nothing.
func reading[I, T, O any](do func(*Call, I, T) (O, error)) func(*Call, I, T) (
	O, Commit[O], error) {
	return func(c *Call, in I, t T) (O, Commit[O], error) {
		out, err := do(c, in, t)
		return out, nil, err
	}
}

// planning is what an operation does that ends with a commit.
func planning[I, T, O any](name string, plan func(*Call, I, T) (Commit[O], error),
) func(*Call, I, T) (O, Commit[O], error) {
	return func(c *Call, in I, t T) (out O, _ Commit[O], _ error) {
		commit, err := plan(c, in, t)
		if commit == nil && err == nil {
			err = fault.Of(errors.New("the plan of " + name + " neither commits nor fails"))
		}
		return out, commit, err
	}
}

func build[I Input, T Target, O any](n Info, find func(*Call, I) (T, error),
	do func(*Call, I, T) (O, Commit[O], error)) *operation[I, T, O] {
	n.In, n.Out = reflect.TypeFor[I](), reflect.TypeFor[O]()
	n.Token = shape.IdempotencyToken(n.In)
	_, n.Watched = any(*new(T)).(Watched)
	o := &operation[I, T, O]{info: n, plan: n.Service.Shapes.Compile(n.In, n.Service.Words),
		find: find, do: do, dry: -1}
	o.rec = o.info.record()
	if m, ok := n.In.FieldByName("DryRun"); ok {
		if m.Type != reflect.TypeFor[*bool]() {
			panic("op: DryRun of " + n.Name + " is no optional boolean")
		}
		o.dry = m.Index[0]
	}
	return o
}

// dryRun reports whether the caller asks only what would happen.
func (o *operation[I, T, O]) dryRun(in I) bool {
	if o.dry < 0 {
		return false
	}
	asked := reflect.ValueOf(in).Field(o.dry)
	return !asked.IsNil() && asked.Elem().Bool()
}

// Ask runs another operation as the same caller, on behalf of service if one is named. The caller's
// own rights decide, the use is recorded as itself, and its record joins this request's commit.
func Ask[I Input, O any](c *Call, service string, q Query[I, O], in I) (O, error) {
	return q.ask(c.within(service), in)
}

// AsService performs an operation at once as the service's own principal in an account, with a
// commit of its own before the present one: what must be made on first use, what the job runner
// finishes, and what whoever runs the service asks for. The account is that of the resource, which
// need not be the caller's.
func AsService[I Input, O any](c *Call, service, account string, o Performer[I, O],
	in I) (O, error) {
	sub := c.within(service)
	sub.Caller = policy.AsService(account, service)
	return o.perform(sub, in)
}

// Performer is a [Query] or a [Command]: what can be performed with a commit of its own.
type Performer[I Input, O any] interface {
	perform(*Call, I) (O, error)
}

func (q Query[I, O]) perform(c *Call, in I) (O, error)   { return q.own(c, in) }
func (m Command[I, O]) perform(c *Call, in I) (O, error) { return m.own(c, in) }

func (o *operation[I, T, O]) Info() Info { return o.info }

// run is the road from validation to do. It leaves exactly one record of its
// own in the call's trail.
func (o *operation[I, T, O]) run(c *Call, in I) (out O, commit Commit[O], err error) {
	e := ending{recording: o.rec, in: in}
	defer func() {
		if p := recover(); p != nil {
			out, commit, err = *new(O), nil, fault.Panic(p)
		}
		if o.rec.answer != nil && commit == nil {
			e.out = out
		}
		c.leave(&o.info, &e, err)
	}()
	if err = o.plan.Validate(e.in, c.present); err != nil {
		return
	}
	if err = in.Validate(); err != nil {
		return
	}
	t, err := o.find(c, in)
	if err != nil {
		return
	}
	e.demands = t.Demands()
	if err = c.decide(e.demands).Refusal(); err != nil {
		return
	}
	e.allowed = true
	if err = t.Missing(); err != nil {
		return
	}
	if err = t.Ready(); err != nil {
		return
	}
	if o.dryRun(in) {
		err = errDryRun
		return
	}
	if c.has(t) {
		return
	}
	if err = c.turn(&o.info, t, e.demands); err != nil {
		return
	}
	return o.do(c, in, t)
}

var errDryRun = fault.New(fault.DryRun, "DryRunOperationException",
	"The request would have succeeded, but the DryRun option is set.")

// serve decodes the request and takes it down the whole road.
func (o *operation[I, T, O]) serve(c *Call, q *Request) (any, error) {
	var in I
	if err := safely(func() error { return q.Decode(&in) }); err != nil {
		return nil, c.run.refused(c, &o.info, err)
	}
	c.present = q.Present
	out, err := o.whole(c, in)
	switch {
	case err != nil:
		return nil, err
	case c.trail.unmodified:
		return NotModified{}, nil
	}
	return out, nil
}

// attempts is how often the road starts again at find when somebody else changed what it saw.
const attempts = 3

// whole runs the road and commits what it leaves: the change and its records, together or not at
// all. Of an attempt after which the caller waits for another answer nothing is left.
func (o *operation[I, T, O]) whole(c *Call, in I) (O, error) {
	defer c.forget()
	if !o.info.ReadOnly {
		c.held = c.run.queues.Hold(c.held)
		defer c.held.Release()
	}
	for stale := 0; stale < attempts; {
		c.trail = new(trail)
		out, commit, err := o.run(c, in)
		if err == errAgain {
			c.forget()
			continue
		}
		if c.waits(err) {
			if err = c.wait(); err != nil {
				return *new(O), c.run.refused(c, &o.info, err)
			}
			continue
		}
		var change func(*store.Tx) error
		if err == nil && commit != nil {
			change = func(tx *store.Tx) (refused error) {
				out, refused = commit(tx)
				return refused
			}
		}
		if err == nil {
			change = c.trail.change(change)
		}
		if o.rec.answer != nil && commit != nil {
			c.trail.answer = func() []byte { return o.rec.answer.Append(nil, reflect.ValueOf(out)) }
		}
		err = c.run.commit(c, o.info.Service, change, err)
		switch {
		case isStale(err):
			stale++
			c.forget()
			continue
		case err != nil:
			return *new(O), err
		}
		return out, nil
	}
	return *new(O), c.run.refused(c, &o.info, o.info.contended())
}

// contended is how an operation says that others were faster each time.
func (n Info) contended() error {
	f := n.Service.Contended
	if f != nil && slices.Contains(n.Service.Answers.Of(n.Name), f.Code) {
		return f
	}
	return contended
}

// contended has the name that every SDK answers by trying again, later and later.
var contended = fault.New(fault.Conflict, "ThrottlingException",
	"The resource was changed by others at the same time. Try again.")
