package shape_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"claviger/internal/shape"
	"claviger/internal/wire"
)

// recorded is a value as a record has it.
func recorded(v any, f shape.Form) string {
	return string(table.Recording(reflect.TypeOf(v), f).Append(nil, reflect.ValueOf(v)))
}

func TestRecording_Input_HasCloudTrailsNamesAndNoBlobs(t *testing.T) {
	in := read(t, `{"Name":"ab","Blob":"MQ==","Number":7,"Flag":true,"Names":["aa"],"Context":{"kk":"v"},
		"Pairs":[{"Key":"kk","Secret":"abc"}],"Pair":{"Key":"<k>"},"Date":1.5}`)
	want := `{"name":"ab","number":7,"flag":true,"names":["aa"],"context":{"kk":"v"},"pairs":[{"key":"kk"}],"pair":{"key":"<k>"},` +
		`"date":"Jan 1, 1970, 12:00:01 AM"}`
	r := table.Recording(reflect.TypeOf(in), shape.Form{Dates: "Jan 2, 2006, 3:04:05 PM"})
	if got := string(r.Append([]byte("x"), reflect.ValueOf(in))); got != "x"+want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if got := recorded(everything{Blob: []byte("1")}, shape.Form{}); got != "" {
		t.Errorf("nothing to record became %s", got)
	}
}

// answer is an output: its members have no shapes.
type answer struct {
	ARN, Name       string
	AWSAccountId    string
	Enabled         bool
	Deleted         wire.Time
	Later           *wire.Time `json:",omitzero"`
	Optional        string     `json:",omitzero"`
	Many            []string   `json:",omitempty"`
	Credentials     credentials
	Trust           document
	Counts          map[string]int32
	Blob            []byte
	SecretAccessKey string
	Left            string `json:"-"`
	inherited
}

type credentials struct{ AccessKeyId, SecretAccessKey, SessionToken string }

type document string

func (d document) QueryText() string { return "%" + string(d) }

type inherited struct{ Inherited string }

func TestRecording_Answer_HasWhatIsKeptAndNoSecret(t *testing.T) {
	const secret = "canary"
	out := answer{ARN: "arn:1", AWSAccountId: "1", Deleted: wire.Time{Time: time.Unix(1722374175, 0)},
		Credentials: credentials{"ASIA", secret, secret}, Trust: "{}", Blob: []byte(secret),
		SecretAccessKey: secret, Left: secret, Counts: map[string]int32{"a": 1},
		inherited: inherited{"i"}}
	iam := shape.Form{Answer: true, Dates: "Jan 2, 2006 3:04:05 PM"}
	want := `{"arn":"arn:1","name":"","aWSAccountId":"1","enabled":false,` +
		`"deleted":"Jul 30, 2024 9:16:15 PM","credentials":{"accessKeyId":"ASIA",` +
		`"sessionToken":"HIDDEN_DUE_TO_SECURITY_REASONS"},"trust":"%{}","counts":{"a":1},"inherited":"i"}`
	if got := recorded(out, iam); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	iam.Only = []string{"Name", "Inherited"}
	if got := recorded(out, iam); got != `{"name":"","inherited":"i"}` {
		t.Errorf("of two members %s", got)
	}
}

// TestRecording_Form_LeavesHidesNamesAndFills: what a row of a table can say of a request.
func TestRecording_Form_LeavesHidesNamesAndFills(t *testing.T) {
	form := shape.Form{Left: []string{"Number"}, Hidden: []string{"Secret"},
		Named:   map[string]string{"Text": "words"},
		Default: map[string]string{"Word": `"w"`, "Long": `$Name|"l"`, "Flag": "false"}}
	text, secret, name := "t", "canary", "ab"
	n := int32(7)
	for _, c := range []struct {
		in   everything
		want string
	}{
		{everything{}, `{"long":"l","word":"w","flag":false}`},
		{everything{Text: &text, Secret: &secret, Number: &n}, `{"words":"t","long":"l","word":"w",` +
			`"secret":"HIDDEN_DUE_TO_SECURITY_REASONS","flag":false}`},
		{everything{Name: &name, Word: &text}, `{"name":"ab","long":"ab","word":"t","flag":false}`},
	} {
		if got := recorded(c.in, form); got != c.want {
			t.Errorf("\n got %s\nwant %s", got, c.want)
		}
	}
}

func TestRecording_MistakeInTheProgram_Panics(t *testing.T) {
	for name, form := range map[string]shape.Form{
		"keeps what isn't there": {Only: []string{"Nothing"}},
		"leaves out likewise":    {Left: []string{"Nothing"}},
		"hides likewise":         {Hidden: []string{"Nothing"}},
		"fills from what isn't":  {Default: map[string]string{"Word": "$Nothing|1"}},
	} {
		func() {
			defer func() {
				if p := fmt.Sprint(recover()); !strings.Contains(p, "Nothing") {
					t.Errorf("%s: %s", name, p)
				}
			}()
			table.Recording(reflect.TypeFor[everything](), form)
		}()
	}
}

// A record of a request costs no more than its room.
func TestRecording_EnoughRoom_AllocatesNothing(t *testing.T) {
	in := read(t, `{"Name":"ab","Number":7,"Flag":true,"Names":["aa"],"Context":{"kk":"v","ll":"w"},
		"Pairs":[{"Key":"kk"}]}`)
	r, v, room := table.Recording(reflect.TypeOf(in), shape.Form{}), reflect.ValueOf(&in).Elem(),
		make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { r.Append(room, v) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
