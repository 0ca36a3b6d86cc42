package webidentity

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// custom verifies a token with changed claims and returns what came of it.
func custom(t *testing.T, i *issuer, v *Verifier, changes map[string]any) (*Claims, error) {
	t.Helper()
	return verify(t, v, i.token(keys()["ES256"], changes), i.provider())
}

func TestClaims_SessionTags_AreReadInBothForms(t *testing.T) {
	i := newIssuer(t, nil)
	v := New(Config{Now: (&clock{}).now})
	nested := map[string]any{"principal_tags": map[string]any{"Team": []string{"till"}, "Shop": "7"},
		"transitive_tag_keys": []string{"Team"}}
	for what, c := range map[string]struct {
		changes    map[string]any
		tags       map[string]string
		transitive []string
	}{
		"none": {nil, nil, nil},
		"nested": {map[string]any{tagsClaim: nested}, map[string]string{"Team": "till", "Shop": "7"},
			[]string{"Team"}},
		"flat": {map[string]any{flatTags + "Team": "till", flatTags + "Shop/No": []string{"7"},
			flatTransitive: []string{"Team", "Shop/No"}},
			map[string]string{"Team": "till", "Shop/No": "7"}, []string{"Team", "Shop/No"}},
		"both": {map[string]any{tagsClaim: nested, flatTags + "Floor": "1", flatTransitive: "Floor"},
			map[string]string{"Team": "till", "Shop": "7", "Floor": "1"}, []string{"Team", "Floor"}},
		"empty": {map[string]any{tagsClaim: map[string]any{}}, nil, nil},
	} {
		got, err := custom(t, i, v, c.changes)
		if err != nil || !maps.Equal(got.SessionTags, c.tags) ||
			!slices.Equal(got.TransitiveTagKeys, c.transitive) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
		for name := range got.Values {
			if strings.Contains(name, "amazon") {
				t.Errorf("%s: %s is a condition key", what, name)
			}
		}
	}
	for what, changes := range map[string]map[string]any{
		"two values":     {flatTags + "a": []string{"b", "c"}},
		"no value":       {tagsClaim: map[string]any{"principal_tags": map[string]any{"a": []string{}}}},
		"a number":       {flatTags + "a": 7},
		"null":           {flatTags + "a": []any{nil}},
		"no object":      {tagsClaim: "a"},
		"no keys":        {tagsClaim: map[string]any{"transitive_tag_keys": []int{1}}},
		"in both forms":  {tagsClaim: nested, flatTags + "Team": "boss"},
		"in two cases":   {flatTags + "Team": "till", flatTags + "team": "boss"},
		"with a long s":  {flatTags + "class": "till", flatTags + "cla\u017fs": "boss"},
		"identity of 7":  {identityClaim: 7},
		"roles of 7":     {rolesClaim: []any{7}},
		"transitive 7":   {flatTransitive: 7},
		"methods of 7":   {"amr": []any{7}},
		"party of a map": {"azp": map[string]any{}},
	} {
		_, err := custom(t, i, v, changes)
		refused(t, what, err, invalidToken, errNotValidated.Message)
	}
}

func TestClaims_SourceIdentity_IsRead(t *testing.T) {
	i := newIssuer(t, nil)
	got, err := custom(t, i, New(Config{Now: (&clock{}).now}), map[string]any{identityClaim: "ada",
		rolesClaim: []string{}})
	if err != nil || got.SourceIdentity != "ada" || got.Roles == nil {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestClaims_Roles_BoundTheToken: an issuer may say what a token is for, whatever roles trust it.
func TestClaims_Roles_BoundTheToken(t *testing.T) {
	i := newIssuer(t, nil)
	v := New(Config{Now: (&clock{}).now})
	const role = "arn:aws:iam::111122223333:role/till"
	for what, c := range map[string]struct {
		claim any
		may   bool
	}{
		"no claim": {nil, true}, "the role": {role, true}, "one of two": {[]string{"x", role}, true},
		"another": {role + "s", false}, "none": {[]string{}, false}, "a pattern": {"*", false},
		"another case": {strings.ToUpper(role), false},
	} {
		got, err := custom(t, i, v, map[string]any{rolesClaim: c.claim})
		if err != nil {
			t.Fatal(what, err)
		}
		if err := got.MayTake(role); (err == nil) != c.may {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestClaims_CustomClaims_AreConditionKeys: those that a condition can compare, under names that
// can be nobody else's.
func TestClaims_CustomClaims_AreConditionKeys(t *testing.T) {
	i := newIssuer(t, nil)
	v := New(Config{Now: (&clock{}).now})
	changes := map[string]any{"repository": "site/till", "run": 12345678901234567, "share": 1.5e1,
		"protected": true, "groups": []string{"a", "b"}, "none": []string{}, "null": nil,
		"mixed": []any{"a", 1}, "nested": map[string]any{"a": "b"}, "SUB": "boss", "Aud": "x",
		"\u017fub": "boss", "oaud": "x", "8443:sub": "boss", "https://issuer.example.org/groups": "admins"}
	got, err := custom(t, i, v, changes)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"aud": {"sts.amazonaws.com"},
		"sub":        {"system:serviceaccount:shop:till"},
		"repository": {"site/till"}, "run": {"12345678901234567"}, "share": {"15"}, "protected": {"true"},
		"groups": {"a", "b"}, "iss": {i.server.URL}, "exp": {"1795870800"}, "iat": {"1795867200"},
		"nbf": {"1795867200"}}
	values := map[string][]string{}
	for name, list := range got.Values {
		values[strings.TrimPrefix(name, i.name()+":")] = list
	}
	if !reflect.DeepEqual(values, want) {
		t.Errorf("%q, want %q", values, want)
	}
}

// TestClaims_TooMuch_IsRefused and not left out: a policy may deny because of what is said there.
func TestClaims_TooMuch_IsRefused(t *testing.T) {
	i := newIssuer(t, nil)
	v := New(Config{Now: (&clock{}).now})
	many := map[string]any{}
	for k := range mostClaims {
		many[fmt.Sprint("claim", k)] = k
	}
	for what, changes := range map[string]map[string]any{
		"claims":       many,
		"a long name":  {strings.Repeat("a", longestName+1): "x"},
		"a long value": {"a": strings.Repeat("a", longestValue+1)},
		"a long list":  {"a": strings.Split(strings.Repeat("a ", mostInList), " ")},
		"a second one": {"Group": "till", "group": "boss"},
		"a long s":     {"class": "till", "cla\u017fs": "boss"},
	} {
		_, err := custom(t, i, v, changes)
		refused(t, what, err, invalidToken, errNotValidated.Message)
	}
	least := map[string]any{"a": strings.Split(strings.Repeat("a ", mostInList-1), " "),
		"b": strings.Repeat("a", longestValue), strings.Repeat("a", longestName): "x"}
	if _, err := custom(t, i, v, least); err != nil {
		t.Error(err)
	}
}

// TestClaims_Numbers_HaveOneSpelling: digits of an integer are never lost.
func TestClaims_Numbers_HaveOneSpelling(t *testing.T) {
	for text, want := range map[string]string{"1": "1", "-7": "-7", "1e3": "1000", "1.50": "1.5",
		"12345678901234567890123": "12345678901234567890123", "1e999": "1e999", "0.1": "0.1"} {
		if got := number([]byte(text)); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
