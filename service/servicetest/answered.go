package servicetest

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"

	"claviger/internal/domain"
)

// answered are the errors that the servers of this process have answered, by operation: what the
// catalogue of errors is held to. Servers are many and short-lived, so that it is one for all.
var answered = struct {
	sync.Mutex
	pairs map[Answered]bool
}{pairs: map[Answered]bool{}}

// Answered is an operation and an error that it has answered, as the trail has them.
type Answered struct{ Service, Operation, Code string }

// AllAnswered returns each operation and error once, as far as any server of this process has
// recorded them.
func AllAnswered() []Answered {
	answered.Lock()
	defer answered.Unlock()
	return slices.Collect(maps.Keys(answered.pairs))
}

// note remembers the errors in a batch of records.
func note(records []byte) {
	if !bytes.Contains(records, []byte(`"errorCode"`)) {
		return
	}
	for line := range bytes.SplitSeq(records, []byte("\n")) {
		var r Record
		if json.Unmarshal(line, &r) != nil || r.ErrorCode == "" {
			continue
		}
		if r.UserIdentity.Type == "AWSService" && r.ErrorCode == domain.ErrMade.Code {
			continue // that another request was first is told to no caller
		}
		service, _ := strings.CutSuffix(r.EventSource, ".amazonaws.com")
		answered.Lock()
		answered.pairs[Answered{service, r.EventName, r.ErrorCode}] = true
		answered.Unlock()
	}
}
