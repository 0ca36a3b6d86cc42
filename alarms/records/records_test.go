package records_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/alarms"
	"claviger/alarms/records"
	"claviger/audit"
	"claviger/internal/follow"
	"claviger/internal/outbox"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
)

const (
	own     = "111122223333"
	other   = "444455556666"
	region  = "eu-central-1"
	keyARN  = "arn:aws:kms:" + region + ":" + own + ":key/1234abcd-12ab-34cd-56ef-1234567890ab"
	aSecret = "arn:aws:secretsmanager:" + region + ":" + own + ":secret:db-AbCdEf"
)

var (
	limits = records.Limits{Denied: 3, Window: time.Minute}
	start  = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)
)

// by returns the record of a user's successful request.
func by(user string) audit.Record {
	return audit.Record{Time: start, Source: "kms.amazonaws.com", Name: "Decrypt", Region: region,
		SourceIP: "192.0.2.1", UserAgent: `x","eventName":"PutKeyPolicy`, RequestID: uuid.NewString(),
		EventID: uuid.NewString(), Account: own, ReadOnly: true,
		Identity: audit.Identity{Type: "IAMUser", PrincipalID: "AIDA" + user, AccountID: own,
			ARN: "arn:aws:iam::" + own + ":user/" + user, AccessKeyID: "AKIA" + user, UserName: user}}
}

func denied(user string) audit.Record {
	r := by(user)
	r.ErrorCode, r.ErrorMessage = "AccessDeniedException", "no"
	return r
}

// trail is a trail that grows, and its watcher.
type trail struct {
	*records.Watcher
	t    *testing.T
	next int64
}

func watched(t *testing.T) *trail {
	return &trail{records.New(limits, records.State{}), t, 1}
}

// look has a batch looked at that is committed some time after the start.
func (w *trail) look(after time.Duration, all ...audit.Record) []outbox.Event {
	w.t.Helper()
	return w.Look(w.batch(after, all...), 0)
}

func (w *trail) batch(after time.Duration, all ...audit.Record) follow.Batch {
	var lines []string
	for i := range all {
		lines = append(lines, string(all[i].Append(nil)))
	}
	b := follow.Batch{First: w.next, At: start.Add(after), Records: []byte(strings.Join(lines, "\n"))}
	w.next += int64(len(all))
	return b
}

// types are the detail-types of events.
func types(events []outbox.Event) string {
	var all []string
	for _, e := range events {
		all = append(all, e.DetailType)
	}
	return strings.Join(all, ", ")
}

func (w *trail) tells(what string, got []outbox.Event, want string) {
	w.t.Helper()
	if types(got) != want {
		w.t.Errorf("%s tells %q, want %q", what, types(got), want)
	}
}

func TestLook_UsualRequests_TellNothing(t *testing.T) {
	w := watched(t)
	ours := by("x")
	ours.Identity = audit.Identity{Type: "AWSService", InvokedBy: "kms.amazonaws.com"}
	ours.ErrorCode = "AccessDeniedException"
	stranger := denied("x")
	stranger.Identity, stranger.Account = audit.Identity{Type: "Unknown"}, ""
	state := by("x")
	state.ErrorCode, state.ErrorMessage = "KMSInvalidStateException", keyARN+" is disabled."
	value := by("x")
	value.Source, value.ErrorCode = "secretsmanager.amazonaws.com", "InvalidRequestException"
	value.ErrorMessage = "You can't."
	for range 2 * limits.Denied {
		w.tells("a usual request", w.look(0, by("x"), ours, stranger, state, value), "")
	}
	w.tells("a text that is no record", w.Look(follow.Batch{First: w.next, At: start,
		Records: []byte("{\n\n[]\nnull")}, 0), "")
}

// One event tells of a burst, however long it lasts, and the next one of the next.
func TestLook_DeniedAgainAndAgain_IsToldOncePerBurst(t *testing.T) {
	w := watched(t)
	w.tells("the first", w.look(0, denied("a"), denied("b"), denied("a")), "")
	got := w.look(time.Second, denied("a"))
	w.tells("the third", got, alarms.DeniedRequests)
	d := got[0].Detail.(alarms.Burst)
	if d.Count != 3 || d.Window != 60 || d.Began != "2026-03-01T09:30:00Z" ||
		d.Request.Principal.ARN != "arn:aws:iam::"+own+":user/a" || d.Request.EventName != "Decrypt" ||
		got[0].Account != own || got[0].Region != region {
		t.Errorf("%+v", got[0])
	}
	burst := []audit.Record{denied("a"), denied("a"), denied("a"), denied("a")}
	w.tells("more of it", w.look(59*time.Second, burst...), "")
	w.tells("the next window", w.look(60*time.Second, burst...), "")
	w.tells("another principal", w.look(61*time.Second, denied("b"), denied("b"), denied("b")),
		alarms.DeniedRequests)
	w.tells("a window with fewer", w.look(121*time.Second, denied("a"), denied("a")), "")
	w.tells("the next burst", w.look(181*time.Second, burst...), alarms.DeniedRequests)
	w.tells("after windows without any", w.look(time.Hour, burst...), alarms.DeniedRequests)
	w.tells("a clock that was set back", w.look(0, burst...), alarms.DeniedRequests)
}

// Whoever takes another session with each request is one principal all the same, and so are those
// whom an identity provider names.
func TestLook_DeniedSessions_CountAsTheirPrincipal(t *testing.T) {
	w := watched(t)
	var roles, web []audit.Record
	for i := range 3 {
		r := denied("x")
		r.Identity.Type = "AssumedRole"
		r.Identity.PrincipalID = fmt.Sprint("AROAX:session", i)
		r.Identity.ARN = fmt.Sprint("arn:aws:sts::", own, ":assumed-role/r/session", i)
		roles = append(roles, r)
		r.ErrorCode = "AccessDenied"
		r.Name, r.Source = "AssumeRole", "sts.amazonaws.com"
		r.Identity.PrincipalID = fmt.Sprint("AROAY:session", i)
		web = append(web, r)
	}
	w.tells("a role", w.look(0, roles...), alarms.DeniedRequests)
	w.tells("another", w.look(0, web...), alarms.DeniedRequests)
}

// However many principals there are, memory is bounded, and nobody hides among them.
func TestLook_DeniedByVeryMany_IsBoundedAndTold(t *testing.T) {
	w := watched(t)
	told := 0
	for i := range 5000 {
		told += len(w.look(0, denied(fmt.Sprint(i))))
	}
	if told != 1 {
		t.Errorf("%d events", told)
	}
	text, err := json.Marshal(w.State())
	if err != nil || len(text) > 100_000 {
		t.Errorf("%d bytes are remembered, %v", len(text), err)
	}
}

func TestLook_PendingDeletionUsed_IsToldOncePerPrincipalAndWindow(t *testing.T) {
	w := watched(t)
	key := func(user string) audit.Record {
		r := by(user)
		r.ErrorCode, r.ErrorMessage = "KMSInvalidStateException", keyARN+" is pending deletion."
		r.Additional = []byte(`{"pendingDeletionKeyUsed":true}`)
		r.Resources = []audit.Resource{{ARN: strings.Replace(keyARN, "1234", "4321", 1)},
			{ARN: keyARN}}
		return r
	}
	secret := by("a")
	secret.Source, secret.Name = "secretsmanager.amazonaws.com", "GetSecretValue"
	secret.ErrorCode = "InvalidRequestException"
	secret.ErrorMessage = "You can't perform this operation on the secret because it was marked for " +
		"deletion."
	secret.Parameters = []byte(`{"secretId":"` + aSecret + `"}`)
	got := w.look(0, key("a"), key("a"), key("b"), secret, secret)
	w.tells("uses", got, strings.Join(slices.Repeat([]string{alarms.PendingUse}, 3), ", "))
	for i, arn := range []string{keyARN, keyARN, aSecret} {
		d := got[i].Detail.(alarms.Asked)
		if d.Resource != arn || !slices.Equal(got[i].Resources, []string{arn}) ||
			d.Request.ErrorCode == "" {
			t.Errorf("%d: %+v", i, got[i])
		}
	}
	w.tells("again", w.look(59*time.Second, key("a")), "")
	w.tells("in the next window", w.look(60*time.Second, key("a")), alarms.PendingUse)
	secret.Parameters = []byte(`{"secretId":"db"}`)
	got = w.look(60*time.Second, secret)
	if want := "arn:aws:secretsmanager:" + region + ":" + own + ":secret:db"; len(got) != 1 ||
		got[0].Resources[0] != want {
		t.Errorf("a secret by its name: %+v", got)
	}
}

func TestLook_RootUser_IsToldOncePerKeyAndWindow(t *testing.T) {
	w := watched(t)
	root := func(key string) audit.Record {
		r := by("root")
		r.Identity = audit.Identity{Type: "Root", PrincipalID: own, AccountID: own,
			ARN: "arn:aws:iam::" + own + ":root", AccessKeyID: key}
		return r
	}
	got := w.look(0, root("AKIA1"), root("AKIA1"), root("AKIA2"))
	w.tells("root", got, alarms.RootActivity+", "+alarms.RootActivity)
	if d := got[0].Detail.(alarms.Asked); d.Request.Principal.AccessKey != "AKIA1" ||
		d.Request.SourceIP != "192.0.2.1" || got[0].Account != own {
		t.Errorf("%+v", got[0])
	}
	w.tells("again", w.look(time.Second, root("AKIA1")), "")
	w.tells("in the next window", w.look(time.Minute, root("AKIA1")), alarms.RootActivity)
	there := root("AKIA3")
	there.Account = other
	w.tells("the copy for who owns what it used", w.look(time.Minute, there), "")
}

// An id follows from the record's, so that what is told twice can be told to be one.
func TestLook_SameRecords_HaveTheSameIDs(t *testing.T) {
	w := watched(t)
	b := w.batch(0, denied("a"), denied("a"), denied("a"))
	one := w.Look(b, 0)
	two := records.New(limits, records.State{}).Look(b, 0)
	if len(one) != 1 || len(two) != 1 || one[0].ID != two[0].ID || uuid.Validate(one[0].ID) != nil {
		t.Errorf("%+v, and again %+v", one, two)
	}
}

// Wherever a process ends and the next one goes on from what was stored, the same is told as by one
// that never ended.
func TestState_StoredAnywhere_TellsTheSame(t *testing.T) {
	var all []audit.Record
	for i := range 40 {
		r := denied(string(rune('a' + i%3)))
		if i%7 == 0 {
			r = by("root")
			r.Identity.Type = "Root"
		}
		all = append(all, r)
	}
	w := watched(t)
	var batches []follow.Batch
	for i := 0; i < len(all); i += 4 {
		batches = append(batches, w.batch(time.Duration(i)*4*time.Second, all[i:i+4]...))
	}
	ids := func(cut, within int64) (ids []string) {
		w := records.New(limits, records.State{})
		for i, b := range batches {
			after := int64(0)
			if int64(i) == cut {
				half := b
				half.Records = []byte(strings.Join(
					strings.Split(string(b.Records), "\n")[:within], "\n"))
				for _, e := range w.Look(half, 0) {
					ids = append(ids, e.ID)
				}
				w, after = restored(t, w), b.First+within-1
			}
			for _, e := range w.Look(b, after) {
				ids = append(ids, e.ID)
			}
		}
		return ids
	}
	want := ids(-1, 0)
	if len(want) < 5 {
		t.Fatalf("only %d events", len(want))
	}
	for cut := range int64(len(batches)) {
		for within := range int64(3) {
			if got := ids(cut, within+1); !slices.Equal(got, want) {
				t.Errorf("cut in batch %d behind record %d: %q, want %q", cut, within+1, got, want)
			}
		}
	}
}

// restored is a watcher that goes on from what another one has stored.
func restored(t *testing.T, w *records.Watcher) *records.Watcher {
	t.Helper()
	text, err := json.Marshal(w.State())
	if err != nil {
		t.Fatal(err)
	}
	var s records.State
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return records.New(limits, s)
}

// BenchmarkLook is a batch of usual records, as the device makes them.
func BenchmarkLook(b *testing.B) {
	r := by("x")
	r.Resources = []audit.Resource{{ARN: keyARN, AccountID: own, Type: "AWS::KMS::Key"}}
	r.Parameters = []byte(`{"encryptionContext":{"a":"b"},"keyId":"` + keyARN + `"}`)
	line := r.Append(nil)
	batch := follow.Batch{First: 1, At: start, Records: line}
	w := records.New(limits, records.State{})
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		if len(w.Look(batch, 0)) != 0 {
			b.Fatal("it tells something")
		}
	}
}
