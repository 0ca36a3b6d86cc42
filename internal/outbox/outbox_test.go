package outbox_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/internal/domain"
	"claviger/internal/outbox"
	"claviger/store"
	"claviger/store/storetest"
)

type detail struct {
	Operation string `json:"operation"`
	Name      string `json:"name"`
	At        int    `json:"-"`
}

// event is that of a change that is told apart by its name.
func event(name string) outbox.Event {
	return outbox.Event{
		Account:    "111122223333",
		Region:     "eu-central-1",
		Source:     "aws.ssm",
		DetailType: "Parameter Store Change",
		Resources:  []string{"arn:aws:ssm:eu-central-1:111122223333:parameter/" + name},
		Time:       time.Date(2026, 3, 1, 13, 59, 59, 999999999, time.FixedZone("", 3600)),
		Detail:     detail{Operation: "Create", Name: name},
	}
}

// base is a database and its file.
type base struct {
	*store.DB
	t    testing.TB
	path string
}

func open(t testing.TB) base {
	t.Helper()
	path := filepath.Join(storetest.Dir(t), "claviger.db")
	return base{DB: storetest.Open(t, path), t: t, path: path}
}

func (b base) commit(change domain.Change) {
	b.t.Helper()
	if err := b.Commit(change, nil); err != nil {
		b.t.Fatal(err)
	}
}

func (b base) after(position int64, limit int) []outbox.Entry {
	b.t.Helper()
	entries, err := outbox.After(b, position, limit)
	if err != nil {
		b.t.Fatal(err)
	}
	return entries
}

// exec is a statement of somebody who can get at the file.
func (b base) exec(statement string, args ...any) error {
	b.t.Helper()
	db, err := sql.Open("sqlite3", "file:"+b.path+"?_busy_timeout=5000")
	if err != nil {
		b.t.Fatal(err)
	}
	defer db.Close()
	_, err = db.Exec(statement, args...)
	return err
}

// names are those of the events, in order.
func names(entries []outbox.Entry) string {
	var all []string
	for _, e := range entries {
		_, rest, _ := strings.Cut(string(e.Event), `"name":"`)
		name, _, _ := strings.Cut(rest, `"`)
		all = append(all, name)
	}
	return strings.Join(all, " ")
}

func TestPut_Event_IsInEventBridgesEnvelope(t *testing.T) {
	b := open(t)
	b.commit(outbox.Outbox{}.Put(event("a")))
	entries := b.after(0, 10)
	if len(entries) != 1 || entries[0].Position != 1 || entries[0].Account != "111122223333" ||
		entries[0].Region != "eu-central-1" {
		t.Fatalf("the outbox holds %+v", entries)
	}
	want := regexp.MustCompile(`^\{"version":"0",` +
		`"id":"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",` +
		`"detail-type":"Parameter Store Change","source":"aws\.ssm","account":"111122223333",` +
		`"time":"2026-03-01T12:59:59Z","region":"eu-central-1",` +
		`"resources":\["arn:aws:ssm:eu-central-1:111122223333:parameter/a"\],` +
		`"detail":\{"operation":"Create","name":"a"\}\}$`)
	if !want.Match(entries[0].Event) {
		t.Errorf("the event is %s", entries[0].Event)
	}
}

func TestPut_NoResources_AreAnEmptyList(t *testing.T) {
	b := open(t)
	e := event("a")
	e.Resources, e.Detail = nil, map[string]any{}
	b.commit(outbox.Outbox{}.Put(e))
	text := string(b.after(0, 1)[0].Event)
	if !strings.HasSuffix(text, `,"resources":[],"detail":{}}`) {
		t.Errorf("the event is %s", text)
	}
}

func TestPut_Events_AreThereIfAndOnlyIfTheChangeIs(t *testing.T) {
	b := open(t)
	refused := errors.New("refused")
	refuse := func(*store.Tx) error { return refused }
	for _, change := range []domain.Change{
		domain.InOrder(outbox.Outbox{}.Put(event("before")), refuse),
		domain.InOrder(refuse, outbox.Outbox{}.Put(event("behind"))),
	} {
		if err := b.Commit(change, nil); !errors.Is(err, refused) {
			t.Errorf("the change ends with %v", err)
		}
	}
	if got := b.after(0, 10); len(got) != 0 {
		t.Errorf("changes that were refused have left %s", names(got))
	}
	b.commit(outbox.Outbox{}.Put())
	b.commit(domain.InOrder(outbox.Outbox{}.Put(event("a"), event("b")), domain.Nothing))
	got := b.after(0, 10)
	if names(got) != "a b" || got[0].Position != 1 || got[1].Position != 2 {
		t.Errorf("a change has left %s: %+v", names(got), got)
	}
}

func TestPut_ChangeThatRunsAgain_LeavesTheSameEvent(t *testing.T) {
	b := open(t)
	change := outbox.Outbox{}.Put(event("a"))
	gone := errors.New("gone")
	_ = b.Commit(func(tx *store.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		first, err := outbox.After(tx, 0, 1)
		if err != nil || len(first) != 1 {
			t.Errorf("in its own transaction the event is %+v, %v", first, err)
		}
		return gone
	}, nil)
	b.commit(change)
	b.commit(change)
	got := b.after(0, 10)
	if len(got) != 2 || string(got[0].Event) != string(got[1].Event) {
		t.Errorf("it has left %+v", got)
	}
}

func TestPut_EventThatIsNone_EndsTheChange(t *testing.T) {
	b := open(t)
	for what, spoil := range map[string]func(*outbox.Event){
		"no account":             func(e *outbox.Event) { e.Account = "" },
		"no Region":              func(e *outbox.Event) { e.Region = "" },
		"no source":              func(e *outbox.Event) { e.Source = "" },
		"no detail-type":         func(e *outbox.Event) { e.DetailType = "" },
		"no time":                func(e *outbox.Event) { e.Time = time.Time{} },
		"no detail":              func(e *outbox.Event) { e.Detail = nil },
		"a detail of text":       func(e *outbox.Event) { e.Detail = "{}" },
		"a detail of a list":     func(e *outbox.Event) { e.Detail = []string{} },
		"a detail of a function": func(e *outbox.Event) { e.Detail = func() {} },
		"too much": func(e *outbox.Event) {
			e.Detail = detail{Name: strings.Repeat("x", 256<<10)}
		},
	} {
		e := event("a")
		spoil(&e)
		if err := b.Commit(outbox.Outbox{}.Put(event("b"), e), nil); err == nil {
			t.Errorf("an event with %s is taken", what)
		}
	}
	if got := b.after(0, 10); len(got) != 0 {
		t.Errorf("they have left %s", names(got))
	}
}

func TestAfter_Pages_AreInOrderAndEndWhereTheyWereTold(t *testing.T) {
	b := open(t)
	for i := range 7 {
		b.commit(outbox.Outbox{}.Put(event(fmt.Sprint(i))))
	}
	var all []outbox.Entry
	position := int64(0)
	for {
		page := b.after(position, 3)
		if len(page) == 0 {
			break
		}
		all, position = append(all, page...), page[len(page)-1].Position
	}
	if names(all) != "0 1 2 3 4 5 6" {
		t.Errorf("the pages hold %s", names(all))
	}
	if got := b.after(5, 100); names(got) != "5 6" {
		t.Errorf("behind the fifth there are %s", names(got))
	}
}

// Positions come without gaps from many at once, whatever is refused between, and go on after a
// restart.
func TestPut_ManyAtOnce_HavePositionsWithoutGaps(t *testing.T) {
	b := open(t)
	refused := errors.New("refused")
	var group sync.WaitGroup
	for i := range 60 {
		group.Go(func() {
			change := outbox.Outbox{}.Put(event(fmt.Sprint(i)), event(fmt.Sprint(i)))
			if i%3 == 0 {
				change = domain.InOrder(change, func(*store.Tx) error { return refused })
			}
			if err := b.Commit(change, nil); err != nil && i%3 != 0 {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b.DB = storetest.Open(t, b.path)
	b.commit(outbox.Outbox{}.Put(event("last")))
	entries := b.after(0, 100)
	if len(entries) != 81 || entries[80].Position != 81 || names(entries[80:]) != "last" {
		t.Fatalf("there are %d events, and the last one is %+v", len(entries), entries[len(entries)-1])
	}
	for i := 0; i < 80; i += 2 {
		if names(entries[i:i+1]) != names(entries[i+1:i+2]) || entries[i].Position != int64(i+1) {
			t.Errorf("position %d is of %s", entries[i].Position, names(entries[i:i+2]))
		}
	}
}

// fill puts events without the service, up to a position.
func (b base) fill(through int) {
	b.t.Helper()
	err := b.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO outbox SELECT i, '111122223333', 'eu-central-1', CAST('{}' AS BLOB) FROM n`, through)
	if err != nil {
		b.t.Fatal(err)
	}
}

func TestPut_MoreThanAreKept_OldestGo(t *testing.T) {
	b := open(t)
	b.fill(outbox.Kept - 1)
	for _, c := range []struct {
		put         int
		first, last int64
	}{
		{1, 1, outbox.Kept},
		{1, 2, outbox.Kept + 1},
		{3, 5, outbox.Kept + 4},
	} {
		b.commit(outbox.Outbox{}.Put(some(c.put)...))
		first, last := b.after(0, 1), b.after(c.last-1, 10)
		if first[0].Position != c.first || len(last) != 1 || last[0].Position != c.last {
			t.Errorf("after %d more it begins with %d and ends with %+v", c.put, first[0].Position, last)
		}
	}
}

// some returns so many events.
func some(n int) (events []outbox.Event) {
	for i := range n {
		events = append(events, event(fmt.Sprint(i)))
	}
	return events
}

// A full outbox costs a change no scan: what goes and what is read is found by its key.
func TestQueries_EachOfTheOutbox_FindsByKey(t *testing.T) {
	b := open(t)
	db, err := sql.Open("sqlite3", b.path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	looked := 0
	for _, q := range store.Queries() {
		if !strings.Contains(q.String(), "FROM outbox") {
			continue
		}
		looked++
		rows, err := db.Query("EXPLAIN QUERY PLAN "+q.String(), make([]any, q.Params())...)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var step string
			if err := rows.Scan(new(int), new(int), new(int), &step); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(step, "SCAN") || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s: %s", q, step)
			}
		}
		rows.Close()
	}
	if looked != 2 {
		t.Errorf("%d statements look for events, want one to read and one to trim", looked)
	}
	for _, err := range storetest.CheckQueries(store.Queries()) {
		t.Error(err)
	}
}

func TestOutbox_Rows_AreNeverChangedAndTheNewestNeverDeleted(t *testing.T) {
	b := open(t)
	b.commit(outbox.Outbox{}.Put(event("a"), event("b")))
	const changed, deleted = "an event is never changed", "the newest event is never deleted"
	for statement, want := range map[string]string{
		`UPDATE outbox SET event = CAST('{}' AS BLOB) WHERE position = 1`: changed,
		`UPDATE outbox SET position = 9 WHERE position = 2`:               changed,
		`DELETE FROM outbox WHERE position = 2`:                           deleted,
		`DELETE FROM outbox`:                                              deleted,

		`INSERT INTO outbox VALUES (1, 'a', 'r', CAST('{}' AS BLOB))`: "UNIQUE constraint failed",
	} {
		if err := b.exec(statement); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", statement, err)
		}
	}
	if got := b.after(0, 10); names(got) != "a b" {
		t.Errorf("there are %s left", names(got))
	}
}

// BenchmarkPut is a commit with an event of an outbox that is full.
func BenchmarkPut(b *testing.B) {
	base := open(b)
	base.fill(outbox.Kept)
	for b.Loop() {
		base.commit(outbox.Outbox{}.Put(event("a")))
	}
}
