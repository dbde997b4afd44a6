package parking

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/flow"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// lotModel is what is parked of one profile, and how much of it is being read again.
type lotModel struct {
	spots []assignment.Spot
	out   int
}

// TestLotsAgainstModel: whatever is parked, read again, brought back and lost, the counts,
// the bound and who is awaited are those of a list for each profile.
func TestLotsAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 40).Draw(t, "most")
		p := New(most, nil)
		owners := []*assignment.Assignment{owner(0), owner(1), owner(2)}
		profiles := []string{"p", "q", "r"}
		model := make(map[string]*lotModel)
		var errands []errand
		seq := uint64(0)
		live := func(s assignment.Spot) bool { return s.Owner.Live() }
		t.Repeat(map[string]func(*rapid.T){
			"park": func(t *rapid.T) {
				profile, a := rapid.SampledFrom(profiles).Draw(t, "profile"), rapid.SampledFrom(owners).Draw(t, "owner")
				var spots []assignment.Spot
				for range rapid.IntRange(0, 3).Draw(t, "n") {
					seq++
					spots = append(spots, parked(a, seq, int64(seq))...)
				}
				p.put(profile, slices.Clone(spots))
				if len(spots) > 0 {
					if model[profile] == nil {
						model[profile] = new(lotModel)
					}
					model[profile].spots = append(model[profile].spots, spots...)
					select {
					case <-p.news:
					default:
						t.Error("nobody is told that something was parked")
					}
				}
			},
			"take": func(t *rapid.T) {
				n := rapid.IntRange(0, 5).Draw(t, "wants")
				got := p.take(func(string) int { return n }, time.Unix(0, 0), 100, readable)
				for profile, m := range model {
					m.spots = slices.DeleteFunc(m.spots, func(s assignment.Spot) bool { return !live(s) })
					if len(m.spots) == 0 && m.out == 0 {
						delete(model, profile)
					}
				}
				for _, e := range got {
					m := model[e.profile]
					if len(e.spots) != min(n, len(m.spots)) {
						t.Errorf("%d of %d are read again of %s, want %d", len(e.spots), len(m.spots), e.profile, n)
					}
					for i, s := range e.spots {
						if s.Seq != m.spots[i].Seq {
							t.Errorf("%s: number %d is read again, want %d", e.profile, s.Seq, m.spots[i].Seq)
						}
					}
					m.spots, m.out = m.spots[len(e.spots):], m.out+len(e.spots)
				}
				errands = append(errands, got...)
			},
			"done": func(t *rapid.T) {
				if len(errands) == 0 {
					return
				}
				e := errands[0]
				errands = errands[1:]
				left := e.spots[rapid.IntRange(0, len(e.spots)).Draw(t, "read"):]
				p.done(e, slices.Clone(left))
				m := model[e.profile]
				m.out -= len(e.spots)
				m.spots = append(slices.Clone(left), m.spots...)
				if len(m.spots) == 0 && m.out == 0 {
					delete(model, e.profile)
				}
			},
			"end": func(t *rapid.T) {
				if rapid.IntRange(0, 5).Draw(t, "seldom") > 0 {
					return
				}
				i := rapid.IntRange(0, len(owners)-1).Draw(t, "owner")
				owners[i].End()
				owners[i] = owner(int32(i))
			},
			"": func(t *rapid.T) {
				count := 0
				for _, m := range model {
					count += len(m.spots)
				}
				used := count + lotSpots*max(len(model)-1, 0)
				if p.Count() != count || p.Free() != max(most-used, 0) {
					t.Fatalf("%d are parked and %d may be, want %d and %d", p.Count(), p.Free(), count, max(most-used, 0))
				}
				for _, profile := range profiles {
					m := model[profile]
					if got, want := p.Holds(profile), m != nil && used < most; got != want {
						t.Fatalf("%s is held: %v, want %v (%d of %d)", profile, got, want, used, most)
					}
					if got, want := p.Awaits(profile), m != nil && (m.out > 0 || slices.ContainsFunc(m.spots, live)); got != want {
						t.Fatalf("%s is awaited: %v, want %v", profile, got, want)
					}
				}
				for partition := range int32(3) {
					tp := assignment.Of("orders", partition)
					want := false
					for _, m := range model {
						want = want || slices.ContainsFunc(m.spots, func(s assignment.Spot) bool { return live(s) && s.Owner.TopicPartition() == tp })
					}
					if p.owes(tp) != want {
						t.Fatalf("records of %s are parked: %v, want %v", tp, !want, want)
					}
				}
				if got, want := p.open.Load(), int64(len(model)); got != want {
					t.Fatalf("%d lots are open, want %d", got, want)
				}
			},
		})
	})
}

// room is what a handler gives back, and how much it wants.
type room struct {
	back  []verdict.Backlog
	asked int // for how many
	wants map[string]int
}

func (r *room) GiveBack(most int) []verdict.Backlog {
	r.asked = most
	return r.back
}

func (r *room) Wants(profile string) int { return r.wants[profile] }

// taken is an assignment that has taken records, and their handles.
func taken(partition int32, w *flow.Window, n int64) (a *assignment.Assignment, handles []verdict.Handle) {
	a = owner(partition)
	list := records(0, n)
	for i, r := range list {
		r.Partition = partition
		w.Take(1, int64(verdict.SizeOf(r)))
		handles = append(handles, verdict.Handle{Owner: a, Seq: uint64(i)})
	}
	a.Push(list, list, n)
	return a, handles
}

// counted is what a counter is at.
func counted(t *testing.T, c prometheus.Counter) float64 {
	t.Helper()
	var m dto.Metric
	if err := c.Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.GetCounter().GetValue()
}

// TestRelieve: what a handler gives back of several profiles and partitions leaves the
// window, and is parked with the past that it was given back with.
func TestRelieve(t *testing.T) {
	w := flow.NewWindow(10, 1<<20)
	p := New(8, w)
	a, ofA := taken(0, w, 5)
	_, ofB := taken(1, w, 2)
	past := new(verdict.Past)
	lanes := &room{back: []verdict.Backlog{
		{Profile: "p", Handles: []verdict.Handle{ofA[2], ofB[0], ofA[3]}, Past: past}, {Profile: "p", Handles: ofA[4:]}, {Profile: "q", Handles: ofA[1:2]},
	}}
	if !p.Relieve(lanes) {
		t.Error("nothing is said to have been given back")
	}
	events, bytes := w.InFlight()
	if want := 2 * int64(verdict.SizeOf(records(0, 1)[0])); events != 2 || bytes != want || lanes.asked != 8 {
		t.Errorf("%d records and %d bytes are in flight, want 2 and %d; %d were asked for, want 8", events, bytes, want, lanes.asked)
	}
	if parked := counted(t, p.metrics.parked); parked != 5 || p.Count() != 5 {
		t.Errorf("%v are counted as parked, and %d are", parked, p.Count())
	}
	var got []string
	for _, e := range p.take(func(string) int { return 9 }, time.Now(), 100, readable) {
		for _, s := range e.spots {
			got = append(got, fmt.Sprintf("%s %d@%d %v", e.profile, s.Seq, s.Owner.Partition(), s.Past == past))
		}
	}
	slices.Sort(got)
	if want := []string{"p 0@1 true", "p 2@0 true", "p 3@0 true", "p 4@0 false", "q 1@0 false"}; !slices.Equal(got, want) {
		t.Errorf("%q are parked, want %q", got, want)
	}
	// What is given back of an assignment that has ended is its next owner's.
	a.End()
	lanes.back = []verdict.Backlog{{Profile: "p", Handles: ofA[:1]}}
	if p.Relieve(lanes) {
		t.Error("records of an ended assignment made room")
	}
	// A full car park takes none.
	full := New(0, w)
	if lanes.asked = -1; full.Relieve(lanes) || lanes.asked != -1 {
		t.Errorf("%d were asked for where none can be parked", lanes.asked)
	}
}

// TestTroubleGrows: a partition that cannot be read is left alone for longer each time, up
// to a bound, and what is told of many is bounded, too.
func TestTroubleGrows(t *testing.T) {
	var all troubles
	now := time.Unix(1000, 0)
	why := fmt.Errorf("no leader")
	tp := assignment.Of("orders", 3)
	for _, want := range []int{1, 2, 4, 8, 16, 30, 30} {
		all.note(tp, why, now)
		until := now.Add(time.Duration(want) * time.Second)
		if !all.waits(tp, until.Add(-1)) || all.waits(tp, until) {
			t.Errorf("left alone until %v, want for %ds", all[tp].until.Sub(now), want)
		}
	}
	if err := all.tell(); err == nil || err.Error() != "partition orders/3: no leader" {
		t.Errorf("%v", err)
	}
	for i := range int32(6) {
		all.note(assignment.Of("orders", i), why, now)
	}
	want := "partition orders/0: no leader; partition orders/1: no leader; partition orders/2: no leader; partition orders/3: no leader; partition orders/4: no leader; and 1 more"
	if err := all.tell(); err == nil || err.Error() != want {
		t.Errorf("%v, want %q", err, want)
	}
	all.over(tp)
	if all.waits(tp, now) || all.among(newWanted(New(9, nil), []errand{{spots: append(parked(owner(3), 1, 1), parked(owner(4), 1, 1)...)}}))[0].Partition != 4 {
		t.Error("a partition that was read is still in trouble, or another is not")
	}
}
