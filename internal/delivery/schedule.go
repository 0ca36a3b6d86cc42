package delivery

import (
	"container/heap"
	"container/list"
	"slices"
)

const (
	share     = 4 // attempts at once of a receiver that is well; any other has one
	sickAfter = 3 // failures in a row of a receiver that was well

	// A sick receiver is called once in a while, and not for everything that waits for it: by a pause
	// that doubles with each failure. Microseconds.
	firstPause   int64 = 1e6
	longestPause int64 = 10e6
)

// lane is a set of slots.
type lane int

const (
	well    lane = iota // it has taken the last messages
	untried             // since the process began
	sick                // it takes none
	lanes
)

// slots are how many attempts there are at once in each lane.
var slots = [lanes]int{well: 32, untried: 16, sick: 8}

// entry is a message that waits, without what is in it. Times are microseconds.
type entry struct {
	number, put, due int64
	attempts         int
	size             int64
}

// line is what waits for one receiver on one thing, the first first.
type line struct {
	name    string
	waiting []*entry
}

// name is what a receiver is told apart by.
type name struct{ account, kind, receiver string }

// receiver is what waits for one.
type receiver struct {
	name
	lines map[string]*line
	rest  lines // of lines, those of which nothing is tried now

	trying     int
	proven     bool // it has taken a message
	failed     int  // in a row
	code, text string
	until      int64 // it asked to be called no sooner
	pause      int64 // it is sick and called no sooner
	count      int
	bytes      int64

	index int           // in soon, or -1
	turn  *list.Element // in the turns of its lane, or nil
}

// lane says in which slots a receiver is called. Who hangs takes none from those that are well but
// at first, and none from those that were never called.
func (r *receiver) lane() lane {
	switch {
	case r.failed >= sickAfter, r.failed > 0 && !r.proven:
		return sick
	case r.proven:
		return well
	}
	return untried
}

func (r *receiver) share() int {
	if r.lane() == well {
		return share
	}
	return 1
}

// next is when something of a receiver at rest can be tried. There has to be something.
func (r *receiver) next() int64 { return max(r.rest[0].waiting[0].due, r.until, r.pause) }

// schedule is what waits, by receiver. It makes no call and knows no clock.
type schedule struct {
	receivers map[name]*receiver
	soon      receivers         // whose next is due later
	turns     [lanes]*list.List // whose next is due, in the order of their turns
	trying    [lanes]int
	accounts  map[string]held
}

// held is how much waits in an account.
type held struct {
	count int
	bytes int64
}

func newSchedule() *schedule {
	s := &schedule{receivers: map[name]*receiver{}, accounts: map[string]held{}}
	for l := range s.turns {
		s.turns[l] = list.New()
	}
	return s
}

// add has a message wait behind those of its line.
func (s *schedule) add(n name, order string, e *entry, now int64) *receiver {
	r := s.receivers[n]
	if r == nil {
		s.forget()
		r = &receiver{name: n, lines: map[string]*line{}, index: -1}
		s.receivers[n] = r
	}
	l := r.lines[order]
	if l == nil {
		l = &line{name: order}
		r.lines[order] = l
	}
	l.waiting = append(l.waiting, e)
	if len(l.waiting) == 1 {
		heap.Push(&r.rest, l)
	}
	s.count(r, 1, e.size)
	s.place(r, now)
	return r
}

func (s *schedule) count(r *receiver, count int, bytes int64) {
	r.count += count
	r.bytes += bytes
	a := s.accounts[r.account]
	a.count += count
	a.bytes += bytes
	if s.accounts[r.account] = a; a.count == 0 {
		delete(s.accounts, r.account)
	}
}

// place puts a receiver where it belongs as it is now.
func (s *schedule) place(r *receiver, now int64) {
	if r.index >= 0 {
		heap.Remove(&s.soon, r.index)
	}
	switch isDue := len(r.rest) > 0 && r.trying < r.share() && r.next() <= now; {
	case isDue && r.turn != nil:
		return // it keeps its turn
	case r.turn != nil:
		s.leave(r)
	case isDue:
		r.turn = s.turns[r.lane()].PushBack(r)
	}
	if r.turn == nil && len(r.rest) > 0 && r.trying < r.share() {
		heap.Push(&s.soon, r)
	}
}

// known is how many receivers are remembered with how they are. One for whom nothing waits is
// forgotten if there are more.
const known = 10_000

// forget makes room for another receiver.
func (s *schedule) forget() {
	if len(s.receivers) < known {
		return
	}
	for n, r := range s.receivers {
		if r.count == 0 && r.trying == 0 {
			delete(s.receivers, n)
		}
	}
}

// attempt is a message that is being tried.
type attempt struct {
	receiver *receiver
	line     *line
	entry    *entry
	lane     lane
}

// take returns what is to be tried next, or nil if there is nothing or no slot for it.
func (s *schedule) take(now int64) *attempt {
	for len(s.soon) > 0 && s.soon[0].next() <= now {
		s.place(s.soon[0], now)
	}
	for from := range lanes {
		first := s.turns[from].Front()
		if first == nil || s.trying[from] >= slots[from] {
			continue
		}
		r := first.Value.(*receiver)
		s.turns[from].Remove(first)
		r.turn = nil
		l := heap.Pop(&r.rest).(*line)
		r.trying++
		s.trying[from]++
		s.place(r, now)
		return &attempt{receiver: r, line: l, entry: l.waiting[0], lane: from}
	}
	return nil
}

// ended is how an attempt has ended, with what is durable of it.
type ended struct {
	*attempt
	gone    bool // the message waits no more: it has arrived, or died
	tried   bool // it counts: the receiver is well or failing by it
	failure *Failure
	due     int64 // else, the next attempt
	count   int   // of attempts, then
	until   int64 // the receiver is to be called no sooner

	exhausted string // the bound of the policy that was reached
	letters   []Message
}

// end takes an attempt back out of the slots.
func (s *schedule) end(e ended, now int64) {
	r, l := e.receiver, e.line
	r.trying--
	s.trying[e.lane]--
	switch {
	case e.tried && e.failure == nil:
		r.proven, r.failed, r.pause, r.code, r.text = true, 0, 0, "", ""
	case e.tried:
		r.failed++
		r.code, r.text = e.failure.Code, e.failure.Text
		if r.failed >= sickAfter {
			r.pause = now + min(firstPause<<min(r.failed-sickAfter, 10), longestPause)
		}
	}
	if e.gone {
		s.count(r, -1, -e.entry.size)
		l.waiting[0] = nil
		l.waiting = l.waiting[1:]
	} else {
		e.entry.due, e.entry.attempts = e.due, e.count
	}
	r.until = max(r.until, e.until)
	if len(l.waiting) == 0 {
		delete(r.lines, l.name)
	} else {
		heap.Push(&r.rest, l)
	}
	s.leave(r) // its lane may be another one now
	s.place(r, now)
}

// leave has a receiver lose its turn.
func (s *schedule) leave(r *receiver) {
	if r.turn == nil {
		return
	}
	for _, turns := range s.turns {
		turns.Remove(r.turn) // of a list that it is none of this removes nothing
	}
	r.turn = nil
}

// next returns when the first message that isn't due yet is, and false if there is none.
func (s *schedule) next() (at int64, ok bool) {
	if len(s.soon) == 0 {
		return 0, false
	}
	return s.soon[0].next(), true
}

// idle reports whether nothing is tried and nothing is due.
func (s *schedule) idle(now int64) bool {
	at, ok := s.next()
	for l := range lanes {
		if s.trying[l] > 0 || s.turns[l].Len() > 0 {
			return false
		}
	}
	return !ok || at > now
}

// oldest is when the oldest message of a receiver was put; 0 if there is none.
func (r *receiver) oldest() (at int64) {
	for _, l := range r.lines {
		if first := l.waiting[0].put; at == 0 || first < at {
			at = first
		}
	}
	return at
}

// lines is a heap by when the first message of each is due, and in the order of those that were due
// at the same time.
type lines []*line

func (h lines) Len() int { return len(h) }
func (h lines) Less(i, j int) bool {
	a, b := h[i].waiting[0], h[j].waiting[0]
	return a.due < b.due || a.due == b.due && a.number < b.number
}
func (h lines) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *lines) Push(x any)   { *h = append(*h, x.(*line)) }
func (h *lines) Pop() any {
	last := (*h)[len(*h)-1]
	(*h)[len(*h)-1] = nil
	*h = (*h)[:len(*h)-1]
	return last
}

// receivers is a heap by when the next message of each can be tried.
type receivers []*receiver

func (h receivers) Len() int           { return len(h) }
func (h receivers) Less(i, j int) bool { return h[i].next() < h[j].next() }
func (h receivers) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *receivers) Push(x any) {
	x.(*receiver).index = len(*h)
	*h = append(*h, x.(*receiver))
}
func (h *receivers) Pop() any {
	last := (*h)[len(*h)-1]
	last.index = -1
	*h = slices.Delete(*h, len(*h)-1, len(*h))
	return last
}
