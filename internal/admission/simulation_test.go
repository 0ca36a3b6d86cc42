package admission

import (
	"container/heap"
	"slices"
	"testing"
	"time"
)

// simulation is a device with sessions, and clients who wait for their turn at one of them, in a
// time of its own.
type simulation struct {
	turns Turns[*call]
	now   time.Time
	begin time.Time
	todo  agenda
	takes func(*call) time.Duration // how long a call is inside the device
	told  map[string]*outcomes
	gone  map[string]bool // parties whose clients ask no more
}

// call is one of a client.
type call struct {
	party   string
	arrived time.Time
	over    func(served bool)
}

// outcomes are what became of the calls of a party.
type outcomes struct {
	served, shed, late int
	waits              []time.Duration // of those served
	sheds              []time.Time
}

const simulatedTimeout = 5 * time.Second

func simulate(sessions int, takes time.Duration) *simulation {
	s := &simulation{begin: time.Unix(1e9, 0), told: map[string]*outcomes{}, gone: map[string]bool{},
		takes: func(*call) time.Duration { return takes }}
	s.now = s.begin
	s.turns.Places, s.turns.Share = sessions, sessions
	return s
}

func (s *simulation) of(party string) *outcomes {
	if s.told[party] == nil {
		s.told[party] = &outcomes{}
	}
	return s.told[party]
}

// after has f done once so much more time has passed.
func (s *simulation) after(d time.Duration, f func()) {
	heap.Push(&s.todo, &task{s.now.Add(d), len(s.todo), f})
}

// run lets time pass.
func (s *simulation) run(d time.Duration) {
	end := s.now.Add(d)
	for len(s.todo) > 0 && !s.todo[0].at.After(end) {
		next := heap.Pop(&s.todo).(*task)
		s.now = next.at
		next.do()
	}
	s.now = end
}

// arrive has one call come.
func (s *simulation) arrive(c *call) {
	c.arrived = s.now
	until := s.now.Add(simulatedTimeout)
	o := s.of(c.party)
	switch {
	case s.turns.Enter(c.party):
		s.serve(c)
	case s.turns.Hopeless(s.now, c.party, until):
		s.refuse(c)
	default:
		w := s.turns.Join(s.now, c.party, c, until)
		s.after(simulatedTimeout, func() {
			if s.turns.Quit(s.now, w) {
				o.late++
				c.over(false)
			}
		})
	}
}

func (s *simulation) refuse(c *call) {
	o := s.of(c.party)
	o.shed++
	o.sheds = append(o.sheds, s.now)
	c.over(false)
}

// serve has a call inside the device, and whose turn it is next after it.
func (s *simulation) serve(c *call) {
	o := s.of(c.party)
	o.waits = append(o.waits, s.now.Sub(c.arrived))
	s.after(s.takes(c), func() {
		o.served++
		s.turns.Give(c.party, 1)
		for w, ok := s.turns.Next(s.now); ok; w, ok = s.turns.Next(s.now) {
			s.serve(w.Value)
			for last, ok := s.turns.Vain(s.now, w); ok; last, ok = s.turns.Vain(s.now, w) {
				s.refuse(last.Value)
			}
		}
		c.over(true)
	})
}

// client asks again and again: at once after an answer, and after so long once it was refused.
func (s *simulation) client(party string, backoff time.Duration) {
	c := &call{party: party}
	c.over = func(served bool) {
		if s.gone[party] {
			return
		}
		pause := time.Duration(0)
		if !served {
			pause = backoff
		}
		s.after(pause, func() { s.arrive(c) })
	}
	s.arrive(c)
}

// clients are n of a party that come within a tenth of a second.
func (s *simulation) clients(n int, party string, backoff time.Duration) {
	for i := range n {
		s.after(time.Duration(i)*100*time.Millisecond/time.Duration(n), func() {
			s.client(party, backoff)
		})
	}
}

// stream has calls of a party come at a rate, whatever becomes of them.
func (s *simulation) stream(party string, every time.Duration) {
	s.arrive(&call{party: party, over: func(bool) {}})
	s.after(every, func() { s.stream(party, every) })
}

// forget begins the counts anew.
func (s *simulation) forget() { clear(s.told) }

func (o *outcomes) p99() time.Duration {
	slices.Sort(o.waits)
	return o.waits[len(o.waits)*99/100]
}

// task is something to be done at a time; agenda are those to come, in order.
type (
	task struct {
		at    time.Time
		order int
		do    func()
	}
	agenda []*task
)

func (a agenda) Len() int { return len(a) }

func (a agenda) Less(i, j int) bool {
	if !a[i].at.Equal(a[j].at) {
		return a[i].at.Before(a[j].at)
	}
	return a[i].order < a[j].order
}

func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

func (a *agenda) Push(x any) { *a = append(*a, x.(*task)) }

func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

// A crowd whose turn comes in time is never shed, nor late, and the device is never idle.
func TestTurns_CrowdThatIsServedInTime_NobodyIsShed(t *testing.T) {
	for _, c := range []struct {
		sessions, clients int
		takes             time.Duration
	}{{4, 64, 20 * time.Millisecond}, {4, 256, 20 * time.Millisecond}, {4, 600, 20 * time.Millisecond},
		{4, 1000, time.Millisecond}, {1, 30, 100 * time.Millisecond}} {
		s := simulate(c.sessions, c.takes)
		s.clients(c.clients, "a", time.Second)
		s.run(30 * time.Second)
		o := s.of("a")
		ideal := int(30 * time.Second / c.takes * time.Duration(c.sessions))
		if o.shed+o.late != 0 || o.served < ideal*99/100 {
			t.Errorf("%+v: %d of %d were served, %d shed, %d late", c, o.served, ideal, o.shed, o.late)
		}
	}
}

// A crowd that can't be served in time is shed at once as far as it has to be: nobody waits until
// the timeout, and the device has always something to do.
func TestTurns_CrowdThatIsTooLarge_IsShedAtOnce(t *testing.T) {
	for _, c := range []struct {
		sessions, clients int
		takes             time.Duration
	}{{4, 2000, 20 * time.Millisecond}, {4, 1000, 100 * time.Millisecond},
		{1, 100, 200 * time.Millisecond}} {
		s := simulate(c.sessions, c.takes)
		s.clients(c.clients, "a", time.Second)
		s.run(30 * time.Second)
		o := s.of("a")
		ideal := int(30 * time.Second / c.takes * time.Duration(c.sessions))
		// The first ones wait before anything is known.
		if o.late > 10 || o.shed == 0 || o.served < ideal*99/100 {
			t.Errorf("%+v: %d of %d were served, %d shed, %d late", c, o.served, ideal, o.shed, o.late)
		}
		if p99 := o.p99(); p99 > simulatedTimeout || p99 < simulatedTimeout/2 {
			t.Errorf("%+v: p99 of the wait is %v", c, p99)
		}
	}
}

// Shedding is even: there is no second in which all are shed and none in which nobody is.
func TestTurns_SteadyOverload_DoesNotFlap(t *testing.T) {
	s := simulate(4, 20*time.Millisecond) // 200 a second
	s.stream("a", 2500*time.Microsecond)  // 400
	s.run(20 * time.Second)
	s.forget()
	s.run(20 * time.Second)
	o := s.of("a")
	seconds := map[int64]int{}
	for _, at := range o.sheds {
		seconds[at.Unix()]++
	}
	delete(seconds, s.now.Unix()) // which has only begun
	for second, n := range seconds {
		if n < 150 || n > 250 {
			t.Errorf("in second %d %d of 400 were shed", second-s.begin.Unix(), n)
		}
	}
	if len(seconds) < 20 || o.late != 0 {
		t.Errorf("some were shed in %d seconds of 20, %d were late", len(seconds), o.late)
	}
}

// A party that asks for no more than its share is never shed, and hardly waits, whatever another
// one's queue is.
func TestTurns_PartyWithinItsShare_NeverShed(t *testing.T) {
	for _, takes := range []time.Duration{time.Millisecond, 20 * time.Millisecond, time.Second} {
		s := simulate(4, takes)
		s.clients(4000, "many", time.Second)
		s.run(10 * time.Second)
		s.client("few", time.Second)
		s.run(20 * time.Second)
		o := s.of("few")
		if o.shed+o.late != 0 || o.served == 0 {
			t.Errorf("%v: %d were served, %d shed, %d late", takes, o.served, o.shed, o.late)
		}
		if p99 := o.p99(); p99 > takes {
			t.Errorf("%v a call: it waited for %v", takes, p99)
		}
	}
}

// Of many parties each is served as much as another, and where they are too many for all to be
// served in time each is shed as much.
func TestTurns_ManyParties_AreTreatedAlike(t *testing.T) {
	for _, parties := range []int{50, 3000} {
		s := simulate(4, 20*time.Millisecond)
		for i := range parties {
			s.after(time.Duration(i)*time.Millisecond/10, func() {
				s.client(string(rune('a'+i)), time.Second)
			})
		}
		s.run(40 * time.Second)
		served, late, shed, least, most := 0, 0, 0, 1<<30, 0
		for i := range parties {
			o := s.of(string(rune('a' + i)))
			served += o.served
			late += o.late
			shed += o.shed
			least, most = min(least, o.served), max(most, o.served)
		}
		if served < 7900 || late > 40 {
			t.Errorf("of %d parties 8000 calls: %d were served, %d shed, %d late", parties, served, shed,
				late)
		}
		if parties == 50 && (shed != 0 || most > least+1) {
			t.Errorf("the least was served %d times and the most %d times, %d were shed", least, most,
				shed)
		}
	}
}

// One session that hangs takes its share of the device away and no more: it isn't taken for the
// time of every call.
func TestTurns_HungSession_DoesNotPoisonTheEstimate(t *testing.T) {
	s := simulate(4, 20*time.Millisecond)
	s.clients(400, "a", time.Second) // two seconds of work
	s.run(5 * time.Second)
	hung := false
	s.takes = func(*call) time.Duration {
		if !hung {
			hung = true
			return 10 * time.Second
		}
		return 20 * time.Millisecond
	}
	s.forget()
	s.run(20 * time.Second)
	if o := s.of("a"); o.shed+o.late != 0 || o.served < 3400 {
		t.Errorf("%d were served, %d shed, %d late", o.served, o.shed, o.late)
	}
}

// A device that stands still for a second, as while it is logged in to anew, is believed to be slow
// for no longer than that.
func TestTurns_DeviceStoodStill_IsBelievedAgainSoon(t *testing.T) {
	s := simulate(4, 20*time.Millisecond)
	s.clients(200, "a", time.Second)
	s.run(5 * time.Second)
	still := s.now.Add(time.Second)
	s.takes = func(*call) time.Duration {
		return max(20*time.Millisecond, still.Sub(s.now))
	}
	s.run(1200 * time.Millisecond)
	s.forget()
	s.run(10 * time.Second)
	if o := s.of("a"); o.shed+o.late != 0 || o.served < 1990 {
		t.Errorf("%d were served, %d shed, %d late", o.served, o.shed, o.late)
	}
}

// Those who wait when the device becomes slow are told as soon as it is known that they wait in
// vain.
func TestTurns_DeviceBecomesSlow_ThoseInVainAreTold(t *testing.T) {
	s := simulate(4, time.Millisecond)
	s.clients(1500, "a", time.Second)
	s.run(5 * time.Second)
	s.takes = func(*call) time.Duration { return 40 * time.Millisecond } // 100 a second: 15 s of work
	s.forget()
	s.run(20 * time.Second)
	o := s.of("a")
	if o.late > 20 || o.served < 1990 {
		t.Errorf("%d were served, %d shed, %d late", o.served, o.shed, o.late)
	}
}

// What was measured is forgotten while nobody waits: who comes after a quiet time isn't shed
// because of what was before.
func TestTurns_AfterAQuietTime_NothingIsBelieved(t *testing.T) {
	s := simulate(4, time.Second)
	s.clients(1000, "a", time.Second)
	s.run(30 * time.Second)
	if s.of("a").shed == 0 {
		t.Fatal("nobody was shed of what takes four minutes")
	}
	s.gone["a"] = true
	s.run(time.Minute)
	s.forget()
	s.takes = func(*call) time.Duration { return time.Millisecond }
	s.clients(1000, "b", time.Hour)
	s.run(10 * time.Second)
	if o := s.of("b"); o.shed+o.late != 0 || o.served < 39000 {
		t.Errorf("%d were served, %d shed, %d late", o.served, o.shed, o.late)
	}
}
