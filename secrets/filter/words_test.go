package filter

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
