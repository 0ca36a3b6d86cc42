// Package tail prints the audit trail: what is there, from its end or from a batch, and what
// follows. It reads beside a running server. However long the trail is, a few batches of it are in
// memory.
package tail

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"claviger/cmd/claviger/exit"
	"claviger/store"
)

// Tail is what is asked for.
type Tail struct {
	Database string
	Last     int   // records to begin with; 0: all
	After    int64 // begin behind this batch instead, if that is not negative
	Follow   bool  // wait for more
	Batches  bool  // each record begins with a member batch: the number of its transaction
	Out      io.Writer
	Notes    io.Writer // for people: how it goes on from here, and what became of the database

	// Every is how often more is looked for. Each look asks for two rows by their numbers.
	Every time.Duration
}

// grace is how long whoever reads the output has to take what is on its way when an end is asked
// for.
const grace = time.Second

// Run prints until all is printed, or in following until ctx ends: both are a good end. A batch
// that was begun is printed to its end.
func (t Tail) Run(ctx context.Context) error {
	p := &printing{Tail: t, out: newOutput(t.Out)}
	ended := make(chan error, 1)
	go func() { ended <- p.run(ctx) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-ended:
		return err
	case <-time.After(grace): // the goroutine ends with the process, which writes no more
		return fmt.Errorf("nobody takes the output: what came after batch %d may be lost in it",
			p.printed.Load())
	}
}

func newOutput(w io.Writer) *bufio.Writer { return bufio.NewWriterSize(w, 1<<16) }

// printing is how far it is.
type printing struct {
	Tail
	out     *bufio.Writer
	db      *store.DB
	end     int64        // the newest batch that was taken to be printed
	printed atomic.Int64 // the newest whose records have left this process
	skip    int          // records of the next batch that nobody asked for
	past    past
	file    file
}

func (p *printing) run(ctx context.Context) (err error) {
	if err := p.open(ctx); err != nil {
		return err
	}
	defer func() { p.db.Close() }() // which it is by then
	newest, err := p.begin(ctx)
	if err == nil {
		err = p.print(ctx, newest)
	}
	for err == nil && p.Follow && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(p.Every):
			err = p.look(ctx)
		}
	}
	if err == nil && !p.Follow && p.end < newest {
		err = fmt.Errorf("ended after batch %d of %d", p.printed.Load(), newest)
	}
	if err == nil && (p.Follow || p.After >= 0) {
		p.note("the last batch printed is %d: --after %[1]d goes on from there", p.printed.Load())
	}
	return err
}

func (p *printing) open(ctx context.Context) (err error) {
	p.file.path = p.Database
	if _, err := p.file.moved(); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	p.db, err = store.OpenReader(ctx, p.Database)
	return err
}

// note tells people something.
func (p *printing) note(format string, args ...any) {
	fmt.Fprintf(p.Notes, "claviger audit tail: "+format+"\n", args...)
}

// begin finds where to begin, and returns the newest batch as of now.
func (p *printing) begin(ctx context.Context) (newest int64, err error) {
	if newest, err = p.db.TrailEnd(); err != nil {
		return 0, err
	}
	switch {
	case p.After > newest:
		return 0, exit.UsageError("audit tail: the newest batch is %d, so none comes after %d. Was "+
			"the database restored? Then go on after the newest batch that the backup had", newest,
			p.After)
	case p.After >= 0:
		p.end = p.After
	case p.Last > 0:
		err = p.countBack(ctx, newest)
	}
	if err == nil {
		p.printed.Store(p.end)
		p.past, err = pastOf(p.db, p.end)
	}
	return newest, err
}

var errEnd = errors.New("the end of what was asked for")

// countBack goes back from the newest batch until so many records were seen.
func (p *printing) countBack(ctx context.Context, newest int64) error {
	left := p.Last
	err := p.db.TrailBack(newest+1, func(batch int64, _ time.Time, records []byte) error {
		n := bytes.Count(records, []byte("\n")) + 1
		if n >= left {
			p.end, p.skip = batch-1, n-left
			return errEnd
		}
		left -= n
		return ctx.Err()
	})
	if errors.Is(err, errEnd) || ctx.Err() != nil {
		err = nil
	}
	return err
}

// all is more than any batch's number.
const all = 1<<63 - 1

// print prints what comes after the last batch, up to one.
func (p *printing) print(ctx context.Context, upTo int64) error {
	err := p.db.Trail(p.end, func(batch int64, at time.Time, records []byte) error {
		if batch > upTo || ctx.Err() != nil {
			return errEnd
		}
		p.lines(batch, records)
		p.end = batch
		p.past.add(moment{batch, at})
		if p.out.Buffered() < p.out.Size()/2 {
			return nil
		}
		return p.flush()
	})
	if err == nil || errors.Is(err, errEnd) {
		err = p.flush()
	}
	return err
}

// lines prints a batch. A failure of the output stays with it until [printing.flush].
func (p *printing) lines(batch int64, records []byte) {
	for line := range bytes.SplitSeq(records, []byte("\n")) {
		if p.skip > 0 {
			p.skip--
			continue
		}
		if rest, ok := bytes.CutPrefix(line, []byte("{")); ok && p.Batches {
			fmt.Fprintf(p.out, `{"batch":%d,`, batch)
			line = rest
		}
		p.out.Write(line)
		p.out.WriteByte('\n')
	}
}

func (p *printing) flush() error {
	if err := p.out.Flush(); err != nil {
		return outputError{fmt.Errorf("after batch %d: %w", p.printed.Load(), err)}
	}
	p.printed.Store(p.end)
	return nil
}
