package redis

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"time"

	"claviger/secrets/rotation/rotator"
)

// encryption is what secrets ask for by ssl, as AWS's functions read it.
type encryption int

const (
	either encryption = iota // what the server speaks
	plain
	encrypted
)

// encryptionOf returns the strictest of what secrets ask for: one connection serves all of them.
func encryptionOf(reach rotator.Reach, secrets []rotator.Document) (e encryption) {
	for _, d := range secrets {
		switch withTLS, without := reach.Ways(d); {
		case !without:
			e = encrypted
		case !withTLS && e == either:
			e = plain
		}
	}
	return e
}

// dial connects to a server. A port of Redis speaks either plain or TLS. Which of them is asked
// without a password, and TLS is not tried where it might be: a server that speaks plain takes the
// handshake for the beginning of a line, and waits for its end. A certificate that isn't trusted is
// no reason to go on without TLS.
func (t *Target) dial(ctx context.Context, server rotator.Endpoint, e encryption) (net.Conn,
	error) {
	if e == either {
		speaksPlain, err := asksPlain(ctx, server)
		if err != nil {
			return nil, err
		}
		if speaksPlain {
			e = plain
		}
	}
	if e == plain {
		return connect(ctx, server)
	}
	return t.dialTLS(ctx, server)
}

// asksPlain reports whether a server answers what is asked without TLS. One that says nothing gets
// TLS, and half of the time.
func asksPlain(ctx context.Context, server rotator.Endpoint) (bool, error) {
	conn, err := connect(ctx, server)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(time.Now().Add(time.Until(end) / 2)) // fails if it is closed
	}
	var first [1]byte
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false, nil
	}
	n, _ := conn.Read(first[:])
	return n == 1 && (first[0] == '+' || first[0] == '-'), nil
}

func connect(ctx context.Context, server rotator.Endpoint) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", server.String())
	if err != nil {
		if ctx.Err() != nil {
			return nil, rotator.Errorf(rotator.TimedOut, "connecting to %s took too long", server)
		}
		return nil, rotator.Errorf(rotator.Unreachable, "%s can't be reached", server).Because(err)
	}
	return conn, nil
}

// secured is a connection by TLS.
type secured struct {
	*tls.Conn
	asked bool // for a certificate of ours, which the server may do without
}

func (t *Target) dialTLS(ctx context.Context, server rotator.Endpoint) (net.Conn, error) {
	conn, err := connect(ctx, server)
	if err != nil {
		return nil, err
	}
	var s secured
	config := t.config.Reach.TLS(server.Host)
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		s.asked = true
		return new(tls.Certificate), nil
	}
	s.Conn = tls.Client(conn, config)
	if err = s.HandshakeContext(ctx); err == nil {
		return &s, nil
	}
	conn.Close()
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		return nil, rotator.Errorf(rotator.Untrusted, "the certificate of %s is not trusted", server).
			Because(err)
	case alerted(err):
		return nil, rotator.Errorf(rotator.Untrusted, "%s refuses the TLS handshake", server).
			Because(err)
	case ctx.Err() != nil:
		return nil, rotator.Errorf(rotator.TimedOut, "the TLS handshake of %s took too long, as it does "+
			"where a server speaks no TLS", server)
	}
	return nil, rotator.Errorf(rotator.Untrusted, "%s speaks no TLS", server)
}

// alerted reports whether the other side has ended TLS by an alert, which it may do after the
// handshake as well. The type of alerts is the library's own.
func alerted(err error) bool {
	var e *net.OpError
	return errors.As(err, &e) && e.Op == "remote error"
}

const (
	mostAnswers = 256 << 10 // bytes of all answers on a connection
	mostMembers = 4096      // of one list in an answer
)

var errHuge = errors.New("the answer is too large")

// bounded is a connection that fails before an answer says how much memory to get ready for it: the
// driver believes the length that stands before a text or a list (RESP, "Bulk strings", "Arrays").
type bounded struct {
	net.Conn
	left int    // bytes that may come yet
	skip int    // bytes that belong to a text
	line []byte // what has come of a line
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p)
	if !b.fits(p[:n]) {
		return 0, errHuge
	}
	return n, err
}

func (b *bounded) fits(p []byte) bool {
	if b.left -= len(p); b.left < 0 {
		return false
	}
	for len(p) > 0 {
		if b.skip > 0 {
			n := min(b.skip, len(p))
			b.skip, p = b.skip-n, p[n:]
			continue
		}
		line, rest, ends := bytes.Cut(p, []byte("\n"))
		b.line, p = append(b.line, line...), rest
		if !ends {
			return true
		}
		if !b.announces(bytes.TrimSuffix(b.line, []byte("\r"))) {
			return false
		}
		b.line = b.line[:0]
	}
	return true
}

// announces reads the line before a text or a list, and reports whether it fits. What is no such
// line is left to the driver.
func (b *bounded) announces(line []byte) bool {
	if len(line) == 0 {
		return true
	}
	n, err := strconv.Atoi(string(line[1:]))
	if errors.Is(err, strconv.ErrRange) {
		return false
	}
	if err != nil || n < 0 {
		return true
	}
	switch line[0] {
	case '$', '=', '!':
		b.skip = n + len("\r\n")
		return n <= mostAnswers
	case '*', '~', '>', '%', '|':
		return n <= mostMembers
	}
	return true
}
