package module

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
)

// modules are those loaded in this process, by path.
var (
	modules   = map[string]*Module{}
	modulesMu sync.Mutex
)

// Acquire loads the module at path and initialises it unless that has happened. Every Acquire needs
// a [Module.Release].
func Acquire(ctx context.Context, path string) (*Module, error) {
	m, err := loaded(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", failure.ErrModule, err)
	}
	if err := m.Lock(ctx); err != nil {
		return nil, err
	}
	defer m.Unlock()
	// The first user initialises the module, for crypto11 and every later one too.
	if m.users == 0 {
		if err := m.initialize(); err != nil {
			return nil, fmt.Errorf("%w: %w", failure.ErrNotStarted, err)
		}
	}
	m.users++
	return m, nil
}

// loaded returns the module at path, loading it once. It stays loaded: unloading a library with
// threads and static destructors of its own gains nothing.
func loaded(path string) (*Module, error) {
	modulesMu.Lock()
	defer modulesMu.Unlock()
	if m := modules[path]; m != nil {
		return m, nil
	}
	// A file is one library to the loader, whatever its names, and what finalises it by one name
	// does so by all.
	file, _ := os.Stat(path)
	for known, m := range modules {
		if other, err := os.Stat(known); err == nil && file != nil && os.SameFile(file, other) {
			modules[path] = m
			return m, nil
		}
	}
	driver, err := cryptoki.Load(path)
	if err != nil {
		return nil, err
	}
	m := loadedAs(path, driver)
	modules[path] = m
	return m, nil
}

func loadedAs(path string, driver cryptoki.Driver) *Module {
	return &Module{
		Path: path, Driver: driver,
		lock: make(chan struct{}, 1), members: map[Member]struct{}{},
	}
}

// Provide puts a driver among the loaded modules, so that a path names it and no library is looked
// for, and returns the way back. It is how a device that is no shared library comes in, of which
// there are only those of tests: a configuration can't hold a driver, since one that could would
// let a service run without a device.
func Provide(path string, driver cryptoki.Driver) (remove func()) {
	modulesMu.Lock()
	defer modulesMu.Unlock()
	m := loadedAs(path, driver)
	modules[path] = m
	return func() {
		modulesMu.Lock()
		defer modulesMu.Unlock()
		if modules[path] == m {
			delete(modules, path)
		}
	}
}

// Bounded does f with the module locked and gives up waiting for it when ctx ends. The module is
// released when f is over, and not before: it may hang inside.
func Bounded[T any](ctx context.Context, path string, f func(*Module) (T, error),
) (result T, err error) {
	type outcome struct {
		result T
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		result, err := whileLocked(path, f)
		done <- outcome{result, err}
	}()
	select {
	case o := <-done:
		return o.result, o.err
	case <-ctx.Done():
		return result, failure.Unavailable(context.Cause(ctx))
	}
}

// whileLocked does f between Acquire and Release of the module, with the module locked.
func whileLocked[T any](path string, f func(*Module) (T, error)) (result T, err error) {
	m, err := Acquire(context.Background(), path)
	if err != nil {
		return result, err
	}
	defer func() {
		if left := m.Release(context.Background()); left != nil {
			err = errors.Join(err, left)
		}
	}()
	if err := m.Lock(context.Background()); err != nil {
		return result, err
	}
	defer m.Unlock()
	return f(m)
}
