package e2e

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
)

func number(t *testing.T, line string) int {
	t.Helper()
	f, err := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, ' ')+1:]), 64)
	if err != nil {
		t.Fatalf("metric %q: %v", line, err)
	}
	return int(f)
}

// TestFaultsPass: whatever Amazon's side does wrong for a while, nothing is
// committed or dead-lettered meanwhile, readiness says what it is, and it goes
// on by itself.
func TestFaultsPass(t *testing.T) {
	sideBySide(t)
	for name, tc := range map[string]struct {
		fault sandbox.Fault
		says  string // readiness, or of a lane the status, while it lasts
	}{
		"token endpoint refuses":      {sandbox.Fault{At: sandbox.AtToken, Do: sandbox.Status, Status: 400, Code: "invalid_grant"}, "token"},
		"token endpoint answers HTML": {sandbox.Fault{At: sandbox.AtToken, Do: sandbox.HTML}, "token"},
		"token endpoint hangs up":     {sandbox.Fault{At: sandbox.AtToken, Do: sandbox.Refuse}, "token"},
		"Amazon answers 503":          {sandbox.Fault{Do: sandbox.Status, Status: 503}, "lane"},
		"Amazon answers 429":          {sandbox.Fault{Do: sandbox.Status, Status: 429}, "lane"},
		"Amazon answers HTML":         {sandbox.Fault{Do: sandbox.HTML}, "lane"},
		"Amazon hangs up":             {sandbox.Fault{Do: sandbox.Refuse}, "lane"},
		"Amazon breaks off":           {sandbox.Fault{Do: sandbox.Garbage}, "lane"},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			w := newWorld(t, sandbox.Options{})
			if err := w.amazon.SetFaults(tc.fault); err != nil {
				t.Fatal(err)
			}
			w.publish(generated(t, 200, 6, sample.GeneratorOptions{Profiles: 3}))
			p := w.start(w.config())
			w.eventually(p, tc.says+" fails", func() bool { return w.fails(p, tc.says) })
			if status, body := w.get(p, "/livez"); status != 200 {
				t.Errorf("a fault of somebody else made the program unlive:\n%s", body)
			}
			if lag := w.lag(); lag != 200 {
				t.Errorf("lag %d while nothing can be delivered, want all 200", lag)
			}
			if err := w.amazon.SetFaults(); err != nil {
				t.Fatal(err)
			}
			w.delivered(p)
			records, letters := w.deadLetters()
			w.checkVerdicts(letters)
			w.checkPrivacy(p, records)
			w.eventually(p, "ready again", func() bool { status, _ := w.get(p, "/readyz"); return status == 200 })
			if n := strings.Count(p.log(), "\n"); n > 150 {
				t.Errorf("%d log lines for one fault:\n%s", n, tail(p.log()))
			}
		})
	}
}

// TestMixedFaults: answers of every bad kind mixed with good ones, on the way
// to a full delivery.
func TestMixedFaults(t *testing.T) {
	w := newWorld(t, sandbox.Options{Seed: 7, Behaviour: sandbox.Behaviour{Faults: []sandbox.Fault{
		{Do: sandbox.Status, Status: 503, Chance: .1},
		{Do: sandbox.Status, Status: 429, RetryAfter: time.Second, Chance: .05},
		{Do: sandbox.Items, Share: .3, Chance: .1},
		{Do: sandbox.Omit, Share: .3, Chance: .1},
		{Do: sandbox.Reset, Chance: .05},
		{Do: sandbox.Expire, Chance: .02},
	}}})
	w.publish(generated(t, 3000, 8, sample.GeneratorOptions{Profiles: 10, Broken: 0.01}))
	p := w.start(w.config())
	w.delivered(p)
	records, letters := w.deadLetters()
	w.checkVerdicts(letters)
	w.checkPrivacy(p, records)
}

// TestWrongAddresses: servers that are not there hold the program up, and are
// named; nothing else happens.
func TestWrongAddresses(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	w.publish(generated(t, 20, 9, sample.GeneratorOptions{}))
	const nobody = "127.0.0.1:1"
	for name, says := range map[string]string{"brokers": "brokers", "registry": "registry", "token": "token", "amazon": "lane"} {
		t.Run(name, func(t *testing.T) {
			c := w.config()
			c.Drain = time.Second // nothing in flight can end while it is away
			switch name {
			case "brokers":
				c.Kafka.Brokers = []string{nobody}
			case "registry":
				c.Registry.URL = "http://" + nobody
			case "token":
				c.TokenURL = "http://" + nobody + "/auth/o2/token"
			case "amazon":
				c.AmazonURL = "http://" + nobody
			}
			p := w.start(c)
			w.eventually(p, says+" fails", func() bool { return w.fails(p, says) })
			if lag := w.lag(); lag != 20 {
				t.Errorf("lag %d, want all 20", lag)
			}
			if err := p.stop(); err != nil {
				t.Errorf("ended with %v while %s is away, want a clean exit", err, name)
			}
		})
	}
	p := w.start(w.config())
	w.delivered(p)
	_, letters := w.deadLetters()
	w.checkVerdicts(letters)
}

// TestDeadLetterTopicMissing: events that need it wait, others go on, and when
// it is there nothing is missing.
func TestDeadLetterTopicMissing(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	c := w.config()
	c.DeadLetterTopic += ".late"
	w.publish(generated(t, 300, 12, sample.GeneratorOptions{Broken: 0.2}))
	p := w.start(c)
	w.eventually(p, "readiness says so, and good events are delivered", func() bool {
		status, body := w.get(p, "/readyz")
		return status == 503 && strings.Contains(body, "[-] dead-letter topic") && w.amazon.Stats().Accepted > 200
	})
	if w.lag() == 0 {
		t.Error("all is committed though no dead letter could be written")
	}
	w.letters = c.DeadLetterTopic
	w.createTopic(w.letters, 9<<20)
	w.delivered(p)
	_, letters := w.deadLetters()
	w.checkVerdicts(letters)
	w.eventually(p, "ready again", func() bool { status, _ := w.get(p, "/readyz"); return status == 200 })
	if n := strings.Count(p.log(), `"condition":"dead-letter topic"`); n != 2 {
		t.Errorf("%d lines about the topic, want one when it failed and one when it was well:\n%s", n, tail(p.log()))
	}
}
