package mysql

import (
	"context"

	"claviger/secrets/rotation/rotator"
)

// setOwn has the user change its own password.
func (t *target) setOwn(ctx context.Context, v rotator.Versions) error {
	c, by, err := t.openAny(ctx, v)
	if err != nil {
		return err
	}
	defer c.close()
	e, _, err := c.whoami(ctx, v.Current.Text("username"))
	if err != nil {
		return err
	}
	next := v.Pending.Text("password")
	if e.mariadb {
		return c.setHashed(ctx, "CURRENT_USER()", "SET PASSWORD", next)
	}
	if !e.since(8, 0, 14) {
		return c.exec(ctx, "SET PASSWORD = %s", e.password(next))
	}
	if len(v.Abandoned) > 0 {
		// The candidate that was given up may be the first of two passwords now, and what clients have
		// the second, which a change would drop. The first may not be what was logged in by, so that
		// it is made so. A server that refuses to take an old password again keeps clients waiting.
		if err := c.change(ctx, by, by, false); err != nil && !answered(err) {
			return err
		}
	}
	return c.changeRetaining(ctx, next, by)
}

// openAny logs in by the current password, else by the previous one, else by those of candidates
// that were given up. It returns which did it.
func (t *target) openAny(ctx context.Context, v rotator.Versions) (*connection, string, error) {
	passwords := []string{v.Current.Text("password")}
	for _, d := range v.Older() {
		// Whoever may write a version could else have passwords tried on others.
		if t.Reach.SameLogin(d, v.Current, usualPort) {
			passwords = append(passwords, d.Text("password"))
		}
	}
	for _, password := range passwords {
		c, err := t.open(ctx, v.Current.With("password", password))
		if err == nil {
			return c, password, nil
		}
		if reasonOf(err) != rotator.LoginRefused {
			return nil, "", err
		}
	}
	return nil, "", rotator.Errorf(rotator.LoginRefused,
		"%s: the server refuses the login of %s by the password of each version that is known",
		v.Current.Text("host"), v.Current.Text("username"))
}
