package harness

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
)

// The scenes of a run, in their order. All but the last are played while nothing
// else is wrong, so that the rules about them need no excuses.
const (
	sceneTakeover = "takeover" // the group begins with the offsets of another topic's group
	sceneRolling  = "rolling"  // every member is restarted, one after the other
	sceneSurge    = "surge"    // a member joins while another one drains for its stop
	sceneStuck    = "stuck"    // Amazon fails most profiles, and the others go on
	sceneHostile  = "hostile"  // everything breaks
)

func sceneNames() []string {
	return []string{sceneTakeover, sceneRolling, sceneSurge, sceneStuck, sceneHostile}
}

// play is what a run does.
type play struct {
	scenes   []string
	episodes []episode
	troubles []trouble
}

func newPlay(o Options) (p *play, err error) {
	p = &play{scenes: sceneNames()}
	if len(o.Scenes) > 0 {
		p.scenes, err = named("scene", o.Scenes, sceneNames(), func(s string) string { return s })
	}
	if err == nil {
		p.episodes, err = chosen(o.Episodes, o.For, max(o.Nodes, 1))
	}
	if err == nil {
		p.troubles, err = chosenTroubles(o.Troubles)
	}
	return p, err
}

func (p *play) has(scene string) bool { return slices.Contains(p.scenes, scene) }

const (
	// calmBefore is how long the members run before anything is done to them.
	calmBefore = 3 * time.Second
	// settling is how long a group may take to settle when nothing is wrong.
	settling = 2 * time.Minute
)

// perform plays the scenes that have members and a stream of events.
func (w *world) perform(ctx context.Context, p *publishing, play *play) error {
	if err := w.stable(ctx, settling); err != nil {
		return err
	}
	// Without events on their way a restart would prove nothing.
	for enough := p.acked.Load() + int64(w.o.Rate); p.acked.Load() < enough && pause(ctx, 100*time.Millisecond); {
	}
	w.story.tell("%d members share %d partitions; %d events a second", w.o.Members, partitions, w.o.Rate)
	pause(ctx, calmBefore)
	for _, scene := range []struct {
		name string
		do   func(context.Context) error
	}{
		{sceneRolling, w.rolling},
		{sceneSurge, w.surge},
		{sceneStuck, w.stuck},
		{sceneHostile, func(ctx context.Context) error { return w.hostile(ctx, play.episodes, play.troubles) }},
	} {
		if !play.has(scene.name) {
			continue
		}
		if err := scene.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", scene.name, err)
		}
	}
	return ctx.Err()
}

// rolling restarts the members one after the other: the rolling restart of a
// deployment, after which nothing may have been sent twice.
func (w *world) rolling(ctx context.Context) error {
	for _, m := range w.base() {
		if err := w.term(m); err != nil {
			return err
		}
		if err := w.join(m); err != nil {
			return err
		}
		if err := w.stable(ctx, settling); err != nil {
			return err
		}
		pause(ctx, 500*time.Millisecond)
	}
	return ctx.Err()
}

// slowAnswers makes a drain last long enough for a member to join within it, and
// still leaves it the time to finish.
const slowAnswers = time.Second

// surge has a member join while another drains for its stop, as in a deployment
// that starts new members first. The group rebalances in the middle of the
// drain, and still nothing may be sent twice.
func (w *world) surge(ctx context.Context) error {
	slow := []sandbox.Fault{{Do: sandbox.Delay, Latency: slowAnswers}}
	if err := w.amazon.behave(ctx, slow, sandbox.Behaviour{}); err != nil {
		return err
	}
	pause(ctx, slowAnswers) // until what is in flight is answered slowly
	m, extra := w.dynamic(), w.members[len(w.members)-1]
	stopped := make(chan error, 1)
	go func() { stopped <- w.term(m) }()
	pause(ctx, 200*time.Millisecond)
	joined := w.join(extra)
	if err := errors.Join(joined, <-stopped); err != nil {
		return err
	}
	if err := w.join(m); err != nil {
		return err
	}
	if err := w.stable(ctx, settling); err != nil {
		return err
	}
	if err := w.amazon.behave(ctx, nil, sandbox.Behaviour{}); err != nil {
		return err
	}
	pause(ctx, 2*slowAnswers) // what was answered slowly is behind it
	if err := w.term(extra); err != nil {
		return err
	}
	return w.stable(ctx, settling)
}

// dynamic returns a member of the base that leaves the group when it stops: a
// static one keeps its partitions.
func (w *world) dynamic() *member {
	for _, m := range w.base() {
		if !m.static {
			return m
		}
	}
	return w.members[0]
}

const (
	// stuckFor is how long most profiles are failed: far longer than it takes
	// them to fill a window of maxInFlight.
	stuckFor = 20 * time.Second
	// healthyProfiles are those that Amazon goes on to answer.
	healthyProfiles = 2
)

// stuck has Amazon fail all profiles but a few, more of them than the members'
// windows have room for, and the others are to be delivered all the same.
func (w *world) stuck(ctx context.Context) error {
	ids := sample.ProfileIDs(w.o.Profiles)
	if len(ids) <= healthyProfiles {
		return nil
	}
	fault := journal.Fault{Kind: journal.Stuck, InFlight: w.inFlight()}
	var faults []sandbox.Fault
	for _, id := range ids[healthyProfiles:] {
		f := sandbox.Fault{Name: "stuck", Profile: id, Do: sandbox.Status, Status: 503}
		faults = append(faults, f)
		fault.Profiles = append(fault.Profiles, id)
	}
	fault.Does = []journal.Does{{Name: faults[0].Name, Do: string(faults[0].Do)}}
	id := w.story.begin(fault)
	if err := w.amazon.behave(ctx, faults, sandbox.Behaviour{}); err != nil {
		return err
	}
	pause(ctx, stuckFor)
	w.story.end(id, w.inFlight())
	return w.amazon.behave(ctx, nil, sandbox.Behaviour{})
}
