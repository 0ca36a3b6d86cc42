package postgres_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/postgres"
	"claviger/secrets/rotation/rotator/servertest"
)

// hostile is a server that greets whoever comes with some bytes, and then repeats others for as
// long as they are taken.
func hostile(t *testing.T, greets, repeats string) (port string, sent *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", servertest.Host+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	sent = new(atomic.Int64)
	serve := func(c net.Conn) {
		defer c.Close()
		head := make([]byte, 4)
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		_, _ = io.CopyN(io.Discard, c, int64(binary.BigEndian.Uint32(head))-4)
		_, _ = io.WriteString(c, greets)
		for repeats != "" {
			n, err := io.WriteString(c, repeats)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
		_, _ = io.Copy(io.Discard, c)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), sent
}

func TestHostile_AnswerWithoutEnd_IsNotRead(t *testing.T) {
	const mostRead = 64 << 20 // with what lies in the buffers between
	hashed := "R\x00\x00\x00\x0c\x00\x00\x00\x05salt"
	status := strings.Repeat("S\x00\x00\x00\x09ab\x00c\x00", 1<<14)
	for name, says := range map[string][2]string{
		"one that will be large": {"R\x3f\xff\xff\x00", ""},
		"many":                   {hashed + "R\x00\x00\x00\x08\x00\x00\x00\x00", status},
	} {
		t.Run(name, func(t *testing.T) {
			port, sent := hostile(t, says[0], says[1])
			d, err := rotator.Parse([]byte(`{"engine":"postgres","host":"` + servertest.Host +
				`","port":` + port + `,"username":"u","password":"p","ssl":false}`))
			if err != nil {
				t.Fatal(err)
			}
			to := postgres.New(postgres.Config{Reach: rotator.Reach{
				Targets: []string{servertest.Host + ":*"}, Timeout: 5 * time.Second}})
			began := time.Now()
			if err = to.Test(context.Background(), d); err == nil {
				t.Fatal("it is taken for a server")
			}
			if took := time.Since(began); took > 4*time.Second || sent.Load() > mostRead {
				t.Errorf("%d bytes were sent in %s: %v", sent.Load(), took, err)
			}
		})
	}
}
