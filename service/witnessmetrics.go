package service

import (
	"claviger/trail/witnessed"

	"github.com/prometheus/client_golang/prometheus"
)

// witnessMetrics shows how the places stand that hold the trail's checkpoints.
type witnessMetrics struct{ board *witnessed.Board }

func ofWitness(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, []string{"place"}, nil)
}

var (
	witnessTook = ofWitness("claviger_trail_witness_took_timestamp_seconds",
		"When a place last took a checkpoint of the trail, or since when it is waited for.")
	witnessRecords = ofWitness("claviger_trail_witness_records",
		"Records that the checkpoint has which a place took last.")
	witnessFailing = ofWitness("claviger_trail_witness_failing",
		"1 while a place takes no checkpoint of the trail.")
	witnessContradicted = ofWitness("claviger_trail_witness_contradicted",
		"1 if the trail is not the one of which a place holds a checkpoint.")
)

// Describe implements [prometheus.Collector].
func (w witnessMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{witnessTook, witnessRecords, witnessFailing,
		witnessContradicted} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (w witnessMetrics) Collect(to chan<- prometheus.Metric) {
	for _, p := range w.board.Places() {
		gauge := func(d *prometheus.Desc, value float64) {
			to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, p.Place)
		}
		gauge(witnessTook, float64(p.Took.Unix()))
		gauge(witnessRecords, float64(p.Records))
		gauge(witnessFailing, truth(p.State != witnessed.Held))
		gauge(witnessContradicted, truth(p.State == witnessed.Contradicted))
	}
}

// watchWitnessed adds what witnesses report.
func (m *metrics) watchWitnessed(b *witnessed.Board) { m.registry.MustRegister(witnessMetrics{b}) }

// WriteWitnessMetrics puts the same metrics into a file in the place of the one before, for a
// witness that reaches no server. node_exporter's textfile collector takes it.
func WriteWitnessMetrics(path string, b *witnessed.Board) error {
	registry := prometheus.NewRegistry()
	if err := registry.Register(witnessMetrics{b}); err != nil {
		return err
	}
	return prometheus.WriteToTextfile(path, registry)
}
