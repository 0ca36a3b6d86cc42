package session

import (
	"context"
	"errors"
	"testing"
	"time"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
)

// A call that has its turn when the login ends, and that no worker took yet, is over: the key that
// it was to use would keep the session of its owner open for ever.
func TestHand_LoginEnds_CallLetsGoOfItsKey(t *testing.T) {
	ended := make(chan struct{})
	l := &Login{ended: ended, handles: newHandles(10, ended, nil)}
	p := newPool(l, 0, time.Minute) // no worker ever comes
	p.line = newLine(1, nil)
	if !p.line.turns.Enter("") {
		t.Fatal("no place")
	}
	k, got := loading(t, l.handles, "k")
	l.handles.settle(k, 1, l.handles.found(7).session)
	k.release()
	done := make(chan error, 1)
	go func() {
		_, _, err := p.run(context.Background(), <-got, 0,
			func(cryptoki.Session) ([]byte, error) { return nil, nil })
		done <- err
	}()
	for p.line.waiting() == 0 {
		time.Sleep(time.Millisecond)
	}
	p.hand(p.leave(""))
	time.Sleep(20 * time.Millisecond)
	close(ended)
	if err := <-done; !errors.Is(err, failure.ErrRenewed) {
		t.Error(err)
	}
	time.Sleep(20 * time.Millisecond)
	l.handles.mu.Lock()
	defer l.handles.mu.Unlock()
	if k.uses != 0 {
		t.Errorf("%d uses are left", k.uses)
	}
}
