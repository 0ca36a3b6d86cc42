package pattern_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"claviger/internal/pattern"
)

// lines reads a file of cases, its comments and blank lines left out.
func lines(t *testing.T, name string) (all []string) {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		if line := s.Text(); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	return all
}

func compile(t testing.TB, text string) *pattern.Pattern {
	t.Helper()
	p, err := pattern.Compile(text, pattern.EventBridge)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

// The cases are those of the EventBridge user guide ("Comparison operators for use in event
// patterns", "Event pattern best practices"), of recordings, and of what event-ruler says it does.
func TestMatches_DocumentedCases_AreAsDocumented(t *testing.T) {
	events := map[string]string{}
	n := 0
	for _, line := range lines(t, "cases.txt") {
		if name, event, ok := strings.Cut(line, " "); ok && name[0] == '@' {
			events[name] = event
			continue
		}
		f := strings.SplitN(line, " | ", 3)
		if len(f) != 3 || f[0] != "yes" && f[0] != "no" {
			t.Fatalf("no case: %s", line)
		}
		event := f[2]
		if event[0] == '@' {
			event = events[event]
		}
		n++
		if got := compile(t, f[1]).Matches([]byte(event)); got != (f[0] == "yes") {
			t.Errorf("%s on %s: %v", f[1], event, got)
		}
		if strings.HasPrefix(event, "{\"") && !strings.Contains(event, `"a":"x","a"`) &&
			!strings.HasSuffix(event, `"x"`) && slowly(f[1], event) != (f[0] == "yes") {
			t.Errorf("the slow matcher thinks otherwise of %s", line)
		}
	}
	if n < 300 {
		t.Errorf("there are %d cases, and 300 are the least", n)
	}
}

func TestCompile_NoPattern_HasAWSsReason(t *testing.T) {
	for _, line := range lines(t, "errors.txt") {
		f := strings.SplitN(line, " | ", 3)
		if len(f) != 3 {
			t.Fatalf("no case: %s", line)
		}
		_, err := pattern.Compile(f[2], pattern.EventBridge)
		var e *pattern.Error
		if !errors.As(err, &e) || e.Reason != f[0] {
			t.Errorf("%s: %v, want %s", f[2], err, f[0])
			continue
		}
		column, times, twice := strings.Cut(f[1], "x")
		if f[1] == "-" {
			if e.Where != "" {
				t.Errorf("%s: %v", f[2], err)
			}
			continue
		}
		want := 1
		if twice {
			_, _ = fmt.Sscan(times, &want)
		}
		at := fmt.Sprintf("\n at [Source: (String)\"%s\"; line: 1, column: ", f[2])
		if column != "?" {
			at += column + "]"
		}
		if strings.Count(e.Where, at) != want {
			t.Errorf("%s: %v, want %d places in column %s", f[2], err, want, column)
		}
	}
}

func TestCompile_LongOrManyLines_PlaceIsShort(t *testing.T) {
	text := "{\n\"ä\": [\"x\"],\n  \"b\": 1 }" + strings.Repeat(" ", 600)
	_, err := pattern.Compile(text, pattern.EventBridge)
	want := fmt.Sprintf("\"b\" must be an object or an array\n at [Source: (String)\"%s\"[truncated %d "+
		"chars]; line: 3, column: 9]", string([]rune(text)[:500]), len([]rune(text))-500)
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// AWS allows 1,000 combinations of $or.
func TestCompile_OrsThatMultiply_AreBounded(t *testing.T) {
	ors := func(n int, more string) string {
		text := "{"
		for i := range n {
			if i > 0 {
				text += ","
			}
			text += fmt.Sprintf(`"f%d":{"$or":[{"a":[1]},{"b":[1]}%s]}`, i, more)
		}
		return text + "}"
	}
	compile(t, ors(9, ""))
	for _, text := range []string{ors(10, ""), ors(40, ""), ors(7, `,{"c":[1]}`)} {
		if _, err := pattern.Compile(text, pattern.EventBridge); err == nil ||
			!strings.HasPrefix(err.Error(), "Rule is too complex") {
			t.Errorf("%.60s: %v", text, err)
		}
	}
}

func TestCompile_FilterPolicies_AreHeldToSNSsRules(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":["x"],"b":["x"],"c":["x"],"d":["x"],"e":["x"]}`:                                     "",
		`{"a":["x"],"b":["x"],"c":["x"],"d":["x"],"e":["x"],"f":["x"]}`:                           "Filter policy can not have more than 5 keys",
		`{"a":["1","2","3","4","5"],"b":["1","2","3","4","5"],"c":["1","2","3","4","5","6"]}`:     "",
		`{"a":["1","2","3","4","5"],"b":["1","2","3","4","5"],"c":["1","2","3","4","5","6","7"]}`: "Filter policy is too complex",
		`{"a":[{"numeric":["<",2e9]}]}`:                                                           "Value must be between -1.0E9 and 1.0E9, inclusive",
		`{"a":[2000000000]}`:                                                                      "",
		`{"a":[{"wildcard":"*a*b*"}]}`:                                                            "",
		`{"a":[{"wildcard":"*a*b*c*"}]}`:                                                          "Rule is too complex",
		`{"a":[]}`:                                                                                "Empty arrays are not allowed",
		`{"$or":[{"a":["x"]},{"b":["x"]}]}`:                                                       "",
	} {
		for _, dialect := range []pattern.Dialect{pattern.SNSAttributes, pattern.SNSBody} {
			_, err := pattern.Compile(text, dialect)
			if want == "" && err != nil ||
				want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
				t.Errorf("%s: %v, want %q", text, err, want)
			}
		}
	}
	const nested = `{"a":{"b":["x"]}}`
	if _, err := pattern.Compile(nested, pattern.SNSAttributes); !errors.Is(err, pattern.ErrNested) {
		t.Errorf("%v", err)
	}
	// Counts are multiplied by how deep they are: 2 by 2 by 4 by 10.
	deep := `{"a":{"b":["1","2"]},"c":{"d":{"e":{"f":["1","2","3","4","5","6","7","8","9","0"]}}}}`
	if _, err := pattern.Compile(deep, pattern.SNSBody); err == nil {
		t.Error("a policy of 160 combinations is taken")
	}
	if _, err := pattern.Compile(nested, pattern.SNSBody); err != nil {
		t.Error(err)
	}
}

func TestTexts_Pattern_NamesThemLiterally(t *testing.T) {
	p := compile(t, `{"source":["b","a",{"prefix":"c"}],"$or":[{"x":{"y":["1"]}},{"x.y":["2",3]}]}`)
	if got := fmt.Sprint(p.Texts("source"), p.Texts("x.y"), p.Texts("z")); got != "[a b] [1 2] []" {
		t.Error(got)
	}
	if p.Wildcards() != 0 || compile(t, `{"a":[{"wildcard":"*"},{"anything-but":{"wildcard":["a*"]}}]}`).
		Wildcards() != 2 {
		t.Error("wildcards are counted otherwise")
	}
}

// An event may be made so that choices multiply. It costs no more than it has to.
func TestMatches_EventOfManyChoices_EndsSoon(t *testing.T) {
	var event strings.Builder
	event.WriteString("{")
	for i := range 40 {
		list := strings.Repeat(fmt.Sprintf(`{"x%d":1},`, i), 200)
		fmt.Fprintf(&event, `"a":[%s0],`, list)
		fmt.Fprintf(&event, `"b%d.a":[%s0],`, i, list)
	}
	for i := range 12 {
		fmt.Fprintf(&event, `"c.d":{"e%d":1},`, i)
		fmt.Fprintf(&event, `"c":[%s0],`, strings.Repeat(`{"d":[{"e1":1},{"e2":1}]},`, 50))
	}
	event.WriteString(`"z":1}`)
	wide := `{"p":[` + strings.Repeat(`{"q":1,"r":2},`, 20_000) + `{"q":2,"r":1}]}`
	for text, src := range map[string]string{
		`{"c":{"d":{"e1":[1],"e2":[1],"e3":[1]}}}`: event.String(),
		`{"p":{"q":[1],"r":[1]}}`:                  wide,
	} {
		if compile(t, text).Matches([]byte(src)) {
			t.Errorf("%s matches", text)
		}
	}
}

// TestMatch_EventMadeForIt_CostsSomeTimesItsSize, where a long list lies in a thousand others and
// where many fields may be absent as well: whoever may send an event must not stop those of others.
func TestMatch_EventMadeForIt_CostsSomeTimesItsSize(t *testing.T) {
	deep := `{"a":` + strings.Repeat("[", 1000) + strings.Repeat("1,", 120_000) + "1" +
		strings.Repeat("]", 1000) + "}"
	var fields, elements strings.Builder
	for i := range 12 {
		fmt.Fprintf(&fields, `"f%02d":[1,{"exists":false}],`, i)
	}
	for i := range 600 {
		elements.WriteString("{")
		for k := range 12 {
			fmt.Fprintf(&elements, `"f%02d":%d,`, k, (i+k)%3)
		}
		fmt.Fprintf(&elements, `"%s":1},`, []string{"y", "z"}[i%2])
	}
	for text, src := range map[string]string{
		`{"a":[2]}`: deep,
		`{"a":{` + fields.String() + `"y":[1],"z":[1]}}`: `{"a":[` + elements.String() + `0]}`,
	} {
		set := pattern.NewSet(compile(t, text))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if len(set.Match([]byte(src))) != 0 {
			t.Errorf("%s matches", text)
		}
		runtime.ReadMemStats(&after)
		if n := (after.TotalAlloc - before.TotalAlloc) / uint64(len(src)); n > 400 {
			t.Errorf("%s takes %d bytes of memory for each of an event's", text, n)
		}
	}
}

// Many rules, of which an event concerns one: what EventBridge's quota allows an account.
func BenchmarkSet_300Rules(b *testing.B) {
	var all []*pattern.Pattern
	for i := range 300 {
		all = append(all, compile(b, fmt.Sprintf(
			`{"source":["aws.s%d"],"detail-type":["T"],"detail":{"state":["a","b%d"]}}`, i, i)))
	}
	set := pattern.NewSet(all...)
	event := []byte(`{"version":"0","id":"6a7e8feb-b491-4cf7-a9f1-bf3703467718","detail-type":"T",` +
		`"source":"aws.s7","account":"111122223333","time":"2017-12-22T18:43:48Z","region":"r",` +
		`"resources":[],"detail":{"state":"a","much":"` + strings.Repeat("x", 1000) + `"}}`)
	for b.Loop() {
		if len(set.Match(event)) != 1 {
			b.Fatal("it matches otherwise")
		}
	}
}
