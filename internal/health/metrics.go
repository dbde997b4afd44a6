package health

import (
	"cmp"
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	descFailing = prometheus.NewDesc("amazon_capi_condition_failing",
		"1 while a condition of the process fails or it is still starting, else 0: what /readyz lists.", []string{"condition"}, nil)
	descProfiles = prometheus.NewDesc("amazon_capi_profile_conditions_failing",
		"Conditions of single profiles that fail: what /status lists. They do not decide readiness.", nil, nil)
)

// Describe implements prometheus.Collector.
func (cs *Conditions) Describe(ch chan<- *prometheus.Desc) {
	ch <- descFailing
	ch <- descProfiles
}

// Collect implements prometheus.Collector. Conditions of profiles are counted and not
// told apart, and of the others as many are as /status lists of anything: those that fail
// first, so that none of these is left out before one that is well.
func (cs *Conditions) Collect(ch chan<- prometheus.Metric) {
	shown, profiles := 0, 0
	for _, st := range cs.States() {
		switch {
		case st.Profile && !st.OK:
			profiles++
		case !st.Profile && shown < MaxListed:
			shown++
			failing := 0.0
			if !st.OK {
				failing = 1
			}
			ch <- prometheus.MustNewConstMetric(descFailing, prometheus.GaugeValue, failing, st.Name)
		}
	}
	ch <- prometheus.MustNewConstMetric(descProfiles, prometheus.GaugeValue, float64(profiles))
}

// NewBuildInfo returns a metric that says which program this is: a release, or else what
// the module system knows of the build.
func NewBuildInfo(version string) prometheus.Collector {
	revision := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "amazon_capi_build_info", Help: "1, with the version of the program, the revision it was built from if that is known, and the version of Go.",
		ConstLabels: prometheus.Labels{"version": cmp.Or(version, "dev"), "revision": revision, "go_version": runtime.Version()},
	}, func() float64 { return 1 })
}
