// Package past measures lookups in a trail with a long past, by the index and without a service.
package past

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"claviger/audit"
	"claviger/internal/follow"
	"claviger/store"
	"claviger/trail/search"
)

// The past that lookups are measured in: a service that is asked some hundred times a second by
// fifty access keys, about a thousand keys, each time with another object in the encryption
// context.
const (
	recordsOfBatch = 16
	keysOfPast     = 1000
	usersOfPast    = 50
	everyRecord    = 3 * time.Millisecond
	lookups        = 300 // of each kind
)

var insertPast = store.Wide(`INSERT OR IGNORE INTO trail (batch, at, records) VALUES ($1, $2, $3)`,
	"the trail is of all accounts and Regions")

// past is a trail that was made up.
type past struct {
	records int
	began   time.Time
}

func (p past) at(n int) time.Time { return p.began.Add(time.Duration(n) * everyRecord) }

func (p past) key(n int) string {
	return fmt.Sprintf("arn:aws:kms:us-east-1:111122223333:key/%08d-1111-2222-3333-444455556666",
		n*7919%keysOfPast)
}

func (p past) user(n int) string { return fmt.Sprintf("app%02d", n*31%usersOfPast) }

// id is the id of an event: version 7 of UUID, of the record's time and number.
func (p past) id(n int) string {
	ms := p.at(n).UnixMilli()
	return fmt.Sprintf("%08x-%04x-7%03x-8%03x-%012x", ms>>16, ms&0xffff, n>>48&0xfff, n>>36&0xfff, n)
}

func (p past) record(n int, to []byte) []byte {
	key, user := p.key(n), p.user(n)
	r := audit.Record{Time: p.at(n), Source: "kms.amazonaws.com", Name: "Decrypt", Region: "us-east-1",
		SourceIP: fmt.Sprintf("10.0.%d.%d", n%7, n%251), Account: "111122223333", ReadOnly: true,
		UserAgent: "aws-sdk-go-v2/1.48.0 os/linux lang/go#1.26 md/GOARCH#amd64", RequestID: p.id(n),
		EventID: p.id(n), Identity: audit.Identity{Type: "IAMUser", PrincipalID: "AIDAIOSFODNN7EXAMPLE",
			AccountID: "111122223333", ARN: "arn:aws:iam::111122223333:user/" + user, UserName: user,
			AccessKeyID: "AKIAIOSFODNN7" + user},
		Parameters: fmt.Appendf(nil, `{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","keyId":%q,`+
			`"encryptionContext":{"tenant":"t%d","object":"o%d"}}`, key, n%100, n),
		Resources: []audit.Resource{{AccountID: "111122223333", Type: "AWS::KMS::Key", ARN: key}}}
	switch {
	case n%100_000 == 77:
		r.Name, r.ReadOnly = "DisableKey", false
	case n%1000 == 7:
		r.ErrorCode, r.ErrorMessage = "AccessDenied", "User is not authorized to perform: kms:Decrypt"
	case n%10 < 2:
		r.Name = "Encrypt"
	}
	return r.Append(to)
}

// write makes the trail, as the committer would. So much at once is more than some disks take: then
// it waits, and tries again.
func (p past) write(db *store.DB) error {
	const atOnce, attempts = 1024, 60
	for n, failed := 1, 0; n <= p.records; {
		err := db.Commit(func(tx *store.Tx) error {
			return p.insert(tx, n, min(n+atOnce, p.records+1))
		}, nil)
		switch {
		case err == nil:
			n, failed = n+atOnce, 0
		case failed == attempts:
			return err
		default:
			failed++
			time.Sleep(time.Second)
		}
	}
	return nil
}

// insert writes the records from one number up to another.
func (p past) insert(tx *store.Tx, from, to int) error {
	var b []byte
	for first := from; first < to; first += recordsOfBatch {
		b = b[:0]
		for n := first; n < min(first+recordsOfBatch, to); n++ {
			if len(b) > 0 {
				b = append(b, '\n')
			}
			b = p.record(n, b)
		}
		if _, err := tx.Exec(insertPast, int64(first), p.at(first).UnixMicro(), b); err != nil {
			return err
		}
	}
	return nil
}

// Measure makes a trail with so many records in a directory, and prints what the index of it costs
// to make, how large it is, what a start reads of it, and how long lookups take.
func Measure(ctx context.Context, dir string, records int) error {
	path := filepath.Join(dir, "claviger.db")
	p := past{records: records, began: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	db, err := store.Open(ctx, store.Config{Path: path})
	if err != nil {
		return err
	}
	if err := errors.Join(p.write(db), db.Close()); err != nil {
		return err
	}
	fmt.Printf("%d records, %d MB of database\n", p.records, sizeOf(dir)>>20)
	if db, err = store.Open(ctx, store.Config{Path: path}); err != nil {
		return err
	}
	defer db.Close()
	began, busy := time.Now(), processorTime()
	err = kept(ctx, db, path, func(x *search.Index) error {
		used := processorTime() - busy
		fmt.Printf("made anew in %s: %.2f us of CPU a record, reading the trail included; %d MB\n",
			time.Since(began).Round(time.Second), float64(used.Nanoseconds())/1000/float64(p.records),
			sizeOf(search.Dir(path))>>20)
		return nil
	})
	if err != nil {
		return err
	}
	return kept(ctx, db, path, func(x *search.Index) error { return p.lookups(ctx, x) })
}

// kept opens the index and has it kept, and calls f when all of the trail is in it.
func kept(ctx context.Context, db *store.DB, path string, f func(*search.Index) error) error {
	began := time.Now()
	x, err := search.Open(db, search.Dir(path), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer x.Close()
	fmt.Printf("opened in %s\n", time.Since(began).Round(10*time.Microsecond))
	keeping, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		x.Keep(keeping, &follow.Feed{DB: db})
	}()
	defer func() {
		stop()
		<-done
	}()
	for behind := int64(1); behind > 0; time.Sleep(50 * time.Millisecond) {
		if behind, err = x.Behind(); err != nil {
			return err
		}
	}
	return f(x)
}

// line is one kind of lookups.
type line struct {
	name  string
	where func(n int) []search.Condition // of a record that is drawn at random
	until bool                           // up to its time
}

func only(a search.Attribute, value string) []search.Condition {
	return []search.Condition{{Attribute: a, Value: value}}
}

func (p past) lines() []line {
	return []line{
		{"all, the newest page", func(int) []search.Condition { return nil }, false},
		{"an event by its id", func(n int) []search.Condition {
			return only(search.EventID, p.id(n))
		}, false},
		{"a key by its ARN", func(n int) []search.Condition {
			return only(search.ResourceName, p.key(n))
		}, false},
		{"an access key", func(n int) []search.Condition {
			return only(search.AccessKeyID, "AKIAIOSFODNN7"+p.user(n))
		}, false},
		{"an access key, up to a time of the past", func(n int) []search.Condition {
			return only(search.AccessKeyID, "AKIAIOSFODNN7"+p.user(n))
		}, true},
		{"a pair that one record has", func(n int) []search.Condition {
			return only(search.ContextPair, search.Pair("object", fmt.Sprintf("o%d", n)))
		}, false},
		{"a rare operation", func(int) []search.Condition {
			return only(search.EventName, "DisableKey")
		}, false},
		{"an error on a key by a user", func(n int) []search.Condition {
			n = n/1000*1000 + 7 // one that was refused
			return append(only(search.ErrorCode, "AccessDenied"),
				search.Condition{Attribute: search.Resource, Value: p.key(n)},
				search.Condition{Attribute: search.Username, Value: p.user(n)})
		}, false},
		{"what is nowhere", func(n int) []search.Condition {
			return only(search.ResourceName, fmt.Sprintf("arn:none:%d", n))
		}, false},
	}
}

// lookups measures each kind.
func (p past) lookups(ctx context.Context, x *search.Index) error {
	random := rand.New(rand.NewPCG(1, 2))
	fmt.Println("\n| looked up | events of a page | p50 | p99 |\n|---|--:|--:|--:|")
	for _, l := range p.lines() {
		var took []time.Duration
		events := 0
		for range lookups {
			n := 1 + random.IntN(p.records)
			q := search.Query{Account: "111122223333", Region: "us-east-1", Where: l.where(n)}
			if l.until {
				q.To = p.at(n)
			}
			began := time.Now()
			page, err := x.Find(ctx, q, 0, 50)
			if err != nil {
				return err
			}
			took = append(took, time.Since(began))
			events += len(page.Events)
		}
		slices.Sort(took)
		fmt.Printf("| %s | %.1f | %s | %s |\n", l.name, float64(events)/lookups,
			took[len(took)/2].Round(time.Microsecond), took[len(took)*99/100].Round(time.Microsecond))
	}
	return nil
}

// sizeOf is how many bytes the files below a directory have.
func sizeOf(dir string) (size int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				size += info.Size()
			}
		}
		return nil
	})
	return size
}

// processorTime is what this process has used of processors.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
