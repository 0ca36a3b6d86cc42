package shape_test

import (
	"reflect"
	"testing"

	"claviger/internal/fault"
	"claviger/internal/shape"
	"claviger/internal/wire"
)

// terse are the words of a service that quotes nothing, as IAM.
var terse = shape.Words{Terse: true, MissingParameter: true, Parameters: []string{"getInput"}}

var terseTable = shape.Table{
	"Name":  {Min: 1, Max: 5, Pattern: `[a-z]+`, Refusal: "The specified value for %s is bad."},
	"Plain": {Min: 2, Max: 5, Pattern: `[a-z]+`}, "Color": {Enum: []string{"RED"}},
	"Keys": {Max: 3, Member: "Plain"}, "Colors": {Member: "Color"}, "Tags": {},
	"Count": {Min: 1, Max: 9},
}

type terseTag struct {
	Key string `shape:"Plain,required"`
}

type getInput struct {
	Name string `shape:"Name,required"`
}

type terseInput struct {
	Name   string     `shape:"Name,required"`
	Other  *string    `shape:"Plain"`
	Color  *string    `shape:"Color"`
	Keys   []string   `shape:"Keys"`
	Colors []string   `shape:"Colors"`
	Tags   []terseTag `shape:"Tags"`
	Count  *int32     `shape:"Count"`
}

// says returns the code and the text that a document of an input is refused with.
func says[I any](t *testing.T, document string) string {
	t.Helper()
	in := *new(I)
	if err := wire.Decode([]byte(document), &in); err != nil {
		t.Fatal(err)
	}
	plan := terseTable.Compile(reflect.TypeFor[I](), terse)
	err := plan.Validate(in, wire.Presence([]byte(document)))
	if err == nil {
		return ""
	}
	return fault.Of(err).Code + ": " + fault.Of(err).Message
}

func TestValidate_WordsOfAService_AreItsOwn(t *testing.T) {
	const one = "ValidationException: 1 validation error detected: Value at "
	for document, want := range map[string]string{
		`{"Name":"a"}`:                          "",
		`{}`:                                    one + "'name' failed to satisfy constraint: Member must not be null",
		`{"Name":""}`:                           "ValidationException: The specified value for name is bad.",
		`{"Name":"a/b"}`:                        "ValidationException: The specified value for name is bad.",
		`{"Name":"a/b","Other":"a"}`:            "ValidationException: The specified value for name is bad.",
		`{"Name":"abcdef"}`:                     one + "'name' failed to satisfy constraint: Member must have length less than or equal to 5",
		`{"Name":"a","Other":"a"}`:              one + "'other' failed to satisfy constraint: Member must have length greater than or equal to 2",
		`{"Name":"a","Other":"AA"}`:             one + "'other' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+",
		`{"Name":"a","Color":"BLUE"}`:           one + "'color' failed to satisfy constraint: Member must satisfy enum value set",
		`{"Name":"a","Count":10}`:               one + "'count' failed to satisfy constraint: Member must have value less than or equal to 9",
		`{"Name":"a","Keys":["aa","b"]}`:        one + "'keys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 5, Member must have length greater than or equal to 2, Member must satisfy regular expression pattern: [a-z]+, Member must not be null]",
		`{"Name":"a","Colors":["BLUE"]}`:        one + "'colors' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set]",
		`{"Name":"a","Tags":[{"Key":"a"}]}`:     one + "'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 2",
		`{"Name":"a","Tags":[{"Key":"aa"},{}]}`: "MissingParameter: The request must contain the parameter Tags.member.2.Key.",
		`{"Name":"a","Other":"a","Color":"b"}`:  "ValidationException: 2 validation errors detected: Value at 'other' failed to satisfy constraint: Member must have length greater than or equal to 2; Value at 'color' failed to satisfy constraint: Member must satisfy enum value set",
	} {
		if got := says[terseInput](t, document); got != want {
			t.Errorf("%s\n got %s\nwant %s", document, got, want)
		}
	}
	if got := says[getInput](t, `{}`); got !=
		"MissingParameter: The request must contain the parameter Name." {
		t.Errorf("an input whose members are parameters says %s", got)
	}
}
