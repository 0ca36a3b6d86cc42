package servertest_test

import (
	"crypto/tls"
	"net"
	"strconv"
	"strings"
	"testing"

	"claviger/secrets/rotation/rotator/servertest"
)

func TestRedis_EachKind_StartsAgain(t *testing.T) {
	for _, users := range []servertest.RedisUsers{servertest.RedisACLFile, servertest.RedisConfig,
		servertest.RedisNowhere} {
		s := servertest.Redis(t, users)
		s.Restart(t)
		conn, err := tls.Dial("tcp", net.JoinHostPort(servertest.Host, strconv.Itoa(int(s.TLSPort))),
			&tls.Config{RootCAs: servertest.Roots(t), ServerName: servertest.Host})
		if err != nil {
			t.Fatal(err)
		}
		if conn.Close(); strings.Count(s.Log(), "Ready to accept connections") < 2 {
			t.Errorf("the log says of no second start:\n%s", s.Log())
		}
	}
}
