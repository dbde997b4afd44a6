package sample

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/transform"
)

// afterwards is a moment after the events of a generator without Start.
var afterwards = time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)

func take(t *testing.T, seed uint64, o GeneratorOptions, n int) []Sample {
	t.Helper()
	g, err := NewGenerator(seed, o)
	if err != nil {
		t.Fatal(err)
	}
	var out []Sample
	for s := range g.Take(n) {
		out = append(out, s)
	}
	return out
}

func written(t *testing.T, samples []Sample) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, samples...); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGeneratorIsDeterministic(t *testing.T) {
	o := GeneratorOptions{Broken: 0.2, Denied: 0.1, Repeated: 0.05, V1: 0.3}
	first := written(t, take(t, 1, o, 500))
	if first != written(t, take(t, 1, o, 500)) {
		t.Error("the same seed made other samples")
	}
	if first == written(t, take(t, 2, o, 500)) {
		t.Error("another seed made the same samples")
	}
}

// TestGeneratedClasses holds what the samples expect to what the stages make of
// them, and to the sandbox Amazon's judgement of all that is sent.
func TestGeneratedClasses(t *testing.T) {
	var names []string
	for _, b := range Breakages() {
		names = append(names, b.Name)
	}
	for name, c := range map[string]struct {
		generator GeneratorOptions
		transform transform.Options
	}{
		"by default":       {GeneratorOptions{Broken: 0.3, BrokenIn: names, Denied: 0.1, Repeated: 0.05, V1: 0.4}, transform.Options{}},
		"consent filtered": {GeneratorOptions{Broken: 0.3, BrokenIn: names, Denied: 0.1, DeniedFiltered: true, V1: 0.4}, transform.Options{ConsentDenied: transform.ConsentFilter}},
	} {
		t.Run(name, func(t *testing.T) {
			j := newJudge(t, afterwards, c.transform)
			seen := map[verdict.Class]int{}
			broken := map[string]bool{}
			for _, s := range take(t, 3, c.generator, 5000) {
				class, code := j.class(&s)
				if class != s.Expect || s.Code != "" && code != s.Code {
					t.Errorf("%.40s (%s): %s %s, want %s %s", s.EventID(), s.Why, class, code, s.Expect, s.Code)
				}
				seen[class]++
				if s.Expect.DeadLetter() {
					broken[s.Why] = true
				}
			}
			for _, class := range verdict.Classes() {
				if class == verdict.Filtered && !c.generator.DeniedFiltered {
					continue
				}
				if seen[class] == 0 {
					t.Errorf("no sample of class %s", class)
				}
			}
			for _, b := range Breakages() {
				if !broken[b.why] {
					t.Errorf("no sample broken by %s", b.Name)
				}
			}
			if j.warnings*20 > j.sent {
				t.Errorf("%d of %d conversions lost a field: want less than one in twenty", j.warnings, j.sent)
			}
		})
	}
}

func TestGeneratorCoverage(t *testing.T) {
	const n = 5000
	samples := take(t, 4, GeneratorOptions{Profiles: 50, Broken: 0.01, Repeated: 0.02, V1: 0.3}, n)
	var broken, repeated, v1, clicks, phones int
	profiles, ids, types, currencies, countries := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	transformer, err := transform.New(transform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range samples {
		if s.Expect != verdict.Accepted {
			broken++
			continue
		}
		if ids[s.EventID()]++; ids[s.EventID()] == 2 {
			repeated++
		}
		var c transform.Conversion
		if reason, ok := transformer.Transform(s.Event, afterwards, &c); !ok {
			t.Fatal(reason)
		}
		types[c.EventType]++
		profiles[c.ProfileID]++
		currencies[c.Currency]++
		countries[c.CountryCode]++
		if s.Schema == schemas.V1 {
			v1++
		}
		if c.ClickID != "" {
			clicks++
		}
		if c.HashedPhone.IsSet() {
			phones++
		}
	}
	between := func(what string, got, low, high int) {
		t.Helper()
		if got < low || got > high {
			t.Errorf("%s: %d of %d, want %d to %d", what, got, n, low, high)
		}
	}
	between("broken", broken, 20, 90)
	between("repeated", repeated, 50, 150)
	between("version 1", v1, 1200, 1800)
	between("with a click id", clicks, 1200, 2200)
	between("with a phone number", phones, 1500, 3000)
	between("profiles", len(profiles), 50, 50)
	between("currencies", len(currencies), 8, 20)
	between("countries", len(countries), 9, 9)
	for _, want := range []string{"PURCHASE", "ADD_TO_CART", "CHECKOUT", "LEAD", "SIGN_UP", "SUBSCRIBE", "PAGE_VIEW", "SEARCH", "CONTACT", "APPLICATION", "MOBILE_APP_FIRST_START"} {
		if types[want] == 0 {
			t.Errorf("no event of type %s", want)
		}
	}
}

func TestGeneratorOptions(t *testing.T) {
	start := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, s := range take(t, 5, GeneratorOptions{ProfileIDs: []string{"7"}, Start: start, Span: time.Hour, Prefix: "run9-", Broken: 1, BrokenIn: []string{"tombstone", "value_negative"}}, 200) {
		if s.ProfileID() != "7" || !strings.HasPrefix(s.EventID(), "run9-") || s.Code != "tombstone" && s.Code != "value_negative" {
			t.Errorf("profile %s, id %s, code %s", s.ProfileID(), s.EventID(), s.Code)
		}
		if at := time.UnixMilli(s.Event.OccurredAt); at.Before(start) || !at.Before(start.Add(time.Hour)) {
			t.Errorf("happened at %s, want within an hour of %s", at.UTC(), start)
		}
	}
	if got := ProfileIDs(2000); len(slices.Compact(slices.Sorted(slices.Values(got)))) != 2000 {
		t.Error("profile ids repeat")
	}
	for want, o := range map[string]GeneratorOptions{
		"profiles -1":                     {Profiles: -1},
		"broken 2":                        {Broken: 2},
		"denied -0.5":                     {Denied: -0.5},
		"span -1s is negative":            {Span: -time.Second},
		`breakage "tombstnoe" is unknown`: {BrokenIn: []string{"tombstnoe"}},
	} {
		if _, err := NewGenerator(1, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q in the error", err, want)
		}
	}
}

func BenchmarkGenerator(b *testing.B) {
	e, err := NewEncoder()
	if err != nil {
		b.Fatal(err)
	}
	ids := LocalIDs()
	for name, o := range map[string]GeneratorOptions{
		"mixed": {Profiles: 50, Broken: 0.01, V1: 0.3},
		"full":  {Profiles: 50, Full: true},
	} {
		g, err := NewGenerator(1, o)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				g.Next()
			}
		})
		b.Run(name+" and encode", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s := g.Next()
				if _, err := e.Value(ids, &s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestSeedsDoNotShareIDs: Amazon removes an event whose id it knows, whatever else
// is in it.
func TestSeedsDoNotShareIDs(t *testing.T) {
	whose := make(map[string]uint64)
	for _, seed := range []uint64{0, 1, 2, 9, 10, 11, 35, 36, 37, 1 << 40, 1<<64 - 1} {
		for _, s := range take(t, seed, GeneratorOptions{}, 1500) {
			if other, ok := whose[s.EventID()]; ok {
				t.Fatalf("seeds %d and %d both make %s", other, seed, s.EventID())
			}
			whose[s.EventID()] = seed
		}
	}
}
