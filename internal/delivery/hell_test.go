package delivery_test

import (
	"bufio"
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/internal/delivery"
	"claviger/internal/outbound"
	"claviger/internal/outbound/outboundtest"
	"claviger/store"
	"claviger/store/storetest"
	"claviger/torture/driver"
)

// asProcess is the variable by which the test's binary is a process that delivers, and is killed.
const asProcess = "CLAVIGER_TEST_DELIVERS"

func TestMain(m *testing.M) {
	if text := os.Getenv(asProcess); text != "" {
		var o orders
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			panic(err)
		}
		o.deliver()
		return
	}
	os.Exit(m.Run())
}

// orders are what the process does: it puts messages, says so, and delivers until nothing waits.
type orders struct {
	Database, CAFile string
	Receivers        []string // URLs
	Round            int
	Seconds          float64 // that the clock shows in a second
}

const (
	inRound = 30 // messages to each receiver
	things  = 3  // that they are about
)

// hellMessage is known by its number within its receiver and what it is about. Sent is when the
// attempt began, in nanoseconds.
type hellMessage struct {
	Round, Number, Thing int
	Sent                 int64
}

func (h hellMessage) place() int { return h.Round*inRound + h.Number }

func (o *orders) deliver() {
	ctx := context.Background()
	text, err := os.ReadFile(o.CAFile)
	must(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	var rows []outbound.Allowed
	for _, url := range o.Receivers {
		rows = append(rows, outbound.Allowed{URL: url, Roots: roots, Private: true})
	}
	door, err := outbound.New(rows)
	must(err)
	db, err := store.Open(ctx, store.Config{Path: o.Database})
	must(err)
	began := time.Now()
	now := func() time.Time {
		return began.Add(time.Duration(o.Seconds * float64(time.Since(began))))
	}
	q, err := delivery.Open(delivery.Config{DB: db, Now: now, Log: slog.New(slog.DiscardHandler),
		Receivers: map[string]delivery.Receiver{kind: &posts{door}}})
	must(err)
	fmt.Println("opened")
	for n := range inRound {
		var all []delivery.Message
		for _, url := range o.Receivers {
			h := hellMessage{Round: o.Round, Number: n, Thing: n % things}
			body, err := json.Marshal(h)
			must(err)
			m := message(url, fmt.Sprint(h.Thing), fmt.Sprint(h.place()))
			m.Body = body
			all = append(all, m)
		}
		must(db.Commit(q.Put(all...), nil))
		fmt.Println("put", n)
	}
	go q.Run(ctx)
	for q.Stats().Waiting > 0 {
		time.Sleep(5 * time.Millisecond)
	}
	if n := q.Stats().Dead; n > 0 {
		fmt.Println("dead", n)
	}
	fmt.Println("empty")
	must(db.Close())
	os.Exit(0)
}

func must(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

// posts delivers by POST.
type posts struct{ door *outbound.Door }

func (p *posts) Deliver(ctx context.Context, m delivery.Message) error {
	var h hellMessage
	if err := json.Unmarshal(m.Body, &h); err != nil {
		return err
	}
	h.Sent = time.Now().UnixNano()
	body, err := json.Marshal(h)
	if err != nil {
		return err
	}
	a, err := p.door.Do(ctx, outbound.Request{Method: http.MethodPost, URL: m.Receiver, Body: body,
		Timeout: 200 * time.Millisecond})
	var e *outbound.Error
	switch {
	case errors.As(err, &e):
		return &delivery.Failure{Code: delivery.ConnectionFailure, Text: e.Error(), Cause: err}
	case err != nil:
		return err
	case a.Status != http.StatusOK:
		return &delivery.Failure{Code: delivery.ErrorFromTarget, Text: fmt.Sprint(a.Status)}
	}
	return nil
}

// hell is receivers, each of another mood at first, and the process that delivers to them.
type hell struct {
	*testing.T
	orders
	receivers []*outboundtest.Receiver
	put       map[int]int // by round: how many messages to each were acknowledged
}

func enterHell(t *testing.T) *hell {
	h := &hell{T: t, put: map[int]int{}}
	dir := storetest.Dir(t)
	h.Database, h.CAFile = filepath.Join(dir, "claviger.db"), filepath.Join(dir, "ca.pem")
	h.Seconds = 200
	if err := os.WriteFile(h.CAFile, outboundtest.AuthorityPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mood := range append(outboundtest.Bad(), outboundtest.Well) {
		r := outboundtest.Start(t)
		// Each takes a message now and then, whatever its mood.
		var mu sync.Mutex
		random := rand.New(rand.NewPCG(uint64(mood), 1))
		r.IsBy(func(string) outboundtest.Mood {
			mu.Lock()
			defer mu.Unlock()
			if random.IntN(4) == 0 {
				return outboundtest.Well
			}
			return mood
		})
		h.receivers = append(h.receivers, r)
		h.Receivers = append(h.Receivers, r.URL)
	}
	return h
}

// run starts the process for a round. It is killed after a time, or runs until all has arrived if
// that is 0.
func (h *hell) run(round int, kill time.Duration) {
	h.Helper()
	h.Round = round
	text, err := json.Marshal(h.orders)
	if err != nil {
		h.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		h.Fatal(err)
	}
	c := exec.Command(self, "-test.run=^$")
	c.Env = append(os.Environ(), asProcess+"="+string(text))
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		h.Fatal(err)
	}
	if err := c.Start(); err != nil {
		h.Fatal(err)
	}
	var timer *time.Timer
	ended := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var n int
		switch line := lines.Text(); {
		case line == "opened" && kill > 0:
			timer = time.AfterFunc(kill, func() { _ = c.Process.Kill() })
		case strings.HasPrefix(line, "put "):
			fmt.Sscanf(line, "put %d", &n)
			h.put[round] = n + 1
		case line == "empty":
			ended = true
		case line != "opened":
			h.Errorf("the process says %s", line)
		}
	}
	err = c.Wait()
	if timer != nil {
		timer.Stop()
	}
	if kill == 0 && (err != nil || !ended) {
		h.Errorf("the process ended with %v", err)
	}
}

// TestDeliver_ReceiversFromHellAndKills_LoseNothing: whatever receivers do, and whenever the
// process dies, each gets each message whose transaction was acknowledged, and on one thing in
// their order. What is sent twice is sent before what follows it.
func TestDeliver_ReceiversFromHellAndKills_LoseNothing(t *testing.T) {
	h := enterHell(t)
	rounds := 6
	if driver.Whole() {
		rounds = 60
	}
	for round := range rounds {
		h.run(round, time.Duration(20+rand.IntN(700))*time.Millisecond)
	}
	for _, r := range h.receivers {
		r.Is(outboundtest.Well)
	}
	h.run(rounds, 0)
	taken := 0
	for i, r := range h.receivers {
		all := r.Taken()
		h.check(i, all)
		taken += len(all)
	}
	h.report(rounds, taken)
}

// report says what the sweep found.
func (h *hell) report(kills, taken int) {
	h.Helper()
	messages := 0
	for _, n := range h.put {
		messages += n * len(h.receivers)
	}
	driver.Report(h, "receivers", "The queue of deliveries, in a process of its own that was ended by "+
		"SIGKILL, sent messages to receivers that hang, redirect, answer byte by byte, end connections "+
		"or speak no HTTP three times out of four, each in its way, and to one that is well.",
		"kills", kills, "receivers", len(h.receivers),
		"messages whose transaction was acknowledged", messages,
		"taken, with those that came again", taken, "lost", 0, "sent out of order on one thing", 0)
}

// check looks at what a receiver has taken. Each message is taken for the first time in order. What
// came again was sent before what follows it; a slow receiver may serve that late, when nobody
// waits for its answer any more.
func (h *hell) check(i int, taken []string) {
	h.Helper()
	var first, sent [things][]hellMessage
	have := map[[2]int]int{}
	for _, body := range taken {
		var m hellMessage
		if err := json.Unmarshal([]byte(body), &m); err != nil {
			h.Fatal(err)
		}
		if have[[2]int{m.Round, m.Number}]++; have[[2]int{m.Round, m.Number}] == 1 {
			first[m.Thing] = append(first[m.Thing], m)
		}
		sent[m.Thing] = append(sent[m.Thing], m)
	}
	byPlace := func(a, b hellMessage) int { return cmp.Compare(a.place(), b.place()) }
	for thing := range things {
		if !slices.IsSortedFunc(first[thing], byPlace) {
			h.Errorf("receiver %d has on %d, out of order: %v", i, thing, first[thing])
		}
		slices.SortFunc(sent[thing], func(a, b hellMessage) int { return cmp.Compare(a.Sent, b.Sent) })
		if !slices.IsSortedFunc(sent[thing], byPlace) {
			h.Errorf("receiver %d was sent on %d, out of order: %v", i, thing, sent[thing])
		}
	}
	h.complete(i, have)
}

// complete looks whether a receiver has what was acknowledged.
func (h *hell) complete(i int, have map[[2]int]int) {
	h.Helper()
	for round, n := range h.put {
		for number := range n {
			if have[[2]int{round, number}] == 0 {
				h.Errorf("receiver %d lacks message %d of round %d", i, number, round)
			}
		}
	}
}
