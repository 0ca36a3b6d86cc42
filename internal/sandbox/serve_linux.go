package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	dialing         = 10 * time.Second // to a destination
	mostConnections = 64               // of one run at once; others wait in the listener's queue
)

// serve takes the reports of the stages until the program has begun, which closes their end, and
// from then on passes connections on. It returns why the program could not begin.
func serve(ctx context.Context, reports *os.File, c Command) error {
	for {
		r, files, err := receive(reports)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case r.Error != "":
			closeAll(files)
			return errors.New(r.Error)
		case r.Errno != 0:
			return fmt.Errorf("%s: %w", c.Program, syscall.Errno(r.Errno))
		case len(files) != len(c.Destinations):
			closeAll(files)
			return errors.New("there is a listener too few")
		}
		slots := make(chan struct{}, mostConnections)
		for i, f := range files {
			l, err := net.FileListener(f)
			f.Close()
			if err != nil {
				closeAll(files[i:])
				return err
			}
			// They end with the run: no process has the listeners then but this one.
			context.AfterFunc(ctx, func() { l.Close() })
			go forward(ctx, l, c.Destinations[i], slots)
		}
	}
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// receive reads one report with the descriptors that come by it. None of them is inherited.
func receive(reports *os.File) (r report, files []*os.File, err error) {
	raw, err := reports.SyscallConn()
	if err != nil {
		return r, nil, err
	}
	text := make([]byte, 64<<10)
	rights := make([]byte, unix.CmsgSpace(4*mostDestinations))
	var n, nRights int
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		n, nRights, _, _, failed = unix.Recvmsg(int(fd), text, rights, unix.MSG_CMSG_CLOEXEC)
		return !errors.Is(failed, unix.EAGAIN)
	})
	switch {
	case err != nil:
		return r, nil, err
	case errors.Is(failed, unix.ECONNRESET), failed == nil && n == 0:
		return r, nil, io.EOF
	case failed != nil:
		return r, nil, failed
	}
	messages, err := unix.ParseSocketControlMessage(rights[:nRights])
	if err != nil {
		return r, nil, err
	}
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			return r, files, err
		}
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), "listener"))
		}
	}
	return r, files, json.Unmarshal(text[:n], &r)
}

// forward passes the connections of one listener on to its destination.
func forward(ctx context.Context, l net.Listener, destination string, slots chan struct{}) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			conn.Close()
			return
		}
		go func() {
			defer func() { <-slots }()
			pass(ctx, conn.(*net.TCPConn), destination)
		}()
	}
}

// pass connects to a destination and copies both ways until both are at their end.
func pass(ctx context.Context, from *net.TCPConn, destination string) {
	defer from.Close()
	dialer := net.Dialer{Timeout: dialing}
	conn, err := dialer.DialContext(ctx, "tcp", destination)
	if err != nil {
		// A reset: an end of the stream would be taken for an answer.
		_ = from.SetLinger(0)
		return
	}
	to := conn.(*net.TCPConn)
	defer to.Close()
	stop := context.AfterFunc(ctx, func() { from.Close(); to.Close() })
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { stream(to, from) })
	both.Go(func() { stream(from, to) })
	both.Wait()
}

func stream(to, from *net.TCPConn) {
	if _, err := io.Copy(to, from); errors.Is(err, syscall.ECONNRESET) {
		_ = to.SetLinger(0)
		to.Close()
		return
	}
	_ = to.CloseWrite()
}
