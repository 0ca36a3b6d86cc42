package torture

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"claviger/torture/driver"
)

// percentile returns the time within which so many of a hundred were.
func percentile(all []time.Duration, of int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)*of/100, len(sorted)-1)]
}

// preface is what docs/reliability.md says before its tables.
const preface = `# Reliability

What was done to the true server, and what came of it. Each table is what one driver of [torture](../torture) found in its
last whole sweep, on the day that it names: a server in a process of its own, on a SoftHSM2 token, with faults put between
it and its device, its disk, its clock or its clients. ` + "`make torture`" + ` makes the sweeps anew and ` +
	"`make docs`" + ` this page.
Every driver makes a short sweep in ` + "`make test`" + `, too, and fails on one wrong answer. Two are about a part by itself, and
stand beside it: [Receivers](#receivers) about the queue of deliveries, and [Mutations](#mutations) about what
` + "`claviger audit verify`" + ` finds.
`

// page returns docs/reliability.md.
func page(all []driver.Result) string {
	var b strings.Builder
	b.WriteString(preface)
	for _, r := range all {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| | %s |\n|---|---|\n", heading(r.Name), r.Did, r.Date)
		for _, f := range r.Figures {
			fmt.Fprintf(&b, "| %s | %s |\n", f.What, f.Value)
		}
	}
	return b.String()
}

func heading(name string) string { return strings.ToUpper(name[:1]) + name[1:] }
