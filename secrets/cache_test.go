package secrets

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"claviger/internal/domain"
	"claviger/internal/envelope"
	"claviger/policy"
)

// Ten thousand secrets, each as heavy as the cache keeps any, stay well under 40 MB.
func TestCache_HeaviestEntries_AreBounded(t *testing.T) {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	cache := domain.NewCache[secretRef](cachedSecrets, keptBytes, (*entry).weight)
	before := heap()
	for i := range 2 * cachedSecrets {
		ref := own(fmt.Sprint("s", i))
		_, err := cache.Get(ref, func() (*entry, error) { return heaviest(ref), nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	used := heap() - before
	t.Logf("%d secrets in %.1f MB", cachedSecrets, float64(used)/1e6)
	if used > 38e6 {
		t.Error("that is too much")
	}
	runtime.KeepAlive(cache)
}

// heaviest returns an entry at its limit, most of it small parts, which cost the most.
func heaviest(ref secretRef) *entry {
	text := func(n int) string { return strings.Clone(strings.Repeat("x", n)) }
	e := &entry{Secret: &Secret{Account: ref.account, Region: ref.region, Name: ref.name,
		Suffix: "AbCd12", stages: stages{current: text(36), previous: text(36)}}}
	for e.weight() < keptBytes-600 {
		e.Tags = append(e.Tags, Tag{Key: text(8), Value: text(8)})
	}
	sealed := []byte(text(keptBytes - e.weight()))
	e.current = &version{secretRef: ref, suffix: text(6), id: text(36), digest: []byte(text(32)),
		envelope: envelope.Envelope{KeyARN: text(75), Sealed: sealed}}
	return e
}

// A policy takes room in the cache: by its text, or by its rules where those take more memory than
// such texts do.
func TestWeight_Policy_CountsByTextOrRules(t *testing.T) {
	const usual = `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`
	many := strings.Replace(usual, `"Resource":"*"`,
		`"Resource":["arn:aws:s3:::a"`+strings.Repeat(`,"arn:aws:s3:::a"`, 99)+`]`, 1)
	bare := (&entry{Secret: &Secret{Name: "x"}}).weight()
	for text, least := range map[string]int{usual: len(usual), many: len(many) + 1} {
		e := &entry{Secret: &Secret{Name: "x", Policy: text, rules: policy.CompileRules(text)}}
		if n := e.weight() - bare; n < least || n > 20*len(text) {
			t.Errorf("a policy of %d bytes weighs %d", len(text), n)
		}
	}
}
