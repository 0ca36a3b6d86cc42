package apikey

import (
	"encoding/json"
	"testing"
)

// FuzzFind: whatever an API answers, what is found is in it, and a text is what encoding/json reads
// there.
func FuzzFind(f *testing.F) {
	f.Add([]byte(`{"data":[{"id":17,"secret":"x"}]}`), "/data/0/id")
	f.Add([]byte(` ["a\u00e9",{"a/b":{"~":"y"}}]`), "/1/a~1b/~0")
	f.Add([]byte(`{"a":{"a":1e400}}`), "/a/a")
	f.Add([]byte(`{"a":"x"`), "/a")
	f.Fuzz(func(t *testing.T, answer []byte, pointer string) {
		if !isPointer(pointer) {
			return
		}
		text, found := find(answer, pointer)
		list, isList := elements(answer, pointer)
		if found && (isList || text == "") || !isList && len(list) > 0 {
			t.Fatalf("text %q, list %q", text, list)
		}
		if (found || isList) && !json.Valid(answer) {
			t.Fatalf("%q was found in what is no JSON: %q", text, answer)
		}
	})
}
