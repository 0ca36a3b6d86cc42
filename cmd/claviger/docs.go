package main

import (
	"context"
	"slices"

	"claviger/api"
	"claviger/iam"
	"claviger/internal/install"
	"claviger/internal/op"
	"claviger/keystore"
	"claviger/secrets"
)

//go:generate sh -c "go run . docs api > ../../docs/api.md"

// docs prints what the registry says of the API. docs/api.md is made of it.
func docs(_ context.Context, e *env, args []string) error {
	if len(args) != 1 {
		return usageError("docs: say which: api or openapi")
	}
	switch args[0] {
	case "api":
		_, err := e.stdout.Write(api.Reference(registry()))
		return err
	case "openapi":
		_, err := e.stdout.Write(api.OpenAPI(registry(), version))
		return err
	}
	return usageError("docs: there is no %q, only api and openapi", args[0])
}

// registry is the table of contents of every domain. Nothing in it can be run: there is no token and no database.
func registry() []op.Operation {
	in := &install.Installation{}
	return slices.Concat(keystore.New(nil, nil, nil, in, nil, nil).Operations(),
		secrets.New(nil, nil, nil, nil, in).Operations(), iam.New(nil).Operations())
}
