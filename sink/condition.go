package sink

import (
	"time"

	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/sink/amazon"
)

// condition is what a lane reports about its trouble. The lane's mu guards it.
type condition struct {
	reported bool   // it fails
	said     string // what it last reported as the cause
	name     string // while there is one
	// lasting: events became dead letters because of it, so that an empty lane does not
	// mean that the trouble is over.
	lasting bool
	fading  *time.Timer // ends it once the lane is idle; nil if none is running
}

// outlast notes that events became dead letters because of the trouble.
func (c *condition) outlast() { c.lasting = true }

// recall continues with what the previous lane of the profile reported.
func (c *condition) recall(said string) { c.said = said }

// clear forgets the cause, but not that the condition fails.
func (c *condition) clear() { c.said, c.lasting = "", false }

// known reports whether it has a cause.
func (c *condition) known() bool { return c.reported || c.said != "" || c.lasting }

// conditionName stays the same during a condition, although a profile that becomes known is
// shown under another name.
func (l *lane) conditionName() string {
	c := &l.condition
	if c.reported && c.name != "" {
		return c.name
	}
	c.name = "lane " + l.sink.profiles.Shown(l.profile)
	if l.region != amazon.RegionUnknown {
		c.name += " " + l.region.String()
	}
	return c.name
}

// report makes the lane's condition fail. Only lanes in trouble have a condition: a list of
// thousands of healthy ones would not make /status more useful.
func (l *lane) report(reason string) {
	l.condition.reported, l.condition.said = true, reason
	l.sink.opts.Conditions.Condition(l.conditionName()).OfKnown(l.sink.profiles.Knows(l.profile)).Fail(reason)
}

// recovered ends the condition because the trouble is over.
func (l *lane) recovered() {
	if cs := l.sink.opts.Conditions; cs != nil {
		cs.Condition(l.conditionName()).OK()
		cs.Remove(l.conditionName())
	}
	l.condition.reported = false
}

// rest handles a lane without events. What it failed to send was dropped, and its trouble
// with it, unless events became dead letters because of it or will come back.
func (l *lane) rest() {
	if l.discharge(); l.trust.strange {
		l.sink.spent.Add(1)
	}
	if l.condition.lasting || l.away() {
		l.fade(conditionLinger)
		return
	}
	l.withdraw()
}

// withdraw removes the lane's condition and forgets its failures, because nothing is left
// that would show when they are over.
func (l *lane) withdraw() {
	if l.condition.fading != nil {
		l.condition.fading.Stop()
		l.condition.fading = nil
	}
	l.endCondition()
	l.forget()
}

func (l *lane) endCondition() {
	if !l.condition.reported {
		return
	}
	name := l.conditionName() // under the name it was reported with: the profile may have become known since
	l.condition.reported = false
	l.sink.opts.Conditions.Withdraw(name, "the lane has no events left")
}

// resume makes a lane whose condition ended while it was idle report it again: it has events,
// and they wait for the same trouble to end.
func (l *lane) resume() {
	if l.gate.Broken() && !l.condition.reported {
		l.report(l.condition.said)
	}
}

// conditionLinger is how long an idle lane whose events became dead letters keeps its
// condition. Without it, each event of a refused profile would turn the condition on and off,
// with two log lines each.
const conditionLinger = 30 * time.Second

// fade ends the condition of an idle lane after that time, and keeps its failures: the next
// event is still sent alone. Without it, a profile without further events would keep the
// process from being ready.
func (l *lane) fade(after time.Duration) {
	if l.condition.reported && l.condition.fading == nil && l.sink.stop.Err() == nil {
		l.condition.fading = time.AfterFunc(after, l.faded)
	}
}

func (l *lane) faded() {
	defer crash.Report()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.condition.fading = nil
	if !l.idle() {
		return // it restarts the timer when it has no events
	}
	if l.away() {
		l.fade(conditionLinger)
		return
	}
	if left := conditionLinger - l.sink.opts.Now().Sub(l.shown.since); left > 0 {
		l.fade(left)
		return
	}
	if l.condition.lasting {
		l.endCondition()
	} else {
		l.withdraw()
	}
}

// stopFading stops the timer, when the sink closes.
func (l *lane) stopFading() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.condition.fading != nil {
		l.condition.fading.Stop()
		l.condition.fading = nil
	}
}
