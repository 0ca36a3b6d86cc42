package awsquery

import (
	"reflect"
	"testing"
)

// TestInput_EntryOfAMapWithoutValue_IsThere: what is required of it is missed, as nothing that was
// sent is left out.
func TestInput_EntryOfAMapWithoutValue_IsThere(t *testing.T) {
	in := inputOf(reflect.TypeFor[struct {
		Texts map[string]string
		Twins map[string]twin `query:"Name"`
	}]())
	for body, want := range map[string]string{
		"Texts.entry.1.key=a":                          `{"Texts":{"a":null}}`,
		"Texts.entry.1.key=a&Texts.entry.1.value=":     `{"Texts":{"a":""}}`,
		"Twins.entry.1.Name=a":                         `{"Twins":{"a":{}}}`,
		"Twins.entry.1.Name=a&Twins.entry.1.Value=":    `{"Twins":{"a":{}}}`,
		"Twins.entry.1.Name=a&Twins.entry.1.Value.k=b": `{"Twins":{"a":{}}}`,
	} {
		all, err := parse(body)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := in.document(all); err != nil || string(got) != want {
			t.Errorf("%s is read as %s, %v; want %s", body, got, err, want)
		}
	}
}
