package consumer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/tracklayer/amazon-capi/consumer/proof"
)

// copies are ways in which a copy of a topic differs from it. Each fills the copy of
// the events and returns the values by offset, empty where there is no event.
var copies = map[string]func(b *bench, source []string) []string{
	"the same records":  func(b *bench, s []string) []string { return b.filled(s...) },
	"shifted by 1":      func(b *bench, s []string) []string { return b.filled(append([]string{"p1|first"}, s...)...) },
	"shifted by 200":    func(b *bench, s []string) []string { return b.filled(append(events("p1", 9000, 9200), s...)...) },
	"shifted by -1":     func(b *bench, s []string) []string { return b.filled(s[1:]...) },
	"shifted by -200":   func(b *bench, s []string) []string { return b.filled(s[200:]...) },
	"behind":            func(b *bench, s []string) []string { return b.filled(s[:300]...) },
	"behind the offset": func(b *bench, s []string) []string { return b.filled(s[:80]...) },
	"at the offset":     func(b *bench, s []string) []string { return b.filled(s[:100]...) },
	"empty":             func(*bench, []string) []string { return nil },
	"an aborted transaction in between": func(b *bench, s []string) []string {
		values := b.filled(s[:310]...)
		b.transaction(kgo.TryAbort, "p1|taken", "p1|back")
		return append(append(values, "", "", ""), b.filled(s[310:]...)...)
	},
	"an aborted transaction before the offset": func(b *bench, s []string) []string {
		b.transaction(kgo.TryAbort, "p1|taken", "p1|back")
		return append([]string{"", "", ""}, b.filled(s...)...)
	},
	"a committed transaction in between": func(b *bench, s []string) []string {
		values := b.filled(s[:310]...)
		b.transaction(kgo.TryCommit, s[310:320]...)
		return append(append(append(values, s[310:320]...), ""), b.filled(s[320:]...)...)
	},
	"an aborted transaction at the end": func(b *bench, s []string) []string {
		values := b.filled(s...)
		b.transaction(kgo.TryAbort, "p1|taken", "p1|back")
		return append(values, "", "", "")
	},
}

func (b *bench) filled(values ...string) []string {
	b.fill(values...)
	return slices.Clone(values)
}

// TestOffsetsCopiedToAnotherLog: the committed offset is believed of a copy, because
// somebody set it for this topic; what the metadata says is settled beyond it is not,
// because it was counted in another log. Of what might be the same log, the records
// decide.
func TestOffsetsCopiedToAnotherLog(t *testing.T) {
	const n = 500
	held := func(i int) bool { return i >= 100 && i%97 == 3 }
	for from, of := range map[string]func(ledger.LogID) ledger.LogID{
		"another cluster":    func(l ledger.LogID) ledger.LogID { l.Cluster++; return l },
		"another topic":      func(l ledger.LogID) ledger.LogID { l.Name++; return l },
		"it cannot be known": func(ledger.LogID) ledger.LogID { return ledger.LogID{Topic: [16]byte{}, Cluster: 0, Name: 0} },
	} {
		for name, fill := range copies {
			t.Run(from+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := newVirtualBench(t, 1, 1).settledBut(n, held)
					if o.At != 100 {
						t.Fatalf("the source is committed to %d, want 100", o.At)
					}
					b := newVirtualBench(t, 1, 1)
					values := fill(b, events("p1", 0, n))
					b.commitOf(o, of(b.logID()))
					s := newFakeSink(true)
					b.start(s, nil)
					time.Sleep(10 * time.Second)
					begin := o.At
					if begin > int64(len(values)) {
						begin = 0 // it cannot be about this log
					}
					for at, v := range values {
						id := strings.TrimPrefix(v, "p1|")
						must := v != "" && int64(at) >= begin
						if from == "it cannot be known" {
							must = v != "" && (id != fmt.Sprintf("e%d", at) || held(at))
						}
						if must && s.count(id) != 1 {
							t.Errorf("%s at offset %d is sent %d times, want once", id, at, s.count(id))
						}
					}
					// A copy that was behind goes on with what the ranges named.
					b.fill(events("p1", 5000, 5200)...)
					time.Sleep(10 * time.Second)
					for i := 5000; i < 5200; i++ {
						if got := s.count(fmt.Sprintf("e%d", i)); got != 1 {
							t.Errorf("e%d, which came later, is sent %d times, want once", i, got)
						}
					}
					if got, want := b.committed(0), int64(len(values)+200); got != want {
						t.Errorf("committed %d, want all %d", got, want)
					}
				})
			})
		}
	}
}

// commitOf commits an offset with its metadata, as said of a log.
func (b *bench) commitOf(o kadm.OffsetResponse, log ledger.LogID) {
	b.t.Helper()
	s := said(b.t, o)
	s.Log = log
	b.commitText(o.At, s.Metadata(ledger.MetadataLimit))
}

func (b *bench) commitText(at int64, metadata string) {
	b.t.Helper()
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: topic, At: at, LeaderEpoch: -1, Metadata: metadata})
	if err := b.admin.CommitAllOffsets(b.t.Context(), group, offsets); err != nil {
		b.t.Fatal(err)
	}
}

// TestMetadataThatCannotBeRead: nothing after the offset is passed over, whatever
// stands there in place of what was written.
func TestMetadataThatCannotBeRead(t *testing.T) {
	for name, tc := range map[string]struct {
		text   func(good string) string
		moved  int64 // how far the offset was moved without its metadata
		reason ledger.Reason
	}{
		"none":                    {text: func(string) string { return "" }},
		"garbage":                 {text: func(string) string { return "\x00\xff garbage ☃" }, reason: ledger.ReasonForeign},
		"another program's":       {text: func(string) string { return `{"node":"connect-1"}` }, reason: ledger.ReasonForeign},
		"a later version":         {text: func(g string) string { return "3." + g[2:] }, reason: ledger.ReasonForeign},
		"a version of two digits": {text: func(g string) string { return "22." + g[2:] }, reason: ledger.ReasonForeign},
		"an earlier version":      {text: func(g string) string { return "1." + g[2:] }, reason: ledger.ReasonOldVersion},
		"an earlier version's":    {text: func(string) string { return "1.AAAAAMgBAAoK" }, reason: ledger.ReasonOldVersion},
		"the version alone":       {text: func(g string) string { return g[:2] }, reason: ledger.ReasonDamaged},
		"half a version":          {text: func(g string) string { return g[:1] }, reason: ledger.ReasonForeign},
		"cut in half":             {text: func(g string) string { return g[:len(g)/2] }, reason: ledger.ReasonDamaged},
		"one character less":      {text: func(g string) string { return g[:len(g)-1] }, reason: ledger.ReasonDamaged},
		"four characters less":    {text: func(g string) string { return g[:len(g)-4] }, reason: ledger.ReasonDamaged},
		"one character more":      {text: func(g string) string { return g + "A" }, reason: ledger.ReasonDamaged},
		"twice":                   {text: func(g string) string { return g + g[2:] }, reason: ledger.ReasonDamaged},
		"a space before it":       {text: func(g string) string { return " " + g }, reason: ledger.ReasonForeign},
		"the case changed":        {text: strings.ToLower, reason: ledger.ReasonDamaged},
		"the offset moved back":   {text: func(g string) string { return g }, moved: -30, reason: ledger.ReasonWrongOffset},
		"the offset moved on":     {text: func(g string) string { return g }, moved: 30, reason: ledger.ReasonWrongOffset},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const n = 200
				b := newVirtualBench(t, 1, 1)
				o := b.settledBut(n, func(i int) bool { return i == 100 || i == 150 })
				at := o.At + tc.moved
				b.commitText(at, tc.text(o.Metadata))
				p, err := proof.ReadProgress(t.Context(), b.client, group, topic)
				if err != nil {
					t.Fatal(err)
				}
				for offset := at; offset < n; offset++ {
					if p.Settled(0, offset, 0) {
						t.Fatalf("progress takes offset %d for settled", offset)
					}
				}
				before := b.log.String()
				s := newFakeSink(true)
				m := b.start(s, nil)
				time.Sleep(10 * time.Second)
				for i := range n {
					want := 0
					if int64(i) >= at {
						want = 1
					}
					if got := s.count(fmt.Sprintf("e%d", i)); got != want {
						t.Errorf("e%d is sent %d times, want %d", i, got, want)
					}
				}
				if got := b.committed(0); got != n {
					t.Errorf("committed %d, want %d", got, n)
				}
				refused := 0.0
				for _, r := range ledger.Reasons {
					refused += m.refusedFor(r)
				}
				want := 0.0
				if tc.reason != "" {
					want = 1
				}
				if refused != want || tc.reason != "" && m.refusedFor(tc.reason) != 1 {
					t.Errorf("refused %v times in all, want %v for %q", refused, want, tc.reason)
				}
				told := strings.Count(strings.TrimPrefix(b.log.String(), before), `"level":"warn"`)
				if told != int(want) {
					t.Errorf("told %d times, want %v", told, want)
				}
			})
		})
	}
}

func (m *member) refusedFor(why ledger.Reason) float64 {
	var v dto.Metric
	if err := m.metrics.refused.WithLabelValues(string(why)).Write(&v); err != nil {
		panic(err)
	}
	return v.GetCounter().GetValue()
}
