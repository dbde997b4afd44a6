package verdict

// Advice is what to do about a reason: what to fix, and then what to do with the dead
// letters; nothing if it is empty. It follows the troubleshooting of the integration
// guide, and never recommends sending an event again before its cause is fixed.
type Advice struct{ Mend, Then string }

// What to do with the letters. A redrive sends the original, byte for byte: it helps
// after a change on this side, and never after one in the source.
const (
	redriveEvent  = "Then redrive the event."
	redriveEvents = "Then redrive the events."
	publishAnew   = "Redrive does not help, as it sends what the source wrote: have the source publish the event again."
	redriveOrAnew = "Then redrive the event; but after a change in the source have it publish the event again, as redrive sends what it wrote."
	sameBytes     = "Redrive does not help, as it sends the same bytes: have the event published again, if it is one."
)

// Remedy says what an operator does next about dead letters with that reason, in a
// sentence or two.
func Remedy(r Reason) string {
	a := adviceOf(&r)
	if a.Then == "" {
		return a.Mend
	}
	return a.Mend + " " + a.Then
}

// Mend is Remedy without dead letters, as for an event that is tried out: it does not
// recommend a redrive.
func Mend(r Reason) string { return adviceOf(&r).Mend }

// adviceOf finds the advice in the registry, for a code of ours, or among the answers.
func adviceOf(r *Reason) Advice {
	if e := byName[classAndName{r.Class, r.Code}]; e != nil {
		return e.Advice
	}
	for i := range answers {
		if answers[i].fits(r) {
			return answers[i].Advice
		}
	}
	return inFlight
}
