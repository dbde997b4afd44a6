package audit

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
)

// scene is a run that never was, of a program that did everything right: two
// members with a partition each, forty events a tenth of a second apart. Tests
// change what happened and see what the judgement says.
type scene struct {
	*Facts
	// answers is when the program knew of each record's verdict, which is what
	// its commits follow from.
	answers map[int]time.Time
	// forge changes the receipts, which are right otherwise, whatever happened.
	forge func(*scene)
}

var epoch = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// at is a time of the scene, in seconds from its beginning.
func at(s float64) time.Time { return epoch.Add(time.Duration(s * float64(time.Second))) }

const (
	sceneProfile = "2000000001"
	sceneEvents  = 40
	sceneEnd     = 30
)

func newScene() *scene {
	s := &scene{
		Facts: &Facts{
			Run: journal.Run{
				Seed: 7, Began: epoch, Topic: "events", CommitInterval: 500 * time.Millisecond,
				SessionTimeout: 6 * time.Second, Drain: 8 * time.Second, RequestTimeout: 4 * time.Second, MaxInFlight: 1000,
			},
			Samples: make(map[string]journal.Sample),
			Ends:    map[int32]int64{0: sceneEvents / 2, 1: sceneEvents / 2},
			Drained: &journal.Drained{Quiet: at(20), At: at(sceneEnd), Acknowledged: sceneEvents},
			Exits:   []journal.Exit{{At: at(29), Member: "m0", Told: "SIGTERM"}, {At: at(29), Member: "m1", Told: "SIGTERM"}},
		},
		answers: make(map[int]time.Time),
	}
	s.generation(0.5, "m0", "m1")
	for i := range sceneEvents {
		s.publish(i)
	}
	slices.SortFunc(s.Records, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
	})
	for i := range s.Records {
		r := &s.Records[i]
		switch s.Samples[r.Key].Expect {
		case "accepted":
			s.take(i, r.Published.Add(300*time.Millisecond))
		case "validation":
			s.letter(i, r.Published.Add(50*time.Millisecond))
		}
		s.answers[i] = r.Published.Add(350 * time.Millisecond)
	}
	s.commit()
	return s
}

// publish makes event i: every tenth is broken, every tenth is to be left out.
func (s *scene) publish(i int) {
	key := fmt.Sprintf("e%02d", i)
	sample := journal.Sample{Key: key, Profile: sceneProfile, EventID: key, Expect: "accepted"}
	switch i % 10 {
	case 3:
		sample.Expect, sample.Code = "validation", "country_unknown"
	case 7:
		sample.Expect = "filtered"
	}
	s.Samples[key] = sample
	s.Records = append(s.Records, Record{
		Partition: int32(i % 2), Offset: int64(i / 2), Key: key, Value: sha256.Sum256([]byte(key)),
		Published: at(1 + float64(i)/10), Profile: sceneProfile, EventID: key, Decoded: true,
	})
}

// record finds a record by its key.
func (s *scene) record(key string) int {
	return slices.IndexFunc(s.Records, func(r Record) bool { return r.Key == key })
}

// take has Amazon take a record's event in a request of its own.
func (s *scene) take(i int, t time.Time) *Request {
	r := &s.Records[i]
	q := Request{Time: t, Profile: r.Profile, Status: 200, Items: []Item{{EventID: r.EventID, Digest: r.Value, Verdict: Taken}}}
	n, _ := slices.BinarySearchFunc(s.Requests, t, func(q Request, t time.Time) int { return q.Time.Compare(t) })
	s.Requests = slices.Insert(s.Requests, n, q)
	return &s.Requests[n]
}

// untake undoes it.
func (s *scene) untake(key string) {
	s.Requests = slices.DeleteFunc(s.Requests, func(q Request) bool { return q.Items[0].EventID == key })
}

func (s *scene) letter(i int, t time.Time) *Letter {
	r := &s.Records[i]
	e := s.Samples[r.Key]
	s.Letters = append(s.Letters, Letter{
		Written: t, Topic: "events", Partition: r.Partition, Offset: r.Offset, Key: r.Key, Value: r.Value,
		Class: "validation", Code: cmp.Or(e.Code, "country_unknown"),
	})
	return &s.Letters[len(s.Letters)-1]
}

func (s *scene) unletter(key string) {
	s.Letters = slices.DeleteFunc(s.Letters, func(l Letter) bool { return l.Key == key })
}

// receipts has the program write receipts about everything that happened.
func (s *scene) receipts() {
	s.Receipts = nil
	for i := range s.Records {
		r := &s.Records[i]
		sample, known := s.Samples[r.Key]
		if !known {
			continue
		}
		before := len(s.Receipts)
		for _, q := range s.Requests {
			if it := q.Items[0]; it.EventID == sample.EventID && q.Profile == sample.Profile && it.Verdict == Taken {
				rc := s.receipt(i, later(q.Time, r.Published), "accepted")
				rc.Attempts, rc.FirstSent, rc.Answered = 1, q.Time.Add(-100*time.Millisecond), q.Time.Add(10*time.Millisecond)
			}
		}
		for _, l := range s.Letters {
			if l.Partition == r.Partition && l.Offset == r.Offset {
				rc := s.receipt(i, l.Written, l.Class)
				rc.Events[0].Code, rc.Events[0].Status = l.Code, l.Status
			}
		}
		if len(s.Receipts) == before && sample.Expect == "filtered" {
			s.receipt(i, s.answers[i].Add(-50*time.Millisecond), "filtered")
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// receipt writes one for a record, soon after its verdict.
func (s *scene) receipt(i int, verdict time.Time, class string) *Receipt {
	sample, r := s.Samples[s.Records[i].Key], &s.Records[i]
	s.Receipts = append(s.Receipts, Receipt{
		Written: verdict.Add(20 * time.Millisecond), Key: sample.Profile, Decoded: true, Profile: sample.Profile, Topic: "events",
		Events: []Receipted{{Partition: r.Partition, Offset: r.Offset, EventID: sample.EventID, Verdict: class}},
	})
	return &s.Receipts[len(s.Receipts)-1]
}

// receiptOf finds a record's receipt.
func (s *scene) receiptOf(key string) *Receipt {
	r := s.Records[s.record(key)]
	return &s.Receipts[slices.IndexFunc(s.Receipts, func(rc Receipt) bool {
		return rc.Events[0].Partition == r.Partition && rc.Events[0].Offset == r.Offset
	})]
}

// commit has the group commit every half second how far each partition has got.
func (s *scene) commit() {
	s.Commits = nil
	for tick := 1.0; tick < sceneEnd; tick += 0.5 {
		for p := range int32(2) {
			offset := int64(0)
			for i := range s.Records {
				if r := &s.Records[i]; r.Partition == p && r.Offset == offset && !s.answers[i].After(at(tick)) {
					offset++
				}
			}
			s.Commits = append(s.Commits, Commit{At: at(tick), Partition: p, Offset: offset})
		}
	}
}

// generation gives the partitions to members; "" is nobody.
func (s *scene) generation(t float64, owners ...string) {
	g := Generation{At: at(t), Number: int32(len(s.Generations)), Owners: make(map[int32]Owner)}
	for p, name := range owners {
		if name != "" {
			g.Owners[int32(p)] = Owner{name, name + "-1"}
		}
	}
	s.Generations = append(s.Generations, g)
}

func (s *scene) fault(kind journal.Kind, member string, from, to float64, inFlight int) {
	f := journal.Fault{ID: len(s.Faults) + 1, Kind: kind, Member: member, Began: at(from), Ended: at(to)}
	f.InFlight = map[string]int{"m0": inFlight, "m1": inFlight}
	s.Faults = append(s.Faults, f)
}

// judge judges the scene and returns how often each rule was broken.
func (s *scene) judge() (*Report, map[Rule]int) {
	s.receipts()
	if s.forge != nil {
		s.forge(s)
	}
	r := Judge(s.Facts)
	broken := make(map[Rule]int)
	for _, v := range r.Violations {
		broken[v.Rule] = v.Count
	}
	return r, broken
}

func (s *scene) want(t *testing.T, want map[Rule]int) *Report {
	t.Helper()
	r, broken := s.judge()
	if !maps.Equal(broken, want) {
		t.Errorf("broken: %v, want %v", broken, want)
		for _, v := range r.Violations {
			t.Logf("%s: %q", v.Rule, v.Examples)
		}
	}
	return r
}
