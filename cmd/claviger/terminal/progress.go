package terminal

import (
	"cmp"
	"fmt"
	"io"
	"strings"
)

// Progress shows how far something is: by a bar that grows on a terminal, by a line now and then
// elsewhere. What is short has neither.
type Progress struct {
	w           io.Writer
	bar         bool
	what        string // that is counted; it may be nothing
	total, done int64
}

const (
	long     = 20  // steps that are worth a bar
	longer   = 200 // and worth lines
	barWidth = 40
	lines    = 10 // in all
)

// NewProgress begins with something that takes so many steps. what names them, behind their number.
func (t *Terminal) NewProgress(what string, total int64) *Progress {
	if what != "" {
		what = " " + what
	}
	return &Progress{w: t.Err, bar: t.Bar, what: what, total: total}
}

// Add says that so many steps more are done.
func (p *Progress) Add(n int64) {
	before := p.done
	p.done += n
	switch {
	case n == 0:
	case p.bar && p.total >= long:
		full := int(barWidth * p.done / p.total)
		fmt.Fprintf(p.w, "\r[%s%s] %d of %d%s", strings.Repeat("#", full),
			strings.Repeat(".", barWidth-full), p.done, p.total, p.what)
	case !p.bar && p.total >= longer && p.done*lines/p.total > before*lines/p.total:
		fmt.Fprintf(p.w, "%d of %d%s\n", p.done, p.total, cmp.Or(p.what, " done"))
	}
}

// Set says how many steps are done in all.
func (p *Progress) Set(done int64) { p.Add(done - p.done) }

// End leaves the bar as it is, and goes on in a line of its own.
func (p *Progress) End() {
	if p.bar && p.total >= long && p.done > 0 {
		fmt.Fprintln(p.w)
	}
}
