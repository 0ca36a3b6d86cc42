package parameters_test

import (
	"strings"
	"testing"

	"claviger/internal/fault"
)

func mismatch(pattern string) string {
	return "Parameter value, cannot be validated against allowedPattern: " + pattern
}

// TestAllowedPattern_Value_MatchesAsAWhole: the value is not quoted, whatever its type.
func TestAllowedPattern_Value_MatchesAsAWhole(t *testing.T) {
	s := start(t)
	for _, kind := range []string{"String", "StringList", "SecureString"} {
		name := "/" + kind
		in := M{"Name": name, "Value": "10000", "Type": kind, "AllowedPattern": `\d{1,4}`}
		s.Refused("PutParameter", in, "ParameterPatternMismatchException", mismatch(`\d{1,4}`))
		s.Refused("GetParameter", M{"Name": name}, "ParameterNotFound", "")
		in["Value"] = "1000"
		s.Do("PutParameter", in)
	}
	for pattern, value := range map[string]string{`^\d+$`: "7\n", "[a-z]*": "ABC", "a|b": "ab", `.*`: "a\nb"} {
		s.Refused("PutParameter", M{"Name": "/x", "Value": value, "Type": "String",
			"AllowedPattern": pattern}, "ParameterPatternMismatchException", mismatch(pattern))
	}
}

// TestAllowedPattern_OfAList_IsEachItems: people who looked found each of them checked, but nothing
// behind the last comma.
func TestAllowedPattern_OfAList_IsEachItems(t *testing.T) {
	s := start(t)
	in := func(value string) M {
		return M{"Name": "/a", "Value": value, "Type": "StringList", "AllowedPattern": "[a-z]{1}",
			"Overwrite": true}
	}
	for _, value := range []string{"a", "a,b,c", "a,b,", "a,,", ","} {
		s.Do("PutParameter", in(value))
		if got := s.get("/a"); got.Value != value {
			t.Errorf("%q is read as %q", value, got.Value)
		}
	}
	for _, value := range []string{"aaa,b", "a,B", "a,,b", ",a", "a, b"} {
		s.Refused("PutParameter", in(value), "ParameterPatternMismatchException", mismatch("[a-z]{1}"))
	}
}

func TestAllowedPattern_LeftOutOrEmpty_IsKeptOrGone(t *testing.T) {
	s := start(t)
	put := func(value string, more M) M {
		in := M{"Name": "/a", "Value": value, "Type": "String", "Overwrite": true}
		for k, v := range more {
			in[k] = v
		}
		return in
	}
	s.Do("PutParameter", put("1", M{"AllowedPattern": `\d`}))
	s.Refused("PutParameter", put("x", nil), "ParameterPatternMismatchException", mismatch(`\d`))
	s.Refused("PutParameter", put("1", M{"AllowedPattern": "x"}), "ParameterPatternMismatchException",
		mismatch("x"))
	s.Do("PutParameter", put("2", nil))
	s.Do("PutParameter", put("x", M{"AllowedPattern": ""}))
	s.Do("PutParameter", put("anything", nil))
	if got := s.described("/a"); got.Version != 4 || got.AllowedPattern != "" {
		t.Errorf("%+v", got)
	}
	if all := s.history("/a"); all[1].AllowedPattern != `\d` || all[2].AllowedPattern != "" {
		t.Errorf("%+v", all)
	}
}

// TestAllowedPattern_ThatIsNone_IsRefusedByName: what Java has and linear time forbids, too.
func TestAllowedPattern_ThatIsNone_IsRefusedByName(t *testing.T) {
	s := start(t)
	for pattern, word := range map[string]string{"[": "[", "(": "(", "a{2,1}": "count",
		`(?=a)b`: "look-ahead", `(a)\1`: "back-reference", `a++`: "possessive"} {
		_, err := s.Ask(t.Context(), "PutParameter",
			M{"Name": "/a", "Value": "a", "Type": "String", "AllowedPattern": pattern})
		f := fault.Of(err)
		if f == nil || f.Code != "InvalidAllowedPatternException" || !strings.Contains(f.Message, word) {
			t.Errorf("%s: %v, want a refusal that speaks of %s", pattern, err, word)
		}
	}
	s.Refused("PutParameter", M{"Name": "/a", "Value": "a", "Type": "String",
		"AllowedPattern": strings.Repeat("a", 1025)}, "ValidationException",
		"1 validation error detected: Value '"+strings.Repeat("a", 1024)+"...' at 'allowedPattern' failed to satisfy constraint: Member "+
			"must have length less than or equal to 1024")
}
