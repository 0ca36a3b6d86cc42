package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/go-sql-driver/mysql"

	"claviger/secrets/rotation/rotator"
)

// connection is one login. It is the driver's own, without the pool of database/sql: a pool
// connects again by itself, and here each login says something.
type connection struct {
	driver statements
	net    *rotator.Bounded
	at     string // host:port, for messages
	reach  rotator.Reach
}

// statements is what the driver's connections do besides what all must.
type statements interface {
	driver.Conn
	driver.ExecerContext
	driver.QueryerContext
}

// mostSent is how many bytes a server may send by one connection: ten thousand grants have a few.
const mostSent = 16 << 20

var (
	errTooMuch      = fmt.Errorf("%w: %w", mysql.ErrMalformPkt, rotator.ErrTooMuch)
	errNoStatements = errors.New("the driver takes no statements")
)

// settings make the answers of SHOW GRANTS, and the literals that are sent, independent of how the
// server is set: backslashes escape, double quotes hold strings, and names are quoted always.
var settings = map[string]string{"sql_mode": "''", "sql_quote_show_create": "1"}

// open logs in as a secret says: by TLS or without, as its member ssl has it. Where that is absent
// TLS is tried, and if there is none to be had it goes on without.
func (t *target) open(ctx context.Context, d rotator.Document) (*connection, error) {
	at, err := t.Reach.Endpoint(d, usualPort)
	if err != nil {
		return nil, err
	}
	encrypted, plain := t.Reach.Ways(d)
	c, err := t.login(ctx, d, at, encrypted)
	if err != nil && encrypted && plain && reasonOf(err) == rotator.Untrusted {
		return t.login(ctx, d, at, false)
	}
	return c, err
}

// mostLogins is how often a login is begun whose handshake can't be read. The driver takes a zero
// at the end of a challenge for a terminator, and so fails at one in 256 of Ed25519's, before it
// has sent anything of the password.
const mostLogins = 4

// login makes a connection.
func (t *target) login(ctx context.Context, d rotator.Document, at rotator.Endpoint,
	encrypted bool) (c *connection, err error) {
	for range mostLogins {
		c, err = t.connect(ctx, d, at, encrypted)
		if !errors.Is(err, mysql.ErrMalformPkt) || errors.Is(err, rotator.ErrTooMuch) {
			return c, err
		}
	}
	return nil, err
}

// connect logs in once. Every option of the driver that lets a server read files, see a password in
// clear or run two statements for one is off as the driver has it.
func (t *target) connect(ctx context.Context, d rotator.Document, at rotator.Endpoint,
	encrypted bool) (*connection, error) {
	config := mysql.NewConfig()
	config.Net, config.Addr = "tcp", at.String()
	config.User, config.Passwd = d.Text("username"), d.Text("password")
	config.DBName = d.Text("dbname")
	config.Params = settings
	config.Logger = &mysql.NopLogger{} // its errors are returned, and what it prints goes past the log
	if encrypted {
		config.TLS = t.Reach.TLS(at.Host)
	}
	c := &connection{at: at.String(), reach: t.Reach}
	config.DialFunc = c.dial
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, rotator.Errorf(rotator.Failed, "%s: the driver refuses its settings", at).Because(err)
	}
	within, cancel := t.Reach.Within(ctx)
	defer cancel()
	err = c.guarded(func() error {
		conn, err := connector.Connect(within)
		if err != nil {
			return err
		}
		var ok bool
		if c.driver, ok = conn.(statements); !ok {
			return errNoStatements
		}
		return nil
	})
	if err != nil {
		c.close()
		return nil, refused(within, at.String(), err)
	}
	return c, nil
}

// dial connects, and holds the server to what it may send.
func (c *connection) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.net = &rotator.Bounded{Conn: conn, Left: mostSent}
	return c.net, nil
}

// guarded calls the driver. A packet that is shorter than it has to be makes the driver panic, and
// whoever a secret names for its server isn't to end the service by one.
func (c *connection) guarded(call func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: the driver panics: %v", mysql.ErrMalformPkt, r)
		}
		if err != nil && c.net != nil && c.net.Left <= 0 {
			err = errTooMuch // which the driver has for a connection that ended
		}
	}()
	return call()
}

// close ends the connection. Nothing is open that could fail.
func (c *connection) close() {
	if c.driver != nil {
		_ = c.guarded(c.driver.Close)
	}
	if c.net != nil {
		_ = c.net.Close() // the driver that panics has left it open
	}
}

func (c *connection) exec(ctx context.Context, format string, args ...any) error {
	ctx, cancel := c.reach.Within(ctx)
	defer cancel()
	err := c.guarded(func() error {
		_, err := c.driver.ExecContext(ctx, fmt.Sprintf(format, args...), nil)
		return err
	})
	if err != nil {
		return failed(ctx, c.at, err)
	}
	return nil
}

// query returns all rows of an answer as texts. NULL is empty.
func (c *connection) query(ctx context.Context, format string, args ...any) ([][]string, error) {
	ctx, cancel := c.reach.Within(ctx)
	defer cancel()
	var all [][]string
	err := c.guarded(func() error {
		rows, err := c.driver.QueryContext(ctx, fmt.Sprintf(format, args...), nil)
		if err != nil {
			return err
		}
		defer rows.Close()
		all, err = texts(rows)
		return err
	})
	if err != nil {
		return nil, failed(ctx, c.at, err)
	}
	return all, nil
}

func texts(rows driver.Rows) (all [][]string, err error) {
	for {
		values := make([]driver.Value, len(rows.Columns()))
		if err := rows.Next(values); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		row := make([]string, len(values))
		for i, v := range values {
			row[i] = text(v)
		}
		all = append(all, row)
	}
}

// row is [connection.query] for an answer of one row with that many columns.
func (c *connection) row(ctx context.Context, columns int, format string,
	args ...any) ([]string, error) {
	rows, err := c.query(ctx, format, args...)
	if err != nil {
		return nil, err
	}
	if len(rows) != 1 || len(rows[0]) != columns {
		return nil, rotator.Errorf(rotator.BadAnswer, "%s: the server answers with other rows", c.at)
	}
	return rows[0], nil
}

func text(v driver.Value) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []byte:
		return string(v)
	default:
		return fmt.Sprint(v)
	}
}

// literal quotes a text for a statement. It holds for the sql_mode of [settings] and for the
// driver's character set, UTF-8, in which no character has a quote or a backslash inside.
func literal(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`, "\x00", `\0`).Replace(s) + "'"
}
