package claviger_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"claviger/alarms/starter"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.yaml.in/yaml/v4"
)

// These tests hold the rules and the dashboard in examples to the metrics that the program has: a
// query for a name that isn't there finds nothing, and an alarm on it never rings.

// metric is what a query may ask of a name.
type metric struct {
	labels    []string
	histogram bool
}

// metrics are those that docs/operating.md documents, which another test holds to the program, and
// those of the Go runtime and of the process.
func metrics(t *testing.T) map[string]metric {
	t.Helper()
	all := map[string]metric{"up": {}}
	for _, row := range table(section(t, "docs/operating.md", "## Metrics")) {
		for _, name := range coded(row[0]) {
			all[name] = metric{labels: coded(row[2]), histogram: row[1] == "histogram"}
		}
	}
	described := make(chan *prometheus.Desc)
	go func() {
		collectors.NewGoCollector().Describe(described)
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}).Describe(described)
		close(described)
	}()
	for d := range described {
		_, name, _ := strings.Cut(d.String(), `fqName: "`)
		name, _, _ = strings.Cut(name, `"`)
		all[name] = metric{}
	}
	return all
}

var (
	inQuotes = regexp.MustCompile(`"[^"]*"`)
	span     = regexp.MustCompile(`\[[^\]]*\]`)
	selector = regexp.MustCompile(`([a-z_:][a-z0-9_:]*)\{([^}]*)\}`)
	matcher  = regexp.MustCompile(`^([a-z_]+)(=|!=|=~|!~)"$`)
	grouping = regexp.MustCompile(`\b(by|without) \(([^)]*)\)`)
	word     = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*`)
)

// promQL are the words of its language that the queries use.
var promQL = []string{"sum", "rate", "increase", "changes", "histogram_quantile", "or", "and",
	"unless", "time", "max_over_time", "label_values"}

// everywhere are labels that each metric has once it was scraped, and the one of buckets.
var everywhere = []string{"instance", "job", "le"}

// checkQuery holds a query to the metrics that there are, and to their labels.
func checkQuery(query string, known map[string]metric) error {
	if strings.Count(query, "(") != strings.Count(query, ")") ||
		strings.Count(query, "{") != strings.Count(query, "}") {
		return fmt.Errorf("its brackets don't fit")
	}
	text := span.ReplaceAllString(inQuotes.ReplaceAllString(query, `"`), "")
	labels := slices.Clone(everywhere)
	asked := map[string][]string{} // by metric
	text = selector.ReplaceAllStringFunc(text, func(s string) string {
		m := selector.FindStringSubmatch(s)
		for one := range strings.SplitSeq(m[2], ",") {
			if parts := matcher.FindStringSubmatch(strings.TrimSpace(one)); parts != nil {
				asked[m[1]] = append(asked[m[1]], parts[1])
			} else {
				asked[m[1]] = append(asked[m[1]], "what is no matcher: "+one)
			}
		}
		return m[1]
	})
	var by []string
	text = grouping.ReplaceAllStringFunc(text, func(s string) string {
		by = append(by, word.FindAllString(grouping.FindStringSubmatch(s)[2], -1)...)
		return ""
	})
	found := 0
	for _, name := range word.FindAllString(text, -1) {
		if slices.Contains(promQL, name) || slices.Contains(labels, name) {
			continue
		}
		m, ok := known[name]
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			if of, cut := strings.CutSuffix(name, part); cut && known[of].histogram {
				m, ok = known[of], true
			}
		}
		if !ok || m.histogram && known[name].histogram {
			return fmt.Errorf("there is no metric %s", name)
		}
		found++
		for _, label := range asked[name] {
			if !slices.Contains(m.labels, label) && !slices.Contains(everywhere, label) {
				return fmt.Errorf("%s has no label %s", name, label)
			}
		}
		labels = append(labels, m.labels...)
	}
	for _, label := range by {
		if !slices.Contains(labels, label) {
			return fmt.Errorf("it groups by %s, which no metric of it has", label)
		}
	}
	if found == 0 {
		return fmt.Errorf("it asks for no metric")
	}
	return nil
}

func TestCheckQuery_WrongQueries_AreFound(t *testing.T) {
	known := map[string]metric{"a_total": {labels: []string{"x"}}, "b": {}, "h": {histogram: true}}
	for query, want := range map[string]string{
		`sum by (x) (rate(a_total{x=~"p|q",instance="i"}[5m])) > 1`:       "",
		`histogram_quantile(0.99, sum by (le) (rate(h_bucket[5m]))) > .1`: "",
		`b == 0 or changes(b[1m]) > 0`:                                    "",
		`c == 0`:                                                          "no metric c",
		`rate(a_total{y="1"}[5m])`:                                        "no label y",
		`sum by (y) (a_total)`:                                            "groups by y",
		`h > 0`:                                                           "no metric h",
		`a_total_sum > 0`:                                                 "no metric a_total_sum",
		`sum(b`:                                                           "brackets",
		`sum(rate([5m]))`:                                                 "no metric",
		`a_total{x>"1"}`:                                                  "no label what is no matcher",
	} {
		err := checkQuery(query, known)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", query, err, want)
		}
	}
}

// rules is a file of rules for Prometheus.
type rules struct {
	Groups []struct {
		Name  string `yaml:"name"`
		Rules []struct {
			Alert       string            `yaml:"alert"`
			Expr        string            `yaml:"expr"`
			For         string            `yaml:"for"`
			Labels      map[string]string `yaml:"labels"`
			Annotations map[string]string `yaml:"annotations"`
		} `yaml:"rules"`
	} `yaml:"groups"`
}

var alertName = regexp.MustCompile(`^Claviger[A-Za-z]+$`)

func TestExamples_PrometheusRules_AskForMetricsThatThereAre(t *testing.T) {
	f, err := os.Open("examples/prometheus/claviger.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r rules
	decoder := yaml.NewDecoder(f)
	decoder.KnownFields(true)
	if err := decoder.Decode(&r); err != nil {
		t.Fatal(err)
	}
	known := metrics(t)
	seen := map[string]bool{}
	for _, g := range r.Groups {
		for _, a := range g.Rules {
			if !alertName.MatchString(a.Alert) || seen[a.Alert] {
				t.Errorf("%q is no name of an alert, or there twice", a.Alert)
			}
			seen[a.Alert] = true
			if err := checkQuery(a.Expr, known); err != nil {
				t.Errorf("%s: %v", a.Alert, err)
			}
			if s := a.Labels["severity"]; !slices.Contains([]string{"critical", "warning", "info"}, s) {
				t.Errorf("%s has the severity %q", a.Alert, s)
			}
			if got := slices.Sorted(maps.Keys(a.Annotations)); !slices.Equal(got,
				[]string{"runbook", "summary"}) {
				t.Errorf("%s has the annotations %v", a.Alert, got)
			}
			checkRunbook(t, a.Alert, a.Annotations["runbook"])
		}
	}
	if len(seen) < 15 {
		t.Errorf("only %d alerts", len(seen))
	}
}

// checkRunbook holds the place that an alert sends people to, to the headings of the document.
func checkRunbook(t *testing.T, alert, runbook string) {
	t.Helper()
	path, anchor, _ := strings.Cut(runbook, "#")
	if !slices.Contains(anchors(read(t, path)), anchor) {
		t.Errorf("%s sends people to %s, which isn't there", alert, runbook)
	}
}

func TestExamples_GrafanaDashboard_AsksForMetricsThatThereAre(t *testing.T) {
	var dashboard struct {
		UID    string `json:"uid"`
		Panels []struct {
			ID      int    `json:"id"`
			Type    string `json:"type"`
			Title   string `json:"title"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
		Annotations struct {
			List []struct {
				Expr string `json:"expr"`
			} `json:"list"`
		} `json:"annotations"`
	}
	if err := json.Unmarshal([]byte(read(t, "examples/grafana/claviger.json")),
		&dashboard); err != nil {
		t.Fatal(err)
	}
	known := metrics(t)
	ids := map[int]bool{}
	queries := 0
	for _, p := range dashboard.Panels {
		if ids[p.ID] || p.Title == "" || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("%+v has no title, no query or the id of another panel", p)
		}
		ids[p.ID] = true
		for _, q := range p.Targets {
			queries++
			if err := checkQuery(q.Expr, known); err != nil {
				t.Errorf("%s: %s: %v", p.Title, q.Expr, err)
			}
		}
	}
	for _, a := range dashboard.Annotations.List {
		if err := checkQuery(a.Expr, known); err != nil {
			t.Errorf("%s: %v", a.Expr, err)
		}
	}
	if queries < 25 {
		t.Errorf("only %d queries", queries)
	}
}

// TestExamples_Metrics_AreEachWatched: a metric that neither rings nor is shown was forgotten when
// it came.
func TestExamples_Metrics_AreEachWatched(t *testing.T) {
	all := read(t, "examples/grafana/claviger.json") + read(t, "examples/prometheus/claviger.rules.yml")
	for _, row := range table(section(t, "docs/operating.md", "## Metrics")) {
		for _, name := range coded(row[0]) {
			if !regexp.MustCompile(`\b` + name + `(_bucket|_sum)?\b`).MatchString(all) {
				t.Errorf("%s is neither in a rule nor on the dashboard", name)
			}
		}
	}
}

func TestDocs_StarterRules_AreThoseOfTheSet(t *testing.T) {
	var documented, actual []string
	for _, row := range table(section(t, "docs/operating.md", "## Alarms without writing rules")) {
		documented = append(documented, coded(row[0])...)
	}
	for _, r := range starter.Rules() {
		actual = append(actual, r.Name)
	}
	same(t, "rules", documented, actual)
}
