package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"claviger/audit/tree"
)

// Remote is a witness that speaks c2sp.org/tlog-witness: another Claviger that listens, or any
// other program that does.
type Remote struct {
	URL    string           // its submission prefix
	Key    *tree.WitnessKey // by which it signs that it has taken a checkpoint
	Client *http.Client     // nil: one that follows no redirect

	held int64 // records of the checkpoint that it has, as far as is known here
}

// String implements [Place].
func (r *Remote) String() string { return r.URL }

// mostAnswered is how many bytes of an answer are read.
const mostAnswered = 16 << 10

// direct asks a witness itself and nobody whom it names.
var direct = &http.Client{Timeout: 20 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error {
		return errors.New("it is somewhere else, which isn't followed")
	}}

// Hand implements [Place]. A witness that holds another checkpoint than was thought says which, and
// is asked once more.
func (r *Remote) Hand(ctx context.Context, o *Offer) error {
	if o.Size == 0 {
		return nil
	}
	for again := false; ; again = true {
		if r.held > o.Size {
			return fmt.Errorf("%w: it has a checkpoint of %d records, and the newest of the database has "+
				"%d: it is an older one, or its tail was cut off", ErrAlarm, r.held, o.Size)
		}
		status, answer, err := r.ask(ctx, o)
		if err != nil {
			return err
		}
		switch status {
		case http.StatusOK:
			if err := r.Key.CheckCosigned(o.Note, answer, time.Now()); err != nil {
				return fmt.Errorf("it answers 200, and what isn't believed: %w", err)
			}
			r.held = o.Size
			return nil
		case http.StatusUnprocessableEntity:
			return fmt.Errorf("%w: of the first %d records it has others: the database is not the one that "+
				"went on from there", ErrAlarm, r.held)
		case http.StatusConflict:
			held, err := strconv.ParseInt(strings.TrimSpace(answer), 10, 64)
			if err != nil {
				return fmt.Errorf("it answers 409 and %.100q", answer)
			}
			if held == r.held && held == o.Size {
				return fmt.Errorf("%w: it has another tree of %d records", ErrAlarm, held)
			}
			if r.held = held; again && held <= o.Size {
				return errors.New("it changes its mind: does somebody else hand it checkpoints, too?")
			}
		default:
			return fmt.Errorf("it answers %d and %.200q", status, answer)
		}
	}
}

// ask posts the checkpoint with the proof that it goes on from what the witness has.
func (r *Remote) ask(ctx context.Context, o *Offer) (status int, answer string, err error) {
	proof, err := o.Extends(r.held, o.Tiles)
	if err != nil {
		return 0, "", fmt.Errorf("%w: %w", ErrAlarm, err)
	}
	var body bytes.Buffer
	fmt.Fprintf(&body, "old %d\n", r.held)
	for _, h := range proof {
		fmt.Fprintln(&body, h)
	}
	fmt.Fprintf(&body, "\n%s", o.Note)
	q, err := http.NewRequestWithContext(ctx, http.MethodPost,
		strings.TrimSuffix(r.URL, "/")+"/add-checkpoint", &body)
	if err != nil {
		return 0, "", err
	}
	client := r.Client
	if client == nil {
		client = direct
	}
	a, err := client.Do(q)
	if err != nil {
		return 0, "", err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(io.LimitReader(a.Body, mostAnswered))
	return a.StatusCode, string(text), err
}
