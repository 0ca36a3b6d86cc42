package main

import (
	"context"

	"claviger/cmd/claviger/control"
	"claviger/cmd/claviger/place"
	"claviger/service"
)

const clockWords = "show|accept [flags]"

var clockActions = map[string]action{
	"show": {"", "Says whether the clock is believed. While it is not, nothing is deleted because its " +
		"time has come."},
	"accept": {"[--account ACCOUNT]", "Has the time believed that the clock shows: keys, secrets, " +
		"imported material and parameters whose time has\ncome by it are deleted for good from now on. " +
		"Look at the clock first. It is recorded in the trail."},
}

func clockCommand(ctx context.Context, e *env, args []string) error {
	do, a, err := e.administer("clock", clockWords, clockActions, args)
	if err != nil {
		return err
	}
	accept := do == "accept"
	if accept {
		a.withAccount(ofConfig)
	}
	if _, err := a.parse(args[1:], ""); err != nil {
		return err
	}
	p, err := a.open(e, accept)
	if err != nil {
		return err
	}
	q := control.Clock{Do: do, Account: a.account}
	reply, err := place.Have[service.ClockReading](ctx, p, control.Request{Clock: &q})
	if err != nil {
		return err
	}
	return q.Show(e.Stdout, reply)
}
