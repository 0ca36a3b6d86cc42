package trail

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"claviger/cmd/claviger/command"
	"claviger/cmd/claviger/config"
	"claviger/cmd/claviger/exit"
	"claviger/cmd/claviger/query"
	"claviger/trail/search"
)

const queryAbout = "Prints the records of the audit trail that have all of what is asked for, the " +
	"newest first: a table on a terminal,\nand else one JSON document a line. The server may be " +
	"running; its index is used as far as there is one.\n\n" +
	"  claviger audit query --config FILE --resource alias/orders --error AccessDenied --since 7d"

// wheres are the flags that ask for one value each.
var wheres = []struct {
	flag      string
	attribute search.Attribute
	about     string
}{
	{"event-id", search.EventID, "the one event of this `id`"},
	{"event", search.EventName, "the operation, or what a service did by itself, by its `name`: Decrypt"},
	{"source", search.EventSource, "the `service`, as kms or kms.amazonaws.com"},
	{"user", search.Username, "who asked: the `name` of the user, root, or of the role's session"},
	{"access-key", search.AccessKeyID, "the `id` of the access key that signed"},
	{"resource", search.Resource, "what it was about: an `ARN`, or the name of a secret or parameter"},
	{"resource-type", search.ResourceType, "the `type` of what it was about: AWS::KMS::Key"},
	{"error", search.ErrorCode, "the `code` of the error that it was refused with"},
	{"address", search.SourceAddress, "the `address` that it came from"},
}

func queryTrail(ctx context.Context, e *command.Env, args []string) error {
	f := e.Flags("audit query", "--config FILE|--database FILE [flags]", queryAbout)
	path := f.String("config", "", "`file` of the configuration")
	q := query.Query{Out: e.Stdout, Notes: e.Stderr, Table: command.IsTerminal(e.Stdout)}
	q.Wide = true
	f.StringVar(&q.Database, "database", "", "the database's `file`, instead of a configuration")
	f.StringVar(&q.Account, "account", "", "the `account`; all, unless it is said")
	f.StringVar(&q.Region, "region", "", "the `Region`; all, unless it is said")
	f.IntVar(&q.Most, "n", 50, "how `many` records at most; 0 for all")
	asked := &asked{query: &q, now: time.Now()}
	for _, w := range wheres {
		f.Func(w.flag, w.about, func(value string) error { return asked.has(w.attribute, value) })
	}
	f.Func("context", "a pair `key=value` of the encryption context; it may be said several times",
		asked.pair)
	f.BoolFunc("changes", "only what changed something, or would have", func(value string) error {
		return asked.flag(search.ReadOnly, "false", value)
	})
	f.Func("since", "the `time` from which on: 2026-03-01T09:30:00Z, 2026-03-01, or how long ago: 90m, 7d",
		func(value string) (err error) { q.From, err = asked.when(value, 0); return err })
	f.Func("until", "the `time` up to which, likewise",
		func(value string) (err error) { q.To, err = asked.when(value, 24*time.Hour-1); return err })
	f.BoolFunc("json", "the records as they are, one a line", func(value string) error {
		q.Table = value == "false"
		return nil
	})
	f.BoolFunc("table", "a table", func(value string) error { q.Table = value != "false"; return nil })
	if err := command.Parse(f, args); err != nil {
		return err
	}
	switch {
	case q.Database == "" && *path == "":
		return exit.UsageError("audit query: --config FILE or --database FILE is needed")
	case q.Most < 0:
		return exit.UsageError("audit query: there are no negative numbers of records")
	case !q.From.IsZero() && !q.To.IsZero() && q.From.After(q.To):
		return exit.UsageError("audit query: --since is after --until")
	}
	if q.Database == "" {
		c, err := config.Read(*path)
		if err != nil {
			return err
		}
		q.Database = c.Database
	}
	if err := checkDatabase(q.Database); err != nil {
		return err
	}
	return q.Run(ctx)
}

// asked takes what is asked for from flags.
type asked struct {
	query *query.Query
	now   time.Time
}

func (a *asked) has(attribute search.Attribute, value string) error {
	if value == "" {
		return errors.New("it is empty")
	}
	if attribute == search.EventSource && !strings.Contains(value, ".") {
		value += ".amazonaws.com"
	}
	a.query.Where = append(a.query.Where, search.Condition{Attribute: attribute, Value: value})
	return nil
}

func (a *asked) flag(attribute search.Attribute, value, said string) error {
	if yes, err := strconv.ParseBool(said); err != nil || !yes {
		return err
	}
	return a.has(attribute, value)
}

func (a *asked) pair(text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok {
		return errors.New("a pair is key=value")
	}
	return a.has(search.ContextPair, search.Pair(key, value))
}

// when reads a time. A day alone is its beginning, and more for its end.
func (a *asked) when(text string, more time.Duration) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t.Add(more), nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return a.now.AddDate(0, 0, -int(n)), nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return a.now.Add(-ago), nil
	}
	return time.Time{}, errors.New("times are 2026-03-01T09:30:00Z, 2026-03-01, 90m or 7d")
}
