package op_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/store"
)

// changing is a road with an operation that changes a counter, each time against the value that
// find saw. While it does so the test may have something happen.
type changing struct {
	*road
	write op.Command[input, output]
	read  op.Query[input, output]

	mu     sync.Mutex
	values map[string]int // by the counter's name
	lost   int            // changes that came too late
	during func(*op.Call, input) error
}

// counter is the value as it was found.
type counter struct {
	name, who string
	value     int
	op.There
}

func (c counter) Demands() []policy.Demand {
	d := policy.Demand{Action: "vault:Count", Resource: policy.Resource{ARN: "counter/" + c.name}}
	if c.who == "stranger" {
		d.Resource.Account = "222222222222"
	}
	return []policy.Demand{d}
}

func (c counter) Missing() error {
	if c.who == "lost" {
		return fault.New(fault.NotFound, "AbsentException", "there is none")
	}
	return nil
}

func changingCounters(t *testing.T) *changing {
	r := &changing{road: build(t), values: map[string]int{},
		during: func(*op.Call, input) error { return nil }}
	find := func(_ *op.Call, in input) (counter, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		return counter{name: in.Name, who: *in.Value, value: r.values[in.Name]}, nil
	}
	r.read = op.Read(op.Info{Name: "Read", Service: vault}, find,
		func(*op.Call, input, counter) (output, error) { return output{"read"}, nil })
	r.write = op.Write(op.Info{Name: "Write", Service: vault}, find,
		func(c *op.Call, in input, k counter) (op.Commit[output], error) {
			if err := r.during(c, in); err != nil {
				return nil, err
			}
			return func(*store.Tx) (output, error) {
				r.mu.Lock()
				defer r.mu.Unlock()
				if r.values[k.name] != k.value {
					r.lost++
					return output{}, store.Stale
				}
				r.values[k.name]++
				return output{*in.Value}, nil
			}, nil
		})
	return r
}

// ask has an operation done on a counter by a client who may leave.
func (r *changing) ask(ctx context.Context, o op.Operation, name, who string) string {
	q := request(`{"Name":"`+name+`","Value":"`+who+`"}`, "192.0.2.1")
	q.Name = func() (op.Operation, string, error) { return o, "", nil }
	_, err := r.runner.Serve(ctx, vault, q)
	return code(r.t, err)
}

// hold has somebody change a counter who isn't done before end is called.
func (r *changing) hold(name string) (end func()) {
	begun, more, over := make(chan bool), make(chan bool), make(chan bool)
	r.during = func(_ *op.Call, in input) error {
		if *in.Value == "holder" {
			close(begun)
			<-more
		}
		return nil
	}
	go func() {
		defer close(over)
		if a := r.ask(r.t.Context(), r.write, name, "holder"); a != "" {
			r.t.Errorf("who was there first is answered %s", a)
		}
	}()
	<-begun
	return func() { close(more); <-over }
}

// awaitFlight waits until so many requests are in flight. Those who wait for others are not.
func (r *changing) awaitFlight(n int) {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		r.road.mu.Lock()
		now := r.inFlight
		r.road.mu.Unlock()
		if now == n {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("%d are in flight, want %d", now, n)
		}
	}
}

// TestWrite_ManyAtOneThing_AllSucceedInOrder: each is done once, in the order in which they came.
func TestWrite_ManyAtOneThing_AllSucceedInOrder(t *testing.T) {
	r := changingCounters(t)
	end := r.hold("thing")
	hold := r.during
	var order []string
	r.during = func(c *op.Call, in input) error {
		order = append(order, *in.Value)
		return hold(c, in)
	}
	var all sync.WaitGroup
	who := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	for _, w := range who {
		all.Go(func() {
			if a := r.ask(t.Context(), r.write, "thing", w); a != "" {
				t.Errorf("%s is answered %s", w, a)
			}
		})
		time.Sleep(20 * time.Millisecond)
	}
	r.awaitFlight(1) // nobody's commit has to reckon with those who wait
	end()
	all.Wait()
	if !slices.Equal(order, who) || r.lost != 0 || r.values["thing"] != 9 {
		t.Errorf("they came in the order %v, and %d of %d were too late", order, r.lost,
			r.values["thing"])
	}
}

// TestWrite_WhileOthersChange_HoldsUpNoneButTheSame: no reading, no other thing, and nobody who may
// not or asks for what is not there.
func TestWrite_WhileOthersChange_HoldsUpNoneButTheSame(t *testing.T) {
	r := changingCounters(t)
	end := r.hold("thing")
	defer end()
	for _, asked := range []struct {
		o                 op.Operation
		name, who, answer string
	}{
		{r.read, "thing", "other", ""},
		{r.write, "else", "other", ""},
		{r.write, "thing", "stranger", "AccessDeniedException"},
		{r.write, "thing", "lost", "AbsentException"},
	} {
		if a := r.ask(t.Context(), asked.o, asked.name, asked.who); a != asked.answer {
			t.Errorf("%s of %s is answered %q, want %q", asked.o.Info().Name, asked.who, a,
				asked.answer)
		}
	}
}

// TestWrite_WaitingClientLeaves_IsToldToTryAgain: nothing is done for it, its record says so, and
// those who came after it are served.
func TestWrite_WaitingClientLeaves_IsToldToTryAgain(t *testing.T) {
	r := changingCounters(t)
	end := r.hold("thing")
	ctx, leave := context.WithCancel(t.Context())
	var leaving, staying sync.WaitGroup
	ask := func(all *sync.WaitGroup, ctx context.Context, who, want string) {
		all.Go(func() {
			if a := r.ask(ctx, r.write, "thing", who); a != want {
				t.Errorf("who is %s is answered %q, want %q", who, a, want)
			}
		})
	}
	ask(&leaving, ctx, "leaving", "ThrottlingException")
	ask(&staying, t.Context(), "staying", "")
	r.awaitFlight(1)
	time.Sleep(20 * time.Millisecond)
	leave()
	leaving.Wait()
	end()
	staying.Wait()
	codes := map[string]int{}
	for _, rec := range r.records() {
		codes[rec.ErrorCode]++
	}
	if r.values["thing"] != 2 || codes[""] != 2 || codes["ThrottlingException"] != 1 {
		t.Errorf("%v were done, and recorded are %v", r.values, codes)
	}
}

// TestWrite_Fails_LetsTheNextOn, however it fails.
func TestWrite_Fails_LetsTheNextOn(t *testing.T) {
	r := changingCounters(t)
	for _, during := range []func() error{panics, fails(errors.New("a mistake")), func() error {
		r.down = errors.New("the disk is full")
		return nil
	}} {
		r.during = func(*op.Call, input) error { return during() }
		if a := r.ask(t.Context(), r.write, "thing", "first"); a == "" {
			t.Error("it should have failed")
		}
		r.down, r.during = nil, func(*op.Call, input) error { return nil }
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if a := r.ask(ctx, r.write, "thing", "next"); a != "" {
			t.Errorf("the next one is answered %s", a)
		}
		cancel()
	}
}

// TestAsService_SameThingWithinAChange_DoesNotWaitForItself: it comes first, and then the change
// that it is within begins again.
func TestAsService_SameThingWithinAChange_DoesNotWaitForItself(t *testing.T) {
	r := changingCounters(t)
	within := false
	r.during = func(c *op.Call, in input) error {
		if within {
			return nil
		}
		within = true
		_, err := op.AsService(c, "vault", account, r.write, in)
		return err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if a := r.ask(ctx, r.write, "thing", "both"); a != "" || r.values["thing"] != 2 || r.lost != 1 {
		t.Errorf("answered %q, and %d of %d were too late", a, r.lost, r.values["thing"])
	}
}
