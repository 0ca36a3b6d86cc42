package trail

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/trail/search"
)

// SearchEventsInput asks for events that have all of what is asked for. Nothing asks for all events
// of the account in the Region. AWS has no such operation.
type SearchEventsInput struct {
	EventId           *string           `shape:"Text"`
	EventName         *string           `shape:"Text"`
	EventSource       *string           `shape:"Text"`
	ReadOnly          *bool             `shape:"Boolean"`
	Username          *string           `shape:"Text"`
	AccessKeyId       *string           `shape:"Text"`
	Resource          *string           `shape:"Text"` // by ARN or name
	ResourceType      *string           `shape:"Text"`
	ErrorCode         *string           `shape:"Text"`
	SourceIPAddress   *string           `shape:"Text"`
	EncryptionContext map[string]string `shape:"Context"` // pairs, each of which the request had
	StartTime         *wire.Time        `shape:"Date"`
	EndTime           *wire.Time        `shape:"Date"`
	MaxResults        *int32            `shape:"Page"` // 1 to 50; absent: 50
	NextToken         *string           `shape:"NextToken"`
}

// Validate implements [op.Input].
func (in SearchEventsInput) Validate() error { return checkRange(in.StartTime, in.EndTime) }

// SearchEventsOutput is a page, from the newest event to the oldest.
type SearchEventsOutput struct {
	Events    []Event
	NextToken string `json:",omitzero"`
}

// findSearch: who may look up the events of the account sees all that this operation finds.
func findSearch(*op.Call, SearchEventsInput) (domain.Account, error) {
	return domain.OnAccount("cloudtrail:LookupEvents"), nil
}

// conditions are what is asked for, in one order.
func (in SearchEventsInput) conditions() (all []search.Condition) {
	for _, c := range []struct {
		attribute search.Attribute
		value     *string
	}{{search.EventID, in.EventId}, {search.EventName, in.EventName},
		{search.EventSource, in.EventSource}, {search.Username, in.Username},
		{search.AccessKeyID, in.AccessKeyId}, {search.Resource, in.Resource},
		{search.ResourceType, in.ResourceType}, {search.ErrorCode, in.ErrorCode},
		{search.SourceAddress, in.SourceIPAddress}} {
		if c.value != nil {
			all = append(all, search.Condition{Attribute: c.attribute, Value: *c.value})
		}
	}
	if in.ReadOnly != nil {
		all = append(all, search.Condition{Attribute: search.ReadOnly,
			Value: strconv.FormatBool(*in.ReadOnly)})
	}
	for _, key := range slices.Sorted(maps.Keys(in.EncryptionContext)) {
		all = append(all, search.Condition{Attribute: search.ContextPair,
			Value: search.Pair(key, in.EncryptionContext[key])})
	}
	return all
}

func (s *Trails) searchEvents(c *op.Call, in SearchEventsInput, _ domain.Account) (
	out SearchEventsOutput, err error) {
	account, region := c.Namespace()
	q := search.Query{Account: account, Region: region, Where: in.conditions()}
	if in.StartTime != nil {
		q.From = in.StartTime.Time
	}
	if in.EndTime != nil {
		q.To = in.EndTime.Time
	}
	size := int(domain.Or(in.MaxResults, mostResults))
	filter := fmt.Sprintf("%q %s %s %d", q.Where, told(in.StartTime), told(in.EndTime), size)
	page, err := s.pages.Page(c, "SearchEvents", filter, size, in.NextToken)
	if err != nil {
		return out, err
	}
	out.Events, out.NextToken, err = s.page(c, q, page)
	return out, err
}
