//go:build !kafka

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/guard"
)

// TestAStormIsHeldUntilItIsResumed: Amazon begins to refuse all events of a profile. They
// wait, the process stays ready and says why, and once Amazon is mended and the file says so
// they are accepted.
func TestAStormIsHeldUntilItIsResumed(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	file := filepath.Join(t.TempDir(), "resume")
	if err := os.WriteFile(file, []byte("all of an earlier storm\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := w.config()
	c.Guard = guard.Settings{Share: 50, Events: 100, Within: 10 * time.Second, Before: 10}
	c.ResumeFile, c.BatchEvents = file, 50
	w.publish(generated(t, 300, 41, sample.GeneratorOptions{Profiles: 1}))
	p := w.start(c)
	w.delivered(p)
	_, letters := w.deadLetters()
	before, well := len(letters), time.Now()
	w.eventually(p, "what was well is a while ago", func() bool { return time.Since(well) > 1500*time.Millisecond })

	if err := w.amazon.SetFaults(sandbox.Fault{Do: sandbox.Status, Status: 422}); err != nil {
		t.Fatal(err)
	}
	w.publish(generated(t, 1000, 42, sample.GeneratorOptions{Profiles: 1}))
	w.eventually(p, "the profile is held", func() bool {
		s := w.status(p)
		return len(s.Profiles) == 1 && strings.HasPrefix(s.Profiles[0].Name, "dead-letter guard ") && s.Profiles[0].Do != "" && s.Ready
	})
	_, letters = w.deadLetters()
	if n := len(letters) - before; n > 300 {
		t.Errorf("%d letters were written of 1,000 events", n)
	}
	if err := w.amazon.SetFaults(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("# mended\n"+w.published[0].ProfileID()+" now\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.delivered(p)
	_, letters = w.deadLetters()
	refused := 0
	for _, l := range letters {
		if l.Reason.Class == verdict.Rejected {
			refused++
		}
	}
	sent := 0
	for _, s := range w.published {
		if s.Expect == verdict.Accepted {
			sent++
		}
	}
	if got := int(w.amazon.Stats().Accepted); got+refused != sent || refused > 300 {
		t.Errorf("%d were accepted and %d refused of %d", got, refused, sent)
	}
	if s := w.status(p); len(s.Profiles) > 0 {
		t.Errorf("after it was resumed: %+v", s.Profiles)
	}
	w.checkMetrics(p)
}
