// Package events is what Parameter Store tells EventBridge: that parameters change, and what
// parameter policies do. Every event is made of a change of rows, so that no operation can forget
// one, and none has a value.
//
// Its members and their order are those of the samples in the Systems Manager user guide ("Amazon
// EventBridge event examples for Systems Manager"), and of AWS's schema registry, which alone says
// what there is of labels. Tags, resource policies and labels that are taken away have no event.
package events

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/outbox"
	"claviger/parameters/parameter"
	"claviger/parameters/parameterrows"
	"claviger/parameters/policies"
)

const (
	source       = "aws.ssm"
	changeType   = "Parameter Store Change"
	actionType   = "Parameter Store Policy Action"
	actionStatus = "Success"
)

// The operations of a change, by AWS's names.
const (
	created  = "Create"
	updated  = "Update"
	deleted  = "Delete"
	labelled = "LabelParameterVersion"
)

// Outbox puts an event into the outbox for what every change tells. It implements
// [parameterrows.Follower].
type Outbox struct{ outbox.Outbox }

// Follow implements [parameterrows.Follower].
func (o Outbox) Follow(c *op.Call, ch *parameterrows.Change) (domain.Change, error) {
	return o.Put(Of(ch, c.Time)...), nil
}

// change is the detail of a [changeType]. Of labels each has an event of its own.
type change struct {
	Operation   string `json:"operation"`
	Name        string `json:"name"`
	Type        string `json:"type"`
	Description string `json:"description,omitzero"`
	Label       string `json:"label,omitzero"`
	FromVersion string `json:"fromVersion,omitzero"` // where the label was before, if anywhere
	ToVersion   string `json:"toVersion,omitzero"`
}

// action is the detail of an [actionType].
//
// The registry's schema has the status in capitals, and other words for the reason. The guide's
// sample has the words that people were sent, and so its way to write the status counts.
type action struct {
	Type      string `json:"policy-type"`
	Name      string `json:"parameter-name"`
	Parameter string `json:"parameter-type"`
	Content   string `json:"policy-content"` // the policy as it was given
	Status    string `json:"action-status"`
	Reason    string `json:"action-reason"`
}

// Of returns what a change tells, at a moment: what policies have done comes first, for the rest
// may follow from it.
func Of(ch *parameterrows.Change, at time.Time) (all []outbox.Event) {
	for _, a := range ch.Acted {
		all = append(all, about(ch.Before, at, actionType, acted(ch.Before, a)))
	}
	before, after := ch.Before, ch.After
	switch {
	case before == nil:
		return append(all, changed(after, at, created))
	case after == nil:
		return append(all, changed(before, at, deleted))
	case after.Version != before.Version:
		return append(all, changed(after, at, updated))
	}
	for _, label := range slices.Sorted(maps.Keys(after.Labels)) {
		from, to := before.Labels[label], after.Labels[label]
		if from == to {
			continue
		}
		detail := said(after, labelled)
		detail.Label, detail.ToVersion = label, strconv.FormatInt(to, 10)
		if from != 0 {
			detail.FromVersion = strconv.FormatInt(from, 10)
		}
		all = append(all, about(after, at, changeType, detail))
	}
	return all
}

func acted(p *parameter.Parameter, a policies.Action) action {
	return action{Type: string(a.Policy.Type), Name: p.Shown(), Parameter: p.Type,
		Content: a.Policy.Text, Status: actionStatus, Reason: a.Reason}
}

func changed(p *parameter.Parameter, at time.Time, operation string) outbox.Event {
	return about(p, at, changeType, said(p, operation))
}

func said(p *parameter.Parameter, operation string) change {
	return change{Operation: operation, Name: p.Shown(), Type: p.Type, Description: p.Description}
}

func about(p *parameter.Parameter, at time.Time, detailType string, detail any) outbox.Event {
	return outbox.Event{Account: p.Account, Region: p.Region, Source: source, DetailType: detailType,
		Resources: []string{p.ARN()}, Time: at, Detail: detail}
}
