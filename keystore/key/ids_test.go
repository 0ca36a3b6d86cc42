package key

import (
	"strings"
	"testing"

	"github.com/google/uuid"
)

func TestIsID_OneFormOnly_IsAnID(t *testing.T) {
	id := uuid.NewString()
	for s, want := range map[string]bool{
		id: true, strings.ToUpper(id): false, "{" + id + "}": false, "urn:uuid:" +
			id: false, strings.ReplaceAll(id, "-", ""): false,
		id + " ": false, id[:35]: false, "": false, strings.Repeat("g", 36): false,
		"mrk-" + strings.ReplaceAll(id, "-", ""): true, NewMultiRegionID(): true, "mrk-" +
			strings.Repeat("F", 32): false,
		"mrk-" + strings.Repeat("g", 32): false, "MRK-" + strings.Repeat("0", 32): false, "mrk-" +
			strings.Repeat("0", 31): false,
		"mrk-" + strings.Repeat("0", 33): false, "mrk_" + strings.Repeat("0", 32): false, "mrk-" +
			id[:32]: false,
	} {
		if IsID(s) != want {
			t.Errorf("IsID(%q) = %v", s, !want)
		}
	}
}
