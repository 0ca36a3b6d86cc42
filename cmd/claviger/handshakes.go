package main

import (
	"crypto/tls"
	"errors"
	"runtime"
	"time"

	"claviger/internal/admission"
	"claviger/internal/source"
)

// handshake is how long a TLS handshake keeps its place, and about what one costs.
const handshake = 10 * time.Millisecond

// paced has TLS handshakes wait for their turn by source, before any of their cryptography is done:
// somebody who connects again and again uses up neither the processors nor, where the key rests on
// it, the token.
func paced() func(*tls.ClientHelloInfo) (*tls.Config, error) {
	processors := runtime.GOMAXPROCS(0)
	g := &admission.Gate{Places: 4 * processors, Share: 2 * processors, Least: handshake,
		Patience: 10 * time.Second, Waiting: 1024, WaitingAll: 4096}
	return func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		end, ok := g.Lease(hello.Context(), source.Of(hello.Conn.RemoteAddr().String()))
		if !ok {
			return nil, errors.New("too many handshakes")
		}
		end()
		return nil, nil // the configuration as it is
	}
}
