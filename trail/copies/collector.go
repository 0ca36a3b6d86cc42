package copies

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"claviger/internal/follow"
	"claviger/internal/outbound"
)

// Collector posts records over HTTP, one a line (application/x-ndjson). A status from 200 to 299
// confirms all of a body.
type Collector struct {
	Door *outbound.Door
	URL  string
	// Authorization returns the value of the header of that name, or nothing. It is asked for each
	// request, so that a token may be renewed.
	Authorization func() (string, error)
	Timeout       time.Duration // for a request, from its first byte to the answer; 0: 30 seconds

	lines []line
	size  int
	most  int // bytes of one body; less once a body was refused as too large
}

type line struct {
	number int64
	record []byte
}

const (
	usualBody  = 1 << 20
	longestAsk = 10 * time.Minute // that a receiver may ask to be left alone
)

// Every implements [Receiver].
func (c *Collector) Every() time.Duration { return time.Second }

// Send implements [Receiver].
func (c *Collector) Send(ctx context.Context, b follow.Batch) error {
	for number, record := range b.Lines() {
		c.lines = append(c.lines, line{number, record})
		c.size += len(record) + 1
	}
	if c.size >= usualBody {
		return c.Confirm(ctx)
	}
	return nil
}

// Confirm implements [Receiver].
func (c *Collector) Confirm(ctx context.Context) error {
	if c.most == 0 {
		c.most = usualBody
	}
	for len(c.lines) > 0 {
		n := c.fitting()
		err := c.post(ctx, c.lines[:n])
		if errors.Is(err, errTooLarge) && n > 1 {
			c.most = max(c.most/2, 1)
			continue
		}
		if err != nil {
			return err
		}
		c.lines = c.lines[n:]
	}
	c.Close()
	return nil
}

// Close implements [Receiver].
func (c *Collector) Close() { c.lines, c.size = nil, 0 }

// fitting is how many lines one body has: one at least.
func (c *Collector) fitting() (n int) {
	size := 0
	for n < len(c.lines) {
		size += len(c.lines[n].record) + 1
		if size > c.most && n > 0 {
			break
		}
		n++
	}
	return n
}

var errTooLarge = errors.New("the collector takes no body of that size")

func (c *Collector) post(ctx context.Context, lines []line) error {
	var body bytes.Buffer
	for _, l := range lines {
		body.Write(l.record)
		body.WriteByte('\n')
	}
	header := http.Header{"Content-Type": {"application/x-ndjson"},
		"Claviger-First-Record": {strconv.FormatInt(lines[0].number, 10)},
		"Claviger-Last-Record":  {strconv.FormatInt(lines[len(lines)-1].number, 10)}}
	if c.Authorization != nil {
		value, err := c.Authorization()
		if err != nil {
			return err
		}
		header["Authorization"] = []string{value}
	}
	answer, err := c.Door.Do(ctx, outbound.Request{Method: http.MethodPost, URL: c.URL,
		Header: header, Body: body.Bytes(), Timeout: orUsual(c.Timeout, answering)})
	switch {
	case err != nil:
		return err
	case answer.Status >= 200 && answer.Status < 300:
		return nil
	case answer.Status == http.StatusRequestEntityTooLarge:
		return errTooLarge
	}
	err = fmt.Errorf("the collector answers with status %d", answer.Status)
	if after, bad := strconv.Atoi(answer.Header.Get("Retry-After")); bad == nil && after > 0 {
		return &laterError{min(time.Duration(after)*time.Second, longestAsk), err}
	}
	return err
}
