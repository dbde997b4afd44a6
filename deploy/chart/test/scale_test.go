package chart

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// scraped is what Prometheus has of the members at one time.
type scraped []storage.Series

// sample is the one value of a series.
type sample struct{ value float64 }

var when = time.Unix(1_700_000_000, 0)

func (s sample) ST() int64                     { return 0 }
func (s sample) T() int64                      { return when.UnixMilli() }
func (s sample) F() float64                    { return s.value }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return nil }
func (s sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample           { return s }

// set walks over series.
type set struct {
	left []storage.Series
	at   storage.Series
}

func (s *set) Next() bool {
	if len(s.left) == 0 {
		return false
	}
	s.at, s.left = s.left[0], s.left[1:]
	return true
}
func (s *set) At() storage.Series                { return s.at }
func (s *set) Err() error                        { return nil }
func (s *set) Warnings() annotations.Annotations { return nil }

// Querier implements storage.Queryable.
func (s scraped) Querier(int64, int64) (storage.Querier, error) {
	return &storage.MockQuerier{SelectMockFunction: func(_ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
		return &set{left: slices.DeleteFunc(slices.Clone(s), func(one storage.Series) bool {
			return slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(one.Labels().Get(m.Name)) })
		})}
	}}, nil
}

// member adds what a member of a release exposes of its partitions: records by state.
func (s *scraped) member(service, pod string, partition int, states map[string]float64) {
	lag := 0.0
	add := func(value float64, of ...string) {
		of = append(of, "namespace", namespace, "service", service, "pod", pod, "job", "amazon-capi", "topic", "tracklayer.events", "partition", strconv.Itoa(partition))
		*s = append(*s, storage.NewListSeries(labels.FromStrings(of...), []chunks.Sample{sample{value}}))
	}
	for state, value := range states {
		add(value, "__name__", "amazon_capi_backlog_records", "state", state)
		lag += value
	}
	add(lag, "__name__", "amazon_capi_lag_records")
}

// desired is how many members the ScaledObject asks for: KEDA hands the answer of the query
// to an autoscaler, which aims at the threshold as the average of a member.
func desired(t *testing.T, o *scaledObject, s scraped) (members float64, ok bool) {
	t.Helper()
	if len(o.Spec.Triggers) != 1 || o.Spec.Triggers[0].Type != "prometheus" || o.Spec.Triggers[0].MetricType != "AverageValue" {
		t.Fatalf("triggers: %+v", o.Spec.Triggers)
	}
	m := o.Spec.Triggers[0].Metadata
	threshold, err := strconv.ParseFloat(m.Threshold, 64)
	if err != nil || m.IgnoreNullValues != "false" {
		t.Fatalf("threshold %v, an empty answer counts as nothing: %s", err, m.IgnoreNullValues)
	}
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 10_000, Timeout: time.Minute, Parser: parser.NewParser(parser.Options{})})
	defer engine.Close()
	query, err := engine.NewInstantQuery(t.Context(), s, nil, m.Query, when)
	if err != nil {
		t.Fatal(err)
	}
	defer query.Close()
	vector, err := query.Exec(context.Background()).Vector()
	if err != nil || len(vector) > 1 {
		t.Fatalf("KEDA takes one value, not %v (%v)", vector, err)
	}
	if len(vector) == 0 {
		return 0, false
	}
	least, most := float64(*o.Spec.MinReplicaCount), float64(*o.Spec.MaxReplicaCount)
	return min(max(math.Ceil(vector[0].F/threshold), least), most), true
}

// TestParkedEventsDoNotScaleUp: a profile that is not served has a million events, and more
// members would not help it. Events that nobody has taken yet do scale up.
func TestParkedEventsDoNotScaleUp(t *testing.T) {
	o := objects(t, values(t, "accounts", "")).scaled
	const service = "test-amazon-capi"
	least, most := float64(*o.Spec.MinReplicaCount), float64(*o.Spec.MaxReplicaCount)
	if least < 1 || most <= least {
		t.Fatalf("between %g and %g members", least, most)
	}
	page := string(readFile(t, root, "docs", "reference", "metrics.md"))
	if !strings.Contains(page, "| `amazon_capi_backlog_records` | Records without a verdict, wherever the commit stands, by topic, partition and state: unread, taken, or parked ") {
		t.Error("the metric of the backlog is not what this test takes it to be")
	}
	for name, tc := range map[string]struct {
		see  func(*scraped)
		want float64
	}{
		"a million parked": {func(s *scraped) {
			for p := range 4 {
				s.member(service, fmt.Sprint("pod-", p%2), p, map[string]float64{"parked": 250_000, "taken": 800, "unread": 120})
			}
		}, least},
		"a million unread": {func(s *scraped) {
			for p := range 4 {
				s.member(service, fmt.Sprint("pod-", p%2), p, map[string]float64{"parked": 0, "taken": 15_000, "unread": 235_000})
			}
		}, most},
		"a backlog for four": {func(s *scraped) {
			for p := range 4 {
				s.member(service, fmt.Sprint("pod-", p%2), p, map[string]float64{"parked": 1_000_000, "taken": 1_000, "unread": 17_500})
			}
		}, 4},
		"another release's backlog": {func(s *scraped) {
			s.member(service, "pod-0", 0, map[string]float64{"parked": 0, "taken": 5, "unread": 0})
			s.member("other-amazon-capi", "pod-0", 0, map[string]float64{"parked": 0, "taken": 0, "unread": 1_000_000})
		}, least},
		"a partition that has moved is seen at both members": {func(s *scraped) {
			for _, pod := range []string{"pod-0", "pod-1"} {
				s.member(service, pod, 0, map[string]float64{"parked": 0, "taken": 0, "unread": 60_000})
			}
		}, 3},
	} {
		var s scraped
		tc.see(&s)
		if got, ok := desired(t, o, s); !ok || got != tc.want {
			t.Errorf("%s: %g members (%v), want %g", name, got, ok, tc.want)
		}
	}
	if got, ok := desired(t, o, nil); ok {
		t.Errorf("a backlog that nobody measured asks for %g members", got)
	}
}
