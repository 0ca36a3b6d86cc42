package cryptoki

import "sync"

var substitutes sync.Map // path to Driver

// Substitute puts a software token in the place of a path, for hsm/hsmtest. It returns the way back.
func Substitute(path string, d Driver) (restore func()) {
	substitutes.Store(path, d)
	return func() { substitutes.Delete(path) }
}

func substitute(path string) Driver {
	if d, ok := substitutes.Load(path); ok {
		return d.(Driver)
	}
	return nil
}
