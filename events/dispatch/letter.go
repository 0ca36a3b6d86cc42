package dispatch

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"claviger/events/rule"
	"claviger/internal/delivery"
)

// letter is what the dead-letter target of a rule's target gets: what would have been delivered,
// and why it wasn't. The names are those of the attributes that EventBridge gives to a message in a
// queue ("Using dead-letter queues to process undelivered events" of the user guide).
type letter struct {
	RuleARN   string         `json:"RULE_ARN"`
	TargetARN string         `json:"TARGET_ARN"`
	Code      string         `json:"ERROR_CODE"`
	Text      string         `json:"ERROR_MESSAGE"`
	Exhausted string         `json:"EXHAUSTED_RETRY_CONDITION,omitzero"`
	Retries   int            `json:"RETRY_ATTEMPTS"`
	Body      jsontext.Value `json:"Body"`
}

// Letter makes the message for the dead-letter target of a rule's target, if it has one. It is for
// [delivery.Config].
func Letter(d delivery.DeadLetter) (m delivery.Message, ok bool) {
	said, err := ReadContext(d.Message)
	if err != nil || said.DeadLetterARN == "" {
		return m, false
	}
	kind, _, _, ok := rule.ReadTarget(said.DeadLetterARN)
	if !ok {
		return m, false
	}
	body := jsontext.Value(d.Body)
	if !body.IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
		if body, err = jsontext.AppendQuote(nil, d.Body); err != nil {
			return m, false
		}
	}
	text, err := json.Marshal(letter{RuleARN: said.RuleARN, TargetARN: said.TargetARN, Code: d.Code,
		Text: d.Text, Exhausted: d.Exhausted, Retries: max(d.Attempts-1, 0), Body: body},
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return m, false
	}
	by, err := json.Marshal(Context{RuleARN: said.RuleARN, TargetID: said.TargetID,
		TargetARN: said.DeadLetterARN}, json.Deterministic(true))
	if err != nil {
		return m, false
	}
	return delivery.Message{Account: d.Account, Region: d.Region, Kind: KindOf(kind),
		Receiver: said.DeadLetterARN, Order: d.Order, ID: d.ID, Context: by, Body: text,
		Policy: policyOf(nil)}, true
}
