package session

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/object"
	"claviger/internal/custody"
)

// known is a preparation that knows of every key all that is to be known.
func known(_ context.Context, _ custody.Ref, k *object.Key) error {
	k.Proof = []byte("proof")
	return nil
}

// loading asks for a key and returns its handle once that is to be loaded, with the loader's use
// taken. got is what was asked for, in the end.
func loading(t *testing.T, h *handles, id string) (k *handle, got chan *handle) {
	t.Helper()
	got = make(chan *handle, 1)
	go func() {
		k, _ := h.get(context.Background(), custody.Ref{ID: id}, time.Minute, nil, known)
		got <- k
	}()
	return h.next(), got
}

var lostDevice = &cryptoki.Error{Function: "C_UnwrapKey", Code: pkcs11.CKR_DEVICE_ERROR}

// What the device failed to load is loaded by the next login, unless it was forgotten meanwhile: a
// key that was destroyed must not come back.
func TestHandles_ForgottenWhileLoadFails_AreNotLoadedByNextLogin(t *testing.T) {
	h := newHandles(10, make(chan struct{}), nil)
	kept, _ := loading(t, h, "kept")
	gone, _ := loading(t, h, "gone")
	h.forgetID("gone")
	h.fail(kept, lostDevice)
	h.fail(gone, lostDevice)
	after := newHandles(10, make(chan struct{}), h)
	if after.byID["kept"] == nil || after.byID["gone"] != nil || after.size() != 1 {
		t.Errorf("the next login has %v", after.byID)
	}
}

// A key that was made anew under the name of one that was forgotten is the only one of that name.
func TestHandles_ForgottenAndMadeAnew_AreOneKeyInNextLogin(t *testing.T) {
	h := newHandles(10, make(chan struct{}), nil)
	s := h.found(7).session
	old, _ := loading(t, h, "k")
	h.forgetID("k")
	anew, got := loading(t, h, "k")
	h.settle(anew, 1, s)
	h.fail(old, lostDevice)
	(<-got).release()
	if after := newHandles(10, make(chan struct{}), h); after.size() != 1 {
		t.Errorf("%d keys have one name", after.size())
	}
}

// The next login begins with no more keys than the cache may hold, whatever became of them.
func TestHandles_LostAndCached_StayWithinLimitInNextLogin(t *testing.T) {
	h := newHandles(3, make(chan struct{}), nil)
	for i := range 3 {
		k, _ := loading(t, h, fmt.Sprint("lost", i))
		h.fail(k, lostDevice)
	}
	e := h.found(7)
	for i := range 3 {
		k, got := loading(t, h, fmt.Sprint("cached", i))
		h.settle(k, cryptoki.Object(i+1), e.session)
		k.release()
		(<-got).release()
	}
	after := newHandles(3, make(chan struct{}), h)
	if after.size() != 3 || len(after.wanted) != 3 || after.byID["cached2"] == nil {
		t.Errorf("%d keys, of which %d are to be loaded", after.size(), len(after.wanted))
	}
}

// A session that was closed with its login isn't closed again when somebody who is late lets go of
// a key of it: its number may be another session's by then.
func TestRetire_LateUseAfterLogin_DoesNotCloseTwice(t *testing.T) {
	ended := make(chan struct{})
	h := newHandles(10, ended, nil)
	e := h.found(7)
	k, got := loading(t, h, "k")
	h.settle(k, 1, e.session)
	k.release()
	(<-got).release()
	close(ended)
	var closed atomic.Int32
	if !h.retire(e, func() { closed.Add(1) }) {
		t.Fatal("somebody uses it")
	}
	late, _, _ := h.take("k")
	late.release()
	time.Sleep(20 * time.Millisecond)
	if n := closed.Load(); n > 0 {
		t.Errorf("closed %d times more", n)
	}
}

// A session with keys in use is closed once, when nobody uses them any more.
func TestRetire_KeysInUse_ClosesOnce(t *testing.T) {
	h := newHandles(10, make(chan struct{}), nil)
	e := h.found(7)
	k, got := loading(t, h, "k")
	h.settle(k, 1, e.session)
	k.release()
	used := <-got
	var closed atomic.Int32
	if h.retire(e, func() { closed.Add(1) }) {
		t.Fatal("nobody uses it")
	}
	used.retain()
	used.release()
	if closed.Load() > 0 {
		t.Error("closed under a key in use")
	}
	used.release()
	time.Sleep(20 * time.Millisecond)
	if n := closed.Load(); n != 1 {
		t.Errorf("closed %d times", n)
	}
}

// What one who prepares a key is told about itself, such as that it wants too much, is not told to
// others who wait for that key: one of them prepares it then.
func TestGet_PreparerIsSentAway_OthersPrepare(t *testing.T) {
	for _, sentAway := range []error{custody.ErrBusy, context.Canceled,
		custody.ErrUnavailable.Because(errors.New("its time was over"))} {
		h := newHandles(10, make(chan struct{}), nil)
		ctx, leave := context.WithCancel(context.Background())
		defer leave()
		preparing, goOn := make(chan struct{}), make(chan struct{})
		first := make(chan error, 1)
		go func() {
			_, err := h.get(ctx, custody.Ref{ID: "k"}, time.Minute, nil,
				func(context.Context, custody.Ref, *object.Key) error {
					close(preparing)
					<-goOn
					if !errors.Is(sentAway, custody.ErrBusy) {
						leave()
					}
					return sentAway
				})
			first <- err
		}()
		<-preparing
		second := make(chan error, 1)
		go func() {
			_, err := h.get(context.Background(), custody.Ref{ID: "k"}, time.Minute, nil, known)
			second <- err
		}()
		for waits := 0; waits < 2; { // both have it
			h.mu.Lock()
			waits = h.byID["k"].uses
			h.mu.Unlock()
		}
		close(goOn)
		if err := <-first; !errors.Is(err, sentAway) {
			t.Errorf("who was sent away: %v", err)
		}
		loaded := make(chan *handle, 1)
		go func() { loaded <- h.next() }()
		select {
		case k := <-loaded:
			h.settle(k, 1, h.found(7).session)
			if err := <-second; err != nil {
				t.Error(err)
			}
		case err := <-second:
			t.Errorf("another was told %v", err)
		}
	}
}
