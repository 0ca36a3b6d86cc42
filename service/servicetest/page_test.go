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

//go:generate go test . -run ^TestPages_Tables_AreWhatIsServed$ -update

var update = flag.Bool("update", false, "write the pages that say what is served")

// preface has the name of the service as SERVICE, and the file of its tables as TABLES.
const preface = `# Compatibility: SERVICE, member by member

Every operation of AWS's SERVICE and every member of its requests, answers and structures, as the AWS SDK for Go knows them: what
works here, what is refused and with which error, and the tests that show it. [Compatibility](compatibility.md) says in
words what is different and which keys there are; [errors](errors.md) has the errors.

This page is made by ` + "`make docs`" + ` from the registry of operations, the SDK's types and the tables in
[TABLES](../service/servicetest/TABLES). A test fails if a member is neither there nor said not to be, if a test that is
named doesn't exist or doesn't speak of the member, and if what is said to be refused isn't. That all types are AWS's is
shown by ` + "`" + proofOfMembers + "`" +
	`, that each member is held to its constraints by ` + "`" + proofOfConstraints + "`" +
	`, and that each operation
authenticates, authorizes and records by ` + "`" + proofOfTheRoad + "`" + `.
`

// page is made of what is known of a service and of the tests that show it.
type page struct {
	coverage
	evidence
}

// verdict is what the page says of an operation or a member, and the tests that show it.
type verdict struct {
	text  string
	tests []string
}

// judge returns the verdict on a member.
func (p page) judge(u unit, member string) verdict {
	full := u.name + "." + member
	for _, reason := range []string{left[full], left[p.id(u.name)+".Out."+member]} {
		if reason != "" {
			return verdict{"not there: " + reason, []string{proofOfMembers}}
		}
	}
	if r, refused := p.refused[full]; refused {
		return verdict{"refused with `" + r.code + "`", []string{proofOfRefusals}}
	}
	v := verdict{"works", p.speakOf(u, member)}
	if text := p.limited[full] + p.limited["*."+member]; text != "" {
		v.text = text
	}
	return v
}

// speakOf returns the tests of a unit that speak of one of its members, the plainest first and
// three at most.
func (p page) speakOf(u unit, member string) (tests []string) {
	for _, test := range append(slices.Clone(p.proofs[u.name]), p.proofsOfAll[member]) {
		if p.tests[test].speaksOf(u, member) && !slices.Contains(tests, test) {
			tests = append(tests, test)
		}
	}
	return tests[:min(len(tests), 3)]
}

// TestPages_Tables_AreWhatIsServed: the pages are what the registry, the SDK and the tables make of
// them.
func TestPages_Tables_AreWhatIsServed(t *testing.T) {
	s := servicetest.Start(t)
	for _, c := range coverages {
		path := "../../" + c.page
		operations, structures := c.model(s)
		want := page{c, evidenceOf(t, c.proven...)}.write(operations, structures)
		if *update {
			accepted(t, os.WriteFile(path, []byte(want), 0o644))
			continue
		}
		got, err := os.ReadFile(path)
		accepted(t, err)
		if string(got) != want {
			t.Errorf("%s is not what the code says: make docs", c.page)
		}
	}
}

// write returns the page.
func (p page) write(operations, structures []unit) string {
	var b strings.Builder
	b.WriteString(strings.NewReplacer("SERVICE", p.title, "TABLES", p.source).Replace(preface) +
		"\n## Operations\n\n| Operation | | Shown by |\n|---|---|---|\n")
	for _, u := range operations {
		v := p.judgeWhole(u)
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", u.name, v.text, p.links(v.tests))
	}
	b.WriteString("\n## Members of operations\n\n| Operation | Member | | | Shown by " +
		"|\n|---|---|---|---|---|\n")
	p.writeMembers(&b, operations)
	b.WriteString("\n## Members of structures\n\n| Structure | Member | | | Shown by " +
		"|\n|---|---|---|---|---|\n")
	p.writeMembers(&b, structures)
	return b.String()
}

// judgeWhole returns the verdict on an operation.
func (p page) judgeWhole(u unit) verdict {
	if reason, never := p.noOperation[u.name]; never {
		return verdict{"refused with `UnknownOperationException`: " + reason,
			[]string{proofOfOperations}}
	}
	if reason := ours[p.id(u.name)]; reason != "" {
		return verdict{"works; not AWS's but ours: " + reason, p.proofs[u.name]}
	}
	return verdict{"works", p.proofs[u.name]}
}

func (p page) writeMembers(b *strings.Builder, units []unit) {
	for _, u := range units {
		for _, member := range slices.Sorted(maps.Keys(u.members)) {
			v := verdict{"not there", nil}
			if u.served {
				v = p.judge(u, member)
			}
			fmt.Fprintf(b, "| `%s` | `%s` | %s | %s | %s |\n", u.name, member, u.members[member], v.text,
				p.links(v.tests))
		}
	}
}

// links names tests with links to their files.
func (p page) links(tests []string) string {
	var out []string
	for _, test := range tests {
		out = append(out, "["+test+"](../"+p.tests[test].path+")")
	}
	return strings.Join(out, ", ")
}
