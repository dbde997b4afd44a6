package gate

import (
	"testing"

	"pgregory.net/rapid"
)

func TestAWindowGrowsByOneForEachOfItsLengthAndHalves(t *testing.T) {
	w := newWindow(8)
	answers := 0
	for w.limit < 8 {
		w.use(w.limit)
		w.grow()
		answers++
	}
	if answers != 1+2+3+4+5+6+7 {
		t.Errorf("8 after %d good answers, want 28: one more after each full window", answers)
	}
	for range 100 {
		w.use(8)
		w.grow()
	}
	if w.limit != 8 {
		t.Errorf("grew to %d, over its most", w.limit)
	}
	var limits []int
	for range 5 {
		w.cut()
		limits = append(limits, w.limit)
	}
	for i, want := range []int{4, 2, 1, 1, 1} {
		if limits[i] != want {
			t.Fatalf("cuts lead to %v, want 4 2 1 1 1", limits)
		}
	}
}

// Good answers to a few requests do not show that Amazon would take many.
func TestAWindowThatIsNotFullDoesNotGrow(t *testing.T) {
	w := newWindow(8)
	w.use(1)
	for range 100 {
		w.grow()
		w.use(1)
	}
	if w.limit != 2 {
		t.Errorf("grew to %d with one request at a time, want one more than that", w.limit)
	}
}

// Whatever the answers, a window is from 1 to its most, a cut at least halves it
// or leaves 1, and a run of good answers shorter than it does not widen it.
func TestAWindowStaysInItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWindow(rapid.IntRange(1, 20).Draw(t, "most"))
		run, filled := 0, false
		for _, do := range rapid.SliceOfN(rapid.SampledFrom([]string{"good", "good", "good", "fill", "fill", "cut", "shut"}), 1, 300).Draw(t, "answers") {
			was, round := w.limit, w.round
			switch do {
			case "good":
				w.grow()
				run++
			case "fill":
				w.use(w.limit)
				filled = true
			case "cut":
				w.cut()
			case "shut":
				w.shut()
			}
			switch {
			case w.limit < 1 || w.limit > w.most:
				t.Fatalf("%s: %d is out of bounds", do, w.limit)
			case do == "cut" && w.limit > max(1, was/2), do == "shut" && w.limit != 1:
				t.Fatalf("%s: %d to %d", do, was, w.limit)
			case w.limit > was && (w.limit != was+1 || run < was || !filled):
				t.Fatalf("%d to %d after %d good answers", was, w.limit, run)
			case (w.round != round) != (do == "cut" || do == "shut"):
				t.Fatalf("%s: round %d to %d", do, round, w.round)
			}
			if w.limit != was || do == "cut" || do == "shut" {
				run, filled = 0, false
			}
		}
	})
}
