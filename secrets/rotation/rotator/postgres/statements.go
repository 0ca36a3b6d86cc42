package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Functions and operators are named with their schema: the owner of a database may have put others
// in front of them (CVE-2018-1058), and they would run as the superuser.

// ask is the trivial question that a test asks.
func (c *connection) ask(ctx context.Context) error {
	ctx, cancel := c.reach.Within(ctx)
	defer cancel()
	if _, err := c.Exec(ctx, "SELECT pg_catalog.now()"); err != nil {
		return c.failure(err, false)
	}
	return nil
}

func (c *connection) hasRole(ctx context.Context, user string) (there bool, err error) {
	ctx, cancel := c.reach.Within(ctx)
	defer cancel()
	err = c.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_catalog.pg_roles"+
		" WHERE rolname OPERATOR(pg_catalog.=) CAST($1 AS pg_catalog.text))", user).Scan(&there)
	if err != nil {
		return false, c.failure(err, false)
	}
	return there, nil
}

// setPassword puts a password in force by one statement, so that there is no moment in which none
// is.
func (c *connection) setPassword(ctx context.Context, user, password string) error {
	stored, err := c.stored(ctx, user, password)
	if err != nil {
		return err
	}
	return c.change(ctx, "ALTER ROLE "+name(user)+" PASSWORD '"+stored+"'", stored)
}

// createAlternate makes a user with all rights of another, in one transaction: a user without the
// rights would be taken for finished when the step comes again.
func (c *connection) createAlternate(ctx context.Context, current, user, password string) error {
	stored, err := c.stored(ctx, user, password)
	if err != nil {
		return err
	}
	return c.change(ctx, "CREATE ROLE "+name(user)+" LOGIN PASSWORD '"+stored+"'; "+
		"GRANT "+name(current)+" TO "+name(user), stored)
}

func name(role string) string { return pgx.Identifier{role}.Sanitize() }

// change sends statements in one message, which is one transaction. If no answer comes nobody knows
// whether it was made. What is stored is in them, and in no error.
func (c *connection) change(ctx context.Context, sql, stored string) error {
	ctx, cancel := c.reach.Within(ctx)
	defer cancel()
	if _, err := c.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		return c.failure(err, true, stored)
	}
	return nil
}

// stored makes of a password what this server keeps of it.
func (c *connection) stored(ctx context.Context, user, password string) (string, error) {
	ctx, cancel := c.reach.Within(ctx)
	defer cancel()
	var method, rounds string
	// scram_iterations is a setting since version 16.
	err := c.QueryRow(ctx, "SELECT pg_catalog.current_setting('password_encryption'),"+
		" COALESCE(pg_catalog.current_setting('scram_iterations', true), '')").Scan(&method, &rounds)
	if err != nil {
		return "", c.failure(err, false)
	}
	return verifier(method, rounds, user, password)
}
