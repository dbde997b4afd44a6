package bench

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
)

// Print prints the report for people.
func (r *Report) Print(w io.Writer) {
	o := r.Against
	if o != nil {
		fmt.Fprintln(w, "amazon-capi")
	}
	printRuns(w, &r.Result)
	if o != nil {
		fmt.Fprintf(w, "\n%s\n", o.Name)
		printRuns(w, &o.Result)
		fmt.Fprintf(w, "\n%s\n", ratioLine(o))
	}
	s := &r.Setting
	fmt.Fprintf(w, "%s of %s, sent as %d; %s, %s; answers after %s, %s\n",
		count.Of(s.Events, "event"), count.Of(s.EventBytes, "byte"), s.SentBytes, count.Of(s.Profiles, "profile"), count.Of(s.Partitions, "partition"), s.Answer, map[bool]string{false: "empty", true: "repeating each event"}[s.Echo])
	if o != nil {
		printMiscounts(w, o, int64(s.Events))
	}
	if l := r.Latency; l != nil {
		round := func(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
		fmt.Fprintf(w, "from publication to acceptance at %d events/s: p50 %s, p99 %s, p99.9 %s, most %s (%s)\n",
			s.Rate, round(l.P50), round(l.P99), round(l.P999), round(l.Max), count.Of(l.Events, "event"))
	}
	m := &r.Machine
	fmt.Fprintf(w, "%s, %d cores, %.0f GB, %s/%s, %s\n", m.CPU, m.Cores, float64(m.MemoryBytes)/1e9, m.OS, m.Arch, m.Go)
}

func printRuns(w io.Writer, r *Result) {
	row := func(name string, run *Run) []string {
		allocs := "–"
		if run.Allocs > 0 {
			allocs = fmt.Sprintf("%.2f", run.Allocs)
		}
		return []string{
			name, fmt.Sprintf("%.0f", run.EventsPerSecond), fmt.Sprintf("%.2f", run.CPUMicros), allocs,
			fmt.Sprintf("%.0f MB", float64(run.PeakBytes)/1e6), fmt.Sprintf("%.0f", run.BatchEvents),
		}
	}
	var rows [][]string
	for i := range r.Runs {
		rows = append(rows, row(fmt.Sprint(i+1), &r.Runs[i]))
	}
	report.Table(w, []string{"run", "events/s", "CPU us/event", "allocs/event", "peak memory", "events/request"}, rows,
		row("median", &r.Median), 1, 2, 3, 4, 5)
	if m := &r.Median.MemoryBytes; m.First() > 0 && m.Last() > 0 {
		fmt.Fprintf(w, "memory at most %.0f MB while the first tenth of the events was delivered, %.0f MB while the last was (medians)\n",
			float64(m.First())/1e6, float64(m.Last())/1e6)
	}
}

// ratioLine leaves out what one of the two does not tell.
func ratioLine(o *Comparison) string {
	var line strings.Builder
	line.WriteString(fmt.Sprintf("amazon-capi has %.1f times the events/s of %s", o.Ratio.EventsPerSecond, o.Name))
	for _, f := range []struct {
		ratio float64
		of    string
	}{{o.Ratio.CPUMicros, "CPU"}, {o.Ratio.Allocs, "allocations"}, {o.Ratio.PeakBytes, "memory"}} {
		if f.ratio > 0 {
			line.WriteString(fmt.Sprintf(", %.3f of its %s", f.ratio, f.of))
		}
	}
	return line.String() + " (medians)"
}

// printMiscounts says where the other program did not do the job that its
// figures are of. Ours would have failed.
func printMiscounts(w io.Writer, o *Comparison, want int64) {
	for i, run := range o.Runs {
		switch lacks := want - run.Events; {
		case lacks > 0:
			fmt.Fprintf(w, "%s, run %d: %d of %s never came\n", o.Name, i+1, lacks, count.Of(want, "event"))
		case lacks < 0:
			fmt.Fprintf(w, "%s, run %d: %s more than there are, so some came twice\n", o.Name, i+1, count.Of(-lacks, "event"))
		}
	}
}
