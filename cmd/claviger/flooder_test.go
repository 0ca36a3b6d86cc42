package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// flooder is strangers who do their worst. They are a process of their own, which takes the time
// that nobody else wants: strangers have machines of their own.
type flooder struct {
	Kind         string   // unread, pipeline, hurry, idle, drip
	Address      string   // of the service
	From         []string // addresses of the loopback network, in turns
	N            int      // connections
	Method, Path string   // of unread
	Text         string   // of the others

	ctx  context.Context
	sent atomic.Int64
}

// asFlooder is the environment variable that makes a test binary a flooder.
const asFlooder = "CLAVIGER_FLOODER"

// flood does what the environment says until its standard input ends.
func (f *flooder) flood(spec string) error {
	if err := json.Unmarshal([]byte(spec), f); err != nil {
		return err
	}
	if err := syscall.Setpriority(syscall.PRIO_PROCESS, 0, 19); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	f.ctx = ctx
	kinds := map[string]func(from string){"unread": f.unread, "idle": f.idle, "drip": f.drip,
		"pipeline": f.pipeline, "hurry": f.hurry}
	var all sync.WaitGroup
	for i := range f.N {
		all.Go(func() {
			for ctx.Err() == nil {
				kinds[f.Kind](f.From[i%len(f.From)])
				f.pause(50 * time.Millisecond)
			}
		})
	}
	for f.sent.Load() < int64(f.N) && ctx.Err() == nil {
		f.pause(10 * time.Millisecond)
		if time.Since(begun) > 5*time.Second && f.sent.Load() > 0 {
			break // some don't get through, and that is as it should be
		}
	}
	fmt.Println("flooding")
	_, _ = io.Copy(io.Discard, os.Stdin)
	stop()
	all.Wait()
	return nil
}

var begun = time.Now()

func (f *flooder) pause(d time.Duration) {
	select {
	case <-f.ctx.Done():
	case <-time.After(d):
	}
}

// start starts a process of f and waits until it floods. The returned function ends it.
func (f *flooder) start(t testing.TB) (end func()) {
	t.Helper()
	spec, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), asFlooder+"="+string(spec))
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	word := make([]byte, 8)
	if _, err := io.ReadFull(out, word); err != nil || string(word) != "flooding" {
		t.Errorf("there was no flood: %q, %v", word, err)
	}
	return sync.OnceFunc(func() {
		in.Close()
		done := time.AfterFunc(10*time.Second, func() { _ = c.Process.Kill() })
		_ = c.Wait()
		done.Stop()
	})
}

// dial connects from an address of the loopback network. The connection ends with the flood.
func (f *flooder) dial(from string) (net.Conn, func(), error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 10 * time.Second}
	c, err := d.DialContext(f.ctx, "tcp", f.Address)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(f.ctx, func() { c.Close() })
	return c, func() {
		stop()
		c.Close()
	}, nil
}

// secure is dial by TLS.
func (f *flooder) secure(from, protocol string) (net.Conn, func(), error) {
	raw, end, err := f.dial(from)
	if err != nil {
		return nil, nil, err
	}
	return tls.Client(raw, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}}),
		end, nil
}

// pipeline sends requests on one connection and reads no answers.
func (f *flooder) pipeline(from string) {
	c, end, err := f.secure(from, "http/1.1")
	if err != nil {
		return
	}
	defer end()
	if _, err := io.WriteString(c, f.Text); err == nil {
		f.sent.Add(1)
		<-f.ctx.Done()
	}
}

// hurry sends requests one behind the other as fast as they are answered.
func (f *flooder) hurry(from string) {
	c, end, err := f.secure(from, "http/1.1")
	if err != nil {
		return
	}
	defer end()
	go func() {
		for {
			if _, err := io.WriteString(c, f.Text); err != nil {
				return
			}
			f.sent.Add(1)
		}
	}()
	_, _ = io.Copy(io.Discard, c)
}

// idle connects and waits until the other end has enough of it.
func (f *flooder) idle(from string) {
	c, end, err := f.dial(from)
	if err != nil {
		return
	}
	defer end()
	f.sent.Add(1)
	_, _ = c.Read(make([]byte, 1))
	f.pause(time.Second)
}

// drip sends a request, and then its body by bits.
func (f *flooder) drip(from string) {
	c, end, err := f.secure(from, "http/1.1")
	if err != nil {
		return
	}
	defer end()
	for text := f.Text; ; text = " " {
		if _, err := io.WriteString(c, text); err != nil || f.ctx.Err() != nil {
			return
		}
		f.sent.Add(1)
		f.pause(200 * time.Millisecond)
	}
}
