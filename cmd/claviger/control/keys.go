package control

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"claviger/identity"
	"claviger/service"
)

// Keys is a command about access keys.
type Keys struct {
	Do      string // create, list, disable, enable, delete or rotate
	Account string // list: of this one only; else whose user's
	User    string // the user; nothing is the account's root user, and for list all
	ID      string // of the access key, for disable, enable and delete
	Finish  bool   // of rotate
}

// KeysReply is what comes back.
type KeysReply struct {
	Keys []KeyLine // of list
	Made *MadeKey  // of create and rotate
	Old  string    // id of the key that a rotation ends with
	Done string    // what was done with that: disabled or deleted
}

// KeyLine is one access key as it is shown.
type KeyLine struct {
	ID, Status, Principal string
	Created, Used         time.Time
}

func (q Keys) perform(ctx context.Context, s *service.Service, uid int) (r KeysReply, err error) {
	by := by("access-key "+q.Do, uid)
	switch {
	case q.Do == "list":
		return q.list(ctx, s, by)
	case q.Do == "rotate" && q.Finish:
		r.Old, r.Done, err = s.FinishRotation(ctx, q.Account, q.User, by)
		return r, err
	case q.Do == "create", q.Do == "rotate":
		r.Made, err = makeKey(ctx, s, q.Account, q.User, by)
		return r, err
	case q.Do == "disable":
		return r, s.SetAccessKeyStatus(ctx, q.ID, identity.Inactive, by)
	case q.Do == "enable":
		return r, s.SetAccessKeyStatus(ctx, q.ID, identity.Active, by)
	case q.Do == "delete":
		return r, s.DeleteAccessKey(ctx, q.ID, by)
	}
	return r, fmt.Errorf("there is no command %q", q.Do)
}

// makeKey makes an access key for a user, or for the account's root user.
func makeKey(ctx context.Context, s *service.Service, account, user, by string) (*MadeKey, error) {
	id, secret, err := s.CreateAccessKey(ctx, account, user, by)
	if err != nil {
		return nil, err
	}
	return (&MadeKey{ID: id, Secret: secret}).of(account, user), nil
}

func (q Keys) list(ctx context.Context, s *service.Service, by string) (r KeysReply, err error) {
	keys, err := s.AccessKeys(ctx, q.Account, by)
	for _, k := range keys {
		_, user, ok := strings.Cut(k.Owner, ":user/")
		name := user[strings.LastIndex(user, "/")+1:]
		if q.User != "" && (!ok || !strings.EqualFold(name, q.User)) {
			continue
		}
		r.Keys = append(r.Keys, KeyLine{ID: k.ID, Status: k.Status, Principal: k.Owner,
			Created: k.Created, Used: k.Used})
	}
	return r, err
}

// whose is how the command line says whose keys are meant.
func (q Keys) whose() string {
	said := " --account " + q.Account
	if q.User != "" {
		said += " --user " + q.User
	}
	return said
}

// Show prints the outcome.
func (q Keys) Show(w io.Writer, r KeysReply) error {
	switch {
	case q.Do == "list":
		var lines []string
		for _, k := range r.Keys {
			used := "never"
			if !k.Used.IsZero() {
				used = shown(k.Used)
			}
			lines = append(lines, strings.Join([]string{k.ID, k.Status, shown(k.Created), used,
				k.Principal}, "\t"))
		}
		return table(w, "ACCESS KEY\tSTATUS\tMADE\tUSED LAST\tPRINCIPAL", lines)
	case r.Done != "":
		fmt.Fprintf(w, "%s is %s.\n", r.Old, r.Done)
		if r.Done == "disabled" {
			fmt.Fprintln(w, "Once nothing misses it, the same command deletes it.")
		}
	case r.Made != nil:
		r.Made.show(w)
		if q.Do == "rotate" {
			fmt.Fprintf(w, "\nOnce it is in use: claviger access-key rotate --finish%s\n", q.whose())
		}
	default:
		fmt.Fprintf(w, "%s is %s.\n", q.ID, strings.TrimSuffix(q.Do, "e")+"ed")
	}
	return nil
}
