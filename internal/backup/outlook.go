package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"claviger/store"

	"github.com/go-json-experiment/json"
)

// Outlook is what becomes of a database in whose place a backup is put.
type Outlook struct {
	Backup  Manifest
	Present bool             // there is a database in its place
	Closed  error            // why that can't be read; nothing is known of it then
	End     End              // of its trail
	Apart   bool             // it has gone another way since: neither trail goes on from the other
	Lost    map[string]int64 // what was changed since, by the names of the trail's records
	Due     map[string]int64 // work that waits for nothing but a server, by kind
}

// Ahead is how many records of the trail there are since the backup. It is negative where the
// backup is the newer one.
func (o *Outlook) Ahead() int64 { return o.End.Record - o.Backup.Trail.Record }

// Look compares a backup, which was checked, with the database in its place. One of another
// installation is refused. No server may be running there.
func Look(ctx context.Context, m *Manifest, file, database string, now time.Time) (*Outlook,
	error) {
	o := &Outlook{Backup: *m}
	copied, err := store.OpenCopy(file)
	if err != nil {
		return nil, err
	}
	o.Due, err = due(copied, now)
	if err = errors.Join(err, copied.Close()); err != nil {
		return nil, err
	}
	_, err = os.Lstat(database)
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil
	}
	o.Present = true
	there, err := store.OpenReader(ctx, database)
	if err != nil {
		o.Closed = err
		return o, nil
	}
	err = o.compare(ctx, there)
	return o, errors.Join(err, there.Close())
}

// due counts the work that waits for nothing but a server.
func due(db *store.DB, now time.Time) (map[string]int64, error) {
	all := map[string]int64{}
	err := db.Rows(qDue, []any{now.UnixMicro()}, func(scan func(...any) error) error {
		var kind string
		var n int64
		err := scan(&kind, &n)
		all[kind] = n
		return err
	})
	return all, err
}

// compare looks at the database that is there.
func (o *Outlook) compare(ctx context.Context, there *store.DB) (err error) {
	var id, root string
	err = there.Row(qInstallation, nil, &id, &root)
	if err == nil {
		o.End, err = endOf(there)
	}
	if err != nil {
		o.Closed = err
		return nil
	}
	if id != o.Backup.Installation {
		return fmt.Errorf("%w: it is of the installation %s, and the database in its place of %s. "+
			"Name the configuration of the right one, or move the database away",
			ErrUnfit, o.Backup.Installation, id)
	}
	if o.Ahead() < 0 {
		return nil
	}
	then, err := BatchOf(there, o.Backup.Trail.Batch)
	if o.Backup.Trail.Batch == 0 || errors.Is(err, store.NoRow) {
		err = nil // it was put elsewhere: nothing tells
	} else {
		o.Apart = !then.same(o.Backup.Trail)
	}
	if err != nil || o.Apart {
		return err
	}
	o.Lost, err = changesSince(ctx, there, o.Backup.Trail.Batch)
	return err
}

// changesSince counts what the records behind a batch say was changed.
func changesSince(ctx context.Context, db *store.DB, batch int64) (map[string]int64, error) {
	all := map[string]int64{}
	err := db.Trail(batch, func(_ int64, _ time.Time, records []byte) error {
		for line := range strings.Lines(string(records)) {
			var r struct {
				Name     string `json:"eventName"`
				Code     string `json:"errorCode"`
				ReadOnly bool   `json:"readOnly"`
			}
			// What can't be read is no change that could be named.
			if json.Unmarshal([]byte(line), &r) == nil && !r.ReadOnly && r.Code == "" {
				all[r.Name]++
			}
		}
		return ctx.Err()
	})
	return all, err
}

// Counted are names with their numbers, the most frequent first.
func Counted(all map[string]int64) string {
	var names []string
	for name := range all {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if all[a] != all[b] {
			return int(all[b] - all[a])
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, all[name])
	}
	return strings.Join(names, ", ")
}
