package rotation

import (
	"context"
	"errors"

	"claviger/internal/fault"
	"claviger/secrets/rotation/rotator"
)

// told does what is a rotator's to do. Whatever goes wrong in it, a panic too, becomes a failure of
// the step that is stored and told of: as trouble of the service's own it would be tried again and
// again, and nobody would know. What ends it because the process ends, or somebody ended the
// rotation, is sorted out by who looks at the context first.
func told(do func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = rotator.Errorf(rotator.Failed, "the rotator broke down").Because(fault.Panic(v))
		}
	}()
	err = do()
	var of *fault.Error // of a call of ours, such as one for random numbers
	switch {
	case err == nil, isTold(err), errors.As(err, &of):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return rotator.Errorf(rotator.TimedOut, "the rotator didn't end in its time").Because(err)
	}
	return rotator.Errorf(rotator.Failed, "the rotator failed, and doesn't say why").Because(err)
}
