package params

import (
	"fmt"
	"io"
	"strings"
)

// progress shows how far it is: by a bar that grows on a terminal, by a line now and then
// elsewhere.
type progress struct {
	w           io.Writer
	bar         bool
	total, done int
}

const (
	long     = 20 // steps that are worth a bar
	longer   = 50 // and worth lines
	barWidth = 40
	lines    = 10 // in all
)

func newProgress(t *Terminal, total int) *progress {
	return &progress{w: t.Err, bar: t.Bar, total: total}
}

func (p *progress) add(n int) {
	before := p.done
	p.done += n
	switch {
	case p.bar && p.total >= long:
		full := barWidth * p.done / p.total
		fmt.Fprintf(p.w, "\r[%s%s] %d of %d", strings.Repeat("#", full),
			strings.Repeat(".", barWidth-full), p.done, p.total)
	case !p.bar && p.total >= longer && p.done*lines/p.total > before*lines/p.total:
		fmt.Fprintf(p.w, "%d of %d done\n", p.done, p.total)
	}
}

// end leaves the bar as it is, and goes on in a line of its own.
func (p *progress) end() {
	if p.bar && p.total >= long && p.done > 0 {
		fmt.Fprintln(p.w)
	}
}
