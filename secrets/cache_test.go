package secrets

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"claviger/internal/envelope"
	"claviger/store"
)

// Ten thousand secrets, each as heavy as the cache keeps any, stay well under 40 MB.
func TestTheCacheIsBounded(t *testing.T) {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	s := &Secrets{lines: store.NewCache[secretRef, *line](cachedSecrets)}
	before := heap()
	for i := range 2 * cachedSecrets {
		ref := secretRef{"111122223333", "us-east-1", fmt.Sprint("s", i)}
		if _, err := s.lines.Get(ref, func() (*line, error) { return heaviest(ref), nil }); err != nil {
			t.Fatal(err)
		}
	}
	used := heap() - before
	t.Logf("%d secrets in %.1f MB", cachedSecrets, float64(used)/1e6)
	if used > 38e6 {
		t.Error("that is too much")
	}
	runtime.KeepAlive(s)
}

// heaviest returns a line at its limit, most of it small parts, which cost the most.
func heaviest(ref secretRef) *line {
	text := func(n int) string { return strings.Clone(strings.Repeat("x", n)) }
	l := &line{Secret: &Secret{Account: ref.account, Region: ref.region, Name: ref.name, Suffix: "AbCd12", stages: stages{current: text(36), previous: text(36)}}}
	for l.weight() < keptBytes-600 {
		l.Tags = append(l.Tags, Tag{text(8), text(8)})
	}
	sealed := []byte(text(keptBytes - l.weight()))
	l.value = &version{id: text(36), digest: []byte(text(32)), envelope: envelope.Envelope{KeyID: text(36), Sealed: sealed}}
	return l
}
