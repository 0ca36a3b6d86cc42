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
			r.knock(fmt.Sprintf("192.0.2.%d", i))
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
		all.Go(func() { r.knock(fmt.Sprintf("192.0.2.%d", i%8)) })
	}
	all.Wait()
	if n := len(r.records()); n != 8 || r.unknown != 64 {
		t.Errorf("%d records of %d failures from 8 sources", n, r.unknown)
	}
}
