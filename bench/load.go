package main

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// figures are what one line shows.
type figures struct {
	rate       float64 // operations a second
	p50, p99   time.Duration
	longest    time.Duration
	cpu        time.Duration // of the server, for each operation
	tokenCalls float64       // for each operation
	commits    float64       // transactions for each operation, each with one fsync
}

// load lets clients send for span, each its own next(client, n) requests one after another, and
// measures the server.
func load(p *process, clients int, span time.Duration,
	next func(client, n int) []byte) (f figures, err error) {
	conns := make([]*connection, clients)
	for i := range conns {
		if conns[i], err = dial(p.addr); err != nil {
			return f, err
		}
		defer conns[i].Close()
	}
	took := make([][]time.Duration, clients)
	failed := make([]error, clients)
	const tokenCalls, committed = "claviger_token_calls_total", "claviger_commit_entries_count"
	cpu, calls, commits := p.cpu(), p.metric(tokenCalls), p.metric(committed)
	begin := time.Now()
	var all sync.WaitGroup
	for i, c := range conns {
		all.Go(func() {
			took[i], failed[i] = send(c, begin.Add(span),
				func(n int) []byte { return next(i, n) })
		})
	}
	all.Wait()
	elapsed := time.Since(begin)
	cpu = p.cpu() - cpu
	for _, err := range failed {
		if err != nil {
			return f, err
		}
	}
	every := slices.Concat(took...)
	slices.Sort(every)
	n := float64(len(every))
	return figures{
		rate:       n / elapsed.Seconds(),
		p50:        every[len(every)/2],
		p99:        every[len(every)*99/100],
		longest:    every[len(every)-1],
		cpu:        cpu / time.Duration(len(every)),
		tokenCalls: (p.metric(tokenCalls) - calls) / n,
		commits:    (p.metric(committed) - commits) / n,
	}, nil
}

func send(c *connection, until time.Time,
	next func(n int) []byte) (took []time.Duration, err error) {
	for n := 0; ; n++ {
		request := next(n)
		begin := time.Now()
		if request == nil || begin.After(until) {
			return took, nil
		}
		status, body, err := c.exchange(request, false)
		if err != nil {
			return nil, err
		}
		if status != 200 {
			return nil, fmt.Errorf("a request was answered with %d %s", status, body)
		}
		took = append(took, time.Since(begin))
	}
}
