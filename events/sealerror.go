package events

import (
	"claviger/events/eventfault"
	"claviger/internal/fault"
)

// sealError says in EventBridge's words what KMS refused. Who may not use the key is denied. What
// no request can help (the device away, a failure of our own) stays what it is.
func sealError(err error) error {
	f := fault.Of(err)
	switch f.Kind {
	case fault.Denied:
		return fault.New(fault.Denied, "AccessDeniedException", f.Message).Because(err)
	case fault.Invalid, fault.NotFound, fault.State:
		return eventfault.Invalid("KMS key is not valid: " + f.Message).Because(err)
	}
	return err
}
