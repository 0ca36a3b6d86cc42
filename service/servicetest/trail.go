package servicetest

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
)

// Record is one event of the audit trail, as it is read back from the database.
type Record struct {
	EventVersion, EventTime, EventSource, EventName, AWSRegion string
	SourceIPAddress, UserAgent, ErrorCode, ErrorMessage        string
	RequestID, EventID, EventType, RecipientAccountID          string
	ReadOnly                                                   bool
	UserIdentity                                               struct {
		Type, PrincipalID, ARN,
		AccountID, AccessKeyID, UserName, InvokedBy string
		SessionContext json.RawMessage
	}
	RequestParameters, ResponseElements, AdditionalEventData json.RawMessage
	ServiceEventDetails, TLSDetails                          json.RawMessage
	SharedEventID                                            string
	Resources                                                []struct{ ARN, AccountID, Type string }

	Line string `json:"-"` // the record as it was written
}

// ARNs are what the record is about: its resources, or what we name where CloudTrail has none.
func (r Record) ARNs() (all []string) {
	var ours struct{ ResourceARNs []string }
	json.Unmarshal(r.AdditionalEventData, &ours) // it may not be there
	for _, of := range r.Resources {
		all = append(all, of.ARN)
	}
	return append(all, ours.ResourceARNs...)
}

// Mark is a position in the trail.
type Mark int64

// Mark returns the end of the trail.
func (s *Server) Mark(t testing.TB) (m Mark) {
	t.Helper()
	m = Mark(s.seen.Load())
	s.read(t, int64(m), func(batch int64, _ []byte) { m = Mark(batch) })
	s.seen.Store(int64(m))
	return m
}

// Trail returns the records behind m, oldest first.
func (s *Server) Trail(t testing.TB, m Mark) (records []Record) {
	t.Helper()
	s.read(t, int64(m), func(_ int64, batch []byte) {
		for line := range bytes.SplitSeq(batch, []byte("\n")) {
			r := Record{Line: string(line)}
			if err := json.Unmarshal(line, &r); err != nil {
				t.Fatalf("the trail holds %q: %v", line, err)
			}
			records = append(records, r)
		}
	})
	return records
}

// Records returns the records of one request, oldest first, whatever else goes on at the same time.
func (s *Server) Records(t testing.TB, m Mark, requestID string) (records []Record) {
	t.Helper()
	for _, r := range s.Trail(t, m) {
		if r.RequestID == requestID {
			records = append(records, r)
		}
	}
	return records
}

func (s *Server) read(t testing.TB, after int64, each func(batch int64, records []byte)) {
	t.Helper()
	err := s.Service().DB.Trail(after, func(batch int64, _ time.Time, records []byte) error {
		each(batch, records)
		return nil
	})
	if err != nil {
		t.Fatalf("reading the trail: %v", err)
	}
}
