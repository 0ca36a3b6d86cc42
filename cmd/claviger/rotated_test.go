package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"claviger/secrets/rotation/rotator/servertest"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
)

// credentials of a database, as its secret has them.
type databaseSecret struct {
	Engine    string `json:"engine"`
	Host      string `json:"host"`
	Port      int    `json:"port"`
	Username  string `json:"username"`
	Password  string `json:"password"`
	SSL       bool   `json:"ssl"`
	MasterARN string `json:"masterarn,omitempty"`
}

func (d databaseSecret) address() string {
	return net.JoinHostPort(d.Host, strconv.Itoa(d.Port))
}

func (d databaseSecret) text() *string {
	b, _ := json.Marshal(d)
	text := string(b)
	return &text
}

// rotated is a user at a true server, and how clients log in there.
type rotated struct {
	kind, users    string
	app, superuser databaseSecret
	login          func(context.Context, databaseSecret) error
}

// plain is where clients log in: rotators speak TLS, and clients needn't wait for it.
func (r *rotated) plain(d databaseSecret, port uint16) databaseSecret {
	d.Port = int(port)
	return d
}

func secretsOf(kind string, port uint16, root, password string) (app, superuser databaseSecret) {
	app = databaseSecret{Engine: kind, Host: servertest.Host, Port: int(port), SSL: true,
		Username: "app_" + strconv.FormatInt(time.Now().UnixNano(), 36), Password: "first-of-all"}
	superuser = app
	superuser.Username, superuser.Password = root, password
	return app, superuser
}

func rotatedPostgres(t *testing.T, users string) *rotated {
	s := servertest.Postgres(t)
	r := &rotated{kind: "postgres", users: users, login: loginPostgres}
	r.app, r.superuser = secretsOf(r.kind, s.Port, "postgres", s.Password)
	s.Exec(t, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", r.app.Username, r.app.Password))
	return r
}

func loginPostgres(ctx context.Context, d databaseSecret) error {
	c, err := pgx.ParseConfig("sslmode=disable dbname=postgres host=" + d.Host)
	if err != nil {
		return err
	}
	c.Port, c.User, c.Password = uint16(d.Port), d.Username, d.Password
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

func rotatedMariaDB(t *testing.T, users string) *rotated {
	s := servertest.MariaDB(t)
	r := &rotated{kind: "mariadb", users: users, login: loginMariaDB}
	r.app, r.superuser = secretsOf(r.kind, s.Port, "root", s.Password)
	s.Exec(t, fmt.Sprintf("CREATE USER '%s'@'%%' IDENTIFIED BY '%s'", r.app.Username, r.app.Password))
	return r
}

func loginMariaDB(ctx context.Context, d databaseSecret) error {
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.Passwd = "tcp", d.address(), d.Username, d.Password
	to, err := mysql.NewConnector(c)
	if err != nil {
		return err
	}
	conn, err := to.Connect(ctx)
	if err != nil {
		return err
	}
	return conn.Close()
}

// rotatedRedis is a user with two passwords.
func rotatedRedis(t *testing.T, _ string) *rotated {
	s := servertest.Redis(t, servertest.RedisACLFile)
	r := &rotated{kind: "redis"}
	r.app, r.superuser = secretsOf(r.kind, s.TLSPort, "default", s.Password)
	r.login = func(ctx context.Context, d databaseSecret) error {
		return redisCommands(ctx, r.plain(d, s.Port))
	}
	err := redisCommands(t.Context(), r.plain(r.superuser, s.Port),
		[]string{"ACL", "SETUSER", r.app.Username, "on", ">" + r.app.Password, "~*", "+@all"},
		[]string{"ACL", "SAVE"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// redisCommands logs in and sends commands that are answered with OK.
func redisCommands(ctx context.Context, d databaseSecret, commands ...[]string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", d.address())
	if err != nil {
		return err
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	commands = append([][]string{{"AUTH", d.Username, d.Password}}, commands...)
	for _, command := range commands {
		text := fmt.Sprintf("*%d\r\n", len(command))
		for _, word := range command {
			text += fmt.Sprintf("$%d\r\n%s\r\n", len(word), word)
		}
		if _, err := conn.Write([]byte(text)); err != nil {
			return err
		}
		line, err := answers.ReadString('\n')
		if err == nil && !strings.HasPrefix(line, "+OK") {
			err = fmt.Errorf("%s is answered with %q", command[0], line)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
