package secrets

import "testing"

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
		{"name", []string{"x", "prod"}, true},
		{"name", []string{"!prod"}, false},
		{"name", []string{"!test"}, true},
		{"name", []string{"prod", "!prod/My"}, false},
		{"name", []string{"!x", "!prod"}, false},
		{"name", []string{""}, true},
		{"description", []string{"the main"}, true},
		{"description", []string{"main"}, false},
		{"tag-key", []string{"Tea"}, true},
		{"tag-key", []string{"team"}, false},
		{"tag-key", []string{"!env"}, false},
		{"tag-value", []string{"blue"}, true},
		{"tag-value", []string{"one"}, false},
		{"all", []string{"ONE data"}, true},
		{"all", []string{"my"}, true},
		{"all", []string{"base"}, false},
		{"all", []string{"zzz"}, false},
		{"all", []string{"--"}, true},
		{"all", []string{"blu on"}, true},
		{"all", []string{"mydb the nobody", "MAIN"}, true},
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
