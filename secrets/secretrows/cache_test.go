package secretrows

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"claviger/internal/domain"
	"claviger/internal/envelope"
	"claviger/policy"
	"claviger/secrets/secret"
)

// Ten thousand secrets, each as heavy as the cache keeps any, stay well under 40 MB.
func TestCache_HeaviestEntries_AreBounded(t *testing.T) {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	cache := domain.NewCache[secret.Ref](cachedSecrets, keptBytes, (*Entry).weight)
	before := heap()
	for i := range 2 * cachedSecrets {
		ref := secret.Ref{Account: "111122223333", Region: "us-east-1", Name: fmt.Sprint("s", i)}
		_, err := cache.Get(ref, func() (*Entry, error) { return heaviest(ref), nil })
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
func heaviest(ref secret.Ref) *Entry {
	text := func(n int) string { return strings.Clone(strings.Repeat("x", n)) }
	e := &Entry{Secret: &secret.Secret{Account: ref.Account, Region: ref.Region, Name: ref.Name,
		Suffix: "AbCd12", Stages: secret.Stages{secret.Current: text(36), secret.Previous: text(36)}}}
	for e.weight() < keptBytes-600 {
		e.Tags = append(e.Tags, secret.Tag{Key: text(8), Value: text(8)})
	}
	sealed := []byte(text(keptBytes - e.weight()))
	e.Current = &secret.Version{Ref: ref, Suffix: text(6), ID: text(36), Digest: []byte(text(32)),
		Envelope: envelope.Envelope{KeyARN: text(75), Sealed: sealed}}
	return e
}

// A policy takes room in the cache: by its text, or by its rules where those take more memory than
// such texts do.
func TestWeight_Policy_CountsByTextOrRules(t *testing.T) {
	const usual = `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`
	many := strings.Replace(usual, `"Resource":"*"`,
		`"Resource":["arn:aws:s3:::a"`+strings.Repeat(`,"arn:aws:s3:::a"`, 99)+`]`, 1)
	bare := (&Entry{Secret: &secret.Secret{Name: "x"}}).weight()
	for text, least := range map[string]int{usual: len(usual), many: len(many) + 1} {
		e := &Entry{Secret: &secret.Secret{Name: "x", Policy: text, Rules: policy.CompileRules(text)}}
		if n := e.weight() - bare; n < least || n > 20*len(text) {
			t.Errorf("a policy of %d bytes weighs %d", len(text), n)
		}
	}
}
