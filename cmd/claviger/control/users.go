package control

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"claviger/service"
)

// Users is a command about users.
type Users struct {
	Do       string // create, list, delete, attach or detach
	Account  string
	Name     string
	Policies []string // ARNs of managed policies that are attached or detached
	Key      bool     // create: an access key too
}

// UsersReply is what comes back.
type UsersReply struct {
	Users []UserLine // of list
	Made  *MadeKey   // of create
}

// UserLine is one user as it is shown.
type UserLine struct {
	ARN, ID string
	Created time.Time
}

func (q Users) perform(ctx context.Context, s *service.Service, uid int) (r UsersReply, err error) {
	by := by("user "+q.Do, uid)
	switch q.Do {
	case "create":
		return q.create(ctx, s, by)
	case "list":
		users, err := s.Users(ctx, q.Account, by)
		for _, u := range users {
			r.Users = append(r.Users, UserLine{ARN: u.Arn, ID: u.UserId, Created: u.CreateDate.Time})
		}
		return r, err
	case "delete":
		return r, s.DeleteUser(ctx, q.Account, q.Name, by)
	case "attach":
		return r, q.each(s.AttachUserPolicy, ctx, by)
	case "detach":
		return r, q.each(s.DetachUserPolicy, ctx, by)
	}
	return r, fmt.Errorf("there is no command %q", q.Do)
}

// create says how far it came: the user may be there with less than was asked for.
func (q Users) create(ctx context.Context, s *service.Service, by string) (
	r UsersReply, err error) {
	if err := s.CreateUser(ctx, q.Account, q.Name, by); err != nil {
		return r, err
	}
	if err := q.each(s.AttachUserPolicy, ctx, by); err != nil {
		return r, fmt.Errorf("the user was made, but not all policies are attached, which "+
			"`claviger user attach` does: %w", err)
	}
	if !q.Key {
		return r, nil
	}
	if r.Made, err = makeKey(ctx, s, q.Account, q.Name, by); err != nil {
		err = fmt.Errorf("the user was made, but no access key: %w", err)
	}
	return r, err
}

// each does something with each of the policies.
func (q Users) each(do func(ctx context.Context, account, user, arn, by string) error,
	ctx context.Context, by string) error {
	for _, arn := range q.Policies {
		if err := do(ctx, q.Account, q.Name, arn, by); err != nil {
			return err
		}
	}
	return nil
}

// Show prints the outcome.
func (q Users) Show(w io.Writer, r UsersReply) error {
	switch q.Do {
	case "list":
		var lines []string
		for _, u := range r.Users {
			lines = append(lines, strings.Join([]string{u.ARN, u.ID, shown(u.Created)}, "\t"))
		}
		return table(w, "USER\tID\tMADE", lines)
	case "create":
		fmt.Fprintf(w, "Made the user %s of account %s.\n", q.Name, q.Account)
		if r.Made != nil {
			r.Made.show(w)
		}
		return nil
	}
	fmt.Fprintf(w, "%s: %s.\n", q.Name,
		map[string]string{"delete": "deleted", "attach": "attached", "detach": "detached"}[q.Do])
	return nil
}
