package control

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"claviger/service"
)

// Accounts is a command about accounts.
type Accounts struct {
	Do     string // create or list
	Number string
	Alias  string
	Key    bool // create: an access key of the root user too
}

// AccountsReply is what comes back.
type AccountsReply struct {
	Accounts []AccountLine // of list
	Made     *MadeKey      // of create
}

// AccountLine is one account as it is shown.
type AccountLine struct {
	Number, Alias string
	Created       time.Time
}

func (q Accounts) perform(ctx context.Context, s *service.Service, uid int) (
	r AccountsReply, err error) {
	by := by("account "+q.Do, uid)
	switch q.Do {
	case "create":
		id, secret, err := s.NewAccount(ctx, q.Number, q.Alias, q.Key, by)
		if id != "" {
			r.Made = (&MadeKey{ID: id, Secret: secret}).of(q.Number, "")
		}
		return r, err
	case "list":
		all, err := s.Accounts(ctx, by)
		for _, a := range all {
			r.Accounts = append(r.Accounts, AccountLine{Number: a.AccountNumber,
				Alias: a.AccountAlias, Created: a.CreateDate.Time})
		}
		return r, err
	}
	return r, fmt.Errorf("there is no command %q", q.Do)
}

// Show prints the outcome.
func (q Accounts) Show(w io.Writer, r AccountsReply) error {
	if q.Do == "list" {
		var lines []string
		for _, a := range r.Accounts {
			lines = append(lines, strings.Join([]string{a.Number, a.Alias, shown(a.Created)}, "\t"))
		}
		return table(w, "ACCOUNT\tALIAS\tMADE", lines)
	}
	fmt.Fprintf(w, "Made the account %s.\n", q.Number)
	if r.Made != nil {
		r.Made.show(w)
	}
	return nil
}
