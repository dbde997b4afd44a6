package bench

import "slices"

// median is the median of each figure.
func median(runs []Run) (m Run) {
	for _, f := range []func(*Run) *float64{
		func(r *Run) *float64 { return &r.EventsPerSecond },
		func(r *Run) *float64 { return &r.CPUMicros },
		func(r *Run) *float64 { return &r.Allocs },
		func(r *Run) *float64 { return &r.BatchEvents },
	} {
		*f(&m) = middle(runs, func(r *Run) float64 { return *f(r) })
	}
	for i := range m.MemoryBytes {
		m.MemoryBytes[i] = int64(middle(runs, func(r *Run) float64 { return float64(r.MemoryBytes[i]) }))
	}
	m.PeakBytes = int64(middle(runs, func(r *Run) float64 { return float64(r.PeakBytes) }))
	return m
}

func middle(runs []Run, of func(*Run) float64) float64 {
	if len(runs) == 0 {
		return 0
	}
	var all []float64
	for i := range runs {
		all = append(all, of(&runs[i]))
	}
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}

// ratio is the first's figures as multiples of the second's.
func ratio(of, to *Run) Ratio {
	over := func(a, b float64) float64 {
		if b == 0 {
			return 0
		}
		return a / b
	}
	return Ratio{
		EventsPerSecond: over(of.EventsPerSecond, to.EventsPerSecond),
		CPUMicros:       over(of.CPUMicros, to.CPUMicros),
		Allocs:          over(of.Allocs, to.Allocs),
		PeakBytes:       over(float64(of.PeakBytes), float64(to.PeakBytes)),
	}
}
