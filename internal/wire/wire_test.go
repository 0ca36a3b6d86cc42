package wire_test

import (
	"encoding/base64"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"claviger/internal/fault"
	"claviger/internal/wire"
)

// tag and input hold a member of every kind that a request can have.
type tag struct{ TagKey, TagValue string }

type input struct {
	Name    string
	Text    *string
	Small   int32
	Limit   *int32
	Big     int64
	Version *int64
	Flag    *bool
	Blob    []byte
	Since   wire.Time
	Until   *wire.Time
	List    []string
	Tags    []tag
	Inner   *tag
	Context map[string]string
}

func decode(t *testing.T, body string) (in input) {
	t.Helper()
	if err := wire.Decode([]byte(body), &in); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return in
}

// refused decodes what must not be read, and returns the message for the caller.
func refused(t *testing.T, body string) string {
	t.Helper()
	var in input
	err := wire.Decode([]byte(body), &in)
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Invalid || f.Code != "SerializationException" {
		t.Fatalf("%.80s: answered %v, want a SerializationException", body, err)
	}
	return f.Message
}

func TestDecode_Time_IsANumberToTheMillisecond(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1678886400": 1678886400000, "1678886400.123": 1678886400123,
		"1.678886400123E9": 1678886400123, "1678886400.1239": 1678886400124, "-1.5": -1500,
	} {
		if got := decode(t, `{"Until":`+text+`}`).Until.UnixMilli(); got != want {
			t.Errorf("%s was read as %d ms, want %d", text, got, want)
		}
	}
	for _, text := range []string{`"2023-03-15T13:20:00Z"`, `"1678886400"`, `true`, `{}`, `[1]`,
		`1e300`, `253402300800`} {
		refused(t, `{"Until":`+text+`}`)
	}
}

func TestEncode_Time_IsWrittenAsItIsRead(t *testing.T) {
	for ms, want := range map[int64]string{
		0: "0", 1678886400000: "1678886400", 1678886400123: "1678886400.123",
		1678886400007: "1678886400.007", -500: "-0.500", -1500: "-1.500",
	} {
		got, err := wire.Encode(wire.Time{Time: time.UnixMilli(ms)})
		if err != nil || string(got) != want {
			t.Errorf("%d ms was written as %s (%v), want %s", ms, got, err, want)
		}
	}
	if wire.At(time.Time{}) != nil {
		t.Error("an absent time is there")
	}
}

func TestDecode_Integer_IsCutOffAndHeldAtItsLimits(t *testing.T) {
	for text, want := range map[string]int32{
		"7": 7, "7.9": 7, "-7.9": -7, "1e3": 1000, "0.1": 0, "-0": 0,
		"2147483648": math.MaxInt32, "-2147483649": math.MinInt32,
		"1e400": math.MaxInt32, "-1e400": math.MinInt32,
	} {
		in := decode(t, `{"Small":`+text+`,"Limit":`+text+`}`)
		if in.Small != want || *in.Limit != want {
			t.Errorf("%s was read as %d and %d, want %d", text, in.Small, *in.Limit, want)
		}
	}
	for text, want := range map[string]int64{
		"9007199254740993": 9007199254740993, "12.9": 12,
		"9223372036854775807": math.MaxInt64, "-9223372036854775808": math.MinInt64,
		"9223372036854775808": math.MaxInt64, "-1e30": math.MinInt64, "1e400": math.MaxInt64,
	} {
		in := decode(t, `{"Big":`+text+`,"Version":`+text+`}`)
		if in.Big != want || *in.Version != want {
			t.Errorf("%s was read as %d and %d, want %d", text, in.Big, *in.Version, want)
		}
	}
	for _, text := range []string{`"7"`, `true`, `[]`, `{}`} {
		refused(t, `{"Limit":`+text+`}`)
		refused(t, `{"Big":`+text+`}`)
	}
}

func TestDecode_Blob_IsPaddedStandardBase64(t *testing.T) {
	if got := decode(t, `{"Blob":"+/8="}`).Blob; string(got) != "\xfb\xff" {
		t.Errorf("read %x", got)
	}
	if got := decode(t, `{"Blob":""}`).Blob; got == nil || len(got) != 0 {
		t.Errorf("an empty blob was read as %v, want one that is there", got)
	}
	for _, text := range []string{`"-_8="`, `"+/8"`, `"+/8=="`, `"+/8=\n"`, `" +/8="`, `[1,2]`, `7`} {
		refused(t, `{"Blob":`+text+`}`)
	}
}

func TestDecode_Null_IsAbsent(t *testing.T) {
	in := decode(t, `{"Name":null,"Text":null,"Small":null,"Limit":null,"Big":null,"Version":null,"Flag":null,
		"Blob":null,"Since":null,"Until":null,"List":null,"Tags":null,"Inner":null,"Context":null}`)
	empty := in.Name == "" && in.Small == 0 && in.Big == 0 && in.Since.IsZero()
	absent := in.Text == nil && in.Limit == nil && in.Version == nil && in.Flag == nil &&
		in.Blob == nil && in.Until == nil && in.List == nil && in.Tags == nil && in.Inner == nil &&
		in.Context == nil
	if !empty || !absent {
		t.Errorf("null was read as %+v", in)
	}
}

func TestDecode_UnknownName_IsIgnored(t *testing.T) {
	in := decode(t, `{"name":"a","NAME":"b","Unknown":{"Deep":[1,{"x":null}]},"Inner":{"tagkey":"c","TagValue":"d"}}`)
	if in.Name != "" || in.Inner.TagKey != "" || in.Inner.TagValue != "d" {
		t.Errorf("read %+v and %+v", in, *in.Inner)
	}
}

func TestDecode_NotOneObject_IsRefused(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":              "",
		"blanks":               " \n",
		"null":                 "null",
		"a list":               `[{}]`,
		"a string":             `"{}"`,
		"half an object":       `{"Name":"a"`,
		"trailing data":        `{"Name":"a"} {}`,
		"a trailing comma":     `{"Name":"a",}`,
		"a comment":            `{"Name":"a" /* b */}`,
		"single quotes":        `{'Name':'a'}`,
		"a byte order mark":    "\ufeff{}",
		"NaN":                  `{"Small":NaN}`,
		"duplicates":           `{"Name":"a","Name":"b"}`,
		"escaped duplicates":   `{"Name":"a","N\u0061me":"b"}`,
		"unknown duplicates":   `{"x":1,"x":1}`,
		"duplicates in a map":  `{"Context":{"a":"1","a":"2"}}`,
		"duplicates deep down": `{"Unknown":[{"a":1,"a":1}]}`,
		"invalid UTF-8":        "{\"Name\":\"a\xff\"}",
		"UTF-8 of a surrogate": "{\"Name\":\"\xed\xa0\x80\"}",
		"half a surrogate":     `{"Name":"\ud800"}`,
		"invalid unknown":      "{\"Unknown\":\"\xff\"}",
		"a control character":  "{\"Name\":\"a\x00\"}",
		"a bare zero":          "{\"Name\":\"a\"}\x00",
	} {
		t.Run(name, func(t *testing.T) { refused(t, body) })
	}
}

func TestDecode_TooDeep_IsRefused(t *testing.T) {
	nested := func(open, end string, n int) string {
		return `{"Unknown":` + strings.Repeat(open, n-1) + strings.Repeat(end, n-1) + `}`
	}
	decode(t, nested("[", "]", wire.MaxDepth))
	decode(t, `{"Name":"`+strings.Repeat("[{", 1000)+`\"[["}`)
	for _, n := range []int{wire.MaxDepth + 1, 200000} {
		if m := refused(t, nested("[", "]", n)); !strings.Contains(m, strconv.Itoa(wire.MaxDepth)) {
			t.Errorf("the message does not tell the limit: %q", m)
		}
	}
	refused(t, nested(`{"a":`, "}", wire.MaxDepth+1))
}

// A small body can hold so many values that reading them costs far more than the body.
func TestDecode_TooManyValues_AreRefused(t *testing.T) {
	list := func(n int) string {
		return `{"Unknown":[` + strings.TrimSuffix(strings.Repeat(`1,`, n), ",") + `]}`
	}
	object := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(`,"` + strconv.Itoa(i) + `":""`)
		}
		return `{"Context":{` + b.String()[1:] + `}}`
	}
	decode(t, list(wire.MaxValues-2)) // the body, the list and its elements
	decode(t, object(wire.MaxValues-2))
	decode(t, `{"Name":"`+strings.Repeat(`,:\"{`, 10*wire.MaxValues)+`"}`)
	for name, body := range map[string]string{
		"a list":             list(wire.MaxValues - 1),
		"an object":          object(wire.MaxValues - 1),
		"many in a list":     list(300000),
		"lists in a list":    `{"Unknown":[[]` + strings.Repeat(`,[]`, wire.MaxValues) + `]}`,
		"commas":             `{"Unknown":[` + strings.Repeat(",", 300000),
		"many of many lists": `{"Unknown":[[1` + strings.Repeat(`],[1`, wire.MaxValues/2) + `]]}`,
	} {
		if m := refused(t, body); !strings.Contains(m, strconv.Itoa(wire.MaxValues)) {
			t.Errorf("%s: the message does not tell the limit: %q", name, m)
		}
	}
}

func TestDecode_WrongType_TellsTheMemberAndNeverTheValue(t *testing.T) {
	const canary = "QkFEK-VALUE"
	for body, want := range map[string]string{
		`{"Blob":"` + canary + `"}`:               "Base64",
		`{"Small":"` + canary + `"}`:              "/Small",
		`{"Flag":"` + canary + `"}`:               "/Flag",
		`{"Until":"` + canary + `"}`:              "/Until",
		`{"Inner":{"TagKey":["` + canary + `"]}}`: "/Inner/TagKey",
		`{"Tags":[{"TagKey":{"a":1}}]}`:           "/Tags/0/TagKey",
		`{"List":"` + canary + `"}`:               "/List",
	} {
		var in input
		err := wire.Decode([]byte(body), &in)
		if m := refused(t, body); !strings.Contains(m, want) {
			t.Errorf("%s: the message %q does not hold %q", body, m, want)
		}
		if strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the value is quoted: %v", body, err)
		}
	}
	long := strings.Repeat("n", 1<<16)
	if m := refused(t, `{"Context":{"`+long+`":1}}`); len(m) > 1024 {
		t.Errorf("a message of %d bytes quotes the caller's own name", len(m))
	}
}

func TestPresent_EmptyValue_IsNotAbsent(t *testing.T) {
	body := []byte(`{"Name":"","Text":null,"List":[],"Tags":[{"TagKey":""},null],"a/b":{"~":0}}`)
	for pointer, want := range map[string]bool{
		"/Name": true, "/Text": false, "/Limit": false, "/name": false,
		"/List": true, "/List/0": false, "/Tags/0/TagKey": true, "/Tags/0/TagValue": false,
		"/Tags/1": false, "/Tags/1/TagKey": false, "/Tags/2": false, "/Tags/-1": false,
		"/Name/x": false, "/a~1b/~0": true,
	} {
		if got := wire.Present(body, pointer); got != want {
			t.Errorf("Present(%q) = %v", pointer, got)
		}
	}
}

// FuzzDecode looks for bodies that panic, or that are read as something else than they say.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		`{}`, `{"Name":"a","Limit":1e400,"Blob":"+/8=","Until":1678886400.123,` +
			`"Tags":[{"TagKey":"k"}],"Context":{"a":"b"}}`,
		`{"Name":"a","Name":"b"}`, `{"Inner":null,"Flag":true,"Big":-0.5}`,
		"{\"Name\":\"\xff\"}", `[[[[`, `{"a":"\"[`, `null`,
	} {
		f.Add([]byte(body), "/Tags/0/TagKey")
	}
	f.Fuzz(func(t *testing.T, body []byte, pointer string) {
		wire.Present(body, pointer)
		var in input
		if err := wire.Decode(body, &in); err != nil {
			if e := fault.Of(err); e.Kind != fault.Invalid || len(e.Message) > 1024 {
				t.Fatalf("an unreadable body is answered with %v: %d bytes", e.Kind, len(e.Message))
			}
			return
		}
		out, err := wire.Encode(in)
		if err != nil {
			t.Fatalf("what was read can't be written: %v", err)
		}
		var again input
		if err := wire.Decode(out, &again); err != nil {
			t.Fatalf("what was written can't be read: %v\n%s", err, out)
		}
		if again.Name != in.Name || again.Big != in.Big || !again.Since.Equal(in.Since.Time) ||
			len(again.Tags) != len(in.Tags) ||
			base64.StdEncoding.EncodeToString(again.Blob) != base64.StdEncoding.EncodeToString(in.Blob) {
			t.Fatalf("read %+v, and from what was written of it %+v", in, again)
		}
		if in.Name != "" && !wire.Present(body, "/Name") {
			t.Fatal("a member that was read is not present")
		}
	})
}
