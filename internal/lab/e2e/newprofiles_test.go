//go:build !kafka

package e2e

import (
	"fmt"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// TestManyNewProfiles: one event each of profiles that Amazon refuses, as many as a
// stranger likes to name, between the events of a profile that it serves, while others
// hold connections to the pages open. Memory, goroutines and the pages stay small, and
// the profile's events do not wait for them.
func TestManyNewProfiles(t *testing.T) {
	const strangers, served = 12_000, 2000
	account := sandbox.DefaultAccount()
	account.Profiles = []string{"1234567890"}
	w := newWorldAlone(t, sandbox.Options{Accounts: []sandbox.Account{account}})
	junk := make([]string, strangers)
	for i := range junk {
		junk[i] = fmt.Sprint(5_000_000_000 + i)
	}
	w.publish(generated(t, strangers/2, 3, sample.GeneratorOptions{ProfileIDs: junk}))
	w.publish(generated(t, served, 4, sample.GeneratorOptions{ProfileIDs: account.Profiles}))
	w.publish(generated(t, strangers/2, 5, sample.GeneratorOptions{ProfileIDs: junk}))
	good := int64(0)
	for i := range w.published {
		if s := &w.published[i]; s.ProfileID() == account.Profiles[0] && s.Expect == verdict.Accepted {
			good++
		}
	}
	most, goroutines := mostHeap(), runtime.NumGoroutine()
	began := time.Now()
	c := w.config()
	c.AuthHold = 2 * time.Second
	p := w.start(c)
	for range 50 { // they ask for a page and do not read it
		conn, err := net.Dial("tcp", p.addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
	}
	took, peakRoutines := time.Duration(0), 0
	w.eventually(p, "the events of the profile that is served are accepted", func() bool {
		peakRoutines = max(peakRoutines, runtime.NumGoroutine())
		took = time.Since(began)
		return w.amazon.Stats().Accepted >= good
	})
	ready, page := w.get(p, "/readyz")
	_, status := w.get(p, "/status")
	_, metrics := w.get(p, "/metrics")
	peak := most()
	t.Logf("%s for %d events beside %d profiles: %d MB, %d goroutines, /readyz %d of %d bytes, /status %d, /metrics %d",
		took, served, strangers, peak>>20, peakRoutines-goroutines, ready, len(page), len(status), len(metrics))
	if peak > 256<<20 || peakRoutines-goroutines > 2000 || ready != 200 || len(page) > 10<<10 || len(status) > 200<<10 || len(metrics) > 1<<20 {
		t.Error("that is beyond the bounds")
	}
}
