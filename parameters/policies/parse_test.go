package policies

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"claviger/internal/fault"

	"github.com/go-json-experiment/json"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// expiration is an Expiration policy, and so on.
func expiration(timestamp string) string {
	return `{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":"` + timestamp + `"}}`
}

func notification(before int, unit string) string {
	return fmt.Sprintf(`{"Type":"ExpirationNotification","Version":"1.0",`+
		`"Attributes":{"Before":"%d","Unit":%q}}`, before, unit)
}

func noChange(after int, unit string) string {
	return fmt.Sprintf(`{"Type":"NoChangeNotification","Version":"1.0",`+
		`"Attributes":{"After":"%d","Unit":%q}}`, after, unit)
}

func list(objects ...string) string { return "[" + strings.Join(objects, ",") + "]" }

// parse reads policies that are right.
func parse(t testing.TB, at time.Time, objects ...string) Set {
	t.Helper()
	s, err := Parse(list(objects...), at)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParse_ExampleOfAWS_IsTaken(t *testing.T) {
	s := parse(t, now, expiration("2026-05-13T00:00:00.000Z"), notification(5, "Days"),
		noChange(60, "Days"))
	answers, err := s.Answers(now, now)
	if err != nil {
		t.Fatal(err)
	}
	for i, kind := range []Type{Expiration, ExpirationNotification, NoChangeNotification} {
		if answers[i].PolicyType != string(kind) || answers[i].PolicyStatus != "Pending" {
			t.Errorf("policy %d is shown as %+v", i, answers[i])
		}
		if !s[i].Created.Equal(now) || !s[i].Acted.IsZero() {
			t.Errorf("policy %d rests as %+v", i, s[i])
		}
	}
}

func TestParse_Text_IsKeptAsItWasGiven(t *testing.T) {
	given := "{ \"Version\" : \"1.0\",\n\t\"Type\":\"NoChange\\u004eotification\" ,\"Attributes\":" +
		"{\"Unit\":\"hours\", \"After\": 3 } }"
	s := parse(t, now, " "+given+" ", noChange(1, "Days"))
	if s[0].Text != given {
		t.Errorf("the text is %q, not %q", s[0].Text, given)
	}
	if next, err := s.Next(now); err != nil || !next.Equal(now.Add(3*time.Hour)) {
		t.Errorf("it is due at %v, %v", next, err)
	}
}

func TestParse_NoPolicies_AreAnEmptyListAtRestAndInAnswers(t *testing.T) {
	for _, text := range []string{"[{}]", "[ { } ]\n", "[]", " [ ] "} {
		s, err := Parse(text, now)
		if err != nil || len(s) != 0 {
			t.Errorf("%s is %v, %v", text, s, err)
			continue
		}
		answers, err := s.Answers(now, now)
		if err != nil || answers == nil || len(answers) != 0 {
			t.Errorf("%s is shown as %#v, %v", text, answers, err)
		}
		stored, err := json.Marshal(s)
		if err != nil || string(stored) != "[]" {
			t.Errorf("%s rests as %s, %v", text, stored, err)
		}
	}
}

func TestParse_StoredForm_IsStable(t *testing.T) {
	s := parse(t, now, noChange(1, "Hours"))
	s[0].Status, s[0].Acted = Finished, now.Add(time.Hour)
	stored, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"type":"NoChangeNotification","text":"{\"Type\":\"NoChangeNotification\",` +
		`\"Version\":\"1.0\",\"Attributes\":{\"After\":\"1\",\"Unit\":\"Hours\"}}",` +
		`"status":"Finished","created":"2026-03-01T12:00:00Z","acted":"2026-03-01T13:00:00Z"}]`
	if string(stored) != want {
		t.Errorf("it rests as %s", stored)
	}
}

// attributed is a policy of a type with attributes.
func attributed(kind, attributes string) string {
	return `{"Type":"` + kind + `","Version":"1.0","Attributes":` + attributes + `}`
}

// refusals are texts and what they are answered: the error's name, and its message if it isn't
// what [badInput] says.
var refusals = []struct{ text, code, message string }{
	{"", "ValidationException", ""},
	{" ", "ValidationException", ""},
	{"null", "ValidationException", ""},
	{"{}", "ValidationException", ""},
	{`"[]"`, "ValidationException", ""},
	{"[", "ValidationException", ""},
	{"[{}", "ValidationException", ""},
	{"[{}],", "ValidationException", ""},
	{"[] []", "ValidationException", ""},
	{"[{},]", "ValidationException", ""},
	{"[null]", "ValidationException", ""},
	{"[1]", "ValidationException", ""},
	{`["Expiration"]`, "ValidationException", ""},
	{"[[]]", "ValidationException", ""},
	{"[{'Type':'Expiration'}]", "ValidationException", ""},
	{"[\"\xff\"]", "ValidationException", ""},
	{`[{"Type":1}]`, "ValidationException", ""},
	{`[{"Type":"Expiration","Version":1.0}]`, "ValidationException", ""},
	{`[{"Type":"Expiration","Type":"Expiration"}]`, "ValidationException", ""},
	{list(attributed("Expiration", `"x"`)), "ValidationException", ""},
	{list(attributed("Expiration", "[]")), "ValidationException", ""},
	{list(attributed("NoChangeNotification", `{"After":"1","After":"1","Unit":"Days"}`)),
		"ValidationException", ""},
	{expiration("2027-01-01T00:00:00Z"), "ValidationException", ""},

	{"[{},{}]", "InvalidPolicyAttributeException", "Mandatory policy attribute Type is missing."},
	{`[{"Type":null}]`, "InvalidPolicyAttributeException",
		"Mandatory policy attribute Type is missing."},
	{`[{"type":"Expiration"}]`, "InvalidPolicyAttributeException",
		"Policy attribute type is not supported."},
	{`[{"Type":"Expiration","Version":"1.0","Attributes":{},"Zeal":1,"Note":2}]`,
		"InvalidPolicyAttributeException", "Policy attribute Note is not supported."},
	{`[{"Type":"Expires"}]`, "InvalidPolicyTypeException", "Policy type Expires is not supported."},
	{`[{"Type":"expiration"}]`, "InvalidPolicyTypeException",
		"Policy type expiration is not supported."},
	{`[{"Type":"Expiration"}]`, "InvalidPolicyAttributeException", "Unsupported policy version."},
	{`[{"Type":"Expiration","Version":"1"}]`, "InvalidPolicyAttributeException",
		"Unsupported policy version."},
	{`[{"Type":"Expiration","Version":"1.0"}]`, "InvalidPolicyAttributeException",
		"Mandatory policy attribute Attributes is missing."},
	{list(attributed("Expiration", "null")), "InvalidPolicyAttributeException",
		"Mandatory policy attribute Attributes is missing."},

	{list(attributed("Expiration", "{}")), "InvalidPolicyAttributeException",
		"A valid Expiration policy must have an attribute of Timestamp."},
	{list(attributed("Expiration", `{"Timestamp":null}`)), "InvalidPolicyAttributeException",
		"A valid Expiration policy must have an attribute of Timestamp."},
	{list(attributed("Expiration", `{"Timestamp":1798761600}`)), "InvalidPolicyAttributeException",
		"Invalid timestamp format"},
	{list(attributed("Expiration", `{"Timestamp":"2027-01-01T00:00:00Z","Unit":"Days"}`)),
		"InvalidPolicyAttributeException", "Policy attribute Unit is not supported."},
	{list(attributed("ExpirationNotification", `{"Unit":"Days"}`)),
		"InvalidPolicyAttributeException", "Mandatory policy attribute Before is missing."},
	{list(attributed("NoChangeNotification", `{"Unit":"Days"}`)),
		"InvalidPolicyAttributeException", "Mandatory policy attribute After is missing."},
	{list(attributed("NoChangeNotification", `{"After":"1"}`)),
		"InvalidPolicyAttributeException", "Mandatory policy attribute Unit is missing."},
	{list(attributed("NoChangeNotification", `{"Before":"1","Unit":"Days"}`)),
		"InvalidPolicyAttributeException", "Policy attribute Before is not supported."},
	{list(noChange(1, "Weeks")), "InvalidPolicyAttributeException",
		"Supported time units: DAYS HOURS"},
	{list(noChange(1, "Day")), "InvalidPolicyAttributeException",
		"Supported time units: DAYS HOURS"},
	{list(attributed("NoChangeNotification", `{"After":"1","Unit":1}`)),
		"InvalidPolicyAttributeException", "Supported time units: DAYS HOURS"},

	{list(expiration("2027-01-01T00:00:00Z"), expiration("2027-01-01T00:00:00Z")),
		"IncompatiblePolicyException", "There can be only one expiration policy"},
	{list(notification(1, "Days")), "IncompatiblePolicyException",
		"Expiration notification policies are missing expiration policy"},
	{list(expiration("2026-03-01T12:00:00Z")), "InvalidPolicyAttributeException", errPast.Message},
	{list(expiration("2026-03-01T13:59:59+02:00")), "InvalidPolicyAttributeException",
		errPast.Message},
	{list(notification(24, "Hours"), expiration("2026-03-02T12:00:00Z")),
		"IncompatiblePolicyException", errNoRoom.Message},
	{list(expiration("2026-03-02T12:00:00Z"), notification(999999, "Days")),
		"IncompatiblePolicyException", errNoRoom.Message},
}

func TestParse_BadText_IsRefusedInAWSsWords(t *testing.T) {
	for _, r := range refusals {
		want := r.message
		if want == "" {
			want = "Invalid policies input: " + r.text + "."
		}
		s, err := Parse(r.text, now)
		var f *fault.Error
		switch {
		case !errors.As(err, &f):
			t.Errorf("%s is taken as %v, %v", r.text, s, err)
		case f.Code != r.code || f.Message != want || f.Kind != fault.Invalid:
			t.Errorf("%s is refused with %s (%v): %s", r.text, f.Code, f.Kind, f.Message)
		}
	}
}

func TestParse_MoreThanTen_AreTooMany(t *testing.T) {
	ten := strings.Split(strings.Repeat(noChange(1, "Days")+"|", Most-1)+noChange(2, "Days"), "|")
	if s := parse(t, now, ten...); len(s) != Most {
		t.Errorf("%d policies are taken of %d", len(s), Most)
	}
	_, err := Parse(list(append(ten, "{}")...), now)
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != "PoliciesLimitExceededException" ||
		f.Kind != fault.Limit ||
		f.Message != "Number of policies attached to a parameter cannot exceed 10" {
		t.Errorf("eleven are answered %v", err)
	}
}

func TestParse_Number_IsAPositiveInteger(t *testing.T) {
	taken := map[string]bool{
		`"1"`: true, `"15"`: true, `15`: true, `"999999"`: true, `999999`: true,
		`"0"`: false, `0`: false, `"-1"`: false, `-1`: false, `"+1"`: false, `"01"`: false,
		`"1.0"`: false, `1.0`: false, `1e1`: false, `" 1"`: false, `"1 "`: false, `""`: false,
		`"one"`: false, `"١"`: false, `true`: false, `["1"]`: false, `{}`: false,
		`"1000000"`: false, `99999999999999999999`: false,
	}
	for text, want := range taken {
		_, err := Parse(list(attributed("NoChangeNotification", `{"After":`+text+`,"Unit":"Days"}`)), now)
		if (err == nil) != want {
			t.Errorf("After %s is answered %v", text, err)
		}
		var f *fault.Error
		if errors.As(err, &f) && (f.Code != "InvalidPolicyAttributeException" ||
			f.Message != "Attribute After must be a positive integer.") {
			t.Errorf("After %s is refused with %v", text, err)
		}
	}
}

func TestParse_Notification_FitsJustBeforeItsExpiration(t *testing.T) {
	for _, unit := range []string{"Hours", "HOURS", "hours"} {
		parse(t, now, expiration("2026-03-01T13:00:00.000001Z"), notification(1, unit))
	}
}

// FuzzParse: whatever is taken can be read again, and is due at some time unless nothing was asked.
func FuzzParse(f *testing.F) {
	for _, r := range refusals {
		f.Add(r.text)
	}
	f.Add(list(expiration("2026-05-13T00:00:00.000Z"), notification(5, "Days"), noChange(60, "Days")))
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text, now)
		if err != nil {
			var f *fault.Error
			if !errors.As(err, &f) {
				t.Fatalf("%q is refused with %v", text, err)
			}
			return
		}
		next, err := s.Next(now)
		if err != nil || next.IsZero() != (len(s) == 0) || !next.IsZero() && !next.After(now) {
			t.Fatalf("%q is due at %v, %v", text, next, err)
		}
	})
}
