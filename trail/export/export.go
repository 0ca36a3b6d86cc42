package export

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"claviger/store"

	"github.com/go-json-experiment/json/jsontext"
)

// Records is where the trail is read. [*store.DB] is one.
type Records interface {
	Trail(after int64, each func(batch int64, at time.Time, records []byte) error) error
	TrailTime(record int64) (batch int64, at time.Time, err error)
	TrailEnd() (batch int64, err error)
}

// Export is what is asked for. All fields must be set, but for Now.
type Export struct {
	Records Records
	Dir     string // is made if it isn't there
	Trail   Trail
	Region  string // of records that name none

	// Until is the moment up to which there is no more to come into the trail. Digests are of whole
	// hours that were over by then.
	Until time.Time

	// Now ends the last digest at Until, and not with the hour before.
	Now bool

	// Sign makes digests as [Chain.Sign] does.
	Sign func(ctx context.Context, chains []Chain) ([][]Signed, error)
}

// Summary is what an export has written.
type Summary struct {
	Records  int64
	LogFiles int
	Digests  int
	Newest   time.Time // where the newest digests end; zero: nothing was ever exported
}

// mostWaiting is how many digests, and log files of them, are signed at a time.
const (
	mostWaiting      = 200
	mostWaitingFiles = 4000
)

// ErrRestored means that the trail has another past than the one that was exported.
var ErrRestored = errors.New("the trail is not the one that was exported before: a backup was " +
	"restored, or it is another installation's. Export it to another directory")

// Run exports what has come since the last time.
func (e Export) Run(ctx context.Context) (done Summary, err error) {
	if err := e.Trail.Check(); err != nil {
		return done, err
	}
	f, err := openFiles(filepath.Clean(e.Dir))
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	s, err := f.load(e.Trail)
	if err != nil {
		return done, err
	}
	r := &running{Export: e, ctx: ctx, files: f, state: s,
		decoder: jsontext.NewDecoder(bytes.NewReader(nil))}
	r.logs = logs{trail: e.Trail, write: func(object string, content []byte) error {
		r.done.LogFiles++
		return f.write(object, content)
	}}
	if err := r.sameTrail(); err != nil {
		return done, err
	}
	err = r.run()
	return r.done, err
}

// running is an export on its way.
type running struct {
	Export
	ctx     context.Context
	files   *files
	decoder *jsontext.Decoder
	logs    logs
	done    Summary

	state   state   // as it will be once what waits is signed
	waiting []Chain // to be signed
	digests int     // of these
	named   int     // log files of these
}

var errOver = errors.New("what follows belongs to a time that isn't over")

// sameTrail refuses a trail that doesn't have what was exported of it. What it has no more, because
// the time for which it is kept is over, may be missing.
func (r *running) sameTrail() error {
	if r.state.Batch == 0 {
		return nil
	}
	batch, at, err := r.Records.TrailTime(r.state.Batch)
	if err == nil && batch == r.state.Batch && at.UnixMicro() == r.state.At {
		return nil
	}
	if err != nil && !errors.Is(err, store.NoRow) {
		return err
	}
	newest, other := r.Records.TrailEnd()
	if other != nil {
		return other
	}
	if err != nil && newest > r.state.Batch { // all that was exported is older than what there is
		return nil
	}
	return fmt.Errorf("%w (batch %d)", ErrRestored, r.state.Batch)
}

func (r *running) run() error {
	if !r.state.Start.IsZero() {
		r.logs.begin(r.state.Start)
	}
	err := r.Records.Trail(r.state.Batch, r.batch)
	if err != nil && !errors.Is(err, errOver) {
		return err
	}
	if err := r.reach(r.Until); err != nil {
		return err
	}
	if r.Now && r.Until.Truncate(time.Second).After(r.state.Start) && !r.state.Start.IsZero() {
		if err := r.endAt(r.Until.Truncate(time.Second)); err != nil {
			return err
		}
	}
	if err := r.sign(); err != nil {
		return err
	}
	r.done.Newest = r.state.Start
	return nil
}

// hourAfter is the next full hour.
func hourAfter(t time.Time) time.Time { return t.Truncate(time.Hour).Add(time.Hour) }

// reach ends all hours that are over at a time.
func (r *running) reach(at time.Time) error {
	for !r.state.Start.IsZero() && !hourAfter(r.state.Start).After(at) {
		if err := r.endAt(hourAfter(r.state.Start)); err != nil {
			return err
		}
	}
	return nil
}

// batch takes one batch of the trail.
func (r *running) batch(number int64, committed time.Time, records []byte) error {
	at := committed
	if err := r.ctx.Err(); err != nil {
		return err
	}
	last := r.Until
	if !r.Now {
		last = last.Truncate(time.Hour)
	}
	switch {
	case at.Before(last):
	case at.Before(r.Until.Add(time.Hour)):
		return errOver
	default: // a clock that was far ahead: its records are of the time that is open
		at = r.state.Start
	}
	if r.state.Start.IsZero() {
		if at.IsZero() {
			at = last
		}
		r.state.Start = at.UTC().Truncate(time.Hour)
		r.logs.begin(r.state.Start)
	}
	if err := r.reach(at); err != nil {
		return err
	}
	for record := range bytes.SplitSeq(records, []byte("\n")) {
		f, err := read(r.decoder, record)
		if err != nil {
			return fmt.Errorf("batch %d of the trail can't be read: %w", number, err)
		}
		f.account = cmp.Or(f.account, r.Trail.Account)
		f.region = cmp.Or(f.region, r.Region)
		r.know(f.pair)
		if err := r.logs.add(f.pair, f.at, record); err != nil {
			return err
		}
		r.done.Records++
	}
	r.state.Batch, r.state.At = number, committed.UnixMicro()
	return nil
}

// know begins a chain for whom there is none.
func (r *running) know(of pair) {
	i, found := r.chain(of)
	if !found {
		r.state.Chains = slices.Insert(r.state.Chains, i,
			chainEnd{Account: of.account, Region: of.region})
	}
}

func (r *running) chain(of pair) (i int, found bool) {
	return slices.BinarySearchFunc(r.state.Chains, of, func(c chainEnd, of pair) int {
		return pair{c.Account, c.Region}.compare(of)
	})
}

// endAt ends the time at hand, with a digest for each account and Region that ever had records.
func (r *running) endAt(end time.Time) error {
	written, err := r.logs.finish()
	if err != nil {
		return err
	}
	for _, c := range r.state.Chains {
		of := pair{c.Account, c.Region}
		r.wait(c, Digest{Start: r.state.Start, End: end, Files: written[of]})
	}
	r.state.Start = end
	r.logs.begin(end)
	if r.digests >= mostWaiting || r.named >= mostWaitingFiles {
		return r.sign()
	}
	return nil
}

// wait puts a digest behind those of its chain that are to be signed.
func (r *running) wait(c chainEnd, d Digest) {
	r.digests, r.named = r.digests+1, r.named+len(d.Files)
	for i := range r.waiting {
		if w := &r.waiting[i]; w.Account == c.Account && w.Region == c.Region {
			w.Digests = append(w.Digests, d)
			return
		}
	}
	r.waiting = append(r.waiting, Chain{Account: c.Account, Region: c.Region, Previous: c.Newest,
		Digests: []Digest{d}})
}

// sign has what waits signed, writes it, and remembers how far that is. No time is begun then.
func (r *running) sign() error {
	if len(r.waiting) == 0 {
		return nil
	}
	made, err := r.Sign(r.ctx, r.waiting)
	if err != nil {
		return err
	}
	if len(made) != len(r.waiting) {
		return fmt.Errorf("%d chains of digests were signed, and %d should be", len(made),
			len(r.waiting))
	}
	for i, chain := range r.waiting {
		if len(made[i]) != len(chain.Digests) {
			return fmt.Errorf("%d digests were signed, and %d should be", len(made[i]),
				len(chain.Digests))
		}
		for _, d := range made[i] {
			if err := r.keep(d); err != nil {
				return err
			}
		}
		at, _ := r.chain(pair{chain.Account, chain.Region})
		r.state.Chains[at].Newest = &made[i][len(made[i])-1].Link
	}
	r.waiting, r.digests, r.named = nil, 0, 0
	return r.files.save(r.state)
}

// keep writes a digest and what belongs to it. The signature comes first: a digest without one is
// worth nothing.
func (r *running) keep(d Signed) error {
	beside, err := d.metadata()
	if err != nil {
		return err
	}
	packed, err := compressed(d.Document)
	if err != nil {
		return err
	}
	if err := r.files.write(d.Object+Metadata, beside); err != nil {
		return err
	}
	r.done.Digests++
	return r.files.write(d.Object, packed)
}
