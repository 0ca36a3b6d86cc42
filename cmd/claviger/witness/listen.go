package witness

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"claviger/cmd/claviger/exit"
)

// Listening is a witness for other installations.
type Listening struct {
	*Holder
	Address          string
	certificate, key string
}

// Flags adds what the command line says of it; text is that of a flag set.
func (l *Listening) Flags(text func(p *string, name, value, usage string)) {
	host, _ := os.Hostname()
	text(&l.Address, "listen", "", "be a witness for others at this `address`")
	text(&l.Dir, "hold", "", "with --listen, the `directory` of what is held")
	text(&l.Name, "name", "claviger-witness/"+host, "with --listen, its `name` in its signatures")
	text(&l.certificate, "tls-certificate", "", "with --listen, a PEM `file`; without, plain HTTP")
	text(&l.key, "tls-key", "", "with --listen, a PEM `file`")
}

// Serve answers until ctx ends.
func (l *Listening) Serve(ctx context.Context, out io.Writer) error {
	if l.Dir == "" || len(l.Logs) == 0 {
		return exit.UsageError("audit witness: --listen needs --hold and --log")
	}
	if (l.certificate == "") != (l.key == "") {
		return exit.UsageError("audit witness: --tls-certificate and --tls-key belong together")
	}
	server := &http.Server{Handler: l.Holder, ReadTimeout: 10 * time.Second,
		WriteTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	if l.certificate != "" {
		pair, err := tls.LoadX509KeyPair(l.certificate, l.key)
		if err != nil {
			return fmt.Errorf("%s with %s: %w", l.certificate, l.key, err)
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	public, err := l.Open()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", l.Address)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "A witness at %s; its key is\n%s\n", listener.Addr(), public)
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if l.certificate != "" {
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(listener)
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}
