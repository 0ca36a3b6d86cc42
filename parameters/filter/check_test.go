package filter

import (
	"testing"

	"claviger/internal/fault"
)

// with makes a filter; the option may be left out as "".
func with(key, option string, values ...string) ParameterStringFilter {
	f := ParameterStringFilter{Key: key, Values: values}
	if option != "" {
		f.Option = &option
	}
	return f
}

// refused fails the test unless err is what a caller is told by code and text, or nil without.
func refused(t *testing.T, about any, err error, code, text string) {
	t.Helper()
	got := fault.Of(err)
	if got == nil {
		got = new(fault.Error)
	}
	if got.Code != code || got.Message != text || code != "" && got.Kind != fault.Invalid {
		t.Errorf("%v: %v %s: %s\nwant %s: %s", about, got.Kind, got.Code, got.Message, code, text)
	}
}

const (
	badPath = `The parameter doesn't meet the parameter name requirements. The parameter name must ` +
		`begin with a forward slash "/". It can't be prefixed with \"aws\" or \"ssm\" ` +
		`(case-insensitive). It must use only letters, numbers, or the following symbols: ` +
		`. (period), - (hyphen), _ (underscore). Special characters are not allowed. All ` +
		`sub-paths, if specified, must use the forward slash symbol "/". ` +
		`Valid example: /get/parameters2-/by1./path0_.`
	reserved = `Filters for common parameters can't be prefixed with "aws" or "ssm" ` +
		`(case-insensitive). When using global parameters, please specify within a global namespace.`
	missingName = "The following filter values are missing : null for filter key Name."
)

type refusal struct {
	filters    []ParameterStringFilter
	code, text string
}

func list(filters ...ParameterStringFilter) []ParameterStringFilter { return filters }

func TestCheckDescribed_Filters_AreRefusedAsByAWS(t *testing.T) {
	const key, option, value = "InvalidFilterKey", "InvalidFilterOption", "InvalidFilterValue"
	for _, test := range []refusal{
		{list(with("Label", "")), key, "The following filter key is not valid: Label. " +
			"Valid filter keys include: [Path, Name, Type, KeyId, Tier]."},
		{list(with("name", "", "x")), key, "The following filter key is not valid: name. " +
			"Valid filter keys include: [Path, Name, Type, KeyId, Tier]."},

		{list(with("Name", "")), value, missingName},
		{list(with("Name", "BeginsWith")), value, missingName},
		{list(with("KeyId", "")), value,
			"The following filter values are missing : null for filter key KeyId."},
		{list(with("DataType", "")), value,
			"The following filter values are missing : null for filter key DataType."},
		{list(with("Path", "Recursive")), value,
			"The following filter values are missing : null for filter key Path."},

		{list(with("Name", "", "test"), with("Name", "", "test test")), key,
			"The following filter is duplicated in the request: Name. " +
				"A request can contain only one occurrence of a specific filter."},
		{list(with("tag:a", ""), with("Type", "", "String"), with("tag:a", "", "b")), key,
			"The following filter is duplicated in the request: tag:a. " +
				"A request can contain only one occurrence of a specific filter."},

		{list(with("Path", "Equals", "test")), option, "The following filter option is not valid: " +
			"Equals. Valid options include: [Recursive, OneLevel]."},
		{list(with("Name", "option", "test")), option, "The following filter option is not valid: " +
			"option. Valid options include: [BeginsWith, Equals]."},
		{list(with("Type", "Contains", "String")), option, "The following filter option is not " +
			"valid: Contains. Valid options include: [BeginsWith, Equals]."},
		{list(with("tag:a", "Contains", "b")), option, "The following filter option is not " +
			"valid: Contains. Valid options include: [BeginsWith, Equals]."},
		{list(with("Name", "Recursive", "/a")), option, "The following filter option is not " +
			"valid: Recursive. Valid options include: [BeginsWith, Equals]."},
		{list(with("Name", "equals", "/a")), option, "The following filter option is not " +
			"valid: equals. Valid options include: [BeginsWith, Equals]."},

		{list(with("Tier", "", "Standard", "test")), option, "The following filter value is not " +
			"valid: test. Valid values include: [Standard, Advanced, Intelligent-Tiering]."},
		{list(with("Type", "", "test")), option, "The following filter value is not valid: test. " +
			"Valid values include: [String, StringList, SecureString]."},
		{list(with("Type", "BeginsWith", "Secure")), option, "The following filter value is not " +
			"valid: Secure. Valid values include: [String, StringList, SecureString]."},

		{list(with("Path", "", "/aws", "/ssm")), "ValidationException", reserved},
		{list(with("Path", "", "/a", "/SSM-things/x")), "ValidationException", reserved},
		{list(with("Path", "", "/Aws/service")), "ValidationException", reserved},

		// What is wrong first is said.
		{list(with("Name", "", "x"), with("Path", "", "x"), with("Label", "")),
			"ValidationException", badPath},
	} {
		refused(t, test.filters, CheckDescribed(nil, test.filters), test.code, test.text)
	}
}

func TestCheckDescribed_ValidFilters_AreTaken(t *testing.T) {
	for _, filters := range [][]ParameterStringFilter{
		nil,
		list(with("Name", "", "a b")),
		list(with("Name", "Contains", "/")),
		list(with("Type", "BeginsWith", "String"), with("Tier", "Equals", "Intelligent-Tiering")),
		list(with("KeyId", "BeginsWith", "alias/"), with("DataType", "", "aws:no:such")),
		list(with("tag:a", ""), with("tag:b", "BeginsWith"), with("tag:A", "Equals", "b")),
		list(with("Path", "OneLevel", "/"), with("Name", "", "/aws/service")),
		list(with("Path", "Recursive", "/a", "/a/b/", "/x/aws", "/.-_/0")),
	} {
		refused(t, filters, CheckDescribed(nil, filters), "", "")
	}
}

func TestCheckDescribed_OldFilters_StandAlone(t *testing.T) {
	old := []ParametersFilter{{Key: "Name", Values: []string{"a"}},
		{Key: "Type", Values: []string{"no such"}}}
	refused(t, old, CheckDescribed(old, nil), "", "")
	refused(t, old, CheckDescribed(old, list(with("Name", "", "a"))), "ValidationException",
		"You can use either Filters or ParameterFilters in a single request.")
	refused(t, old, CheckDescribed(append(old, old[1]), nil), "InvalidFilterKey",
		"The following filter is duplicated in the request: Type. "+
			"A request can contain only one occurrence of a specific filter.")
}

func TestCheckByPath_Filters_AreRefusedAsByAWS(t *testing.T) {
	const key = "InvalidFilterKey"
	for _, test := range []refusal{
		{filters: nil},
		{filters: list(with("Type", "", "String"), with("KeyId", "BeginsWith", "alias"),
			with("Label", "Equals", "prod", "dev"))},
		{list(with("Name", "", "error")), key, "The following filter key is not valid: Name. " +
			"Valid filter keys include: [Type, KeyId]."},
		{list(with("Path", "", "/error")), key, "The following filter key is not valid: Path. " +
			"Valid filter keys include: [Type, KeyId]."},
		{list(with("Tier", "", "Standard")), key, "The following filter key is not valid: Tier. " +
			"Valid filter keys include: [Type, KeyId]."},
		{list(with("DataType", "", "text")), key, "The following filter key is not valid: " +
			"DataType. Valid filter keys include: [Type, KeyId]."},
		{list(with("tag:a", "")), key, "The following filter key is not valid: tag:a. " +
			"Valid filter keys include: [Type, KeyId]."},
		{list(with("Label", "")), "InvalidFilterValue",
			"The following filter values are missing : null for filter key Label."},
		{list(with("Label", "", "a"), with("Label", "", "b")), key,
			"The following filter is duplicated in the request: Label. " +
				"A request can contain only one occurrence of a specific filter."},
		{list(with("Label", "BeginsWith", "a")), "InvalidFilterOption",
			"The following filter option is not valid: BeginsWith. Valid options include: [Equals]."},
		{list(with("Type", "Contains", "String")), "InvalidFilterOption",
			"The following filter option is not valid: Contains. " +
				"Valid options include: [BeginsWith, Equals]."},
		{list(with("Type", "", "string")), "InvalidFilterOption",
			"The following filter value is not valid: string. " +
				"Valid values include: [String, StringList, SecureString]."},
	} {
		refused(t, test.filters, CheckByPath("/a", test.filters), test.code, test.text)
	}
}

func TestCheckPath_Forms_AreThoseOfHierarchies(t *testing.T) {
	for _, path := range []string{"/", "/a", "/a/", "/a/b.c-d_e/0", "/A/Z/z9", "/aws/service/",
		" /a "} {
		refused(t, path, CheckByPath(path, nil), "", "")
	}
	for _, path := range []string{"", "a", "a/b", "//", "//a", "/a//", "/a//b", "/###", "/a b",
		"/a /b", "/ä", "/a:1", "/a*", "/a/\x00", "arn:aws:ssm:eu-1:1:parameter/a"} {
		refused(t, path, CheckByPath(path, nil), "ValidationException", badPath)
		filters := list(with("Path", "Recursive", path))
		refused(t, path, CheckDescribed(nil, filters), "ValidationException", badPath)
	}
}
