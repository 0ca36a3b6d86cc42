package main

import (
	"context"
	"encoding/json"
	"time"

	"claviger/cmd/claviger/control"
	"claviger/cmd/claviger/place"
)

const eventsWords = "status|redrive [flags]"

var eventsActions = map[string]action{
	"status": {"[--account ACCOUNT] [--receiver ARN] [--id ID] [--json]", "Says what waits for " +
		"receivers outside, for whom and why, and lists the first of the dead letters:\nthose of an " +
		"account, of a receiver, or of an event's id."},
	"redrive": {"[--account ACCOUNT] [--receiver ARN] [--id ID]", "Has dead letters tried again as if " +
		"they were new: all, or those of an account, of a receiver, or of an\nevent's id."},
}

func eventsCommand(ctx context.Context, e *env, args []string) error {
	do, a, err := e.administer("events", eventsWords, eventsActions, args)
	if err != nil {
		return err
	}
	q := control.Deliveries{Do: do}
	a.withAccount("without it those of all")
	a.f.StringVar(&q.Of.Receiver, "receiver", "", "the `ARN` of the receiver: a target of a rule, or "+
		"a subscription")
	a.f.StringVar(&q.Of.ID, "id", "", "the `id` of the event or message")
	asJSON := false
	if do == "status" {
		a.f.BoolVar(&asJSON, "json", false, "print JSON, for programs")
	}
	if _, err := a.parse(args[1:], ""); err != nil {
		return err
	}
	p, err := a.open(e, false)
	if err != nil {
		return err
	}
	q.Of.Account = a.account
	reply, err := place.Have[control.DeliveriesReply](ctx, p, control.Request{Deliveries: &q})
	if err != nil {
		return err
	}
	if asJSON {
		encoder := json.NewEncoder(e.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(reply.Status)
	}
	return q.Show(e.Stdout, reply, time.Now())
}
