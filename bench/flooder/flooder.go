// Package flooder is strangers who do their worst to a service that is measured beside. They are a
// process of their own, which takes the time that nobody else wants: strangers have machines of
// their own. A program that floods calls [Main] first and starts itself with [Flooder.Start].
package flooder

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
	"time"
)

// Flooder says what the strangers do.
type Flooder struct {
	Kind         string   // Unread, Pipeline, Hurry, Idle or Drip
	Address      string   // of the service
	Plain        bool     // without TLS
	From         []string // addresses of the loopback network, in turns
	N            int      // connections
	Method, Path string   // of Unread
	Text         string   // what the others send

	ctx   context.Context
	begun time.Time
	sent  atomic.Int64
}

// What strangers do.
const (
	Unread   = "unread"   // HTTP/2 streams whose answers nobody takes
	Pipeline = "pipeline" // requests one behind the other, whose answers nobody reads
	Hurry    = "hurry"    // requests as fast as they are answered
	Idle     = "idle"     // connections, and nothing else
	Drip     = "drip"     // a request whose body comes by bits
)

// environment is the variable that makes a program a flooder.
const environment = "CLAVIGER_FLOODER"

// Main makes the program a flooder and ends it, if it was started by [Flooder.Start].
func Main() {
	spec := os.Getenv(environment)
	if spec == "" {
		return
	}
	if err := new(Flooder).flood(spec); err != nil {
		fmt.Fprintln(os.Stderr, "flooder:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// flood does what the environment says until its standard input ends.
func (f *Flooder) flood(spec string) error {
	if err := json.Unmarshal([]byte(spec), f); err != nil {
		return err
	}
	if err := syscall.Setpriority(syscall.PRIO_PROCESS, 0, 19); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	f.ctx, f.begun = ctx, time.Now()
	kinds := map[string]func(from string){Unread: f.unread, Idle: f.idle, Drip: f.drip,
		Pipeline: f.pipeline, Hurry: f.hurry}
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
		if time.Since(f.begun) > 5*time.Second && f.sent.Load() > 0 {
			break // some don't get through, and that is as it should be
		}
	}
	fmt.Println("flooding")
	_, _ = io.Copy(io.Discard, os.Stdin)
	stop()
	all.Wait()
	return nil
}

func (f *Flooder) pause(d time.Duration) {
	select {
	case <-f.ctx.Done():
	case <-time.After(d):
	}
}

// Start starts a process of f and waits until it floods. The returned function ends it.
func (f *Flooder) Start() (end func(), err error) {
	spec, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), environment+"="+string(spec))
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	end = sync.OnceFunc(func() {
		in.Close()
		late := time.AfterFunc(10*time.Second, func() { _ = c.Process.Kill() })
		_ = c.Wait()
		late.Stop()
	})
	if _, err := io.ReadFull(out, make([]byte, len("flooding"))); err != nil {
		end()
		return nil, fmt.Errorf("there was no flood: %w", err)
	}
	return end, nil
}

// dial connects from an address of the loopback network. The connection ends with the flood.
func (f *Flooder) dial(from string) (net.Conn, func(), error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 10 * time.Second}
	c, err := d.DialContext(f.ctx, "tcp", f.Address)
	if err != nil {
		return nil, nil, err
	}
	// Megabytes of requests that wait in this machine's kernel would flood that, and not the service.
	if err := c.(*net.TCPConn).SetWriteBuffer(16 << 10); err != nil {
		c.Close()
		return nil, nil, err
	}
	stop := context.AfterFunc(f.ctx, func() { c.Close() })
	return c, func() {
		stop()
		c.Close()
	}, nil
}

// secure is dial by TLS, if the service speaks it.
func (f *Flooder) secure(from, protocol string) (net.Conn, func(), error) {
	raw, end, err := f.dial(from)
	if err != nil {
		return nil, nil, err
	}
	if f.Plain {
		return raw, end, nil
	}
	return tls.Client(raw, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}}),
		end, nil
}

// pipeline sends requests on one connection and reads no answers.
func (f *Flooder) pipeline(from string) {
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
func (f *Flooder) hurry(from string) {
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
func (f *Flooder) idle(from string) {
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
func (f *Flooder) drip(from string) {
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
