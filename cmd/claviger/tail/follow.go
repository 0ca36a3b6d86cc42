package tail

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"

	"claviger/store"
)

// file is the database as the file system has it. A restored database is another file by the same
// name, and who has the old one open would read that for ever.
type file struct {
	path string
	info fs.FileInfo // nil: it isn't known which file was opened
	told string      // why it can't be opened at the moment, as was said
}

// moved reports whether another file has the name, and remembers it. It comes before the file is
// opened: one that is put there in between is noticed the next time.
func (f *file) moved() (bool, error) {
	info, err := os.Stat(f.path)
	if err != nil || f.info != nil && os.SameFile(info, f.info) {
		return false, err
	}
	f.info = info
	return true, nil
}

// lasting are the reasons by which a database that can't be opened will stay so: another program
// has migrated it. With all others it may be on its way.
var lasting = []error{store.ErrNewer, store.ErrHistory, store.ErrChanged}

// outputError is why nothing can be printed.
type outputError struct{ error }

func (e outputError) Unwrap() error { return e.error }

// stays reports whether it is of no use to look again.
func stays(err error) bool {
	if out := (outputError{}); errors.As(err, &out) {
		return true
	}
	return slices.ContainsFunc(lasting, func(reason error) bool { return errors.Is(err, reason) })
}

// look prints what has come, and looks first whether it is the trail that was being printed. A
// database that can't be read is opened again with the next look.
func (p *printing) look(ctx context.Context) error {
	moved, err := p.file.moved()
	if err == nil && moved {
		p.db.Close()
		var db *store.DB
		if db, err = store.OpenReader(ctx, p.Database); err == nil {
			p.db = db
		}
	}
	if err == nil {
		err = p.goOn(ctx, moved && p.file.told == "")
	}
	if err == nil {
		p.file.told = ""
		return nil
	}
	if stays(err) {
		return err
	}
	p.file.info = nil
	if p.file.told != err.Error() {
		p.file.told = err.Error()
		p.note("waiting for the database: %v", err)
	}
	return nil
}

// goOn prints what has come since, or since the place where this trail parted from the one that was
// being printed.
func (p *printing) goOn(ctx context.Context, moved bool) error {
	same, err := p.past.common(p.db)
	switch {
	case err != nil:
		return err
	case same != p.end:
		p.note("an older database was restored, or another one put in its place: what was printed as "+
			"batch %d isn't in it. It goes on after batch %d, and some records may come again", p.end,
			same)
		p.end = same
		p.printed.Store(same)
	case moved:
		p.note("the database was replaced by one that has all that was printed, up to batch %d", p.end)
	}
	return p.print(ctx, all)
}
