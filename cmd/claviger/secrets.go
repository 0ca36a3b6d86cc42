package main

import (
	"context"

	"claviger/cmd/claviger/control"
	"claviger/cmd/claviger/place"
	"claviger/secrets/rotation/diagnosis"
)

const secretsWords = "troubleshoot [flags]"

var secretsActions = map[string]action{
	"troubleshoot": {"NAME|ARN [--account ACCOUNT] [--region REGION]",
		"Says how the rotation of a secret stands, why it failed, and what to do next. No value is " +
			"opened."},
}

func secretsCommand(ctx context.Context, e *env, args []string) error {
	do, a, err := e.administer("secrets", secretsWords, secretsActions, args)
	if err != nil {
		return err
	}
	q := control.Secrets{Do: do}
	a.withAccount(ofConfig)
	a.f.StringVar(&q.Region, "region", "", "the `Region`; the first one that is served, unless it is "+
		"said")
	if q.Name, err = a.parse(args[1:], "name one secret"); err != nil {
		return err
	}
	p, err := a.open(e, true)
	if err != nil {
		return err
	}
	q.Account = a.account
	reply, err := place.Have[diagnosis.Diagnosis](ctx, p, control.Request{Secrets: &q})
	if err != nil {
		return err
	}
	return q.Show(e.Stdout, reply)
}
