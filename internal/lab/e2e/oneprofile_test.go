//go:build !kafka

package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
)

// status is the page of that name.
func (w *world) status(p program) (s health.Status) {
	w.t.Helper()
	_, page := w.get(p, "/status")
	if err := json.Unmarshal([]byte(page), &s); err != nil {
		w.t.Fatalf("%v\n%s", err, page)
	}
	return s
}

// TestOneRefusedProfileLeavesTheProcessReady: Amazon refuses one profile, and takes
// the others. The process is ready all the while: with that profile's events held,
// and with them as dead letters. /status says what is wrong, since when and what to do.
// That this ends once the lane has been idle for a while is shown in package sink, in
// virtual time.
func TestOneRefusedProfileLeavesTheProcessReady(t *testing.T) {
	profiles := sample.ProfileIDs(3)
	w := newWorld(t, sandbox.Options{Behaviour: sandbox.Behaviour{Faults: []sandbox.Fault{
		{Do: sandbox.Status, Status: 403, Profile: profiles[0]},
	}}})
	w.publish(generated(t, 300, 5, sample.GeneratorOptions{Profiles: 3}))
	c := w.config()
	c.AuthHold = 2 * time.Second
	p := w.start(c)
	ready := func(when string) {
		t.Helper()
		if code, body := w.get(p, "/readyz"); code != 200 || strings.Contains(body, "lane") {
			t.Errorf("%s: /readyz %d:\n%s", when, code, body)
		}
		if code, body := w.get(p, "/livez"); code != 200 {
			t.Errorf("%s: /livez %d:\n%s", when, code, body)
		}
	}
	state := func() *health.State {
		for _, s := range w.status(p).Profiles {
			if strings.HasPrefix(s.Name, "lane ") {
				return &s
			}
		}
		return nil
	}
	w.eventually(p, "the lane is held", func() bool { return state() != nil })
	ready("held")
	s := state()
	if s == nil || s.OK || !strings.Contains(s.Reason, "403") || s.Since.IsZero() || s.Do == "" {
		t.Fatalf("the state of the lane is %+v", s)
	}
	// The condition stays while the lane tries again; only in between is it held.
	w.eventually(p, "the page counts the held lane", func() bool {
		page := w.status(p)
		if !page.Ready {
			t.Errorf("not ready: %+v", page)
		}
		return page.Lanes != nil && page.Lanes.States["held"] > 0
	})
	since := s.Since

	w.delivered(p)
	ready("as dead letters")
	if _, letters := w.deadLetters(); len(letters) == 0 {
		t.Error("there are no dead letters")
	}
	if s := state(); s != nil && !s.Since.Equal(since) {
		t.Errorf("the condition began at %s, and again at %s", since, s.Since)
	}
	if n := strings.Count(p.log(), `"condition":"lane `); n > 4 {
		t.Errorf("%d lines of the log are about the condition:\n%s", n, tail(p.log()))
	}
}
