package assignment

import (
	"testing"

	"pgregory.net/rapid"
)

// Whatever happens to partitions, what counts is what those that do not hold have
// in their inboxes.
func TestInboxesCountWhatCanBeBegun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := someInboxes()
		as := []*Assignment{New("t", 0, all, func() {}), New("t", 1, all, func() {})}
		holds := map[*Assignment]bool{}
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			a := rapid.SampledFrom(as).Draw(t, "assignment")
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				a.queue(rapid.IntRange(1, 100).Draw(t, "taken"))
			case 1:
				a.Begun(rapid.IntRange(0, a.queued).Draw(t, "begun"))
			case 2:
				holds[a] = rapid.Bool().Draw(t, "holds")
				a.Hold(holds[a])
			case 3:
				if rapid.IntRange(0, 9).Draw(t, "left") == 0 {
					a.Leave(0)
					as[a.partition] = New("t", a.partition, all, func() {})
				}
			}
			want := 0
			for _, a := range as {
				if !holds[a] {
					want += a.queued
				}
			}
			if all.Len() != want {
				t.Fatalf("%d are said to be in the inboxes, want %d", all.Len(), want)
			}
		}
	})
}
