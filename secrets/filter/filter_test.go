package filter

import "testing"

type tag struct{ key, value string }

func (t tag) Pair() (key, value string) { return t.key, t.value }

func TestSearch_Filters_MatchAsAWSDoes(t *testing.T) {
	s := Secret[tag]{Name: "prod/MyDb", Description: "The Main database",
		Tags: []tag{{"Team", "blue-one"}, {"env", "Prod"}}}
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
		if got := New[tag](filters).Matches(s); got != test.want {
			t.Errorf("%s %q: %v", test.key, test.values, got)
		}
	}
	name, tagKey := "name", "tag-key"
	both := []Filter{{Key: &name, Values: []string{"prod"}},
		{Key: &tagKey, Values: []string{"nobody"}}}
	if New[tag](both).Matches(s) || !New[tag](nil).Matches(s) {
		t.Error("all filters must hold")
	}
}
