package control

import (
	"context"
	"fmt"
	"io"
	"strings"
	"unicode"

	"claviger/secrets/rotation/diagnosis"
	"claviger/service"
)

// Secrets is a command about a secret.
type Secrets struct {
	Do              string // troubleshoot
	Account, Region string // an empty Region is the first one that is served
	Name            string // or ARN
}

func (q Secrets) perform(ctx context.Context, s *service.Service, uid int) (
	d diagnosis.Diagnosis, err error) {
	if q.Do != "troubleshoot" {
		return d, fmt.Errorf("there is no command %q", q.Do)
	}
	return s.DiagnoseRotation(ctx, q.Account, q.Region, q.Name, by("secrets "+q.Do, uid))
}

// Show prints what was found, and what to do about it.
func (q Secrets) Show(w io.Writer, d diagnosis.Diagnosis) error {
	fmt.Fprintln(w, d.ARN)
	for _, text := range d.State {
		fmt.Fprintln(w, text)
	}
	if !d.Last.IsZero() {
		fmt.Fprintf(w, "The last rotation was complete at %s.\n", shown(d.Last))
	}
	if f := d.Failure; f != nil {
		fmt.Fprintf(w, "\nThe last attempt failed at %s, in %s (%s):\n  %s\n", shown(f.At), f.Step,
			f.Reason, printable(f.Text))
		if f.Said != "" {
			fmt.Fprintln(w, "The last that the function said:")
		}
		for line := range strings.Lines(f.Said) {
			fmt.Fprintln(w, "  | "+printable(strings.TrimSuffix(line, "\n")))
		}
	}
	if len(d.Advice) > 0 {
		fmt.Fprintln(w, "\nWhat to do:")
	}
	for _, text := range d.Advice {
		fmt.Fprintln(w, "- "+text)
	}
	return nil
}

// printable is a text that a rotator may have from elsewhere, without what moves a terminal's
// cursor or begins a line.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, text)
}
