package transformer_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"claviger/events/transformer"
)

const event = `{"version":"0","id":"1-2","detail-type":"core.update-account-command",` +
	`"source":"core","account":"111122223333","time":"2026-01-02T03:04:05Z","region":"r",` +
	`"resources":["a","b"],"detail":{"command":"update-account","payload":{"acc_id":"0a","sf_id":` +
	`"baz"},"states":["ACTIVE","INACTIVE"],"severity":["HIGH"],"valid":true,"n":5,"nothing":null,` +
	`"quote":"a\"b","list":[{"x":1},{"x":2}],"dotted.name":"d","lines":"1\n2",` +
	`"escaped":{"a":"q\"r\\"},"forged":[",",":"]}}`

func variables() transformer.Variables {
	return transformer.Variables{RuleARN: "arn:aws:events:r:111122223333:rule/n", RuleName: "n",
		Ingested: time.Date(2026, 1, 2, 3, 4, 6, 7, time.UTC)}
}

// The results are those of recordings, as far as there are any.
func TestApply_Template_IsFilledAsRecorded(t *testing.T) {
	paths := map[string]string{"type": "$.detail-type", "time": "$.time",
		"command": "$.detail.command",
		"absent":  "$.detail.absent", "obj": "$.detail.payload", "list": "$.detail.states",
		"one": "$.detail.severity", "valid": "$.detail.valid", "n": "$.detail.n",
		"null": "$.detail.nothing", "q": "$.detail.quote", "whole": "$", "lines": "$.detail.lines",
		"escaped": "$.detail.escaped", "forged": "$.detail.forged"}
	const unfit = "unfit"
	for _, c := range []struct{ template, want string }{
		{`"Event of <type> type, at time <time>, info extracted from detail <command>"`,
			`"Event of core.update-account-command type, at time 2026-01-02T03:04:05Z, info extracted ` +
				`from detail update-account"`},
		{`"x is <absent>"`, `"x is "`},
		{`"<absent>"`, `""`},
		{`"{[/Check with special starting characters for event of <type> type"`,
			`"{[/Check with special starting characters for event of core.update-account-command type"`},
		{`{"id":<command>}`, `{"id":"update-account"}`},
		{`{"id":"<command>"}`, `{"id":"update-account"}`},
		{`{"command": <absent>}`, `{"command": ""}`},
		{`{"command": "<absent>"}`, `{"command": ""}`},
		{`{"b":<obj>}`, `{"b":{"acc_id":"0a","sf_id":"baz"}}`},
		{`{"b":<one>}`, `{"b":["HIGH"]}`},
		{`"Payload <obj>"`, `"Payload {acc_id:0a,sf_id:baz}"`},
		{`"States <list>"`, `"States [ACTIVE,INACTIVE]"`},
		{`"<valid>"`, `true`},
		{`"it is <valid> and <n> and <null>"`, `"it is true and 5 and null"`},
		{`{"v":<valid>,"n":<n>,"z":<null>}`, `{"v":true,"n":5,"z":null}`},
		{"\"<command>\"\n\"second <n>\"", "\"update-account\"\n\"second 5\""},
		{`"Payload <escaped>"`, `"Payload {a:q\"r\\}"`},
		{`"<escaped>, and <n>"`, `"{a:q\"r\\}, and 5"`},
		{`{"a":"x<forged>y"}`, unfit},
		{`"a\<q>"`, unfit},
		{`{"a":"<list>"}`, unfit},
		{`{"a":"<obj>"}`, unfit},
		{`no quotes <command>`, unfit},
		{`<obj>`, `{"acc_id":"0a","sf_id":"baz"}`},
		{`{"q":"<q>","r":<q>}`, `{"q":"a\"b","r":"a\"b"}`},
		{`"say \"<command>\""`, `"say \"update-account\""`},
		{`{"lines":"<lines>"}`, `{"lines":"1\n2"}`},
		{`"a < b and <c d> stay"`, `"a < b and <c d> stay"`},
		{`"constant"`, `"constant"`},
		{`"rule <aws.events.rule-name> <aws.events.rule-arn> <aws.events.event.ingestion-time>"`,
			`"rule n arn:aws:events:r:111122223333:rule/n 2026-01-02T03:04:06Z"`},
		{`{"e": <aws.events.event>}`, `{"e": {"id":"1-2","account":"111122223333","detailType":` +
			`"core.update-account-command","time":"2026-01-02T03:04:05Z","source":"core","region":"r",` +
			`"resources":["a","b"],"version":"0"}}`},
		{`{"e": <aws.events.event.json>}`, `{"e": ` + event + `}`},
		{`{"w": <whole>}`, `{"w": ` + event + `}`},
	} {
		made, err := transformer.New(paths, c.template)
		if err != nil {
			t.Errorf("%s: %v", c.template, err)
			continue
		}
		got, err := made.Apply([]byte(event), variables())
		if c.want == unfit {
			if !errors.Is(err, transformer.ErrUnfit) {
				t.Errorf("%s: %s, %v", c.template, got, err)
			}
			continue
		}
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s, %v, want %s", c.template, got, err, c.want)
		}
	}
}

// TestApply_EventMadeForIt_CostsSomeTimesItsSize: whoever may send an event must not stop those of
// others by a rule of his own.
func TestApply_EventMadeForIt_CostsSomeTimesItsSize(t *testing.T) {
	large := strings.Repeat(`{"a":`, 1000) + `"` + strings.Repeat("x", 240_000) + `"` +
		strings.Repeat("}", 1000)
	paths := map[string]string{}
	var template strings.Builder
	for i := range 800 {
		name := fmt.Sprint("v", i%100)
		paths[name] = "$" + strings.Repeat(".a", 100+i%2)
		template.WriteString("<" + name + ">")
	}
	for _, made := range []string{`["` + template.String() + `"]`,
		strings.Repeat("<aws.events.event.json>", 350)} {
		one, err := transformer.New(paths, made)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := one.Apply([]byte(large), variables()); !errors.Is(err, transformer.ErrLarge) {
			t.Errorf("%.40s: %v", made, err)
		}
		runtime.ReadMemStats(&after)
		if n := (after.TotalAlloc - before.TotalAlloc) / uint64(len(large)); n > 400 {
			t.Errorf("%.40s takes %d bytes of memory for each of an event's", made, n)
		}
	}
}

func TestNew_TemplateWithoutAValue_IsRefusedByItsName(t *testing.T) {
	var p *transformer.PlaceholderError
	_, err := transformer.New(map[string]string{"a": "$.a"}, `"<a> <notdefinedkey>"`)
	if !errors.As(err, &p) || p.Name != "notdefinedkey" {
		t.Error(err)
	}
	for name, path := range map[string]string{"aws.x": "$.a", "AWSx": "$.a", "a": "a", "b": "$."} {
		if _, err := transformer.New(map[string]string{name: path}, `"x"`); err == nil {
			t.Errorf("%s at %s is taken", name, path)
		}
	}
}

func TestSelect_Path_LeadsToAPart(t *testing.T) {
	for path, want := range map[string]string{
		"$.detail.payload.sf_id": `"baz"`, "$.detail.payload": `{"acc_id":"0a","sf_id":"baz"}`,
		"$.detail-type": `"core.update-account-command"`, "$": event, "$.resources[1]": `"b"`,
		"$.resources[2]": "", "$.resources.x": "", "$.detail.absent": "", "$.detail.n.x": "",
		"$.detail.list[*].x": `[1,2]`, "$.detail.list[0].x": `1`, "$.detail.payload.*": `["0a","baz"]`,
		"$.detail['dotted.name']": `"d"`, `$["detail"]["n"]`: `5`, "$.detail.list[*].y": "",
		"$.detail.nothing": `null`, "$.resources": `["a","b"]`, "$[0]": "", "$.resources[*]": `["a","b"]`,
	} {
		p, err := transformer.ParsePath(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		got, ok := p.Select([]byte(event))
		if string(got) != want || ok != (want != "") {
			t.Errorf("%s leads to %s, %v, want %s", path, got, ok, want)
		}
	}
	for _, path := range []string{"", "detail", "$detail", "$..a", "$.a[", "$.a[x]", "$.a[?(@.b)]",
		"$.a[-1]", "$.", "$.a[1,2]", "$.a b(c)"} {
		if _, err := transformer.ParsePath(path); err == nil {
			t.Errorf("%q is taken for a path", path)
		}
	}
}

// FuzzApply: what comes of a template is JSON or lines of it, or an error; and nothing breaks.
func FuzzApply(f *testing.F) {
	f.Add("$.detail", `{"a":<v>}`, event)
	f.Add("$.detail.states[*]", `"<v> x"`, `{"detail":{"states":[1]}}`)
	f.Fuzz(func(t *testing.T, path, template, text string) {
		made, err := transformer.New(map[string]string{"v": path}, template)
		if err != nil || !json.Valid([]byte(text)) {
			return
		}
		got, err := made.Apply([]byte(text), variables())
		if err != nil {
			return
		}
		parts := strings.Split(string(got), "\n")
		if strings.HasPrefix(strings.TrimSpace(template), "{") {
			parts = []string{string(got)}
		}
		for _, part := range parts {
			if !json.Valid([]byte(part)) {
				t.Errorf("%q with %q makes %q of %q", template, path, got, text)
			}
		}
	})
}
