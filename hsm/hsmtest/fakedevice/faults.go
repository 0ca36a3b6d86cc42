package fakedevice

import (
	"sync"
	"time"
)

// Fail makes the next calls of a function, such as "C_Encrypt", answer a PKCS#11 code; times < 0
// means all of them.
func (d *Device) Fail(function string, code uint, times int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults[function] = &fault{code: code, times: times}
}

// Delay makes every call of a function take longer.
func (d *Device) Delay(function string, by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults[function] = &fault{delay: by}
}

// Hang makes calls of a function not return until release is called.
func (d *Device) Hang(function string) (release func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := &fault{hang: make(chan struct{})}
	d.faults[function] = f
	release = sync.OnceFunc(func() {
		d.Mend(function)
		close(f.hang)
	})
	d.t.Cleanup(release)
	return release
}

// Mend undoes Fail, Delay and, for calls to come, Hang.
func (d *Device) Mend(function string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.faults, function)
}

// Calls returns how often a function was called.
func (d *Device) Calls(function string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls[function]
}
