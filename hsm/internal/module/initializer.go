package module

import "slices"

// Initializer is a [Member] that has to be the one to initialise the library, as crypto11 has: it
// treats one that is initialised already as an error.
type Initializer interface {
	Member

	// Initialize initialises the library, or shares it with another Initializer that did. If it
	// fails, it has finalised it, whoever else uses it.
	Initialize() error
	Finalize() // it may finalise the library
}

// initializer is an [Initializer] and how it fared.
type initializer struct {
	Initializer
	leaving bool  // not to be initialised again
	broken  error // why it could not be initialised
}

// JoinAsInitializer adds a member that has to be the one to initialise the library, and restarts
// that for it; the module must be locked. On failure it is no member.
func (m *Module) JoinAsInitializer(x Initializer) error {
	as := &initializer{Initializer: x}
	m.initializers = append(m.initializers, as)
	m.Join(x)
	err := m.Restart()
	if err == nil {
		err = as.broken
	}
	if err != nil {
		m.forget(x)
	}
	return err
}

// LeaveAsInitializer removes one, which may stop the library for everybody: it is restarted. The
// module must be locked.
func (m *Module) LeaveAsInitializer(x Initializer) error {
	if as := m.initializer(x); as != nil {
		as.leaving = true
	}
	err := m.Restart()
	m.forget(x)
	return err
}

// Broken returns why a member could not initialise the library when it was last restarted; the
// module must be locked.
func (m *Module) Broken(x Initializer) error {
	if as := m.initializer(x); as != nil {
		return as.broken
	}
	return nil
}

func (m *Module) initializer(x Initializer) *initializer {
	for _, as := range m.initializers {
		if as.Initializer == x {
			return as
		}
	}
	return nil
}

func (m *Module) forget(x Initializer) {
	delete(m.members, x)
	m.initializers = slices.DeleteFunc(m.initializers, func(as *initializer) bool {
		return as.Initializer == x
	})
}
