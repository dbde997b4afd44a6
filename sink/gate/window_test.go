package gate

import (
	"testing"

	"pgregory.net/rapid"
)

func TestAWindowGrowsByOneForEachOfItsLengthAndHalves(t *testing.T) {
	w := NewWindow(8)
	answers := 0
	for w.Limit < 8 {
		w.Use(w.Limit)
		w.Grow()
		answers++
	}
	if answers != 1+2+3+4+5+6+7 {
		t.Errorf("8 after %d good answers, want 28: one more after each full window", answers)
	}
	for range 100 {
		w.Use(8)
		w.Grow()
	}
	if w.Limit != 8 {
		t.Errorf("grew to %d, over its most", w.Limit)
	}
	var limits []int
	for range 5 {
		w.Cut()
		limits = append(limits, w.Limit)
	}
	for i, want := range []int{4, 2, 1, 1, 1} {
		if limits[i] != want {
			t.Fatalf("cuts lead to %v, want 4 2 1 1 1", limits)
		}
	}
}

// Good answers to a few requests do not show that Amazon would take many.
func TestAWindowThatIsNotFullDoesNotGrow(t *testing.T) {
	w := NewWindow(8)
	w.Use(1)
	for range 100 {
		w.Grow()
		w.Use(1)
	}
	if w.Limit != 2 {
		t.Errorf("grew to %d with one request at a time, want one more than that", w.Limit)
	}
}

// Whatever the answers, a window is from 1 to its most, a cut at least halves it
// or leaves 1, and a run of good answers shorter than it does not widen it.
func TestAWindowStaysInItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := NewWindow(rapid.IntRange(1, 20).Draw(t, "most"))
		run, filled := 0, false
		for _, do := range rapid.SliceOfN(rapid.SampledFrom([]string{"good", "good", "good", "fill", "fill", "cut", "shut"}), 1, 300).Draw(t, "answers") {
			was, round := w.Limit, w.Round
			switch do {
			case "good":
				w.Grow()
				run++
			case "fill":
				w.Use(w.Limit)
				filled = true
			case "cut":
				w.Cut()
			case "shut":
				w.Shut()
			}
			switch {
			case w.Limit < 1 || w.Limit > w.Most:
				t.Fatalf("%s: %d is out of bounds", do, w.Limit)
			case do == "cut" && w.Limit > max(1, was/2), do == "shut" && w.Limit != 1:
				t.Fatalf("%s: %d to %d", do, was, w.Limit)
			case w.Limit > was && (w.Limit != was+1 || run < was || !filled):
				t.Fatalf("%d to %d after %d good answers", was, w.Limit, run)
			case (w.Round != round) != (do == "cut" || do == "shut"):
				t.Fatalf("%s: round %d to %d", do, round, w.Round)
			}
			if w.Limit != was || do == "cut" || do == "shut" {
				run, filled = 0, false
			}
		}
	})
}
