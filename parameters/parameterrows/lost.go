package parameterrows

import (
	"fmt"

	"claviger/internal/fault"
	"claviger/parameters/parameter"
)

// errBusy has the name that every SDK answers by trying again.
var errBusy = fault.New(fault.Conflict, "ThrottlingException",
	"The parameter is being changed all the time. Try again.")

// lost says that a parameter's newest version has no row.
func lost(p *parameter.Parameter) error {
	return fault.Of(fmt.Errorf("version %d of %s was removed outside the service", p.Version, p.ARN()))
}
