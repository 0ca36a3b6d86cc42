package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"claviger/api/rest"
	"claviger/internal/fault"
)

// noService says what there is to somebody who asks for none of the services, in AWS's protocols.
func (s *server) noService(r *http.Request) *fault.Error {
	target := r.Header.Get("X-Amz-Target")
	if target == "" {
		return fault.New(unknownOperation.Kind, unknownOperation.Code, "The request names no "+
			"operation: AWS JSON has it in the header X-Amz-Target, AWS query in the parameter "+
			"Action, and REST in a path under /v1. /docs lists all.")
	}
	prefix, _, _ := strings.Cut(target, ".")
	return fault.Newf(unknownOperation.Kind, unknownOperation.Code, "There is no service %q here. "+
		"X-Amz-Target begins with one of: %s. /docs lists all.", rest.Quoted(prefix),
		strings.Join(s.targets(), ", "))
}

// targets names the services that speak AWS JSON, each with what X-Amz-Target begins with.
func (s *server) targets() (all []string) {
	for _, o := range s.Operations {
		of := o.Info().Service
		name := fmt.Sprintf("%s (%s)", of.Target, of.Title)
		if of.Target != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}
