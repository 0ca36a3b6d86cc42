package events

import (
	"bytes"
	"encoding/json"
	"strings"

	"claviger/events/eventfault"
	"claviger/events/model"
	"claviger/events/rule"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/outbox"
	"claviger/internal/wire"
	"claviger/policy"
	"claviger/store"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// PutEventsInput is events for an event bus.
type PutEventsInput struct {
	Entries    []PutEventsRequestEntry `shape:"PutEventsRequestEntryList,required"`
	EndpointId *string                 `shape:"EndpointId"` // there are no global endpoints
}

// PutEventsRequestEntry is an event.
type PutEventsRequestEntry struct {
	Time         *wire.Time `shape:"EventTime"` // absent: now
	Source       *string    `shape:"String"`
	Resources    []string   `shape:"EventResourceList"`
	DetailType   *string    `shape:"String"`
	Detail       *string    `shape:"Detail"` // a JSON object
	EventBusName *string    `shape:"NonPartnerEventBusNameOrArn"`
	TraceHeader  *string    `shape:"TraceHeader"` // ignored
}

const (
	mostBytes     = 256 << 10 // of a request's entries, as AWS counts them
	timeBytes     = 14        // that the time of an event counts
	deepestDetail = 1000
)

// Validate holds the request as a whole to AWS's limit. What is wrong with an entry is answered for
// that entry.
func (in PutEventsInput) Validate() error {
	if in.EndpointId != nil {
		return eventfault.BadParameter("EndpointId", "There are no global endpoints here.")
	}
	size := 0
	for _, e := range in.Entries {
		size += e.size()
	}
	if size > mostBytes {
		return eventfault.TooLarge
	}
	return nil
}

// size is how many bytes an entry counts ("Calculating Amazon EventBridge PutEvents event entry
// size" of the user guide).
func (e PutEventsRequestEntry) size() (n int) {
	if e.Time != nil {
		n = timeBytes
	}
	for _, s := range []*string{e.Source, e.DetailType, e.Detail} {
		n += len(domain.Or(s, ""))
	}
	for _, r := range e.Resources {
		n += len(r)
	}
	return n
}

// bus is the name of the bus that an entry is for.
func (e PutEventsRequestEntry) bus() string {
	name := domain.Or(e.EventBusName, rule.DefaultBus)
	if _, short, ok := strings.Cut(name, ":event-bus/"); ok {
		return short
	}
	return name
}

// PutEventsOutput says what became of each entry, in the order of the request.
type PutEventsOutput struct {
	FailedEntryCount int32
	Entries          []PutEventsResultEntry
}

// PutEventsResultEntry is the event's id, or why it was refused.
type PutEventsResultEntry struct {
	EventId      string `json:",omitzero"`
	ErrorCode    string `json:",omitzero"`
	ErrorMessage string `json:",omitzero"`
}

// mostUnread is how many events may wait to be matched with rules before callers may put no more:
// what they put would push out what the services tell.
const mostUnread = outbox.Kept / 10

// Whose rules can't be read is behind all others.
var qUnread = store.Wide(`SELECT coalesce((SELECT max(position) FROM outbox) -
	(SELECT min(position) FROM event_cursors WHERE reader = 'outbox'
		AND (account = '' OR account = $1 AND region = $2)), 0)`,
	"the outbox and its reader are one for all accounts")

// sent are the entries of a request, each of which the caller must be allowed.
type sent struct {
	demands []policy.Demand
	op.There
}

// Demands implements [op.Target]: one that is denied denies the request.
func (s sent) Demands() []policy.Demand { return s.demands }

// Changes implements [op.Changer]: events get in nobody's way.
func (s sent) Changes() []string { return nil }

func (s *Events) findPutEvents(c *op.Call, in PutEventsInput) (sent, error) {
	var all sent
	asked := map[[3]string]bool{}
	for _, e := range in.Entries {
		arn := busARN(c, e)
		source, detailType := domain.Or(e.Source, ""), domain.Or(e.DetailType, "")
		if key := [3]string{arn, source, detailType}; asked[key] {
			continue
		} else {
			asked[key] = true
		}
		d := domain.On(action("PutEvents"), arn, c.Caller.Account)
		d.Values = func() policy.Values {
			v := policy.Values{model.BusInvocation: {"false"}}
			domain.SetText(v, model.Source, e.Source)
			domain.SetText(v, model.DetailType, e.DetailType)
			return v
		}
		all.demands = append(all.demands, d)
	}
	return all, nil
}

// busARN is the bus that an entry is for, as policies match it. There are no buses of others.
func busARN(c *op.Call, e PutEventsRequestEntry) string {
	account, region := c.Namespace()
	return domain.ARN{Service: rule.Service, Region: region, Account: account,
		Resource: "event-bus/" + e.bus()}.String()
}

func (s *Events) putEvents(c *op.Call, in PutEventsInput,
	_ sent) (op.Commit[PutEventsOutput], error) {
	out := PutEventsOutput{Entries: make([]PutEventsResultEntry, len(in.Entries))}
	var unread int64
	account, region := c.Namespace()
	if err := s.db.Row(qUnread, []any{account, region}, &unread); err != nil {
		return nil, err
	}
	var taken []outbox.Event
	for i, e := range in.Entries {
		code, message := e.refusal()
		if code == "" && unread >= mostUnread {
			code, message = model.Throttling, "Rate exceeded"
		}
		if code != "" {
			out.Entries[i] = PutEventsResultEntry{ErrorCode: code, ErrorMessage: message}
			out.FailedEntryCount++
			continue
		}
		event := eventOf(c, e)
		out.Entries[i].EventId = event.ID
		// What is for a bus that isn't there is dropped without a word, as recorded of AWS.
		if checkBus(c, e.EventBusName) == nil {
			taken = append(taken, event)
		}
	}
	return op.Apply(s.outbox.Put(taken...), out), nil
}

// alarmSource is the source of what the service tells of itself.
const alarmSource = "claviger"

// refusal returns why an entry is refused, by AWS's names and in its words.
func (e PutEventsRequestEntry) refusal() (code, message string) {
	for _, member := range []struct {
		name  string
		value *string
	}{{"Source", e.Source}, {"DetailType", e.DetailType}, {"Detail", e.Detail}} {
		if domain.Or(member.value, "") == "" {
			return model.InvalidArgument, "Parameter " + member.name + " is not valid. Reason: " +
				member.name + " is a required argument."
		}
	}
	// What is told as the service's own word, people are woken for.
	if strings.HasPrefix(*e.Source, "aws.") || *e.Source == alarmSource {
		return model.NotAuthorizedForSource, "Not authorized for the source."
	}
	if !isDetail(*e.Detail) {
		return model.MalformedDetail, "Detail is malformed."
	}
	return "", ""
}

// isDetail reports whether a text is a JSON object that isn't nested too deeply.
func isDetail(text string) bool {
	d := jsontext.Value(text)
	if d.Kind() != jsontext.KindBeginObject || !d.IsValid(jsontext.AllowDuplicateNames(true)) {
		return false
	}
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}', c == ']':
			depth--
		}
	}
	return deepest <= deepestDetail
}

func eventOf(c *op.Call, e PutEventsRequestEntry) outbox.Event {
	account, region := c.Namespace()
	event := outbox.Event{ID: uuid.NewString(), Account: account, Region: region, Source: *e.Source,
		DetailType: *e.DetailType, Resources: e.Resources, Time: c.Time, Detail: detailOf(*e.Detail)}
	if e.Time != nil {
		event.Time = e.Time.Time
	}
	return event
}

// detailOf returns a detail as it is passed on: of members that come twice the last one counts.
func detailOf(text string) jsontext.Value {
	d := jsontext.Value(text)
	if d.IsValid() {
		return d
	}
	decoder := json.NewDecoder(bytes.NewReader(d))
	decoder.UseNumber()
	var members map[string]any
	if err := decoder.Decode(&members); err != nil {
		return d
	}
	once, err := json.Marshal(members)
	if err != nil {
		return d
	}
	return once
}
