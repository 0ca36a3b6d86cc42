package secretrows

import (
	"strconv"
	"testing"
)

// A day that is written takes nothing away that came later, and nothing stays that was written.
func TestReads_WrittenToTheRows_AreForgotten(t *testing.T) {
	var r reads
	r.add("a", "1", 10)
	r.add("a", "2", 20)
	r.add("b", "1", 30)
	r.add("a", "2", 40)
	r.written("a", "2", 20)
	if got := r.of("a"); len(got) != 2 || got["1"] != 10 || got["2"] != 40 {
		t.Errorf("%v", got)
	}
	r.written("a", "1", 10)
	r.written("a", "2", 40)
	r.written("a", "2", 40)
	r.written("b", "1", 30)
	if len(r.days) != 0 {
		t.Errorf("%v stays", r.days)
	}
}

// While the database takes no bookkeeping, memory has an end.
func TestReads_NothingWritten_AreBounded(t *testing.T) {
	var r reads
	for i := range 3 * rememberedSecrets {
		r.add(strconv.Itoa(i), "1", 1)
	}
	if n := len(r.days); n > rememberedSecrets {
		t.Errorf("%d secrets are remembered", n)
	}
	last := strconv.Itoa(3*rememberedSecrets - 1)
	if r.of(last)["1"] != 1 {
		t.Error("the newest is forgotten")
	}
}
