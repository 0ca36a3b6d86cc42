package op_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/internal/fault"
)

// knock sends one request that nobody known has signed.
func (r *road) knock(source string) {
	r.t.Helper()
	_, err := r.send(r.look, request(good, source))
	if code(r.t, err) != "InvalidSignatureException" {
		r.t.Errorf("an unauthenticated caller was told %v", err)
	}
}

func unauthenticated(t *testing.T) *road {
	r := build(t)
	r.at["authenticate"] = fails(fault.New(fault.Unauthenticated, "InvalidSignatureException", "no"))
	return r
}

func TestUnauthenticated_Failure_NamesNobody(t *testing.T) {
	r := unauthenticated(t)
	r.knock("192.0.2.1")
	rec := r.only()
	if rec.EventName != "Authenticate" || rec.ErrorCode != "InvalidSignatureException" ||
		rec.UserIdentity.Type != "Unknown" ||
		rec.UserIdentity.AccessKeyID != "" || rec.SourceIPAddress != "192.0.2.1" ||
		rec.RequestParameters != nil {
		t.Errorf("record %+v", rec)
	}
}

func TestUnauthenticated_OneSource_LeavesOneRecordAPeriod(t *testing.T) {
	r := unauthenticated(t)
	for range 5 {
		r.knock("192.0.2.1")
	}
	r.knock("2001:db8::1")
	if n := len(r.records()); n != 2 || r.unknown != 6 {
		t.Errorf("%d records of %d failures, want one for each of 2 sources, and all 6 counted", n,
			r.unknown)
	}
	r.pass(9 * time.Second)
	r.knock("192.0.2.1")
	if n := len(r.records()); n != 2 {
		t.Errorf("%d records before the period ended", n)
	}
	r.pass(time.Second)
	r.knock("192.0.2.1")
	if n := len(r.records()); n != 3 {
		t.Errorf("%d records after the period ended", n)
	}
}

func TestUnauthenticated_ManySources_LeaveAHundredRecords(t *testing.T) {
	r := unauthenticated(t)
	for range 2 {
		before := len(r.records())
		for i := range 150 {
			r.knock(fmt.Sprintf("192.%d.2.1", i))
		}
		if n := len(r.records()) - before; n != 100 {
			t.Errorf("%d records in one period, want 100", n)
		}
		r.pass(10 * time.Second)
	}
	if r.unknown != 300 {
		t.Errorf("%d failures were counted, want all 300", r.unknown)
	}
}

// Addresses of one network are one source: whoever has a /64 has 2^64 of them.
func TestUnauthenticated_OneNetwork_IsOneSource(t *testing.T) {
	r := unauthenticated(t)
	for i := range 50 {
		r.knock(fmt.Sprintf("192.0.2.%d", i))
		r.knock(fmt.Sprintf("2001:db8:0:1:%x::1", i))
	}
	if n := len(r.records()); n != 2 || r.unrecorded != 98 {
		t.Errorf("%d records of two networks, %d counted as unrecorded", n, r.unrecorded)
	}
}

// A day has so many records of one network, of one site and in all, and the last one says that more
// follow without. Every round is a new day.
func TestUnauthenticated_Day_HasSoManyRecords(t *testing.T) {
	for _, c := range []struct {
		silenced string
		source   func(i int) string
		most     int
	}{
		{"192.0.2.0/24", func(int) string { return "192.0.2.1" }, 100},
		{"2001:db8:0:1::/64", func(i int) string { return fmt.Sprintf("2001:db8:0:1::%x", i) }, 100},
		{"2001:db8::/48", func(i int) string { return fmt.Sprintf("2001:db8:0:%x::1", i) }, 1000},
		{"192.0.0.0/16", func(i int) string { return fmt.Sprintf("192.0.%d.1", i%256) }, 1000},
	} {
		r := unauthenticated(t)
		for i := range c.most + 50 {
			r.knock(c.source(i))
			r.pass(10 * time.Second)
		}
		all := r.records()
		if len(all) != c.most || r.unrecorded != 50 {
			t.Fatalf("%s: %d records and %d without, want %d and 50", c.silenced, len(all),
				r.unrecorded, c.most)
		}
		for i, rec := range all {
			want := any(nil)
			if i == len(all)-1 {
				want = c.silenced
			}
			if got := rec.AdditionalEventData["unrecordedForTheRestOfTheDay"]; got != want {
				t.Errorf("%s: record %d silences %v, want %v", c.silenced, i, got, want)
			}
		}
		r.pass(24 * time.Hour)
		r.knock(c.source(0))
		if n := len(r.records()); n != c.most+1 {
			t.Errorf("%s: %d records on the next day", c.silenced, n-c.most)
		}
	}
}

func TestUnauthenticated_EverySource_HasOneBoundForTheDay(t *testing.T) {
	r := unauthenticated(t)
	for i := range 10050 {
		r.knock(fmt.Sprintf("%d.%d.0.1", i/256+1, i%256))
		if i%100 == 99 {
			r.pass(10 * time.Second)
		}
	}
	all := r.records()
	last := all[len(all)-1].AdditionalEventData["unrecordedForTheRestOfTheDay"]
	if len(all) != 10000 || last != "everywhere" {
		t.Errorf("%d records, the last silences %v", len(all), last)
	}
}

// What a stranger says of itself costs the disk no more than a little.
func TestUnauthenticated_LongWords_AreCutShort(t *testing.T) {
	r := unauthenticated(t)
	r.at["authenticate"] = fails(fault.New(fault.Unauthenticated, "InvalidSignatureException",
		strings.Repeat("m", 4000)))
	q := request(good, "192.0.2.1")
	q.HTTP.Header.Set("User-Agent", strings.Repeat("u", 4000))
	if _, err := r.send(r.look, q); err == nil {
		t.Fatal("a stranger was served")
	}
	if rec := r.only(); len(rec.UserAgent) != 256 || len(rec.ErrorMessage) != 256 {
		t.Errorf("%d bytes of user agent and %d of a message", len(rec.UserAgent), len(rec.ErrorMessage))
	}
}

// Requests reach the sampler in another order than that of their arrival. That opens no new period.
func TestUnauthenticated_OlderRequest_OpensNoPeriod(t *testing.T) {
	r := unauthenticated(t)
	r.knock("192.0.2.1")
	for range 20 {
		r.pass(-time.Millisecond)
		r.knock("192.0.2.1")
	}
	if n := len(r.records()); n != 1 {
		t.Errorf("%d records, want one", n)
	}
}

func TestUnauthenticated_ClockSetBack_SilencesNobody(t *testing.T) {
	r := unauthenticated(t)
	r.knock("192.0.2.1")
	r.pass(-time.Hour)
	r.knock("192.0.2.1")
	if n := len(r.records()); n != 2 {
		t.Errorf("%d records, want one of each time", n)
	}
}

// While the token is away every request fails before its caller is known: the log says so, and does
// not repeat it each time.
func TestUnauthenticated_OwnFailures_AreLoggedOnceAPeriod(t *testing.T) {
	r := build(t)
	logged := func() int { return strings.Count(r.log.String(), "authentication failed on our side") }
	fail := func(kind fault.Kind, source string) {
		r.at["authenticate"] = fails(fault.New(kind, "", "").Because(errors.New("the cause")))
		_, err := r.send(r.look, request(good, source))
		if f := fault.Of(err); f == nil || f.Kind != kind {
			t.Errorf("answered %v", err)
		}
	}
	for i := range 50 {
		fail(fault.Unavailable, fmt.Sprintf("192.0.2.%d", i))
	}
	if n := logged(); n != 1 || !strings.Contains(r.log.String(), "the cause") {
		t.Errorf("logged %d times, want once: %s", n, r.log)
	}
	for range 2 {
		fail(fault.Internal, "192.0.2.1")
	}
	if n := logged(); n != 2 {
		t.Errorf("logged %d times, want once for each code", n)
	}
	r.pass(10 * time.Second)
	fail(fault.Unavailable, "192.0.2.1")
	if n := logged(); n != 3 || r.unknown != 53 {
		t.Errorf("logged %d times after the period, %d counted", n, r.unknown)
	}
}

func TestUnauthenticated_AtOnce_AreSampled(t *testing.T) {
	r := unauthenticated(t)
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() { r.knock(fmt.Sprintf("192.0.%d.%d", i%8, i)) })
	}
	all.Wait()
	if n := len(r.records()); n != 8 || r.unknown != 64 {
		t.Errorf("%d records of %d failures from 8 sources", n, r.unknown)
	}
}
