package api

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// read takes in the whole body, up to the limit of the operation. Memory is had as bytes come: who
// announces a long body has no claim to it. If there is none for as long as a body may wait for it,
// the caller is told to slow down, and tries again.
func (x *exchange) read() ([]byte, error) {
	size, most := x.http.ContentLength, x.mostBody()
	switch {
	case size > most:
		return nil, tooLarge(most)
	case size == 0:
		return nil, nil
	case size < 0:
		size = most
	}
	x.pause() // while nothing is to be done but to wait for the network
	in := &incoming{exchange: x, body: http.MaxBytesReader(nil, x.http.Body, most),
		whole: int(size) + 1, begun: time.Now()}
	body, err := in.receive()
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, tooLarge(most)
	case errors.Is(err, errNoRoom):
		x.Runner.Observe.Overload("bodies")
		return nil, tooMany
	case err != nil:
		return nil, unread.Because(err)
	case !x.arrive(x.http.Context()):
		x.Runner.Observe.Overload("strangers")
		return nil, tooMany
	}
	noDeadline(x.writer)
	x.body = body
	return body, nil
}

// mostBody is how many bytes the body of what is asked may have. Who hides the operation in the
// body has no claim to more than usual, unless that is how the service's clients ask for what is
// large; and then it is to be signed, so that the body is read of a known caller alone.
func (x *exchange) mostBody() int64 {
	o, s := x.asked.Operation, x.asked.Service
	switch {
	case o != nil && o.Info().Large,
		o == nil && s != nil && s.Large && x.http.Header.Get("Authorization") != "":
		return maxBody
	}
	return usualBody
}

var errNoRoom = errors.New("api: a body has no room, or has lost it")

// incoming is a body on its way.
type incoming struct {
	*exchange
	body   io.Reader
	whole  int // bytes that it may have, and one more to see its end in
	begun  time.Time
	waited time.Duration // for room
	buf    []byte
}

// receive reads it to its end.
func (in *incoming) receive() ([]byte, error) {
	if err := in.begin(); err != nil {
		return nil, err
	}
	for {
		n, err := in.body.Read(in.buf[len(in.buf):cap(in.buf)])
		in.buf = in.buf[:len(in.buf)+n]
		in.room.Came(n)
		switch {
		case err == io.EOF:
			return in.buf, orNoRoom(in.room.Whole())
		case err != nil && in.room.Err() != nil: // which is why the read has ended
			return nil, errNoRoom
		case err != nil:
			return nil, err
		case len(in.buf) < cap(in.buf):
			continue
		}
		if err := in.grow(); err != nil {
			return nil, err
		}
	}
}

// begin takes room for the first step. The smallest body counts as one: a goroutine waits for it.
func (in *incoming) begin() (err error) {
	asked := time.Now()
	room, of := in.bodies()
	in.room, err = room.Begin(in.http.Context(), of, bodyStep, in.stop)
	in.waited += time.Since(asked)
	if err != nil {
		return errNoRoom
	}
	in.buf = make([]byte, 0, min(in.whole, bodyStep))
	return in.deadline()
}

// grow makes room for the next step. While its bytes are copied the body has the room of both.
func (in *incoming) grow() error {
	n := min(cap(in.buf)*bodyGrowth, in.whole)
	asked := time.Now()
	err := in.room.More(in.http.Context(), n)
	in.waited += time.Since(asked)
	if err != nil {
		return errNoRoom
	}
	bigger := append(make([]byte, 0, n), in.buf...)
	in.room.Less(max(cap(in.buf), bodyStep))
	in.buf = bigger
	return in.deadline()
}

// deadline has the bytes come in time that there is room for. A body that has lost its room has
// another deadline, which must stay: it is looked at after this one is set.
func (in *incoming) deadline() error {
	patience := bodyTime + time.Duration(cap(in.buf))*time.Second/bodyRate
	_ = http.NewResponseController(in.writer).SetReadDeadline(in.begun.Add(in.waited + patience))
	return orNoRoom(in.room.Err())
}

// stop ends a read that waits for bytes. The rest of the connection can't be read any more.
func (in *incoming) stop() {
	_ = http.NewResponseController(in.writer).SetReadDeadline(time.Unix(1, 0))
}

func orNoRoom(err error) error {
	if err != nil {
		return errNoRoom
	}
	return nil
}
