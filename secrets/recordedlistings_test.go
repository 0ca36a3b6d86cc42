package secrets_test

import (
	"slices"
	"strings"
	"testing"

	"claviger/secrets"
)

// filtered is a listing that somebody asked AWS for, and whom it found.
type filtered struct {
	filters []M
	want    []string
}

func filter(key string, values ...string) M { return M{"Key": key, "Values": values} }

// finds holds listings of all secrets, by ListSecrets and by BatchGetSecretValue, to what was
// found.
func (s *service) finds(listings []filtered) {
	s.T.Helper()
	for _, l := range listings {
		got, _ := s.names(M{"Filters": l.filters, "SortBy": "name"})
		slices.Sort(l.want)
		if !slices.Equal(got, l.want) {
			s.T.Errorf("ListSecrets %v: %q, want %q", l.filters, got, l.want)
		}
		out := must[secrets.BatchGetSecretValueOutput](s, "BatchGetSecretValue",
			M{"Filters": l.filters})
		var values []string
		for _, v := range out.SecretValues {
			values = append(values, v.Name)
		}
		slices.Sort(values)
		if !slices.Equal(values, l.want) || len(out.Errors) != 0 {
			s.T.Errorf("BatchGetSecretValue %v: %q %v", l.filters, values, out.Errors)
		}
	}
}

func (s *service) createDescribed(name, description string, tags ...M) {
	s.T.Helper()
	in := M{"Name": name, "SecretString": "s", "ClientRequestToken": token(),
		"Description": description}
	if tags != nil {
		in["Tags"] = tags
	}
	s.Do("CreateSecret", in)
}

// Recorded by LocalStack (test_list_secrets_filtering).
func TestRecordedListings_NameAndDescription_FindTheSame(t *testing.T) {
	s := start(t)
	const one, two, three, four = "testing1/one-1", "/testing2/two-1", "testing3/three-1",
		"/testing4/four-1"
	s.createDescribed(one, "a secret")
	s.createDescribed(two, "an secret")
	s.createDescribed(three, "asecret")
	s.createDescribed(four, "thesecret")
	s.finds([]filtered{
		{[]M{filter("name", "/")}, []string{two, four}},
		{[]M{filter("name", "!/")}, []string{one, three}},
		{[]M{filter("name", "testing1 one")}, nil},
		{[]M{filter("description", "a")}, []string{one, two, three}},
		{[]M{filter("description", "!a")}, []string{four}},
		{[]M{filter("description", "a secret")}, []string{one, two}},
		{[]M{filter("description", "a"), filter("name", "secret")}, nil},
		{[]M{filter("description", "a"), filter("name", "an")}, nil},
		{[]M{filter("description", "!c")}, []string{one, two, three, four}},
	})
}

// Verified against AWS by moto (test_with_all_filter and those that follow it).
func TestRecordedListings_Words_FindTheSame(t *testing.T) {
	s := start(t)
	s.createDescribed("SecretOne1a", "")
	s.createDescribed("SecretTwo1a", "DescTwo")
	s.createDescribed("Thirdsecret1a", "")
	s.createDescribed("SecretFTag1a", "", M{"Key": "1", "Value": "foo"})
	s.createDescribed("SecretFValue1a", "", M{"Key": "foo", "Value": "v"})
	s.createDescribed("none1a", "")
	begins := []string{"SecretOne1a", "SecretTwo1a", "SecretFTag1a", "SecretFValue1a"}
	s.finds([]filtered{
		{[]M{filter("all", "SecretOne")}, []string{"SecretOne1a"}},
		{[]M{filter("all", "foo")}, []string{"SecretFTag1a", "SecretFValue1a"}},
		{[]M{filter("all", "Secret")}, slices.Clone(begins)},
		{[]M{filter("all", "secret")}, slices.Clone(begins)},
		{[]M{filter("all", "ret")}, nil},
		{[]M{filter("all", "sec")}, slices.Clone(begins)},
		{[]M{filter("all", "SomeSecret")}, nil},
		{[]M{filter("all", "d")}, []string{"SecretTwo1a"}},
		{[]M{filter("all", "d t")}, []string{"SecretTwo1a"}},
		{[]M{filter("all", "t")}, []string{"SecretTwo1a", "Thirdsecret1a", "SecretFTag1a"}},
	})
}

func TestRecordedListings_SpecialCharacters_FindTheSame(t *testing.T) {
	s := start(t)
	var apart []string
	for _, between := range []string{"/", "_", "+", "=", ".", "@", "-"} {
		apart = append(apart, strings.Join([]string{"prod", "AppBeta", "f0e1"}, between))
	}
	const upper, partly = "uat/COMPANY/f0e1", "uat/COMPANYthings/f0e1"
	for _, name := range append([]string{upper, partly}, apart...) {
		s.create(name, "s")
	}
	s.finds([]filtered{
		{[]M{filter("all", "AppBeta")}, slices.Clone(apart)},
		{[]M{filter("all", "Beta")}, slices.Clone(apart)},
		{[]M{filter("all", "AppBeta", "prod")}, slices.Clone(apart)},
		{[]M{filter("all", "+")}, nil},
		{[]M{filter("all", "f0e1")}, append([]string{upper, partly}, apart...)},
		{[]M{filter("all", "company")}, []string{upper}},
		{[]M{filter("all", "things")}, nil},
		{[]M{filter("all", "Ythings")}, []string{partly}},
		{[]M{filter("all", "N")}, nil},
		{[]M{filter("all", "pany")}, nil},
	})
}

// From public issues, and moto's verified tests of descriptions.
func TestRecordedListings_Descriptions_FindTheSame(t *testing.T) {
	s := start(t)
	s.createDescribed("ThisTestSecret", "one two")
	s.createDescribed("RealSecret", "one and two")
	s.createDescribed("Nexttestsecret", "one")
	s.createDescribed("qux", "the billing database")
	s.finds([]filtered{
		{[]M{filter("all", "test")}, []string{"ThisTestSecret"}},
		{[]M{filter("description", "billing")}, []string{"qux"}},
		{[]M{filter("description", "one two")}, []string{"RealSecret", "ThisTestSecret"}},
		{[]M{filter("description", "o t")}, []string{"RealSecret", "ThisTestSecret"}},
		{[]M{filter("description", "t")}, []string{"RealSecret", "ThisTestSecret", "qux"}},
		{[]M{filter("description", "one"), filter("description", "two")},
			[]string{"RealSecret", "ThisTestSecret"}},
	})
}
