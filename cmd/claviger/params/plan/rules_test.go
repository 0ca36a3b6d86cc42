package plan

import (
	"strings"
	"testing"

	"claviger/internal/op"
	"claviger/parameters/parameter"
	"claviger/policy"
)

const region = "eu-central-1"

// taken reports whether the service makes a parameter of that name.
func taken(name string) bool {
	c := &op.Call{Region: region, Caller: policy.Caller{Account: "123456789012"}}
	_, err := parameter.ReadNew(c, name)
	return err == nil
}

// names are some that can be parameters' and many that can't, for [FuzzWrongName] to begin with.
func names() []string {
	fits := mostOfARN - len(ofARN) - len(region)
	return []string{"/a", "/a/b.c-d_e", "/", "//a", "/a/", "/a//b", "/a b", "/a:b", "/ä", "/aws",
		"/AWSx",
		"/a/aws", "/aws/a", "/ssm", "/Ssm-x/y", "/a/ssm", "/1", "/-", "/.", strings.Repeat("/a", 15),
		strings.Repeat("/a", 16), "/" + strings.Repeat("a", fits-1), "/" + strings.Repeat("a", fits),
		"/~",
		"/a\x00b", "/{{a}}"}
}

func checkName(t *testing.T, name string) {
	t.Helper()
	if why := wrongName(name, region); (why == "") != taken(name) {
		t.Errorf("%q: %q, and the service takes it: %v", name, why, taken(name))
	}
}

// TestWrongName_EachName_IsJudgedAsTheServiceDoes: a plan that refuses less fails in the middle.
func TestWrongName_EachName_IsJudgedAsTheServiceDoes(t *testing.T) {
	for _, name := range names() {
		checkName(t, name)
	}
}

func FuzzWrongName(f *testing.F) {
	for _, name := range names() {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		// The service takes blanks off the ends, and a file's keys are taken as they are.
		if strings.HasPrefix(name, "/") && name == strings.TrimSpace(name) {
			checkName(t, name)
		}
	})
}
