package dispatch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/audit"
	"claviger/events/dispatch"
	"claviger/events/rule"
	"claviger/events/rulerows"
	"claviger/internal/delivery"
	"claviger/internal/domain"
	"claviger/internal/follow"
	"claviger/internal/outbox"
	"claviger/internal/rowmac"
	"claviger/store"
	"claviger/store/storetest"
)

const (
	account = "111122223333"
	region  = "eu-central-1"
	keyARN  = "arn:aws:kms:" + region + ":" + account + ":key/1234"
	topic   = "arn:aws:sns:" + region + ":" + account + ":alarms"
	hook    = "arn:aws:events:" + region + ":" + account + ":api-destination/hook/0f2c"
)

// rules are those of accounts, by number.
type rules struct {
	mu   sync.Mutex
	of   map[string][]*rule.Rule
	errs map[string]error
	read map[string]bool // by account: without an error
}

func (r *rules) Book(_ context.Context, account, region string) (*rulerows.Book, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read[account] = r.errs[account] == nil
	if err := r.errs[account]; err != nil {
		return nil, err
	}
	return rulerows.NewBook(r.of[account+" "+region]), nil
}

func (r *rules) Places() (all []rulerows.Place, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for at := range r.of {
		account, region, _ := strings.Cut(at, " ")
		all = append(all, rulerows.Place{Account: account, Region: region})
	}
	return all, nil
}

// queue keeps what is put.
type queue struct {
	mu   sync.Mutex
	all  []delivery.Message
	dead []delivery.Message
	why  *delivery.Failure
}

func (q *queue) Offer(all ...delivery.Message) domain.Change {
	return func(tx *store.Tx) error {
		tx.After(func() { q.mu.Lock(); q.all = append(q.all, all...); q.mu.Unlock() })
		return nil
	}
}

func (q *queue) Bury(f *delivery.Failure, all ...delivery.Message) domain.Change {
	return func(tx *store.Tx) error {
		tx.After(func() { q.mu.Lock(); q.dead, q.why = append(q.dead, all...), f; q.mu.Unlock() })
		return nil
	}
}

// fixture is a dispatcher on a database.
type fixture struct {
	*testing.T
	db    *store.DB
	rules *rules
	queue *queue
	ended sync.WaitGroup
	stop  context.CancelFunc
}

func begin(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{T: t, db: storetest.Open(t, filepath.Join(storetest.Dir(t), "claviger.db")),
		rules: &rules{of: map[string][]*rule.Rule{}, errs: map[string]error{},
			read: map[string]bool{}}, queue: &queue{}}
	t.Cleanup(f.end)
	return f
}

// rule adds one with targets.
func (f *fixture) rule(name, pattern, state string, targets ...rule.Target) {
	f.rules.mu.Lock()
	defer f.rules.mu.Unlock()
	at := account + " " + region
	f.rules.of[at] = append(f.rules.of[at], &rule.Rule{Ref: rule.Ref{Account: account,
		Region: region, Name: name}, ID: name, Pattern: pattern, State: state, Targets: targets})
}

func target(id, arn string) rule.Target { return rule.Target{Id: id, Arn: arn} }

// run starts the dispatcher, as a process does.
func (f *fixture) run() {
	f.Helper()
	shape := func(r *rule.Rule, t *rule.Target, event []byte, _ time.Time) ([]byte, error) {
		if t.Input != nil && *t.Input == "" {
			return nil, errors.New("the template makes no JSON")
		}
		if t.InputTransformer != nil {
			return make([]byte, 1<<20), nil
		}
		return event, nil
	}
	d, err := dispatch.New(dispatch.Config{DB: f.db, Feed: &follow.Feed{DB: f.db}, Rules: f.rules,
		Queue: f.queue, Shape: shape, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	f.stop = stop
	f.ended.Go(func() { d.Run(ctx) })
}

// end ends the dispatcher, as a process does.
func (f *fixture) end() {
	if f.stop != nil {
		f.stop()
		f.ended.Wait()
		f.stop = nil
	}
}

// record leaves a record, and event an event in the outbox.
func (f *fixture) record(r audit.Record) {
	f.Helper()
	err := f.db.Commit(nil, func(error) []byte { return r.Append(nil) })
	if err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) event(detailType string, resources ...string) {
	f.Helper()
	err := f.db.Commit(outbox.Outbox{}.Put(outbox.Event{Account: account, Region: region,
		Source: "aws.kms", DetailType: detailType, Resources: resources, Time: time.Now(),
		Detail: map[string]string{"key-id": "1234"}}), nil)
	if err != nil {
		f.Fatal(err)
	}
}

// wants waits until so many messages have been put, and returns them.
func (f *fixture) wants(n int) []delivery.Message {
	f.Helper()
	for until := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		f.queue.mu.Lock()
		all := append([]delivery.Message(nil), f.queue.all...)
		f.queue.mu.Unlock()
		if len(all) >= n || time.Now().After(until) {
			if len(all) != n {
				f.Fatalf("%d messages were put, want %d", len(all), n)
			}
			return all
		}
	}
}

func call(name string, reads bool) audit.Record {
	return audit.Record{Time: time.Date(2026, 11, 29, 12, 0, 1, 234567000, time.UTC),
		Source: "kms.amazonaws.com", Name: name, Region: region, EventID: "id of " + name,
		Account: account, ReadOnly: reads,
		Identity:  audit.Identity{Type: "Root", AccountID: account},
		Resources: []audit.Resource{{ARN: keyARN, Type: "AWS::KMS::Key", AccountID: account}}}
}

const ofKMS = `{"source":["aws.kms"]}`

// TestRun_Record_IsCloudTrailsEvent, in EventBridge's envelope to the letter.
func TestRun_Record_IsCloudTrailsEvent(t *testing.T) {
	f := begin(t)
	f.rule("all", ofKMS, rule.Enabled, target("1", hook))
	f.run()
	r := call("DisableKey", false)
	f.record(r)
	m := f.wants(1)[0]
	want := `{"version":"0","id":"id of DisableKey","detail-type":"AWS API Call via CloudTrail",` +
		`"source":"aws.kms","account":"111122223333","time":"2026-11-29T12:00:01Z",` +
		`"region":"eu-central-1","resources":[],"detail":` + string(r.Append(nil)) + `}`
	if string(m.Body) != want {
		t.Errorf("the event is\n%s, want\n%s", m.Body, want)
	}
	if m.Account != account || m.Region != region || m.Kind != "events:api-destination" ||
		m.Receiver != hook || m.Order != keyARN || m.ID != "id of DisableKey" ||
		m.Policy != delivery.EventBridge(185, 86400) {
		t.Errorf("the message is %+v", m)
	}
	said, err := dispatch.ReadContext(m)
	if err != nil || said.TargetID != "1" || said.TargetARN != hook ||
		said.RuleARN != "arn:aws:events:eu-central-1:111122223333:rule/all" {
		t.Errorf("its context is %+v, %v", said, err)
	}
}

func TestRun_ServiceEvent_SaysSo(t *testing.T) {
	f := begin(t)
	f.rule("all", `{"detail-type":["AWS Service Event via CloudTrail"]}`, rule.Enabled,
		target("1", hook))
	f.run()
	f.record(call("DisableKey", false))
	r := call("RotateKey", false)
	r.ServiceEvent = true
	f.record(r)
	if m := f.wants(1)[0]; m.ID != "id of RotateKey" {
		t.Errorf("the message is %+v", m)
	}
}

// TestRun_CallThatOnlyReads_IsForRulesOfAllManagementEventsAlone.
func TestRun_CallThatOnlyReads_IsForRulesOfAllManagementEventsAlone(t *testing.T) {
	f := begin(t)
	f.rule("usual", ofKMS, rule.Enabled, target("usual", hook))
	f.run()
	f.record(call("Decrypt", true))
	f.record(call("DisableKey", false))
	f.wants(1)
	f.rule("every", ofKMS, rule.EnabledForAll, target("every", hook))
	f.rule("off", ofKMS, rule.Disabled, target("off", hook))
	f.record(call("Encrypt", true))
	f.record(call("EnableKey", false))
	var got []string
	for _, m := range f.wants(4) {
		said, err := dispatch.ReadContext(m)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, m.ID+" to "+said.TargetID)
	}
	want := "id of DisableKey to usual, id of Encrypt to every, id of EnableKey to every, " +
		"id of EnableKey to usual"
	if text := strings.Join(got, ", "); text != want && text != strings.Replace(want,
		"id of EnableKey to every, id of EnableKey to usual",
		"id of EnableKey to usual, id of EnableKey to every", 1) {
		t.Errorf("put were %s", text)
	}
}

// TestRun_MemberOfACallers_IsNotTakenForTheRecords, wherever in the parameters it stands.
func TestRun_MemberOfACallers_IsNotTakenForTheRecords(t *testing.T) {
	f := begin(t)
	f.rule("all", ofKMS, rule.Enabled, target("1", hook))
	f.run()
	r := call("TagResource", false)
	r.Parameters = []byte(`{"readOnly":true,"recipientAccountId":"444455556666",` +
		`"awsRegion":"us-east-1","t":"\"readOnly\":true,\"awsRegion\":\"us-east-1\""}`)
	f.record(r)
	f.wants(1)
}

// TestRun_RecordOfADelivery_IsNoEvent: a rule that matches every call would feed itself without an
// end. What a caller says of himself hides nothing.
func TestRun_RecordOfADelivery_IsNoEvent(t *testing.T) {
	f := begin(t)
	f.rule("all", `{"account":["`+account+`"]}`, rule.EnabledForAll, target("1", topic))
	f.run()
	for _, service := range []string{"events.amazonaws.com", "sns.amazonaws.com"} {
		own := call("Publish", false)
		own.Identity = audit.Identity{Type: "AWSService", InvokedBy: service}
		f.record(own)
	}
	rotated := call("RotateSecret", false)
	rotated.Identity = audit.Identity{Type: "AWSService", InvokedBy: "secretsmanager.amazonaws.com"}
	f.record(rotated)
	named := call("DisableKey", false)
	named.Parameters = []byte(`{"userIdentity":{"type":"AWSService"},` +
		`"invokedBy":"events.amazonaws.com","type":"AWSService"}`)
	f.record(named)
	if all := f.wants(2); all[0].ID != "id of RotateSecret" || all[1].ID != "id of DisableKey" {
		t.Errorf("put were %+v", all)
	}
}

// TestRun_Event_GoesToEachTargetOfEachRule, as each says.
func TestRun_Event_GoesToEachTargetOfEachRule(t *testing.T) {
	f := begin(t)
	retries, age, empty := int32(3), int32(60), ""
	queueARN := "arn:aws:sqs:eu-central-1:111122223333:dead"
	hooked := target("2", hook)
	hooked.RetryPolicy = &rule.RetryPolicy{MaximumRetryAttempts: &retries,
		MaximumEventAgeInSeconds: &age}
	hooked.HttpParameters = &rule.HttpParameters{PathParameterValues: []string{"a"}}
	hooked.DeadLetterConfig = &rule.DeadLetterConfig{Arn: &queueARN}
	bad := target("3", hook)
	bad.Input = &empty
	f.rule("a", ofKMS, rule.Enabled, target("1", topic), hooked, bad)
	f.rule("b", `{"resources":["`+keyARN+`"]}`, rule.Enabled, target("1", topic))
	f.rule("c", `{"source":["aws.ssm"]}`, rule.Enabled, target("1", topic))
	f.run()
	f.event("KMS CMK Deletion", keyARN)
	all := f.wants(3)
	if all[0].Kind != "events:sns" || all[0].Receiver != topic || all[0].Order != keyARN ||
		all[1].Policy != delivery.EventBridge(3, 60) || all[2].ID != all[0].ID || all[0].ID == "" {
		t.Errorf("put were %+v", all)
	}
	said, err := dispatch.ReadContext(all[1])
	if err != nil || said.DeadLetterARN != queueARN || said.HTTP.PathParameterValues[0] != "a" {
		t.Errorf("the context is %+v, %v", said, err)
	}
	if len(f.queue.dead) != 1 || f.queue.why.Code != delivery.InvalidJSON ||
		!json.Valid(f.queue.dead[0].Body) {
		t.Errorf("what can't be made is %+v: %v", f.queue.dead, f.queue.why)
	}
}

// TestRun_EventOfWhichTooMuchIsMade_IsADeadLetterForTheRest: what an account's own targets make of
// one event takes no more memory than there is.
func TestRun_EventOfWhichTooMuchIsMade_IsADeadLetterForTheRest(t *testing.T) {
	f := begin(t)
	large := target("1", hook)
	large.InputTransformer = &rule.InputTransformer{InputTemplate: "<aws.events.event.json>"}
	for i := range 70 {
		f.rule(fmt.Sprint("r", i), ofKMS, rule.Enabled, large)
	}
	f.run()
	f.event("KMS CMK Deletion", keyARN)
	f.wants(64)
	if len(f.queue.dead) != 6 || f.queue.why.Code != delivery.ResourceLimit {
		t.Errorf("%d are dead: %v", len(f.queue.dead), f.queue.why)
	}
	f.event("KMS CMK Deletion", keyARN)
	f.wants(128)
}

// TestRun_AfterRestart_PutsEachOnce: nothing twice, and nothing of what came before there was a
// dispatcher.
func TestRun_AfterRestart_PutsEachOnce(t *testing.T) {
	f := begin(t)
	f.rule("all", ofKMS, rule.EnabledForAll, target("1", hook))
	f.event("before")
	f.record(call("Before", false))
	want := 0
	for round := range 5 {
		f.run()
		for i := range 40 {
			f.record(call(fmt.Sprint("Call", round, "-", i), i%2 == 0))
			f.event(fmt.Sprint("Event", round, "-", i), keyARN)
			want += 2
		}
		f.end() // wherever it is
	}
	f.run()
	seen := map[string]int{}
	for _, m := range f.wants(want) {
		if seen[m.ID]++; seen[m.ID] > 1 {
			t.Errorf("%s was put twice", m.ID)
		}
	}
}

// TestRun_BeforeAnyEvent_ReadsTheRules, and again until it could: when the token has gone away
// there is an event, and nobody left who could verify the rules that it goes by.
func TestRun_BeforeAnyEvent_ReadsTheRules(t *testing.T) {
	f := begin(t)
	f.rule("all", ofKMS, rule.Enabled, target("1", hook))
	f.rules.errs[account] = errors.New("the token does not answer")
	f.run()
	awaits := func(want bool) {
		t.Helper()
		for until := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			f.rules.mu.Lock()
			got, asked := f.rules.read[account]
			f.rules.mu.Unlock()
			if asked && got == want {
				return
			}
			if time.Now().After(until) {
				t.Fatalf("the rules were asked for: %t, read: %t", asked, got)
			}
		}
	}
	awaits(false)
	f.rules.mu.Lock()
	delete(f.rules.errs, account)
	f.rules.mu.Unlock()
	awaits(true)
}

// TestRun_EventsThatWereRead_GoButForTheNewest: callers put large ones.
func TestRun_EventsThatWereRead_GoButForTheNewest(t *testing.T) {
	f := begin(t)
	f.rule("all", ofKMS, rule.Enabled, target("1", hook))
	for i := range 1500 {
		f.event(fmt.Sprint("Event", i), keyARN)
		if i == 0 {
			f.run()
		}
	}
	f.wants(1499) // what there was before there was a dispatcher is nobody's
	all, err := outbox.After(f.db, 0, 2000)
	if err != nil || len(all) < 1000 || len(all) > 1000+100 {
		t.Errorf("%d are left: %v", len(all), err)
	}
}

// TestRun_RulesThatWereEdited_HoldUpNoOtherAccount.
func TestRun_RulesThatWereEdited_HoldUpNoOtherAccount(t *testing.T) {
	f := begin(t)
	f.rule("all", ofKMS, rule.Enabled, target("1", hook))
	f.rules.errs["444455556666"] = fmt.Errorf("event_rules: %w", rowmac.ErrEdited)
	f.run()
	other := call("DisableKey", false)
	other.Account = "444455556666"
	f.record(other)
	f.record(call("EnableKey", false))
	if m := f.wants(1)[0]; m.ID != "id of EnableKey" {
		t.Errorf("the message is %+v", m)
	}
}

// BenchmarkRun_NobodysRecords is what a record costs of which no rule can know anything.
func BenchmarkRun_NobodysRecords(b *testing.B) {
	r := call("Decrypt", true)
	line := r.Append(nil)
	looked := dispatch.Looker(&rules{of: map[string][]*rule.Rule{}, read: map[string]bool{}})
	for b.Loop() {
		if looked(line) {
			b.Fatal("it makes an event")
		}
	}
}
