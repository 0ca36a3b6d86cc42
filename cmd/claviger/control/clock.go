package control

import (
	"context"
	"fmt"
	"io"

	"claviger/service"
)

// Clock is a command about the clock.
type Clock struct {
	Do      string // show or accept
	Account string // accept: in whose trail it is recorded
}

func (q Clock) perform(ctx context.Context, s *service.Service, uid int) (
	service.ClockReading, error) {
	switch q.Do {
	case "show":
		return s.Clock(), nil
	case "accept":
		return s.AcceptClock(ctx, q.Account, by("clock accept", uid))
	}
	return service.ClockReading{}, fmt.Errorf("there is no command %q", q.Do)
}

// Show prints the outcome. r is how the clock stood before.
func (q Clock) Show(w io.Writer, r service.ClockReading) error {
	wall := shown(r.Wall)
	said := "The clock shows " + wall + ", and is believed."
	switch {
	case q.Do == "accept" && r.IsOff():
		said = "The clock is believed from now on, which shows " + wall +
			". What is due by then is deleted."
	case q.Do == "accept":
		said = "There is nothing to accept: the clock shows " + wall + ", and is believed."
	case r.Doubt != "":
		said = "In doubt: " + r.Doubt + "."
	case r.IsBehind:
		said = "Behind: the clock shows " + wall + ", and it is " + shown(r.Believed) +
			" as far as is known. Windows of deletions\nthat begin now count from the latter."
	}
	_, err := fmt.Fprintln(w, said)
	return err
}
