package awsquery_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"claviger/api/awsquery"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/shape"
	"claviger/internal/wire"

	"github.com/go-json-experiment/json"
)

var shapes = shape.Table{"Text": {}, "Number": {}, "Flag": {}, "Date": {}, "Blob": {},
	"Texts": {Member: "Text"}, "Pair": {}, "Pairs": {Member: "Pair"},
	"Map": {Key: "Text", Value: "Text"}}

// Two services with the protocol, the first of which is taken for one that isn't
// named, and one without.
var (
	first = &op.Service{Name: "first", Version: "2001-01-01", XML: "urn:first", Shapes: shapes,
		Internal: "InternalFailure", Down: "ServiceUnavailable"}
	second = &op.Service{Name: "second", Version: "2002-02-02", XML: "urn:second", Shapes: shapes}
	third  = &op.Service{Name: "third", Target: "Third", Version: "2003-03-03", Shapes: shapes}
)

type pair struct {
	Key   string  `shape:"Text,required"`
	Value *string `shape:"Text" json:",omitzero"`
	Pairs []pair2 `shape:"Pairs" json:",omitzero"`
}

type pair2 struct {
	Key string `shape:"Text"`
}

// input has a member of every kind.
type input struct {
	Text   *string           `shape:"Text" json:",omitzero"`
	Small  *int32            `shape:"Number" json:",omitzero"`
	Large  *int64            `shape:"Number" json:",omitzero"`
	Flag   *bool             `shape:"Flag" json:",omitzero"`
	Date   *wire.Time        `shape:"Date" json:",omitzero"`
	Blob   []byte            `shape:"Blob" json:",omitzero"`
	Texts  []string          `shape:"Texts" json:",omitzero"`
	Pair   *pair             `shape:"Pair" json:",omitzero"`
	Pairs  []pair            `shape:"Pairs" json:",omitzero"`
	Map    map[string]string `shape:"Map" json:",omitzero"`
	Flat   []pair            `shape:"Pairs" json:",omitzero" query:"flattened"`
	FlatBy map[string]string `shape:"Map" json:",omitzero" query:"flattened"`
	op.ByShape
}

// output has the same, and members of other names.
type output struct {
	Text    string
	Other   string     `json:"renamed"`
	Number  int32      `json:",omitzero"`
	Ratio   float64    `json:",omitzero"`
	Flag    *bool      `json:",omitzero"`
	Date    *wire.Time `json:",omitzero"`
	Blob    []byte     `json:",omitzero"`
	Texts   []string   // an empty list is there
	Nested  struct{ Pairs []pair }
	Map     map[string]string `json:",omitzero"`
	Flat    []string          `json:",omitzero" query:"flattened"`
	FlatMap map[string]pair2  `json:",omitzero" query:"flattened"`
	Absent  *pair             `json:",omitzero"`
	None    []string          `json:",omitempty"`
	secret  string
}

func operation[I op.Input, O any](s *op.Service, name string) op.Operation {
	return op.Read(op.Info{Name: name, Service: s,
		Route: op.Route{Method: "GET", Path: "/v1/x"}},
		func(*op.Call, I) (op.Open, error) { return op.Open{Action: "x:Y", Reason: "a test"}, nil },
		func(*op.Call, I, op.Open) (out O, err error) { return out, nil })
}

var (
	echo     = operation[input, output](first, "Echo")
	quiet    = operation[input, op.None](first, "Quiet")
	empty    = operation[input, struct{}](first, "Empty")
	protocol = awsquery.New([]op.Operation{echo, quiet, empty,
		operation[input, output](second, "Other"),
		operation[input, output](third, "Third")})
)

// post is a POST with a form.
func post(form string) *http.Request {
	r := httptest.NewRequest("POST", "/", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// decode reads a form as Echo's input and returns it as JSON, or the error's text.
func decode(form string) (string, *fault.Error) {
	var in input
	present, err := protocol.Decode(post(form), echo, []byte(form), &in)
	if err != nil {
		return "", fault.Of(err)
	}
	if (in.Text != nil) != present("/Text") {
		return "present says otherwise", nil
	}
	b, err := json.Marshal(in)
	if err != nil {
		return "", fault.Of(err)
	}
	return string(b), nil
}

func TestDecode_EveryKindOfMember_IsRead(t *testing.T) {
	for form, want := range map[string]string{
		"":                                    `{}`,
		"Text=a+b%20c%2Bd":                    `{"Text":"a b c+d"}`,
		"Text=":                               `{"Text":""}`,
		"Text":                                `{"Text":""}`,
		"Text=a=b":                            `{"Text":"a=b"}`,
		"Text=%22%5C%0A":                      `{"Text":"\"\\\n"}`,
		"Text=a&Text=b":                       `{"Text":"a"}`,
		"Small=900":                           `{"Small":900}`,
		"Small=%2B900":                        `{"Small":900}`,
		"Small=-0900":                         `{"Small":-900}`,
		"Large=9223372036854775807":           `{"Large":9223372036854775807}`,
		"Flag=true":                           `{"Flag":true}`,
		"Flag=false":                          `{"Flag":false}`,
		"Date=2026-11-21T12:00:00Z":           `{"Date":1795262400}`,
		"Date=1969-12-31T23:59:58.5Z":         `{"Date":-1.500}`,
		"Date=2026-11-21T13:00:00.25%2B01:00": `{"Date":1795262400.250}`,
		"Blob=aGVsbG8%3D":                     `{"Blob":"aGVsbG8="}`,
		"Texts.member.1=a&Texts.member.2=b":   `{"Texts":["a","b"]}`,
		"Texts.member.2=b&Texts.member.1=a":   `{"Texts":["a","b"]}`,
		"Texts.member.1=a&Texts.member.1=b":   `{"Texts":["a"]}`,
		"Texts=":                              `{"Texts":[]}`,
		"Pair.Key=a&Pair.Value=b":             `{"Pair":{"Key":"a","Value":"b"}}`,
		"Pair.Key=a&Pair.Unknown.member.0=b":  `{"Pair":{"Key":"a"}}`,
		"Pairs.member.1.Key=a&Pairs.member.1.Pairs.member.1.Key=b": `{"Pairs":[{"Key":"a","Pairs":[{"Key":"b"}]}]}`,
		"Map.entry.1.key=a&Map.entry.1.value=b":                    `{"Map":{"a":"b"}}`,
		"Map.entry.1.key=a.b.c&Map.entry.1.value=":                 `{"Map":{"a.b.c":""}}`,
		"Map=":                            `{"Map":{}}`,
		"Flat.1.Key=a":                    `{"Flat":[{"Key":"a"}]}`,
		"FlatBy.1.key=a&FlatBy.1.value=b": `{"FlatBy":{"a":"b"}}`,
		"text=a&TEXT=b&Unknown.member.0=c&Action=d&.Text=e&=f": `{}`,
	} {
		if got, err := decode(form); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", form, got, err, want)
		}
	}
}

func TestDecode_BadForm_IsRefusedByName(t *testing.T) {
	for form, want := range map[string]string{
		"Small=":                    "MalformedInput: missing value for decimal type",
		"Small=a":                   "MalformedInput",
		"Small=1.5":                 "MalformedInput",
		"Small=2147483648":          "MalformedInput",
		"Large=9223372036854775808": "MalformedInput",
		"Flag=yes":                  "MalformedInput",
		"Flag=":                     "MalformedInput",
		"Date=1795262400":           "MalformedInput",
		"Date=2026-11-21":           "MalformedInput",
		"Blob=aGVsbG8": "MalformedInput: The value can not be converted to " +
			"Blob: it is not padded standard Base64 (at /Blob)",
		"Text=%FF":       "MalformedInput: The value of 'Text' is not UTF-8",
		"Text=%zz":       "MalformedQueryString",
		"Text=%":         "MalformedQueryString",
		"Text=a;Small=1": "MalformedQueryString",
		"Text.member.1=a": "MalformedInput: 'Text.member.1' does not fit the type " +
			"of the parameter that it names",
		"Text.=a":         "MalformedInput: 'Text.' does not fit",
		"Texts=a":         "MalformedInput: 'Texts' does not fit",
		"Texts.1=a":       "MalformedInput: 'Texts.1' does not fit",
		"Texts.member=a":  "MalformedInput: '' in 'Texts.member' is no index",
		"Texts.member.=a": "MalformedInput: '' in 'Texts.member.' is no index",
		"Texts.member.0=a": "MalformedInput: '0' in 'Texts.member.0' is no index: " +
			"lists begin with 1",
		"Texts.member.-1=a":                   "MalformedInput: '-1'",
		"Texts.member.%2B1=a":                 "MalformedInput: '+1'",
		"Texts.member.01=a":                   "MalformedInput: '01'",
		"Texts.member.one=a":                  "MalformedInput: 'one'",
		"Texts.member.1.5=a":                  "MalformedInput: 'Texts.member.1.5' does not fit",
		"Texts.member.99999999999999999999=a": "MalformedInput: '99999999999999999999'",
		"Texts.member.2147483647=a": "MalformedInput: There are fewer elements than " +
			"'Texts.member.2147483647' says",
		"Texts.member.2=a&Text=b":                  "MalformedInput: There is no 'Texts.1'",
		"Texts.member.1=a&Texts.member.3=c&Text=b": "MalformedInput: There is no 'Texts.2'",
		"Pair=a":                              "MalformedInput: 'Pair' does not fit",
		"Pairs.member.1=a":                    "MalformedInput: 'Pairs.1' does not fit",
		"Map.entry.1.value=b":                 "MalformedInput: 'Map.1' has no key",
		"Map.entry.1.name=b":                  "MalformedInput: 'Map.entry.1.name' does not fit",
		"Map.entry.1.key.a=b":                 "MalformedInput: 'Map.entry.1.key.a' does not fit",
		"Map.entry.1=b":                       "MalformedInput: 'Map.entry.1' does not fit",
		"Map.1.key=b":                         "MalformedInput: 'Map.1.key' does not fit",
		"Map.entry.1.key=%FF":                 "MalformedInput: The value of 'Map.1' is not UTF-8",
		"Map.entry.1.key=a&Map.entry.2.key=a": "MalformedInput",
		"Flat.member.1.Key=a": "MalformedInput: 'member' in 'Flat.member.1.Key' is no " +
			"index",
		"Pair" + strings.Repeat(".Pair", 200): "MalformedInput",
		strings.Repeat("a&", 10000): "MalformedInput: The request holds " +
			"more than 10000 parameters.",
	} {
		got, err := decode(form)
		if err == nil || err.Kind != fault.Invalid ||
			!strings.HasPrefix(first.Code(err)+": "+err.Message, want) {
			t.Errorf("%.60s: %s, %v; want %s", form, got, err, want)
		}
	}
}

// TestDecode_LongNames_CostNoMoreThanTheyAre: what a structure doesn't know makes nothing.
func TestDecode_LongNames_CostNoMoreThanTheyAre(t *testing.T) {
	for _, form := range []string{
		strings.Repeat("a.", 1<<19) + "=b",
		"Pair.Unknown" + strings.Repeat(".a", 90) + "=b",
	} {
		allocated := testing.AllocsPerRun(5, func() {
			if got, err := decode(form); err != nil || got != "{}" && got != `{"Pair":{"Key":""}}` {
				t.Errorf("%.20s: %s, %v", form, got, err)
			}
		})
		if allocated > 100 {
			t.Errorf("%.20s: %v allocations", form, allocated)
		}
	}
}

func TestName_OfAnAction_GoesByServiceAndVersion(t *testing.T) {
	for form, want := range map[string]string{
		"Action=Echo&Version=2001-01-01":              "Echo",
		"Action=Echo&Version=2001-01-01&Action=Quiet": "Echo",
		"Action=Other&Version=2001-01-01": "InvalidAction: Could not find operation Other " +
			"for version 2001-01-01",
		"Action=Echo&Version=2002-02-02": "InvalidAction: Could not find operation Echo " +
			"for version 2002-02-02",
		"Action=Echo&Version=": "InvalidAction: Could not find operation Echo " +
			"for version ",
		"Action=Echo": "InvalidAction: Could not find operation Echo " +
			"for version NO_VERSION_SPECIFIED",
		"Version=2001-01-01": "MissingAction: The request must contain the " +
			"parameter Action.",
		"Action=" + strings.Repeat("a", 200): "InvalidAction: Could not find operation " +
			strings.Repeat("a", 128) + " for version NO_VERSION_SPECIFIED",
	} {
		o, asked, err := protocol.Name(post(form), first, []byte(form))
		got := ""
		if err != nil {
			got = first.Code(fault.Of(err)) + ": " + fault.Of(err).Message
		} else {
			got = o.Info().Name
		}
		if got != want || (err == nil) != (asked == "") || len(asked) > 128 {
			t.Errorf("%.60s: %s, recorded as %q; want %s", form, got, asked, want)
		}
	}
}

func TestRecognise_Request_GoesByItsHead(t *testing.T) {
	signed := func(service string) string {
		return "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/" + service +
			"/aws4_request, SignedHeaders=host, Signature=0"
	}
	request := func(method, target, contentType, authorization, amzTarget string) *http.Request {
		r := httptest.NewRequest(method, target, nil)
		for name, value := range map[string]string{"Content-Type": contentType,
			"Authorization": authorization, "X-Amz-Target": amzTarget} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		return r
	}
	const form = "application/x-www-form-urlencoded"
	for name, c := range map[string]struct {
		r    *http.Request
		want *op.Service
	}{
		"a form": {request("POST", "/", form, signed("second"), ""), second},
		"a form with a charset": {request("POST", "/", form+" ; charset=utf-8", signed("first"),
			""), first},
		"unsigned":                 {request("POST", "/", form, "", ""), first},
		"for a service without it": {request("POST", "/", form, signed("third"), ""), first},
		"for nobody": {request("POST", "/", form, "AWS4-HMAC-SHA256 Credential=a/b",
			""), first},
		"GET": {request("GET", "/?Version=1&Action=", "", signed("second"),
			""), second},
		"presigned": {request("GET",
			"/?Action=a&X-Amz-Credential=AKIA%2F20260101%2Fus-east-1%2Fsecond%2Faws4_request", "",
			"", ""), second},
		"POST with a query": {request("POST", "/?Action=a", "", signed("second"), ""),
			second},
		"a target": {request("POST", "/", form, signed("second"), "Third.Third"),
			nil},
		"JSON": {request("POST", "/", "application/x-amz-json-1.1", signed("second"),
			""), nil},
		"nothing":           {request("POST", "/", "", signed("second"), ""), nil},
		"a GET of the root": {request("GET", "/", "", "", ""), nil},
		"no Action":         {request("GET", "/?XAction=a&action=b", "", "", ""), nil},
		"a form by GET":     {request("GET", "/", form, signed("second"), ""), nil},
	} {
		if a, ok := protocol.Recognise(c.r); a.Service != c.want || ok != (c.want != nil) {
			t.Errorf("%s: %v, %v", name, a.Service, ok)
		}
	}
	if _, ok := awsquery.New(nil).Recognise(post("Action=a")); ok {
		t.Error("without a service that speaks it, it is spoken")
	}
}

// answer writes an output and returns what came of it.
func answer(t *testing.T, o op.Operation, out any, accept string) *httptest.ResponseRecorder {
	t.Helper()
	w, r := httptest.NewRecorder(), post("")
	w.Header().Set("X-Amzn-Requestid", "ID")
	r.Header.Set("Accept", accept)
	if err := protocol.Answer(w, r, o, nil, out); err != nil {
		t.Fatal(err)
	}
	if w.Header().Get("Content-Length") != strconv.Itoa(w.Body.Len()) {
		t.Errorf("Content-Length is %s of %d", w.Header().Get("Content-Length"), w.Body.Len())
	}
	return w
}

func full() output {
	text, yes := "v", true
	out := output{Text: "a<b>&\"'\r\n\x00", Other: "o", Number: -7, Ratio: 0.5, Flag: &yes,
		Date: wire.At(time.Date(2026, 11, 21, 12, 0, 0, 250e6, time.UTC)), Blob: []byte("hello"),
		Map: map[string]string{"b": "2", "a": "1"}, Flat: []string{"x", "y"},
		FlatMap: map[string]pair2{"k": {"v"}}, None: []string{}, secret: "s"}
	out.Nested.Pairs = []pair{{Key: "k", Value: &text}, {Key: "l"}}
	return out
}

func TestAnswer_EveryKindOfMember_IsWrittenAsAWSDoes(t *testing.T) {
	const want = `<EchoResponse xmlns="urn:first">
  <EchoResult>
    <Text>a&lt;b&gt;&amp;&#34;&#39;&#xD;&#xA;` + "\uFFFD" + `</Text>
    <renamed>o</renamed>
    <Number>-7</Number>
    <Ratio>0.5</Ratio>
    <Flag>true</Flag>
    <Date>2026-11-21T12:00:00Z</Date>
    <Blob>aGVsbG8=</Blob>
    <Texts/>
    <Nested>
      <Pairs>
        <member>
          <Key>k</Key>
          <Value>v</Value>
        </member>
        <member>
          <Key>l</Key>
        </member>
      </Pairs>
    </Nested>
    <Map>
      <entry>
        <key>a</key>
        <value>1</value>
      </entry>
      <entry>
        <key>b</key>
        <value>2</value>
      </entry>
    </Map>
    <Flat>x</Flat>
    <Flat>y</Flat>
    <FlatMap>
      <key>k</key>
      <value>
        <Key>v</Key>
      </value>
    </FlatMap>
  </EchoResult>
  <ResponseMetadata>
    <RequestId>ID</RequestId>
  </ResponseMetadata>
</EchoResponse>
`
	w := answer(t, echo, full(), "*/*")
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/xml" || w.Body.String() != want {
		t.Errorf("answered %d %s\n%s\nwant\n%s", w.Code, w.Header().Get("Content-Type"), w.Body, want)
	}
}

func TestAnswer_WithoutMembers_KeepsItsWrapper(t *testing.T) {
	const metadata = "  <ResponseMetadata>\n    <RequestId>ID</RequestId>\n  </ResponseMetadata>\n"
	for _, c := range []struct {
		o      op.Operation
		out    any
		inXML  string
		inJSON string
	}{
		{quiet, op.None{}, "<QuietResponse xmlns=\"urn:first\">\n" + metadata +
			"</QuietResponse>\n",
			`{"QuietResponse":{"ResponseMetadata":{"RequestId":"ID"}}}`},
		{empty, struct{}{}, "<EmptyResponse xmlns=\"urn:first\">\n  <EmptyResult/>\n" + metadata +
			"</EmptyResponse>\n",
			`{"EmptyResponse":{"EmptyResult":{},"ResponseMetadata":{"RequestId":"ID"}}}`},
	} {
		if w := answer(t, c.o, c.out, ""); w.Body.String() != c.inXML {
			t.Errorf("answered %s", w.Body)
		}
		w := answer(t, c.o, c.out, "application/json")
		if w.Body.String() != c.inJSON || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("answered %s %s", w.Header().Get("Content-Type"), w.Body)
		}
	}
}

func TestFault_OfEachKind_HasAWSsNameAndStatus(t *testing.T) {
	for _, c := range []struct {
		s      *op.Service
		f      *fault.Error
		status int
		body   string
	}{
		{first, fault.New(fault.Denied, "AccessDeniedException", "no <b>"), 403, `<ErrorResponse xmlns="urn:first">
  <Error>
    <Type>Sender</Type>
    <Code>AccessDenied</Code>
    <Message>no &lt;b&gt;</Message>
  </Error>
  <RequestId>ID</RequestId>
</ErrorResponse>
`},
		{first, fault.New(fault.Internal, "", ""), 500, `<ErrorResponse xmlns="urn:first">
  <Error>
    <Type>Receiver</Type>
    <Code>InternalFailure</Code>
  </Error>
  <RequestId>ID</RequestId>
</ErrorResponse>
`},
		{nil, fault.New(fault.Throttled, "ThrottlingException", "Rate exceeded"), 400, `<ErrorResponse xmlns="http://webservices.amazon.com/AWSFault/2005-15-09">
  <Error>
    <Type>Sender</Type>
    <Code>ThrottlingException</Code>
    <Message>Rate exceeded</Message>
  </Error>
  <RequestId>ID</RequestId>
</ErrorResponse>
`},
	} {
		w := httptest.NewRecorder()
		w.Header().Set("X-Amzn-Requestid", "ID")
		protocol.Fault(w, post(""), c.s, c.f)
		if w.Code != c.status || w.Body.String() != c.body ||
			w.Header().Get("Content-Type") != "text/xml" {
			t.Errorf("answered %d\n%s\nwant %d\n%s", w.Code, w.Body, c.status, c.body)
		}
	}
	for f, want := range map[*fault.Error]string{
		fault.New(fault.Unauthenticated, "InvalidSignatureException", ""):    "403 SignatureDoesNotMatch",
		fault.New(fault.Unauthenticated, "IncompleteSignatureException", ""): "400 IncompleteSignature",
		fault.New(fault.Unauthenticated, "ExpiredTokenException", ""):        "403 ExpiredToken",
		fault.New(fault.Invalid, "ExpiredTokenException", ""):                "400 ExpiredTokenException",
		fault.New(fault.Invalid, "ValidationException", ""):                  "400 ValidationError",
		fault.New(fault.Invalid, "", ""):                                     "400 ValidationError",
		fault.New(fault.Invalid, "MalformedQueryString", ""):                 "404 MalformedQueryString",
		fault.New(fault.NotFound, "NoSuchEntity", ""):                        "404 NoSuchEntity",
		fault.New(fault.Exists, "EntityAlreadyExists", ""):                   "409 EntityAlreadyExists",
		fault.New(fault.Conflict, "ThrottlingException", ""):                 "400 Throttling",
		fault.New(fault.Unavailable, "", ""):                                 "503 ServiceUnavailable",
		fault.New(fault.Uncertain, "", ""):                                   "500 InternalFailure",
		fault.New(fault.TooLarge, "RequestEntityTooLargeException", ""):      "413 RequestEntityTooLarge",
	} {
		w, r := httptest.NewRecorder(), post("")
		r.Header.Set("Accept", "text/plain, application/json")
		protocol.Fault(w, r, first, f)
		var doc struct {
			Error     struct{ Type, Code, Message string }
			RequestId string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
			t.Errorf("%s: %v", w.Body, err)
		}
		if got := strconv.Itoa(w.Code) + " " + doc.Error.Code; got != want ||
			doc.Error.Type != "Sender" && w.Code < 500 {
			t.Errorf("%v: %s as %s, want %s", f, got, doc.Error.Type, want)
		}
	}
}

func TestNew_OneNameTwice_Panics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("two operations of one name were accepted")
		}
	}()
	awsquery.New([]op.Operation{echo, echo})
}
