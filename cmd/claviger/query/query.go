// Package query prints those records of the audit trail that have what is asked for. It reads
// beside a running server, by the server's index as far as there is one, or without either.
package query

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"claviger/store"
	"claviger/trail/search"
)

// Query is what is asked for, and how it is shown.
type Query struct {
	search.Query
	Database string
	Most     int  // records; 0: all
	Table    bool // for people, and else the records as they are
	Out      io.Writer
	Notes    io.Writer // for people
}

// page is how many records are looked up at once.
const page = 200

// patience is how long it looks before it says how far it is.
const patience = 2 * time.Second

// Run prints what is found, from the newest record to the oldest.
func (q Query) Run(ctx context.Context) (err error) {
	db, err := store.OpenReader(ctx, q.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	index, err := search.OpenReader(db, search.Dir(q.Database))
	if err != nil {
		return err
	}
	defer index.Close()
	p := newPrinter(q)
	found, before, told := 0, int64(0), time.Now()
	for {
		size := page
		if q.Most > 0 {
			size = min(page, q.Most-found)
		}
		records, err := index.Find(ctx, q.Query, before, size)
		if err != nil {
			return err
		}
		found += len(records.Events)
		if err := p.print(records.Events); err != nil {
			return err
		}
		before = records.Next
		if before == 0 || q.Most > 0 && found >= q.Most {
			break
		}
		if time.Since(told) > patience {
			told = time.Now()
			q.note("looked at all records from number %d on; what isn't in the index is read", before)
		}
	}
	if err := p.flush(); err != nil {
		return err
	}
	if q.Table {
		q.sum(found, before)
	}
	return nil
}

func (q Query) note(format string, args ...any) {
	fmt.Fprintf(q.Notes, "claviger audit query: "+format+"\n", args...)
}

// sum says below a table how much it is.
func (q Query) sum(found int, next int64) {
	switch {
	case found == 0:
		q.note("no record has what was asked for")
	case next > 0:
		q.note("the newest %d; -n 0 shows all", found)
	}
}

// printer writes records.
type printer struct {
	table bool
	out   *bufio.Writer
	rows  *tabwriter.Writer
	begun bool
}

func newPrinter(q Query) *printer {
	out := bufio.NewWriterSize(q.Out, 1<<16)
	return &printer{table: q.Table, out: out, rows: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
}

func (p *printer) print(events []search.Event) error {
	for i := range events {
		if p.table {
			p.row(&events[i])
			continue
		}
		p.out.Write(events[i].Record)
		p.out.WriteByte('\n')
	}
	return p.flush()
}

// flush writes what there is: who reads along sees each page. Columns are as wide as those of the
// page.
func (p *printer) flush() error {
	if err := p.rows.Flush(); err != nil {
		return err
	}
	return p.out.Flush()
}

func (p *printer) row(e *search.Event) {
	if !p.begun {
		p.begun = true
		fmt.Fprintln(p.rows, "TIME\tACCOUNT\tREGION\tWHO\tEVENT\tABOUT\tRESULT")
	}
	result := e.ErrorCode
	if result == "" {
		result = "ok"
	}
	var about []string
	for _, r := range e.Resources {
		about = append(about, short(r.Name))
	}
	fmt.Fprintf(p.rows, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Time.Format(time.RFC3339),
		dash(e.Account), dash(e.Region), plain(dash(e.Username)),
		strings.TrimSuffix(e.Source, ".amazonaws.com")+":"+e.Name, plain(dash(strings.Join(about, " "))),
		result)
}

// short leaves out of an ARN what stands in other columns.
func short(name string) string {
	parts := strings.SplitN(name, ":", 6)
	if len(parts) == 6 && parts[0] == "arn" {
		return parts[5]
	}
	return name
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// plain shows what a client made up without what a terminal would act on.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, text)
}
