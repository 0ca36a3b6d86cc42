package search

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/internal/follow"
	"claviger/store"
	"claviger/store/storetest"
)

// made is a record as the tests make it: what it is found by, said once more.
type made struct {
	Version      string `json:"eventVersion"`
	UserIdentity struct {
		Type        string `json:"type"`
		PrincipalID string `json:"principalId,omitempty"`
		AccessKeyID string `json:"accessKeyId,omitempty"`
		UserName    string `json:"userName,omitempty"`
	} `json:"userIdentity"`
	Time       time.Time      `json:"eventTime"`
	Source     string         `json:"eventSource"`
	Name       string         `json:"eventName"`
	Region     string         `json:"awsRegion"`
	Address    string         `json:"sourceIPAddress"`
	ErrorCode  string         `json:"errorCode,omitempty"`
	Parameters map[string]any `json:"requestParameters"`
	ID         string         `json:"eventID"`
	ReadOnly   bool           `json:"readOnly"`
	Resources  []madeResource `json:"resources,omitempty"`
	Account    string         `json:"recipientAccountId,omitempty"`
}

type madeResource struct {
	ARN  string `json:"ARN"`
	Type string `json:"type,omitempty"`
}

// trailOf is a database, its index, and what is known of its records.
type trailOf struct {
	t    testing.TB
	path string
	db   *store.DB
	*Index
	records []made // record n is the one before index n
	random  *rand.Rand
}

func newTrail(t testing.TB, seed uint64) *trailOf {
	t.Helper()
	h := &trailOf{t: t, path: filepath.Join(storetest.Dir(t), "claviger.db"),
		random: rand.New(rand.NewPCG(seed, 1))}
	h.db = storetest.Open(t, h.path)
	h.open()
	return h
}

var quiet = slog.New(slog.DiscardHandler)

func (h *trailOf) open() {
	h.t.Helper()
	x, err := Open(h.db, Dir(h.path), quiet)
	if err != nil {
		h.t.Fatal(err)
	}
	h.Index = x
	h.t.Cleanup(func() { x.Close() })
}

// reopen closes the index, has something done to what is on the disk, and opens it again.
func (h *trailOf) reopen(between func()) {
	h.t.Helper()
	if err := h.Index.Close(); err != nil {
		h.t.Fatal(err)
	}
	between()
	h.open()
}

// keep has the index made, and returns when all is in it.
func (h *trailOf) keep() {
	h.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.Keep(ctx, &follow.Feed{DB: h.db})
	}()
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		n, err := h.Behind()
		if err != nil {
			h.t.Fatal(err)
		}
		if n == 0 {
			break
		}
		if time.Since(began) > time.Minute {
			h.t.Fatalf("%d records are not in the index after a minute", n)
		}
	}
	stop()
	<-done
}

// put appends so many records to the trail, some of them to a batch.
func (h *trailOf) put(records, atOnce int) {
	h.t.Helper()
	for records > 0 {
		n := min(records, 1+h.random.IntN(atOnce))
		var lines [][]byte
		for range n {
			r := h.make(len(h.records) + 1)
			line, err := json.Marshal(r)
			if err != nil {
				h.t.Fatal(err)
			}
			h.records = append(h.records, r)
			lines = append(lines, line)
		}
		err := h.db.Commit(nil, func(error) []byte { return bytes.Join(lines, []byte("\n")) })
		if err != nil {
			h.t.Fatal(err)
		}
		records -= n
	}
}

var began = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// make makes a record of few values, so that most of them are had by several.
func (h *trailOf) make(n int) (r made) {
	x := h.random
	r.Version = "1.11"
	r.Time = began.Add(time.Duration(n/20) * time.Second)
	if x.IntN(5000) == 0 {
		r.Time = r.Time.Add(-time.Hour) // clocks are set back
	}
	r.Account, r.Region = pick(x, "111122223333", "111122223333", "444455556666"),
		pick(x, "us-east-1", "us-east-1", "eu-central-1")
	u := &r.UserIdentity
	u.Type = pick(x, "IAMUser", "Root", "AssumedRole", "AWSService")
	switch u.Type {
	case "IAMUser":
		u.UserName = pick(x, "alice", "bob", `q"u\o`+"\n<t>e")
	case "AssumedRole":
		u.PrincipalID = "AROAX:" + pick(x, "s1", "s2")
	}
	if u.Type != "AWSService" {
		u.AccessKeyID = fmt.Sprintf("AKIA%02d", x.IntN(20))
	}
	r.Source = pick(x, "kms.amazonaws.com", "secretsmanager.amazonaws.com", "ssm.amazonaws.com")
	r.Name = pick(x, "Decrypt", "Encrypt", "GetSecretValue", "PutParameter")
	r.Address = fmt.Sprintf("192.0.2.%d", x.IntN(200))
	r.ErrorCode = pick(x, "", "", "", "", "", "", "", "AccessDenied")
	r.ReadOnly = x.IntN(10) > 0
	r.ID = idAt(x, r.Time)
	h.about(&r)
	return r
}

// about says what a request was about.
func (h *trailOf) about(r *made) {
	x, n := h.random, h.random.IntN(300)
	switch r.Source {
	case "kms.amazonaws.com":
		arn := fmt.Sprintf("arn:aws:kms:us-east-1:1:key/%03d", n)
		r.Resources = []madeResource{{arn, "AWS::KMS::Key"}}
		r.Parameters = map[string]any{"keyId": fmt.Sprintf("%03d", n),
			"encryptionContext": map[string]string{"army": pick(x, "north", "south"),
				"nr": fmt.Sprint(x.IntN(5000))}}
	case "secretsmanager.amazonaws.com":
		id := fmt.Sprintf("db/%03d", n)
		r.Parameters = map[string]any{"secretId": pick(x, id,
			"arn:aws:secretsmanager:us-east-1:1:secret:"+id+"-AbCdEf")}
	default:
		r.Parameters = map[string]any{"name": fmt.Sprintf("/app/%03d", n), "value": "}]\\\""}
		if x.IntN(2) == 0 {
			r.Resources = []madeResource{{fmt.Sprintf("arn:aws:ssm:us-east-1:1:parameter/app/%03d", n), ""}}
		}
	}
}

// idAt is a UUID of version 7, or now and then one that doesn't tell its time.
func idAt(x *rand.Rand, at time.Time) string {
	b := make([]byte, 16)
	for i := range b {
		b[i] = byte(x.IntN(256))
	}
	version := byte(0x40)
	if x.IntN(50) > 0 {
		version = 0x70
		for i, ms := 5, at.UnixMilli(); i >= 0; i, ms = i-1, ms>>8 {
			b[i] = byte(ms)
		}
	}
	b[6] = b[6]&0x0f | version
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// has tells what a record is found by, as documents say it.
func (r *made) has(c Condition) bool {
	switch c.Attribute {
	case EventID:
		return r.ID == c.Value
	case EventName:
		return r.Name == c.Value
	case ReadOnly:
		return fmt.Sprint(r.ReadOnly) == c.Value
	case EventSource:
		return r.Source == c.Value
	case AccessKeyID:
		return r.UserIdentity.AccessKeyID == c.Value
	case ErrorCode:
		return r.ErrorCode == c.Value
	case SourceAddress:
		return r.Address == c.Value
	case Username:
		return r.user() == c.Value
	case ContextPair:
		pairs, _ := r.Parameters["encryptionContext"].(map[string]string)
		return slices.ContainsFunc([]string{"army", "nr"},
			func(key string) bool { return pairs != nil && Pair(key, pairs[key]) == c.Value })
	case ResourceType:
		return r.shown().Type == c.Value
	case ResourceName:
		return r.shown().ARN == c.Value
	}
	last := func(name string) string {
		name = strings.TrimSuffix(name, "-AbCdEf")
		return name[strings.LastIndex(name, "/")+1:]
	}
	service, _, _ := strings.Cut(r.Source, ".")
	return strings.Contains(c.Value, ":"+service+":") && last(r.shown().ARN) == last(c.Value)
}

func (r *made) user() string {
	switch r.UserIdentity.Type {
	case "Root":
		return "root"
	case "AssumedRole":
		return strings.TrimPrefix(r.UserIdentity.PrincipalID, "AROAX:")
	}
	return r.UserIdentity.UserName
}

// shown is the resource that event history shows of a record.
func (r *made) shown() madeResource {
	named, _ := r.Parameters["secretId"].(string)
	kind := "AWS::SecretsManager::Secret"
	if name, ok := r.Parameters["name"].(string); ok {
		named, kind = name, "AWS::SSM::Parameter"
	}
	if len(r.Resources) > 0 {
		named = r.Resources[0].ARN
		if r.Resources[0].Type != "" {
			kind = r.Resources[0].Type
		}
	}
	return madeResource{named, kind}
}

// naive finds by looking at all.
func (h *trailOf) naive(q Query, oldest int) (numbers []int64) {
	for n := len(h.records); n >= oldest; n-- {
		r := &h.records[n-1]
		at := r.Time.Truncate(time.Second)
		switch {
		case r.Account != q.Account && !(q.Wide && q.Account == ""),
			r.Region != q.Region && !(q.Wide && q.Region == ""),
			!q.From.IsZero() && at.Before(q.From), !q.To.IsZero() && at.After(q.To),
			slices.ContainsFunc(q.Where, func(c Condition) bool { return !r.has(c) }):
		default:
			numbers = append(numbers, int64(n))
		}
	}
	return numbers
}

// ask finds by the index, page after page.
func (h *trailOf) ask(q Query, size int) (numbers []int64, pages int) {
	h.t.Helper()
	for before := int64(0); pages == 0 || before > 0; pages++ {
		p, err := h.Find(context.Background(), q, before, size)
		if err != nil {
			h.t.Fatal(err)
		}
		if len(p.Events) > size || p.Next > 0 && before > 0 && p.Next >= before {
			h.t.Fatalf("a page of %d events, before %d the next is before %d", len(p.Events), before, p.Next)
		}
		for _, e := range p.Events {
			numbers = append(numbers, e.Number)
		}
		before = p.Next
	}
	return numbers, pages
}

// question is a query drawn at random, of values that a record has.
func (h *trailOf) question() Query {
	x := h.random
	r := h.records[x.IntN(len(h.records))]
	q := Query{Account: r.Account, Region: r.Region}
	if x.IntN(10) == 0 {
		q.Wide, q.Region = true, ""
	}
	pairs, _ := r.Parameters["encryptionContext"].(map[string]string)
	all := []Condition{{EventID, r.ID}, {EventName, r.Name}, {ReadOnly, fmt.Sprint(r.ReadOnly)},
		{Username, r.user()}, {ResourceType, r.shown().Type}, {ResourceName, r.shown().ARN},
		{EventSource, r.Source}, {AccessKeyID, r.UserIdentity.AccessKeyID}, {ErrorCode, r.ErrorCode},
		{SourceAddress, r.Address}, {ContextPair, Pair("army", pairs["army"])},
		{ContextPair, Pair("nr", pairs["nr"])}}
	if strings.HasPrefix(r.shown().ARN, "arn:") {
		all = append(all, Condition{Resource, r.shown().ARN})
	}
	for range x.IntN(4) {
		if c := all[x.IntN(len(all))]; c.Value != "" {
			q.Where = append(q.Where, c)
		}
	}
	if x.IntN(3) == 0 {
		q.From = r.Time.Add(-time.Duration(x.IntN(100)) * time.Second)
	}
	if x.IntN(3) == 0 {
		q.To = r.Time.Add(time.Duration(x.IntN(100)) * time.Second)
	}
	return q
}

// agrees asks questions and compares the answers.
func (h *trailOf) agrees(questions, oldest int) {
	h.t.Helper()
	for range questions {
		q := h.question()
		want := h.naive(q, oldest)
		if got, _ := h.ask(q, pick(h.random, 7, 50, 300, 1000)); !slices.Equal(got, want) {
			h.t.Fatalf("%+v: found %d records, and there are %d", q, len(got), len(want))
		}
	}
}
