package optest

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/store"
)

// Records returns the audit trail of a database from its beginning, a record a line.
func Records(t testing.TB, db *store.DB) (lines []string) {
	t.Helper()
	err := db.Trail(0, func(_ int64, _ time.Time, batch []byte) error {
		lines = append(lines, strings.Split(string(batch), "\n")...)
		return nil
	})
	if err != nil {
		t.Fatalf("reading the trail: %v", err)
	}
	return lines
}

// Log gathers what is logged. Its methods may be called from several goroutines.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements [io.Writer].
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String returns all of it.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Has reports whether every one of the words stands in the log.
func (l *Log) Has(words ...string) bool {
	text := l.String()
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}
