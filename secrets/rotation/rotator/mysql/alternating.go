package mysql

import (
	"context"
	"crypto/rand"
	"strings"

	"claviger/secrets/rotation/rotator"
)

// setAlternate has the superuser set the password of the one of two users that isn't in use, and
// makes that user where it isn't there. The rights of the other are copied every time, so that
// those which were given to one since reach both.
func (t *target) setAlternate(ctx context.Context, v rotator.Versions) error {
	of, err := t.accountOf(ctx, v.Current)
	if err != nil {
		return err
	}
	to := account{user: v.Pending.Text("username"), host: of.host}
	c, e, err := t.openSuperuser(ctx, v)
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.create(ctx, e, to); err != nil {
		return err
	}
	for _, copied := range []func(context.Context, edition, account, account) error{
		c.copyGrants, c.copyDefaultRoles, c.copyRequirements,
	} {
		if err := copied(ctx, e, of, to); err != nil {
			return err
		}
	}
	if e.mariadb {
		return c.setHashed(ctx, to.String(), "SET PASSWORD FOR "+to.String(),
			v.Pending.Text("password"))
	}
	return c.exec(ctx, "SET PASSWORD FOR %s = %s", to, e.password(v.Pending.Text("password")))
}

// accountOf logs in by the current credentials. Whoever can't has no right to a user with the same
// rights, so that a superuser makes none for a name that was only written into a secret.
func (t *target) accountOf(ctx context.Context, current rotator.Document) (account, error) {
	c, err := t.open(ctx, current)
	if err != nil {
		return account{}, err
	}
	defer c.close()
	_, a, err := c.whoami(ctx, current.Text("username"))
	return a, err
}

func (t *target) openSuperuser(ctx context.Context, v rotator.Versions) (c *connection, e edition,
	err error) {
	if v.Superuser == nil {
		return nil, e, rotator.Errorf(rotator.NoSuperuser, "the secret names no superuser's secret")
	}
	if err := t.check(*v.Superuser); err != nil {
		return nil, e, rotator.Errorf(rotator.NoSuperuser, "the superuser's secret is none: %s", err)
	}
	user := v.Superuser.Text("username")
	if err := t.sameServer(*v.Superuser, v.Current, "superuser's secret"); err != nil {
		return nil, e, rotator.Errorf(rotator.NoSuperuser, "%s", err)
	}
	if user == v.Pending.Text("username") {
		return nil, e, rotator.Errorf(rotator.NoSuperuser, "the secret's other user is the superuser")
	}
	if c, err = t.open(ctx, *v.Superuser); err != nil {
		return nil, e, err
	}
	e, _, err = c.whoami(ctx, user)
	if err != nil {
		c.close()
		return nil, e, err
	}
	return c, e, nil
}

// create makes an account that nobody can log in to yet. Its password is thrown away, and has of
// each type one for servers that look.
func (c *connection) create(ctx context.Context, e edition, to account) error {
	found, err := c.row(ctx, 1, "SELECT COUNT(*) FROM mysql.user WHERE User = %s AND Host = %s",
		literal(to.user), literal(to.host))
	if err != nil || found[0] != "0" {
		return err
	}
	password := rand.Text() + "-a1"
	if e.mariadb {
		err := c.exec(ctx, "CREATE USER %s IDENTIFIED BY PASSWORD %s", to, literal(native(password)))
		if numberOf(err) != errValidation {
			return err
		}
	}
	return c.exec(ctx, "CREATE USER %s IDENTIFIED BY %s", to, literal(password))
}

// copyGrants gives one account the rights of another.
func (c *connection) copyGrants(ctx context.Context, _ edition, of, to account) error {
	rows, err := c.query(ctx, "SHOW GRANTS FOR %s", of)
	if err != nil {
		return err
	}
	isProxy := false
	for _, row := range rows {
		if strings.HasPrefix(row[0], "GRANT PROXY ") {
			isProxy = true
			continue
		}
		statement, is, ok := grantTo(row[0], of, to)
		if !ok {
			return rotator.Errorf(rotator.BadAnswer, "%s: a grant of %s can't be read", c.at, of.user)
		}
		if !is {
			continue
		}
		if err := c.exec(ctx, "%s", statement); err != nil {
			return err
		}
	}
	if !isProxy {
		return nil
	}
	return c.copyProxies(ctx, of, to)
}

// copyProxies lets one account stand in for those that another may stand in for. Of these alone
// some servers print the names in quotes as they are, with quotes in them, which can't be read.
func (c *connection) copyProxies(ctx context.Context, of, to account) error {
	rows, err := c.query(ctx, "SELECT Proxied_user, Proxied_host, With_grant FROM mysql.proxies_priv "+
		"WHERE User = %s AND Host = %s", literal(of.user), literal(of.host))
	if err != nil {
		return err
	}
	for _, row := range rows {
		statement := "GRANT PROXY ON %s TO %s"
		if row[2] != "0" {
			statement += " WITH GRANT OPTION"
		}
		if err := c.exec(ctx, statement, account{user: row[0], host: row[1]}, to); err != nil {
			return err
		}
	}
	return nil
}

// copyDefaultRoles copies which roles are active from the login on. MariaDB has them among its
// grants.
func (c *connection) copyDefaultRoles(ctx context.Context, e edition, of, to account) error {
	if e.mariadb || !e.since(8, 0, 0) {
		return nil
	}
	rows, err := c.query(ctx, "SELECT DEFAULT_ROLE_USER, DEFAULT_ROLE_HOST FROM mysql.default_roles "+
		"WHERE USER = %s AND HOST = %s", literal(of.user), literal(of.host))
	if err != nil || len(rows) == 0 {
		return err
	}
	var roles []string
	for _, row := range rows {
		roles = append(roles, account{user: row[0], host: row[1]}.String())
	}
	return c.exec(ctx, "ALTER USER %s DEFAULT ROLE %s", to, strings.Join(roles, ", "))
}

// copyRequirements copies what TLS an account has to come by.
func (c *connection) copyRequirements(ctx context.Context, e edition, of, to account) error {
	row, err := c.row(ctx, 4, "SELECT ssl_type, ssl_cipher, x509_issuer, x509_subject "+
		"FROM mysql.user WHERE User = %s AND Host = %s", literal(of.user), literal(of.host))
	if err != nil {
		return err
	}
	statement := "ALTER USER %s REQUIRE %s"
	if e.mariadb && !e.since(10, 2, 0) || !e.mariadb && !e.since(5, 7, 0) {
		statement = "GRANT USAGE ON *.* TO %s REQUIRE %s"
	}
	return c.exec(ctx, statement, to, requirement(row[0], row[1], row[2], row[3]))
}

func requirement(kind, cipher, issuer, subject string) string {
	switch kind {
	case "":
		return "NONE"
	case "ANY":
		return "SSL"
	case "X509":
		return "X509"
	}
	var all []string
	for _, r := range []struct{ word, value string }{
		{"CIPHER ", cipher}, {"ISSUER ", issuer}, {"SUBJECT ", subject},
	} {
		if r.value != "" {
			all = append(all, r.word+literal(r.value))
		}
	}
	return strings.Join(all, " AND ")
}
