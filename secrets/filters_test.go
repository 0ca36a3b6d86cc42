package secrets

import (
	"slices"
	"testing"
)

// The words of names and descriptions that moto's tests looked for in AWS itself.
func TestSplitWords_RecordedNames_AreSplitAsByAWS(t *testing.T) {
	for text, want := range map[string][]string{
		"test":               {"test"},
		"my test":            {"my", "test"},
		"Mytest":             {"mytest"},
		"MyTest":             {"my", "test"},
		"MyTestPhrase":       {"my", "phrase", "test"},
		"myTest":             {"my", "test"},
		"my/test":            {"my", "test"},
		"prod-AppBeta-x1":    {"app", "beta", "prod", "x1"},
		"prod_AppBeta":       {"app", "beta", "prod"},
		"prod+AppBeta":       {"app", "beta", "prod"},
		"prod=AppBeta":       {"app", "beta", "prod"},
		"prod.AppBeta":       {"app", "beta", "prod"},
		"prod@AppBeta":       {"app", "beta", "prod"},
		"uat/COMPANY/x":      {"company", "uat", "x"},
		"uat/COMPANYthings":  {"compan", "uat", "ythings"},
		"SecretFTag":         {"f", "secret", "tag"},
		"Db2Name":            {"db2", "name"},
		"one ONE One":        {"one"},
		"ÄrgerÜber, (straße": {"straße", "ärger", "über"},
		"+":                  nil,
		" ":                  nil,
		"":                   nil,
	} {
		if got := splitWords(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestSearch_Filters_MatchAsAWSDoes(t *testing.T) {
	s := &Secret{Name: "prod/MyDb", Description: "The Main database",
		Tags: []Tag{{Key: "Team", Value: "blue-one"}, {Key: "env", Value: "Prod"}}}
	for _, test := range []struct {
		key    string
		values []string
		want   bool
	}{
		{"name", []string{"prod/"}, true},
		{"name", []string{"Prod/"}, false},
		{"name", []string{"MyDb"}, false},
		{"name", []string{"prod MyDb"}, false},
		{"name", []string{"x", "prod"}, true},
		{"name", []string{"!prod"}, false},
		{"name", []string{"!test"}, true},
		{"name", []string{"prod", "!prod/My"}, false},
		{"name", []string{"!x", "!prod"}, false},
		{"name", []string{""}, true},
		{"description", []string{"the main"}, true},
		{"description", []string{"main"}, true},
		{"description", []string{"DATA"}, true},
		{"description", []string{"main the"}, true},
		{"description", []string{"m t"}, true},
		{"description", []string{"base"}, false},
		{"description", []string{"main prod"}, false},
		{"description", []string{"+"}, false},
		{"description", []string{" "}, false},
		{"description", []string{""}, false},
		{"description", []string{"!main"}, false},
		{"description", []string{"!c"}, true},
		{"tag-key", []string{"Tea"}, true},
		{"tag-key", []string{"team"}, false},
		{"tag-key", []string{"!env"}, false},
		{"tag-value", []string{"blue"}, true},
		{"tag-value", []string{"one"}, false},
		{"all", []string{"ONE blu"}, true},
		{"all", []string{"ONE data"}, false},
		{"all", []string{"my"}, true},
		{"all", []string{"db"}, true},
		{"all", []string{"MyDb"}, true},
		{"all", []string{"mydb"}, false},
		{"all", []string{"base"}, false},
		{"all", []string{"zzz"}, false},
		{"all", []string{"--"}, false},
		{"all", []string{"blu on"}, true},
		{"all", []string{"my the nobody", "MAIN"}, true},
		{"all", []string{"Main"}, true},
		{"all", []string{"!database"}, false},
		{"primary-region", []string{"us"}, false},
		{"primary-region", []string{"!us"}, true},
		{"owning-service", []string{"rds"}, false},
	} {
		filters := []Filter{{Key: &test.key, Values: test.values}}
		if got := newSearch(filters).matches(s); got != test.want {
			t.Errorf("%s %q: %v", test.key, test.values, got)
		}
	}
	both := []Filter{{Key: ptr("name"), Values: []string{"prod"}},
		{Key: ptr("tag-key"), Values: []string{"nobody"}}}
	if newSearch(both).matches(s) || !newSearch(nil).matches(s) {
		t.Error("all filters must hold")
	}
}
