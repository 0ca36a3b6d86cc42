package service

import (
	"bytes"
	"math"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"claviger/hsm"
	"claviger/internal/clock"
	"claviger/keystore"
	"claviger/store"
	"claviger/trail/search"
	"claviger/trail/sequencer"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"
)

// metrics is what /metrics shows. It observes the road, the device and the committer.
type metrics struct {
	registry   *prometheus.Registry
	operations *prometheus.CounterVec
	latency    *prometheus.HistogramVec
	unknown    *prometheus.CounterVec
	unrecorded prometheus.Counter
	overload   *prometheus.CounterVec
	open       prometheus.Gauge // connections
	waiting    prometheus.Gauge // requests that wait for a change
	calls      *prometheus.CounterVec
	callTime   *prometheus.HistogramVec
	hits, miss prometheus.Counter
	batch      prometheus.Histogram
	sync       prometheus.Histogram
}

var seconds = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1,
	2.5, 5, 10}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry(),
		operations: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "claviger_operations_total",
			Help: "Operations that ended, by service, operation and error code (empty: success)."},
			[]string{"service", "operation", "code"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "claviger_operation_seconds",
			Help: "Time from arrival to outcome.", Buckets: seconds}, []string{"service", "operation"}),
		unknown: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "claviger_unauthenticated_total",
			Help: "Requests refused before a caller was known, by service and error code."},
			[]string{"service", "code"}),
		unrecorded: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "claviger_unauthenticated_unrecorded_total",
			Help: "Of these, the ones that are not in the trail."}),
		overload: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "claviger_overload_total",
			Help: "Connections closed and requests turned away because a bound was reached, by which."},
			[]string{"bound"}),
		open: prometheus.NewGauge(prometheus.GaugeOpts{Name: "claviger_connections",
			Help: "Connections that are open."}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{Name: "claviger_requests_waiting",
			Help: "Requests that wait for a change of what they asked for."}),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "claviger_token_calls_total",
			Help: "Operations asked of the token."}, []string{"operation", "result"}),
		callTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "claviger_token_call_seconds",
			Help: "Time of one operation of the token, waiting for a session included.", Buckets: seconds},
			[]string{"operation"}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "claviger_commit_entries",
			Help: "Requests that shared one transaction.", Buckets: prometheus.ExponentialBuckets(1, 2, 9)}),
		sync: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "claviger_commit_seconds",
			Help: "Time of one COMMIT, fsync included.", Buckets: seconds}),
	}
	handles := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "claviger_token_handles_total",
		Help: "Uses of a key on the token, by whether its handle was cached."}, []string{"result"})
	m.hits, m.miss = handles.WithLabelValues("hit"), handles.WithLabelValues("miss")
	m.registry.MustRegister(m.operations, m.latency, m.unknown, m.unrecorded, m.overload,
		m.open, m.waiting, m.calls, m.callTime, m.batch, m.sync,
		handles, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// built says which program this is.
func (m *metrics) built(version, commit string) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "claviger_build_info",
		Help: "1; the labels say which program runs.",
		ConstLabels: prometheus.Labels{"version": version, "commit": commit,
			"goversion": runtime.Version()}}, func() float64 { return 1 }))
}

// Operation implements op.Observer.
func (m *metrics) Operation(service, name, code string, took time.Duration) {
	m.operations.WithLabelValues(service, name, code).Inc()
	m.latency.WithLabelValues(service, name).Observe(took.Seconds())
}

// Unknown implements op.Observer.
func (m *metrics) Unknown(service, code string) { m.unknown.WithLabelValues(service, code).Inc() }

// Unrecorded implements op.Observer.
func (m *metrics) Unrecorded() { m.unrecorded.Inc() }

// Shed implements hsm.Observer.
func (m *metrics) Shed() { m.Overload("sessions") }

// Overload implements op.Observer and listener.Observer.
func (m *metrics) Overload(bound string) { m.overload.WithLabelValues(bound).Inc() }

// Waiting implements op.Observer.
func (m *metrics) Waiting(delta int) { m.waiting.Add(float64(delta)) }

// Connections implements listener.Observer.
func (m *metrics) Connections(delta int) { m.open.Add(float64(delta)) }

// Call implements hsm.Observer.
func (m *metrics) Call(operation string, took time.Duration, failed bool) {
	result := "ok"
	if failed {
		result = "failed"
	}
	m.calls.WithLabelValues(operation, result).Inc()
	m.callTime.WithLabelValues(operation).Observe(took.Seconds())
}

// Handle implements hsm.Observer.
func (m *metrics) Handle(hit bool) {
	if hit {
		m.hits.Inc()
	} else {
		m.miss.Inc()
	}
}

// Batch implements store.Observer.
func (m *metrics) Batch(entries int, sync time.Duration) {
	m.batch.Observe(float64(entries))
	m.sync.Observe(sync.Seconds())
}

// watch adds what is read from the parts when it is asked for.
func (m *metrics) watch(t *hsm.Token, db *store.DB, keys *keystore.Keys) {
	gauge := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help},
			value))
	}
	counter := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(
			prometheus.CounterOpts{Name: name, Help: help}, value))
	}
	gauge("claviger_token_ready", "1 while the token can be used.",
		func() float64 { return truth(t.Ready() == nil) })
	gauge("claviger_token_sessions_in_use", "Sessions of the pool that are at work.",
		func() float64 { return float64(t.Stats().SessionsInUse) })
	gauge("claviger_token_sessions_open", "Sessions of the pool that are open.",
		func() float64 { return float64(t.Stats().SessionsOpen) })
	gauge("claviger_token_calls_waiting", "Calls that wait for a session.",
		func() float64 { return float64(t.Stats().Waiting) })
	gauge("claviger_token_handles_cached", "Keys that are unwrapped on the token.",
		func() float64 { return float64(t.Stats().Handles) })
	gauge("claviger_token_calls_hung", "Calls that were given up and have not returned.",
		func() float64 { return float64(t.Stats().Hung) })
	counter("claviger_token_renewals_total", "Times the token was logged in to anew.",
		func() float64 { return float64(t.Stats().Renewals) })
	gauge("claviger_token_reloads", "Times the PKCS#11 module was loaded again.",
		func() float64 { return float64(t.Stats().Generation) })
	gauge("claviger_database_ready", "1 while changes can be made durable.",
		func() float64 { return truth(db.Ready() == nil) })
	counter("claviger_database_hangs_total",
		"Times that the disk did not answer for five seconds.",
		func() float64 { return float64(db.Stats().Hangs) })
	counter("claviger_database_uncertain_total",
		"Requests that were told that nobody knows whether they were performed, because the disk hung.",
		func() float64 { return float64(db.Stats().Uncertain) })
	gauge("claviger_kms_stores_lost", "Custom key stores that are connected and can't be used.",
		func() float64 { return float64(keys.CustomKeyStores().Lost()) })
	gauge("claviger_kms_keys_left",
		"Keys on tokens that processes which ended have left half-made, for a person to destroy.",
		func() float64 { return float64(keys.ResidentsLeft(time.Now())) })
	counter("claviger_kms_pending_deletion_uses_total",
		"Uses of a KMS key that were refused because it is pending deletion.",
		func() float64 { return float64(keys.PendingDeletionUses()) })
	counter("claviger_kms_usage_alarms_total",
		"Blocks of uses begun by key materials that have encrypted more than 2^30 times.",
		func() float64 { return float64(keys.UsageAlarms()) })
	gauge("claviger_database_bytes", "Size of the database and its log on the disk.",
		func() float64 { return float64(db.Stats().Bytes) })
}

// watchClock adds what is read from the clocks when it is asked for.
func (m *metrics) watchClock(g *clock.Guard) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "claviger_clock_doubted",
			Help: "1 while the clock is in doubt, so that nothing is deleted because its time has come."},
			func() float64 { return truth(g.Doubt() != nil) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "claviger_clock_ahead_seconds",
			Help: "How far the clock is ahead of the time that is believed; negative: behind it."},
			func() float64 { return g.Ahead().Seconds() }))
}

// watchTrail adds what those say that follow the trail.
func (m *metrics) watchTrail(s *sequencer.Sequencer, x *search.Index) {
	m.watchTree(s)
	m.watchIndex(x)
}

// watchIndex adds how far the index of the trail is.
func (m *metrics) watchIndex(x *search.Index) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(
		prometheus.GaugeOpts{Name: "claviger_trail_unindexed_records",
			Help: "Records of the trail that aren't in the index, so that lookups read them."},
		func() float64 {
			behind, err := x.Behind()
			if err != nil {
				return math.NaN()
			}
			return float64(behind)
		}))
}

// watchTree adds what can be proved of the trail.
func (m *metrics) watchTree(s *sequencer.Sequencer) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "claviger_trail_provable_records",
			Help: "Records of the trail that the newest signed checkpoint has."},
			func() float64 { return float64(s.Size()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "claviger_trail_unproved_records",
			Help: "Records that are durable and that no signed checkpoint has yet."},
			func() float64 { return float64(s.Lag()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "claviger_trail_unproved_seconds",
			Help: "Age of the oldest record that is durable and that no signed checkpoint has yet."},
			func() float64 { return s.Age().Seconds() }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "claviger_trail_checkpoints_total",
			Help: "Checkpoints of the trail that were signed and stored."},
			func() float64 { return float64(s.Signed()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "claviger_trail_broken",
			Help: "1 if the trail is not what was signed over it, so that nothing more is signed."},
			func() float64 { return truth(s.Broken()) }))
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// pause is between two texts of all metrics, which cost some milliseconds to make.
const pause = 100 * time.Millisecond

// page is the text of all metrics, made once for everybody who waits for one: never older than the
// question, and the same bytes for all, so that a hundred who read slowly cost the memory of one.
type page struct {
	gather prometheus.Gatherer

	mu   sync.Mutex
	made time.Time
	text []byte
}

// handler shows the metrics in Prometheus's text format.
func (m *metrics) handler() http.Handler { return &page{gather: m.registry} }

// ServeHTTP implements [http.Handler].
func (p *page) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	text, err := p.current()
	if err != nil {
		http.Error(w, "the metrics can't be gathered", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", string(textFormat))
	h.Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = w.Write(text)
}

var textFormat = expfmt.NewFormat(expfmt.TypeTextPlain)

func (p *page) current() ([]byte, error) {
	asked := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.made.After(asked) {
		return p.text, nil
	}
	time.Sleep(time.Until(p.made.Add(pause)))
	begun := time.Now()
	families, err := p.gather.Gather()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&b, f); err != nil {
			return nil, err
		}
	}
	p.made, p.text = begun, b.Bytes()
	return p.text, nil
}
