package outbox

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// Event is what a service tells of a change.
type Event struct {
	ID         string // a UUID; empty: a new one
	Account    string
	Region     string
	Source     string    // aws.ssm
	DetailType string    // Parameter Store Change
	Resources  []string  // ARNs; may be none
	Time       time.Time // of the change; seconds are kept
	Detail     any       // what makes a JSON object; a structure keeps the order of its members
}

// longest is how many bytes EventBridge takes of one event.
const longest = 256 << 10

var errIncomplete = errors.New("an event has an account, a Region, a source, a detail-type " +
	"and a time")

// envelope is an event in the order of members that EventBridge has.
type envelope struct {
	Version    string         `json:"version"`
	ID         string         `json:"id"`
	DetailType string         `json:"detail-type"`
	Source     string         `json:"source"`
	Account    string         `json:"account"`
	Time       string         `json:"time"`
	Region     string         `json:"region"`
	Resources  []string       `json:"resources"` // without any an empty list
	Detail     jsontext.Value `json:"detail"`
}

// envelope writes the event out.
func (e Event) envelope() ([]byte, error) {
	if e.Account == "" || e.Region == "" || e.Source == "" || e.DetailType == "" || e.Time.IsZero() {
		return nil, fmt.Errorf("%w, and this one is %+v", errIncomplete, e)
	}
	detail, err := json.Marshal(e.Detail, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("the detail of an event %s: %w", e.DetailType, err)
	}
	if jsontext.Value(detail).Kind() != jsontext.KindBeginObject {
		return nil, fmt.Errorf("the detail of an event %s is no object", e.DetailType)
	}
	text, err := json.Marshal(envelope{
		Version:    "0",
		ID:         cmp.Or(e.ID, uuid.NewString()),
		DetailType: e.DetailType,
		Source:     e.Source,
		Account:    e.Account,
		Time:       e.Time.UTC().Format("2006-01-02T15:04:05Z"),
		Region:     e.Region,
		Resources:  e.Resources,
		Detail:     detail,
	})
	if err != nil {
		return nil, fmt.Errorf("an event %s: %w", e.DetailType, err)
	}
	if len(text) > longest {
		return nil, fmt.Errorf("an event %s has %d bytes, and %d are the most", e.DetailType,
			len(text), longest)
	}
	return text, nil
}
