package service

import (
	"time"

	"claviger/trail/copies"

	"github.com/prometheus/client_golang/prometheus"
)

// copyMetrics shows how the copies of the trail stand.
type copyMetrics struct{ copies *copies.Copies }

func ofCopy(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, []string{"copy"}, nil)
}

var (
	copyBehind = ofCopy("claviger_trail_copy_records_behind",
		"Records of the trail that a copy has not confirmed yet.")
	copyAge = ofCopy("claviger_trail_copy_oldest_seconds",
		"Age of the oldest record that a copy was sent, or should be, and has not confirmed.")
	copyFailing = ofCopy("claviger_trail_copy_failing",
		"1 while the receiver of a copy takes nothing.")
	copyFailures = ofCopy("claviger_trail_copy_failures_total",
		"Attempts to send to the receiver of a copy that failed.")
	copySent = ofCopy("claviger_trail_copy_records_total",
		"Records sent to the receiver of a copy, those that were sent again included.")
)

// Describe implements [prometheus.Collector].
func (c copyMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{copyBehind, copyAge, copyFailing, copyFailures, copySent} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (c copyMetrics) Collect(to chan<- prometheus.Metric) {
	for _, s := range c.copies.Status() {
		age := 0.0
		if !s.Oldest.IsZero() {
			age = max(time.Since(s.Oldest).Seconds(), 0)
		}
		gauge := func(d *prometheus.Desc, value float64) {
			to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, s.Name)
		}
		gauge(copyBehind, float64(s.Behind))
		gauge(copyAge, age)
		gauge(copyFailing, truth(!s.Failing.IsZero()))
		to <- prometheus.MustNewConstMetric(copyFailures, prometheus.CounterValue,
			float64(s.Failures), s.Name)
		to <- prometheus.MustNewConstMetric(copySent, prometheus.CounterValue, float64(s.Sent), s.Name)
	}
}

// watchCopies adds how the copies of the trail stand.
func (m *metrics) watchCopies(c *copies.Copies) { m.registry.MustRegister(copyMetrics{c}) }
