package params

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"claviger/cmd/claviger/clients"
	"claviger/cmd/claviger/params/document"
	"claviger/cmd/claviger/params/plan"
	"claviger/cmd/claviger/params/remote"
	"claviger/cmd/claviger/terminal"
	"claviger/parameters/parameter"
)

// Export is a path whose parameters are to be in a document.
type Export struct {
	Path    string
	Format  document.Format
	File    string // where it is written to; empty: to the terminal
	Force   bool   // a file that is there may be overwritten
	Decrypt bool   // with SecureStrings, in the clear
	Flat    bool   // with whole names instead of levels
}

// Run writes the document.
func (x *Export) Run(ctx context.Context, c *remote.Client, t *terminal.Terminal) error {
	if err := x.checkFile(); err != nil {
		return err
	}
	there, err := c.Below(ctx, x.Path, x.Decrypt)
	if err != nil {
		return said(err)
	}
	values, secrets := x.values(there)
	text, err := document.Write(x.Format, values, x.Flat)
	if err != nil {
		return err
	}
	if err := x.write(t, text); err != nil {
		return err
	}
	x.warn(t, values, secrets)
	return nil
}

// values returns what is written, and the names of SecureStrings, which are among it or left out.
func (x *Export) values(there []plan.Current) (values []document.Value, secrets []string) {
	for _, c := range there {
		name := strings.TrimPrefix(c.Name, strings.TrimSuffix(x.Path, "/")+"/")
		if c.Type == parameter.SecureString {
			secrets = append(secrets, name)
			if !x.Decrypt {
				continue
			}
		}
		values = append(values, document.Value{Name: name, Text: c.Value,
			List: c.Type == parameter.StringList})
	}
	return values, secrets
}

// warn says what the document doesn't.
func (x *Export) warn(t *terminal.Terminal, values []document.Value, secrets []string) {
	if len(values) == 0 {
		t.Note("There is nothing in it.")
	}
	switch {
	case len(secrets) > 0 && !x.Decrypt:
		t.Note("SecureStrings that are left out: %d. With --decrypt they are written, in the clear.",
			len(secrets))
	case len(secrets) > 0:
		t.Note("SecureStrings that are in it, in the clear: %d. Where they are not yet, they become "+
			"such with --secure %s", len(secrets), strings.Join(secrets, " --secure "))
	}
	shell := 0
	for _, v := range values {
		if strings.ContainsAny(v.Name, "/.-") || v.Name[0] >= '0' && v.Name[0] <= '9' {
			shell++
		}
	}
	if x.Format == document.Env && shell > 0 {
		t.Note("Names that no shell has for a variable, though `claviger params import` takes them: %d.",
			shell)
	}
}

// checkFile refuses a file that is there, before anybody is asked for secrets.
func (x *Export) checkFile() error {
	if x.File == "" || x.Force {
		return nil
	}
	_, err := os.Lstat(x.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("%s is there already: --force overwrites it", x.File)
}

// mode is that of a file with secrets.
const mode = 0o600

func (x *Export) write(t *terminal.Terminal, text []byte) error {
	switch {
	case x.File == "":
		_, err := t.Out.Write(text)
		return err
	case x.Force:
		return clients.Replace(x.File, string(text), mode)
	}
	f, err := os.OpenFile(x.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(x.File))
	}
	return nil
}
