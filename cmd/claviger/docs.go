package main

import (
	"context"

	"claviger/api"
	"claviger/cmd/claviger/exit"
	"claviger/service"
)

//go:generate sh -c "go run . docs api > ../../docs/api.md"
//go:generate sh -c "go run . docs errors > ../../docs/errors.md"

// docs prints what the registry says of the API. docs/api.md and docs/errors.md are made of it.
func docs(_ context.Context, e *env, args []string) error {
	if len(args) != 1 {
		return exit.UsageError("docs: say which: api, errors or openapi")
	}
	switch args[0] {
	case "api":
		_, err := e.Stdout.Write(api.Reference(service.Operations()))
		return err
	case "errors":
		_, err := e.Stdout.Write(api.Catalogue(service.Operations()))
		return err
	case "openapi":
		_, err := e.Stdout.Write(api.OpenAPI(service.Operations(), version))
		return err
	}
	return exit.UsageError("docs: there is no %q, only api, errors and openapi", args[0])
}
