package residents

import "sync"

// making are the keys that this process has reserved a name for and that came into no KMS key so
// far. It is the one witness of that which nobody can edit: rows that say so can be put back. The
// zero value is ready.
type making struct {
	mu    sync.Mutex
	names map[string]bool // whether the device has answered
}

// begin notes a name before the device is asked for its key.
func (m *making) begin(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.names == nil {
		m.names = map[string]bool{}
	}
	m.names[name] = false
}

// end notes that the device has answered, whatever it said: nothing comes of the name any more but
// what is there now.
func (m *making) end(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.names[name]; ok {
		m.names[name] = true
	}
}

// forget notes that a KMS key may use the key from now on, or that it is destroyed.
func (m *making) forget(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.names, name)
}

// left reports whether this process has made a key that came into no KMS key. waits says that the
// device has yet to answer.
func (m *making) left(name string) (ours, waits bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	answered, ours := m.names[name]
	return ours, ours && !answered
}
