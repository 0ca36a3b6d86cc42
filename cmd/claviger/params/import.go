package params

import (
	"context"
	"errors"
	"fmt"

	"claviger/cmd/claviger/params/document"
	"claviger/cmd/claviger/params/plan"
	"claviger/cmd/claviger/params/remote"
	"claviger/cmd/claviger/terminal"
)

// Import is a document that is to be what is below a path.
type Import struct {
	Text   []byte
	Format document.Format
	plan.Options
	DryRun      bool // show the plan alone
	Yes         bool // ask nobody
	SkipRefused bool // do the rest although there is something that can't be done
}

// errUnmatched keeps what a misspelt pattern means from being stored in the clear, where it would
// stay in the history. Who is asked sees it beside the plan.
var errUnmatched = errors.New("a --secure matches nothing, and what it means may be in the clear: " +
	"with --yes nothing was done. Correct it, or leave it out")

// Run shows what has to be done, asks, and does it.
func (i *Import) Run(ctx context.Context, c *remote.Client, t *terminal.Terminal) error {
	p, err := i.plan(ctx, c, t)
	if ctx.Err() != nil {
		return terminal.ErrInterrupted
	}
	if err != nil {
		return err
	}
	if err := p.Show(t.Out); err != nil {
		return err
	}
	for _, pattern := range p.Unmatched {
		t.Note("--secure %q matches nothing in the file.", pattern)
	}
	refused := len(p.Of(plan.Refuse))
	if refused > 0 && !i.SkipRefused {
		return fmt.Errorf("%d of the file's parameters can't be imported, and nothing was done. Correct "+
			"them, or leave them out with --skip-refused", refused)
	}
	todo := len(p.Of(plan.Create)) + len(p.Of(plan.Change)) + len(p.Of(plan.Delete))
	if i.DryRun || todo == 0 {
		return nil
	}
	if i.Yes && len(p.Unmatched) > 0 {
		return errUnmatched
	}
	if err := i.confirm(ctx, t); err != nil {
		return err
	}
	return perform(ctx, c, t, p, i.Tier)
}

// plan reads the document and what is there, and whatever else the plan depends on.
func (i *Import) plan(ctx context.Context, c *remote.Client, t *terminal.Terminal) (*plan.Plan,
	error) {
	entries, err := document.Read(i.Format, i.Text)
	if err != nil {
		return nil, err
	}
	i.Region = c.Region
	if _, err := plan.Make(entries, nil, i.Options); err != nil {
		return nil, err // before anybody is asked
	}
	there, err := current(ctx, c, t, i.Path)
	if err != nil {
		return nil, said(err)
	}
	p, err := plan.Make(entries, there, i.Options)
	if err != nil || !p.Details && !p.Default {
		return p, err
	}
	if p.Details {
		details, err := c.Details(ctx, i.Path)
		if err != nil {
			t.Note("Keys and tiers of what is there can't be seen: %s", remote.Said(err))
		}
		for n := range there {
			there[n].Details = details[there[n].Name]
		}
	}
	if p.Default {
		i.Default, err = c.DefaultTier(ctx)
		if err != nil {
			t.Note("The tier of new parameters can't be seen, and is taken for Standard: %s",
				remote.Said(err))
		}
	}
	return plan.Make(entries, there, i.Options)
}

// confirm asks whether it shall be done.
func (i *Import) confirm(ctx context.Context, t *terminal.Terminal) error {
	if i.Yes {
		return nil
	}
	return t.Confirm(ctx)
}
