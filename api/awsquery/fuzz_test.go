package awsquery

import (
	"encoding/xml"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"claviger/internal/fault"
	"claviger/internal/wire"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// form has a member of every form that a parameter can take.
type form struct {
	Text  *string           `json:",omitzero"`
	Count *int32            `json:",omitzero"`
	Flag  *bool             `json:",omitzero"`
	Date  *wire.Time        `json:",omitzero"`
	Blob  []byte            `json:",omitzero"`
	Texts []string          `json:",omitzero"`
	Pairs []twin            `json:",omitzero"`
	Map   map[string]string `json:",omitzero"`
	Flat  []string          `json:",omitzero" query:"flattened"`
}

type twin struct {
	Key   string
	Texts []string `json:",omitzero"`
}

// FuzzForm looks for a form that becomes more than it says: a value that leaves its member, a
// document that is larger than the form that it was made of, or one that is no document.
func FuzzForm(f *testing.F) {
	for _, body := range []string{
		"Action=Do&Version=1&Text=a&Count=%2B7&Flag=true&Date=2026-11-21T12:00:00Z&Blob=aGVsbG8%3D",
		"Texts.member.1=a&Texts.member.2=b&Flat.1=c&Texts=",
		"Map.entry.1.key=a&Map.entry.1.value=b",
		"Pairs.member.1.Key=a&Pairs.member.1.Texts.member.1=b&Pairs.member.2.Key=c",
		"Text=%22%7D&Text=%FF&Text=;", "Texts.member.0=a&Texts.member.99999999999=b&Texts.member=c",
		"Text=a&&=&%00=%00&Text.=b", "Map.entry.1.key=a&Map.entry.2.key=a", "Map.entry.1.value=a",
		"Count=-0",
	} {
		f.Add(body)
	}
	in := inputOf(reflect.TypeFor[form]())
	f.Fuzz(func(t *testing.T, body string) {
		all, err := parse(body)
		if err != nil {
			checkFault(t, err)
			return
		}
		doc, err := in.document(all)
		if err != nil {
			checkFault(t, err)
			return
		}
		if len(doc) > 8*len(body)+64 {
			t.Fatalf("%d bytes became %d", len(body), len(doc))
		}
		var got form
		if err := wire.Decode(doc, &got); err != nil {
			checkFault(t, err) // two keys that are one, or bad base64
			return
		}
		if text, given := all.value("Text"); given && (got.Text == nil || *got.Text != text) {
			t.Fatalf("%q: Text is %v", body, got.Text)
		}
		for _, p := range all { // nothing is there that nobody named
			if first, _, _ := strings.Cut(p.name, "."); first == "Text" || in.byName[first] > 0 {
				return
			}
		}
		if string(doc) != "{}" {
			t.Fatalf("%q became %s", body, doc)
		}
	})
}

// checkFault sees to it that a refusal is the caller's fault and can be said back.
func checkFault(t *testing.T, err error) {
	t.Helper()
	refusal := fault.Of(err)
	if refusal.Kind != fault.Invalid || refusal.Code == "" || !utf8.ValidString(refusal.Message) ||
		len(refusal.Message) > 1024 {
		t.Fatalf("refused by %v", err)
	}
}

// FuzzFormOfSDK writes what the SDKs write of a value and looks whether it is read as that value.
func FuzzFormOfSDK(f *testing.F) {
	f.Add("a text", int32(-7), true, []byte("blob"), "one", "two", "key", "value")
	f.Add("", int32(0), false, []byte{}, "&", "=;%+", ".", "\x00")
	in := inputOf(reflect.TypeFor[form]())
	f.Fuzz(func(t *testing.T, text string, n int32, flag bool, blob []byte, one, two, key,
		value string) {
		for _, s := range []string{text, one, two, key, value} {
			if !utf8.ValidString(s) {
				return
			}
		}
		want := form{Text: &text, Count: &n, Flag: &flag, Blob: blob, Texts: []string{one, two},
			Pairs: []twin{{Key: key, Texts: []string{}}, {Key: value, Texts: []string{two}}},
			Map:   map[string]string{key: value}, Flat: []string{two}}
		doc, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		sent := url.Values{"Text": {text}, "Count": {strconv.Itoa(int(n))},
			"Flag": {strconv.FormatBool(flag)},
			"Blob": {jsonText(t, doc, "Blob")}, "Texts.member.1": {one}, "Texts.member.2": {two},
			"Pairs.member.1.Key": {key}, "Pairs.member.1.Texts": {""},
			"Pairs.member.2.Key":            {value},
			"Pairs.member.2.Texts.member.1": {two}, "Map.entry.1.key": {key},
			"Map.entry.1.value": {value},
			"Flat.1":            {two}, "Action": {"Do"}, "Version": {"1"}}
		all, err := parse(sent.Encode())
		if err != nil {
			t.Fatal(err)
		}
		got, err := in.document(all)
		if err != nil {
			t.Fatal(err)
		}
		var read, wanted form
		if json.Unmarshal(doc, &wanted) != nil {
			t.Fatal("the value can't be read back")
		}
		if err := wire.Decode(got, &read); err != nil || !reflect.DeepEqual(read, wanted) {
			t.Fatalf("%s was read as %s: %v", doc, got, err)
		}
	})
}

// jsonText returns a member of a document that is a string.
func jsonText(t *testing.T, doc []byte, name string) string {
	t.Helper()
	var members map[string]jsontext.Value
	if err := json.Unmarshal(doc, &members); err != nil {
		t.Fatal(err)
	}
	var s string
	_ = json.Unmarshal(members[name], &s)
	return s
}

// FuzzAnswer looks for a text that leaves its element, or comes back as another.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{"a", "</Text><Text>", "&amp;<![CDATA[", "\x00\r\n\t", "\xff\xfe",
		"\uFFFE\U0001F511", "]]>"} {
		f.Add(s, s)
	}
	write := encoderOf(reflect.TypeFor[form]())
	f.Fuzz(func(t *testing.T, text, other string) {
		d := new(document)
		shape{children: write}.element(d, "Result",
			reflect.ValueOf(form{Text: &text, Texts: []string{other, text},
				Map: map[string]string{other: text}}))
		var got struct {
			Text  string
			Texts struct {
				Member []string `xml:"member"`
			}
			Map struct {
				Entry []struct {
					Key   string `xml:"key"`
					Value string `xml:"value"`
				} `xml:"entry"`
			}
		}
		if err := xml.Unmarshal(d.Bytes(), &got); err != nil {
			t.Fatalf("%v\n%s", err, d)
		}
		one, two := inXML(text), inXML(other)
		if got.Text != one || !reflect.DeepEqual(got.Texts.Member, []string{two, one}) ||
			len(got.Map.Entry) != 1 ||
			got.Map.Entry[0].Key != two || got.Map.Entry[0].Value != one {
			t.Fatalf("%q and %q came back as %+v", text, other, got)
		}
	})
}

// inXML is a text as XML can hold it (XML 1.0, 2.2).
func inXML(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r', 0x20 <= r && r <= 0xD7FF, 0xE000 <= r &&
			r <= 0xFFFD, r >= 0x10000:
			return r
		}
		return utf8.RuneError
	}, s)
}

// FuzzRecognise looks for a head that is taken for two services, or ends the process.
func FuzzRecognise(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/sts/aws4_request, Signature=0",
		"Action=a", "text/plain")
	f.Add("", "X-Amz-Credential=a%2Fb%2Fc%2Fsts%2Fd&Action=b",
		"application/x-www-form-urlencoded; charset")
	f.Fuzz(func(t *testing.T, authorization, query, contentType string) {
		r := httptest.NewRequest("POST", "/", nil)
		r.URL.RawQuery = query
		r.Header["Authorization"], r.Header["Content-Type"] = []string{authorization},
			[]string{contentType}
		if s := signedFor(r); strings.Contains(s, "/") {
			t.Fatalf("it is signed for %q", s)
		}
		_, _, _ = isForm(r), Asks(r), r
	})
}
