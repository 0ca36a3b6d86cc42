package postgres

import (
	"context"
	"crypto/tls"
	"io"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"claviger/secrets/rotation/rotator"
)

// blank makes a configuration to fill in. pgx makes one from a text alone, and mixes in the
// environment (PGHOST, ~/.pgpass, service files): so what counts is set afterwards, field by field,
// and here only what would make it read files.
func blank() (*pgx.ConnConfig, error) {
	c, err := pgx.ParseConfig("host=none port=5432 user=none password=none database=none " +
		"sslmode=disable sslrootcert='' sslcert='' sslkey='' sslcertmode=disable " +
		"sslnegotiation=postgres target_session_attrs=any " +
		"connect_timeout=0 min_protocol_version=3.0 max_protocol_version=3.0 " +
		"channel_binding=prefer require_auth=scram-sha-256")
	if err != nil {
		return nil, rotator.Errorf(rotator.Failed,
			"PGSERVICE is set in the service's environment, and can't be read").Because(err)
	}
	return c, nil
}

// How a server may ask for the password. One that asks for none would take any for right, and so
// tell that a new password is in force which isn't. Without TLS it is never sent as it is.
const (
	plainLogins = "scram-sha-256,md5"
	tlsLogins   = plainLogins + ",password"
)

// mostSent is how many bytes a server may send by one connection. Every answer is a short row.
const mostSent = 1 << 20

// attempt is one connection that is being made, and how far it has come.
type attempt struct {
	dialed, secured bool
}

// config is how an account connects: to its endpoint and nowhere else.
func (a *attempt) config(who account, trust *tls.Config) (*pgx.ConnConfig, error) {
	c, err := blank()
	if err != nil {
		return nil, err
	}
	c.Host, c.Port = who.Host, who.Port
	c.User, c.Password, c.Database = who.user, who.password, who.database
	c.TLSConfig, c.Fallbacks = trust, nil
	c.RuntimeParams = map[string]string{"application_name": "claviger"}
	c.KerberosSrvName, c.KerberosSpn = "", ""
	c.RequireAuth = plainLogins
	if trust != nil {
		c.RequireAuth = tlsLogins
	}
	// A name is looked up once, by the dialer. What pgx makes of a host, the path of a socket for
	// example, isn't asked.
	c.LookupFunc = func(_ context.Context, host string) ([]string, error) {
		return []string{host}, nil
	}
	c.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", who.Endpoint.String())
		a.dialed = err == nil
		if err != nil {
			return nil, err
		}
		return &rotator.Bounded{Conn: conn, Left: mostSent}, nil
	}
	// Memory is made ready for a message by the length that it begins with.
	c.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		f := pgproto3.NewFrontend(r, w)
		f.SetMaxBodyLen(mostSent)
		return f
	}
	// Otherwise the handshake would come with the first message, and its failure look like another.
	c.AfterNetConnect = func(ctx context.Context, _ *pgconn.Config, conn net.Conn) (net.Conn, error) {
		if secure, ok := conn.(*tls.Conn); ok {
			if err := secure.HandshakeContext(ctx); err != nil {
				return conn, err
			}
		}
		a.secured = true
		return conn, nil
	}
	// Statements are asked once and never prepared: a pool between may give each another session.
	c.DefaultQueryExecMode = pgx.QueryExecModeExec
	c.StatementCacheCapacity, c.DescriptionCacheCapacity = 0, 0
	return c, nil
}

// connection is one that is logged in.
type connection struct {
	*pgx.Conn
	account
	reach rotator.Reach
}

// login connects. Where the version doesn't say how, TLS is tried first, and then plain if that
// failed for the sake of TLS, as AWS's functions do it.
func (t target) login(ctx context.Context, a account) (c *connection, err error) {
	if a.tls {
		c, err = t.connect(ctx, a, t.Reach.TLS(a.Host))
		if err == nil || !a.plain || !plainMayHelp(err) {
			return c, err
		}
	}
	return t.connect(ctx, a, nil)
}

func (t target) connect(ctx context.Context, a account, trust *tls.Config) (*connection, error) {
	ctx, cancel := t.Reach.Within(ctx)
	defer cancel()
	var try attempt
	config, err := try.config(a, trust)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, try.failure(ctx, a, err)
	}
	return &connection{Conn: conn, account: a, reach: t.Reach}, nil
}

// close ends the session. That it failed concerns nobody: what was asked has its answer.
func (c *connection) close() {
	ctx, cancel := c.reach.Within(context.Background())
	defer cancel()
	_ = c.Close(ctx)
}
