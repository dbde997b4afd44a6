package health

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// TestConditionsAsMetrics: those of the process are told apart, those of profiles, of
// which there may be any number, are counted.
func TestConditionsAsMetrics(t *testing.T) {
	cs := NewConditions(zerolog.Nop(), nil)
	cs.Condition("brokers").OK()
	cs.Condition("token").Fail("refused")
	cs.Condition("assignment").Pending("joining")
	for i := range 3000 {
		cs.Condition(fmt.Sprintf("lane %d", i)).OfProfile().Fail("status 503")
	}
	cs.Condition("lane 7").OK()
	want := map[string]float64{
		"amazon_capi_condition_failing assignment": 1, "amazon_capi_condition_failing brokers": 0, "amazon_capi_condition_failing token": 1,
		"amazon_capi_profile_conditions_failing": 2999,
	}
	if diff := cmp.Diff(want, gather(t, cs)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for i := range 300 { // of many accounts
		cs.Condition(fmt.Sprintf("token %d", i)).OK()
	}
	got := gather(t, cs)
	if len(got) != MaxListed+1 {
		t.Errorf("%d series, want at most %d", len(got), MaxListed+1)
	}
	if got["amazon_capi_condition_failing assignment"] != 1 || got["amazon_capi_condition_failing token"] != 1 {
		t.Error("those that are well leave no room for those that fail")
	}
}

// gather are the series of a collector, by name and the value of their label.
func gather(t *testing.T, c prometheus.Collector) map[string]float64 {
	t.Helper()
	reg := prometheus.NewRegistry()
	reg.MustRegister(c)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			all[name] = m.GetGauge().GetValue()
		}
	}
	return all
}

func TestBuildInfo(t *testing.T) {
	reg := prometheus.NewRegistry()
	reg.MustRegister(NewBuildInfo("v1.2.3"))
	families, err := reg.Gather()
	if err != nil || len(families) != 1 {
		t.Fatalf("%v, %d", err, len(families))
	}
	text := families[0].String()
	for _, want := range []string{"amazon_capi_build_info", "v1.2.3", "go_version", "revision"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}
