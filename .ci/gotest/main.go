// Command gotest runs "go test" with the arguments it is given and tells what was skipped.
//
// It prints what plain "go test" prints: one line for each package, and the output of what failed.
// After that come the skipped tests, each with its reason. Plain "go test" is silent about those,
// so a suite can rot away test by test while every line says ok. With CI=true in the environment a
// skipped test is a failure.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// event is one line of "go test -json" ("go doc cmd/test2json", and for build
// output "go help buildjson").
type event struct {
	Action, Package, Test, Output string
}

// test names one test; Test is empty for what a package says outside of its tests.
type test struct{ Package, Test string }

// report gathers what a run says.
type report struct {
	out     io.Writer
	output  map[test][]string
	order   map[string][]test // tests of a package as they first spoke
	passed  int
	skipped []test
	failed  int
	progress
}

func newReport(out io.Writer) *report {
	return &report{out: out, output: map[test][]string{}, order: map[string][]test{},
		progress: newProgress()}
}

func main() {
	r := newReport(os.Stdout)
	err := r.run(os.Args[1:])
	good := r.conclude(os.Getenv("CI") == "true")
	if err != nil && r.failed == 0 {
		fmt.Fprintln(os.Stderr, "go test:", err)
	}
	if !good || err != nil {
		os.Exit(1)
	}
}

// run starts go test and reads its events to their end.
func (r *report) run(args []string) error {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := r.read(events); err != nil {
		return err
	}
	return cmd.Wait()
}

func (r *report) read(events io.Reader) error {
	lines, ended := make(chan string), make(chan error, 1)
	go func() {
		defer close(lines)
		all := bufio.NewReader(events)
		for {
			line, err := all.ReadString('\n')
			if line != "" {
				lines <- line
			}
			if err != nil {
				ended <- err
				return
			}
		}
	}()
	tick := time.NewTicker(patience)
	defer tick.Stop()
	for {
		select {
		case line, more := <-lines:
			if !more {
				if err := <-ended; err != io.EOF {
					return err
				}
				return nil
			}
			var e event
			if json.Unmarshal([]byte(line), &e) != nil {
				e = event{Action: "build-output", Output: line} // not ours to judge: shown as it stands
			}
			r.note(e)
			r.take(e)
		case <-tick.C:
			fmt.Fprintln(r.out, r.state(time.Now()))
		}
	}
}

func (r *report) take(e event) {
	t := test{e.Package, e.Test}
	switch e.Action {
	case "output":
		if _, seen := r.output[t]; !seen {
			r.order[t.Package] = append(r.order[t.Package], t)
		}
		r.output[t] = append(r.output[t], e.Output)
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "pass":
		if e.Test == "" {
			r.endPackage(e.Package)
			return
		}
		r.passed++
		delete(r.output, t)
	case "fail":
		r.failed++
		if e.Test == "" {
			r.endPackage(e.Package)
		}
	case "skip":
		if e.Test == "" {
			r.endPackage(e.Package) // a package without tests
			return
		}
		r.skipped = append(r.skipped, t)
	}
}

// endPackage prints a package's closing lines and, before them, whatever of its tests did not pass.
func (r *report) endPackage(pkg string) {
	for _, t := range r.order[pkg] {
		if t.Test == "" || slices.Contains(r.skipped, t) {
			continue
		}
		for _, line := range r.output[t] {
			fmt.Fprint(r.out, line)
		}
	}
	for _, line := range r.output[test{pkg, ""}] {
		if line != "PASS\n" && line != "testing: warning: no tests to run\n" {
			fmt.Fprint(r.out, line)
		}
	}
}

// reason is what a skipped test said, on one line.
func (r *report) reason(t test) string {
	var said []string
	for _, line := range r.output[t] {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			said = append(said, line)
		}
	}
	return strings.Join(said, " ")
}

// conclude prints the sum and reports whether the run was good. Skips count as
// failures when strict.
func (r *report) conclude(strict bool) bool {
	fmt.Fprintf(r.out, "\n%d tests passed, %d skipped", r.passed, len(r.skipped))
	if r.failed > 0 {
		fmt.Fprint(r.out, ", and there were failures (above)")
	}
	fmt.Fprintln(r.out)
	for _, t := range r.skipped {
		fmt.Fprintf(r.out, "    skipped: %s %s: %s\n", t.Package, t.Test, r.reason(t))
	}
	if strict && len(r.skipped) > 0 {
		fmt.Fprintln(r.out, "A skipped test counts as a failure here (CI=true).")
		return false
	}
	if r.passed == 0 {
		fmt.Fprintln(r.out, "No test ran: that proves nothing, and is no success.")
	}
	return r.failed == 0 && r.passed > 0
}
