package control

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"claviger/internal/delivery"
	"claviger/service"
)

// Deliveries is a command about what has to reach receivers.
type Deliveries struct {
	Do string // status or redrive
	Of delivery.Which
}

// DeliveriesReply is what came of it.
type DeliveriesReply struct {
	Status  service.DeliveryStatus
	Redrive int // how many dead letters are tried again
	Full    bool
}

func (q Deliveries) perform(s *service.Service) (r DeliveriesReply, err error) {
	switch q.Do {
	case "status":
		r.Status, err = s.Deliveries(q.Of)
		return r, err
	case "redrive":
		r.Redrive, err = s.Redrive(q.Of)
		if r.Full = errors.Is(err, delivery.ErrFull); r.Full {
			err = nil
		}
		return r, err
	}
	return r, fmt.Errorf("there is no command %q", q.Do)
}

// Show prints the outcome, at a time.
func (q Deliveries) Show(w io.Writer, r DeliveriesReply, now time.Time) error {
	if q.Do == "redrive" {
		said := fmt.Sprintf("%d dead letters are tried again.", r.Redrive)
		if r.Redrive == 1 {
			said = "1 dead letter is tried again."
		}
		if r.Full {
			said += " The others stay: too many messages wait already."
		}
		_, err := fmt.Fprintln(w, said)
		return err
	}
	s := r.Status
	fmt.Fprintf(w, "Waiting: %d messages%s. Dead letters: %d.\n", s.Waiting,
		since(", the oldest for ", s.Oldest, now), s.Dead)
	fmt.Fprintf(w, "Since the start: %d delivered, %d attempts failed, %d died, %d dead letters "+
		"went.\n", s.Delivered, s.Failed, s.Died, s.Dropped)
	if len(s.Receivers) > 0 {
		fmt.Fprintln(w)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "WAITING\tOLDEST\tFAILURES\tRECEIVER\tWHY")
		for _, x := range s.Receivers {
			fmt.Fprintf(t, "%d\t%s\t%d\t%s\t%s\n", x.Waiting, since("", x.Oldest, now), x.Failures,
				x.Receiver, why(x.Code, x.Text))
		}
		t.Flush()
	}
	if len(s.Letters) > 0 {
		fmt.Fprintln(w)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "DIED\tATTEMPTS\tID\tRECEIVER\tWHY")
		for _, x := range s.Letters {
			fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\n", shown(x.Died), x.Attempts, x.ID, x.Receiver,
				why(x.Code, x.Text))
		}
		t.Flush()
	}
	return nil
}

// since is how long ago a time was, behind some words; nothing for none.
func since(words string, at, now time.Time) string {
	if at.IsZero() {
		return ""
	}
	return words + max(now.Sub(at), 0).Truncate(time.Second).String()
}

// why is a failure in one line.
func why(code, text string) string {
	if code == "" {
		return "-"
	}
	return code + ": " + strings.Join(strings.Fields(text), " ")
}
