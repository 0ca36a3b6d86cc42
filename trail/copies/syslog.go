package copies

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"claviger/internal/follow"

	"github.com/go-json-experiment/json/jsontext"
)

// Syslog sends records by RFC 5424 over TLS (RFC 5425), as the text of messages of the facility
// "log audit".
//
// Syslog has no answers: what was written to a connection may be lost with the receiver, and
// nothing says so. What it has is the end of a connection (RFC 5425 section 4.4): who ends it says
// so, and the other side answers by ending it, too, once it has read all that came before. So a
// connection is ended to have what was sent confirmed, and the next one is made with the next
// record.
type Syslog struct {
	// Dial connects to the receiver, without TLS.
	Dial func(ctx context.Context) (net.Conn, error)
	TLS  *tls.Config // ServerName must be set
	Host string      // this machine, as messages name it
	// Timeout is how long the receiver may take for 64 KiB, and to end a connection, by which it has
	// read what it was sent; 0: 30 seconds.
	Timeout time.Duration

	conn    *tls.Conn
	out     *bufio.Writer
	decoder *jsontext.Decoder
	message bytes.Buffer
}

const (
	handshake = 10 * time.Second
	answering = 30 * time.Second // what receivers may take, unless something else is said

	informational = 13<<3 | 6 // facility log audit, severity informational
	notice        = 13<<3 | 5 // what failed

	longestSequence = 1<<31 - 1 // RFC 5424 section 7.3.1; 1 follows on it
)

// Every implements [Receiver]. Each time costs a connection.
func (s *Syslog) Every() time.Duration { return 5 * time.Second }

// Send implements [Receiver].
func (s *Syslog) Send(ctx context.Context, b follow.Batch) error {
	if s.conn == nil {
		if err := s.connect(ctx); err != nil {
			return err
		}
	}
	for number, record := range b.Lines() {
		if err := s.write(number, b.At, record); err != nil {
			return err
		}
	}
	return nil
}

func (s *Syslog) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, handshake)
	defer cancel()
	raw, err := s.Dial(ctx)
	if err != nil {
		return err
	}
	conn := tls.Client(raw, s.TLS)
	if err := conn.HandshakeContext(ctx); err != nil {
		return errors.Join(fmt.Errorf("TLS with the receiver failed: %w", err), raw.Close())
	}
	s.conn, s.out = conn, bufio.NewWriterSize(deadlined{conn, orUsual(s.Timeout, answering)}, 1<<16)
	s.decoder = jsontext.NewDecoder(bytes.NewReader(nil))
	return nil
}

// deadlined is a connection that has some time for each write.
type deadlined struct {
	conn net.Conn
	time time.Duration
}

// Write implements [io.Writer].
func (d deadlined) Write(b []byte) (int, error) {
	if err := d.conn.SetWriteDeadline(time.Now().Add(d.time)); err != nil {
		return 0, err
	}
	return d.conn.Write(b)
}

// write sends one record: the length of the message, a space, and the message.
func (s *Syslog) write(number int64, at time.Time, record []byte) error {
	h := headOf(s.decoder, record)
	priority := informational
	if h.failed {
		priority = notice
	}
	if h.at.IsZero() {
		h.at = at
	}
	s.message.Reset()
	fmt.Fprintf(&s.message, "<%d>1 %s %s claviger - %s [meta sequenceId=\"%d\"] ", priority,
		h.at.UTC().Format("2006-01-02T15:04:05.000000Z"), printable(s.Host, 255),
		printable(h.name, 32), (number-1)%longestSequence+1)
	s.message.WriteString("\xEF\xBB\xBF") // it is UTF-8, says RFC 5424 section 6.4
	s.message.Write(record)
	var room [24]byte
	length := append(strconv.AppendInt(room[:0], int64(s.message.Len()), 10), ' ')
	if _, err := s.out.Write(length); err != nil {
		return err
	}
	_, err := s.out.Write(s.message.Bytes())
	return err
}

// printable is a word of the head of a message: visible characters of ASCII, or a hyphen for none.
func printable(text string, most int) string {
	word := make([]byte, 0, most)
	for i := 0; i < len(text) && len(word) < most; i++ {
		if c := text[i]; c > ' ' && c < 0x7F {
			word = append(word, c)
		}
	}
	if len(word) == 0 {
		return "-"
	}
	return string(word)
}

// Confirm implements [Receiver].
func (s *Syslog) Confirm(ctx context.Context) error {
	if s.conn == nil {
		return nil
	}
	if err := s.out.Flush(); err != nil {
		return err
	}
	until := time.Now().Add(orUsual(s.Timeout, answering))
	if asked, ok := ctx.Deadline(); ok && asked.Before(until) {
		until = asked
	}
	if err := s.conn.SetDeadline(until); err != nil {
		return err
	}
	if err := s.conn.CloseWrite(); err != nil {
		return err
	}
	// Nothing is expected but the end. An end without TLS's own is one by somebody in between, or by
	// a process that was killed.
	if _, err := io.Copy(io.Discard, io.LimitReader(s.conn, 1<<20)); err != nil {
		return fmt.Errorf("the receiver did not end the connection, so nobody knows what it has: %w",
			err)
	}
	s.Close()
	return nil
}

// Close implements [Receiver].
func (s *Syslog) Close() {
	if s.conn != nil {
		s.conn.NetConn().Close() // at once: TLS would wait for a receiver that takes nothing
		s.conn = nil
	}
}

// head is what the head of a message says of a record.
type head struct {
	at     time.Time
	name   string
	failed bool
}

// headOf reads it. A record that can't be read is sent all the same, with less of a head.
func headOf(d *jsontext.Decoder, record []byte) (h head) {
	d.Reset(bytes.NewReader(record))
	if token, err := d.ReadToken(); err != nil || token.Kind() != jsontext.KindBeginObject {
		return h
	}
	for d.PeekKind() == jsontext.KindString {
		name, err := d.ReadToken()
		if err != nil {
			return h
		}
		member := name.String()
		if member != "eventTime" && member != "eventName" && member != "errorCode" {
			if d.SkipValue() != nil {
				return h
			}
			continue
		}
		value, err := d.ReadToken()
		if err != nil || value.Kind() != jsontext.KindString {
			return h
		}
		switch member {
		case "eventTime":
			h.at, _ = time.Parse(time.RFC3339, value.String())
		case "eventName":
			h.name = value.String()
		case "errorCode":
			h.failed = true
		}
	}
	return h
}
