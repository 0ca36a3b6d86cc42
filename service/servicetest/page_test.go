package servicetest_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"claviger/service/servicetest"
)

//go:generate go test . -run ^TestKMSPage_Tables_AreWhatIsServed$ -update

var update = flag.Bool("update", false, "write docs/compatibility-kms.md")

const preface = `# Compatibility: KMS, member by member

Every operation of AWS's KMS and every member of its requests, answers and structures, as the AWS SDK for Go knows them: what
works here, what is refused and with which error, and the tests that show it. [Compatibility](compatibility.md) says in
words what is different and which keys there are; [errors](errors.md) has the errors.

This page is made by ` + "`make docs`" + ` from the registry of operations, the SDK's types and the tables in
[coverage_test.go](../service/servicetest/coverage_test.go). A test fails if a member is neither there nor said not to be, if a test that is
named doesn't exist or doesn't speak of the member, and if what is said to be refused isn't. That all types are AWS's is
shown by ` + "`" + proofOfMembers + "`" +
	`, that each member is held to its constraints by ` + "`" + proofOfConstraints + "`" +
	`, and that each operation
authenticates, authorizes and records by ` + "`" + proofOfTheRoad + "`" + `.
`

// verdict is what the page says of an operation or a member, and the tests that show it.
type verdict struct {
	text  string
	tests []string
}

// judge returns the verdict on a member.
func (e evidence) judge(u unit, member string) verdict {
	full := u.name + "." + member
	for _, reason := range []string{left[full], left[idOfKMS(u.name)+".Out."+member]} {
		if reason != "" {
			return verdict{"not there: " + reason, []string{proofOfMembers}}
		}
	}
	if refusal, refused := refusedMembers[full]; refused {
		return verdict{"refused with `" + refusal.code + "`", []string{proofOfRefusals}}
	}
	v := verdict{"works", e.speakOf(u, member)}
	if text := limited[full] + limited["*."+member]; text != "" {
		v.text = text
	}
	return v
}

// speakOf returns the tests of a unit that speak of one of its members, the plainest first and
// three at most.
func (e evidence) speakOf(u unit, member string) (tests []string) {
	for _, test := range append(slices.Clone(proofs[u.name]), proofsOfAll[member]) {
		if e.tests[test].speaksOf(u, member) && !slices.Contains(tests, test) {
			tests = append(tests, test)
		}
	}
	return tests[:min(len(tests), 3)]
}

// TestKMSPage_Tables_AreWhatIsServed: docs/compatibility-kms.md is what the registry, the SDK and
// the tables here make of it.
func TestKMSPage_Tables_AreWhatIsServed(t *testing.T) {
	const page = "../../docs/compatibility-kms.md"
	operations, structures := model(servicetest.Start(t))
	want := evidenceOf(t, proven...).write(operations, structures)
	if *update {
		accepted(t, os.WriteFile(page, []byte(want), 0o644))
		return
	}
	got, err := os.ReadFile(page)
	accepted(t, err)
	if string(got) != want {
		t.Error("docs/compatibility-kms.md is not what the code says: make docs")
	}
}

// write returns the page.
func (e evidence) write(operations, structures []unit) string {
	var b strings.Builder
	b.WriteString(preface + "\n## Operations\n\n| Operation | | Shown by |\n|---|---|---|\n")
	for _, u := range operations {
		v := e.judgeWhole(u)
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", u.name, v.text, e.links(v.tests))
	}
	b.WriteString("\n## Members of operations\n\n| Operation | Member | | | Shown by " +
		"|\n|---|---|---|---|---|\n")
	e.writeMembers(&b, operations)
	b.WriteString("\n## Members of structures\n\n| Structure | Member | | | Shown by " +
		"|\n|---|---|---|---|---|\n")
	e.writeMembers(&b, structures)
	return b.String()
}

// judgeWhole returns the verdict on an operation.
func (e evidence) judgeWhole(u unit) verdict {
	if reason, never := noOperation[u.name]; never {
		return verdict{"refused with `UnknownOperationException`: " + reason,
			[]string{proofOfOperations}}
	}
	return verdict{"works", proofs[u.name]}
}

func (e evidence) writeMembers(b *strings.Builder, units []unit) {
	for _, u := range units {
		for _, member := range slices.Sorted(maps.Keys(u.members)) {
			v := verdict{"not there", nil}
			if u.served {
				v = e.judge(u, member)
			}
			fmt.Fprintf(b, "| `%s` | `%s` | %s | %s | %s |\n", u.name, member, u.members[member], v.text,
				e.links(v.tests))
		}
	}
}

// links names tests with links to their files.
func (e evidence) links(tests []string) string {
	var out []string
	for _, test := range tests {
		out = append(out, "["+test+"](../"+e.tests[test].path+")")
	}
	return strings.Join(out, ", ")
}
