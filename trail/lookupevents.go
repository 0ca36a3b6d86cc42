package trail

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/trail/search"
)

// LookupEventsInput asks for the newest events of an account in a Region.
type LookupEventsInput struct {
	LookupAttributes []LookupAttribute `shape:"LookupAttributesList"` // one at most
	StartTime        *wire.Time        `shape:"Date"`
	EndTime          *wire.Time        `shape:"Date"`
	EventCategory    *string           `shape:"EventCategory"`
	MaxResults       *int32            `shape:"MaxResults"` // 1 to 50; absent: 50
	NextToken        *string           `shape:"NextToken"`
}

// LookupAttribute is what events are found by.
type LookupAttribute struct {
	AttributeKey   string `shape:"LookupAttributeKey,required"`
	AttributeValue string `shape:"LookupAttributeValue,required"`
}

// attributes are those of AWS, by their names.
var attributes = map[string]search.Attribute{
	"EventId": search.EventID, "EventName": search.EventName, "ReadOnly": search.ReadOnly,
	"Username": search.Username, "ResourceType": search.ResourceType,
	"ResourceName": search.ResourceName, "EventSource": search.EventSource,
	"AccessKeyId": search.AccessKeyID,
}

// The answers to what can't be looked up, in CloudTrail's own words as far as they are known: there
// is no record of those about several keys, tokens and categories.
var (
	badKey      = lookupFault("InvalidLookupAttributesException", "Lookup attribute key is not valid.")
	badValue    = lookupFault("InvalidLookupAttributesException", "Lookup attribute value is not valid.")
	severalKeys = lookupFault("InvalidLookupAttributesException",
		"You can specify only one lookup attribute.")
	badPage = lookupFault("InvalidNextTokenException",
		"The token was not returned for a request with these parameters.")
	badCategory = lookupFault("InvalidEventCategoryException",
		"The event category is not valid. Specify insight, or no category.")
	throttled = fault.New(fault.Throttled, "ThrottlingException", "Rate exceeded")
)

func badSize(n int32) error {
	return lookupFault("InvalidMaxResultsException", fmt.Sprintf(
		"A max results value of %d is invalid. Specify max results between 1 and 50.", n))
}

func lookupFault(code, message string) *fault.Error {
	return fault.New(fault.Invalid, code, message)
}

const (
	mostResults = 50
	longest     = 2000 // characters of a value, in which these count twice:
	twice       = "_ ,\n"
	kept        = 90 * 24 * time.Hour // how far back lookups go
)

// Validate implements [op.Input]. CloudTrail has an error of its own for each of these.
func (in LookupEventsInput) Validate() error {
	if len(in.LookupAttributes) > 1 {
		return severalKeys
	}
	for _, a := range in.LookupAttributes {
		if _, known := attributes[a.AttributeKey]; !known {
			return badKey
		}
		length := len([]rune(a.AttributeValue))
		for _, c := range twice {
			length += strings.Count(a.AttributeValue, string(c))
		}
		truth := a.AttributeValue == "true" || a.AttributeValue == "false"
		if length == 0 || length > longest || a.AttributeKey == "ReadOnly" && !truth {
			return badValue
		}
	}
	if in.EventCategory != nil && *in.EventCategory != "insight" {
		return badCategory
	}
	if n := domain.Or(in.MaxResults, mostResults); n < 1 || n > mostResults {
		return badSize(n)
	}
	return checkRange(in.StartTime, in.EndTime)
}

func checkRange(start, end *wire.Time) error {
	if start != nil && end != nil && start.After(end.Time) {
		return badRange
	}
	return nil
}

// LookupEventsOutput is a page, from the newest event to the oldest.
type LookupEventsOutput struct {
	Events    []Event
	NextToken string `json:",omitzero"`
}

// Event is a record of the trail, and what it is found by.
type Event struct {
	EventId         string
	EventName       string
	ReadOnly        string // true or false
	AccessKeyId     string `json:",omitzero"`
	EventTime       wire.Time
	EventSource     string
	Username        string `json:",omitzero"` // a service has none
	Resources       []Resource
	CloudTrailEvent string // the record, as JSON
}

// Resource is what an event was about.
type Resource struct {
	ResourceType string `json:",omitzero"`
	ResourceName string
}

func (s *Trails) lookupEvents(c *op.Call, in LookupEventsInput) (LookupEventsOutput, error) {
	account, region := c.Namespace()
	out := LookupEventsOutput{Events: []Event{}}
	if !s.rates.take(account, region, c.Time) {
		return out, throttled
	}
	q := search.Query{Account: account, Region: region, From: c.Time.Add(-kept)}
	if in.StartTime != nil && in.StartTime.After(q.From) {
		q.From = in.StartTime.Time
	}
	if in.EndTime != nil {
		q.To = in.EndTime.Time
	}
	for _, a := range in.LookupAttributes {
		q.Where = append(q.Where, search.Condition{Attribute: attributes[a.AttributeKey],
			Value: a.AttributeValue})
	}
	size := int(domain.Or(in.MaxResults, mostResults))
	filter := fmt.Sprintf("%q %s %s %q %d", in.LookupAttributes, told(in.StartTime), told(in.EndTime),
		domain.Or(in.EventCategory, ""), size)
	page, err := s.pages.Page(c, "LookupEvents", filter, size, in.NextToken)
	if err != nil || in.EventCategory != nil {
		return out, err // nobody looks for unusual activity here, so that there is none
	}
	out.Events, out.NextToken, err = s.page(c, q, page)
	return out, err
}

// told is a time as page tokens have it.
func told(t *wire.Time) string {
	if t == nil {
		return "-"
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// page returns a page of events, and the token of the next one.
func (s *Trails) page(c *op.Call, q search.Query, p domain.Page) ([]Event, string, error) {
	var before int64
	if p.After != "" {
		before, _ = strconv.ParseInt(p.After, 10, 64) // it was written here: page tokens are signed
	}
	found, err := s.events.Find(c, q, before, p.Size)
	if err != nil {
		return nil, "", err
	}
	events := []Event{}
	for _, e := range found.Events {
		events = append(events, eventOf(e))
	}
	if found.Next == 0 {
		return events, "", nil
	}
	return events, p.Next(strconv.FormatInt(found.Next, 10)), nil
}

func eventOf(e search.Event) Event {
	out := Event{EventId: e.ID, EventName: e.Name, ReadOnly: strconv.FormatBool(e.ReadOnly),
		AccessKeyId: e.AccessKeyID, EventTime: wire.Time{Time: e.Time}, EventSource: e.Source,
		Username: e.Username, Resources: []Resource{}, CloudTrailEvent: string(e.Record)}
	for _, r := range e.Resources {
		out.Resources = append(out.Resources, Resource{ResourceType: r.Type, ResourceName: r.Name})
	}
	return out
}
