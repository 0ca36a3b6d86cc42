package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"slices"

	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/exit"
	"claviger/cmd/claviger/params"
	"claviger/cmd/claviger/params/document"
	"claviger/cmd/claviger/params/plan"
	"claviger/cmd/claviger/params/remote"
	"claviger/cmd/claviger/terminal"
	"claviger/parameters/parameter"
)

const paramsWords = "import|export [flags]"

var paramsActions = map[string]action{
	"import": {"FILE --path PATH [flags]",
		"Makes the parameters below a path those of a file: .env, JSON or YAML. It shows what it would " +
			"do, and asks first.\nA FILE of - is the standard input."},
	"export": {"--path PATH [flags]",
		"Writes the parameters below a path as .env, JSON or YAML. SecureStrings are left out unless " +
			"--decrypt is said."},
}

const paramsService = "\n\nThe service is asked as by any client of AWS's: access key, Region and " +
	"endpoint are in the\nenvironment (AWS_ACCESS_KEY_ID, AWS_REGION, AWS_ENDPOINT_URL, ...) or in a " +
	"profile."

// asking is what import and export have in common: which service is asked, as whom, and for what.
type asking struct {
	f      *flag.FlagSet
	remote remote.Options
	path   string
	format document.Format
}

func paramsCommand(ctx context.Context, e *env, args []string) error {
	if len(args) == 0 {
		return exit.UsageError("params: say what to do: claviger params %s", paramsWords)
	}
	said, ok := paramsActions[args[0]]
	if !ok {
		return exit.UsageError("params: there is no %q: claviger params %s", args[0], paramsWords)
	}
	a := &asking{f: e.Flags("params "+args[0], said.args, said.about+paramsService)}
	a.f.StringVar(&a.path, "path", "", "the `path`, such as /app/dev")
	a.f.Func("format", "`env`, json or yaml; what the file's name says, unless it is said",
		func(name string) error {
			if a.format = document.Format(name); !slices.Contains(document.Formats, a.format) {
				return errors.New("there are env, json and yaml")
			}
			return nil
		})
	a.f.StringVar(&a.remote.Endpoint, "endpoint-url", "", "the service's `URL`")
	a.f.StringVar(&a.remote.Region, "region", "", "the `Region`")
	a.f.StringVar(&a.remote.Profile, "profile", "", "the `profile` of AWS's files")
	if args[0] == "import" {
		return a.doImport(ctx, e, args[1:])
	}
	return a.doExport(ctx, e, args[1:])
}

// open reads the path, tells the format from a file's name if need be, and finds the service.
func (a *asking) open(ctx context.Context, file string) (*remote.Client, error) {
	if a.path == "" {
		return nil, exit.UsageError("%s: --path is needed", a.f.Name())
	}
	path, err := plan.ReadPath(a.path)
	if err != nil {
		return nil, exit.UsageError("%s: %v", a.f.Name(), err)
	}
	a.path = path
	if a.format == "" {
		a.format = document.FormatOf(file)
	}
	if a.format == "" {
		return nil, exit.UsageError("%s: say --format env, json or yaml", a.f.Name())
	}
	c, err := remote.Open(ctx, a.remote)
	if errors.Is(err, remote.ErrEndpoint) || errors.Is(err, remote.ErrRegion) ||
		errors.Is(err, remote.ErrPlain) {
		return nil, exit.UsageError("%s: %w", a.f.Name(), err)
	}
	return c, err
}

func (a *asking) doImport(ctx context.Context, e *env, args []string) error {
	i := &params.Import{}
	a.f.Func("secure", "what of these names is a SecureString: a `pattern` such as '*password*', of the "+
		"name below\nthe path or of the whole; capitals are small letters. It may be said several times",
		func(pattern string) error {
			i.Secure = append(i.Secure, pattern)
			return nil
		})
	a.f.StringVar(&i.KeyID, "key", "", "the `KMS key` of SecureStrings; the one that each has, or "+
		parameter.ManagedAlias+" for a new one")
	a.f.Func("tier", "the `tier` of what is written: Standard, Advanced or Intelligent-Tiering",
		func(tier string) error {
			i.Tier = tier
			if !slices.Contains([]string{parameter.Standard, parameter.Advanced,
				parameter.IntelligentTiering}, tier) {
				return errors.New("there are Standard, Advanced and Intelligent-Tiering")
			}
			return nil
		})
	a.f.BoolVar(&i.Overwrite, "overwrite", false,
		"change parameters that are there with another value")
	a.f.BoolVar(&i.Delete, "delete", false, "delete what is below the path and not in the file")
	a.f.BoolVar(&i.SkipRefused, "skip-refused", false,
		"leave out what can't be imported, and do the rest")
	a.f.BoolVar(&i.DryRun, "dry-run", false, "show what would be done, and do nothing")
	a.f.BoolVar(&i.Yes, "yes", false, "do it without asking")
	file, err := command.ParseName(a.f, args, "name one file")
	if err != nil {
		return err
	}
	c, err := a.open(ctx, file)
	if err != nil {
		return err
	}
	i.Path, i.Format = a.path, a.format
	t := e.Terminal()
	if file == "-" {
		t.Ask = nil // the answer would be in the file
	}
	if i.Text, err = e.read(file); err != nil {
		return err
	}
	if t.Ask == nil && !i.Yes && !i.DryRun {
		return exit.UsageError("%s: %w", a.f.Name(), terminal.ErrUnanswered)
	}
	return i.Run(ctx, c, t)
}

func (a *asking) doExport(ctx context.Context, e *env, args []string) error {
	x := &params.Export{}
	a.f.StringVar(&x.File, "out", "", "the `file`, which only its owner may read; standard output, "+
		"unless it is said")
	a.f.BoolVar(&x.Force, "force", false, "overwrite the file if it is there")
	a.f.BoolVar(&x.Decrypt, "decrypt", false, "write SecureStrings too, in the clear")
	a.f.BoolVar(&x.Flat, "flat", false, "write whole names, where levels would be maps")
	if err := command.Parse(a.f, args); err != nil {
		return err
	}
	c, err := a.open(ctx, x.File)
	if err != nil {
		return err
	}
	x.Path, x.Format = a.path, a.format
	return x.Run(ctx, c, e.Terminal())
}

// mostOfParameters is how many bytes of a file are read, more than any document may have.
const mostOfParameters = 65 << 20

// read reads a file, or the standard input for -.
func (e *env) read(name string) ([]byte, error) {
	in := e.Stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	return io.ReadAll(io.LimitReader(in, mostOfParameters))
}
