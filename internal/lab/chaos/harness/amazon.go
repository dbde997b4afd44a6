package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
)

// amazon is the sandbox Amazon, as a process.
type amazon struct {
	process *process
	url     string
	client  *http.Client
}

// tokenTTL is how long access tokens are good for: so short that every run sees
// some expire.
const tokenTTL = 20 * time.Second

func startAmazon(ctx context.Context, g *guard, dir, binary string, seed uint64, client *http.Client) (*amazon, error) {
	listen, err := freeAddr()
	if err != nil {
		return nil, err
	}
	p, err := start(g, dir, "sandbox.log", "sandbox", nil, nil, binary, "sandbox", "--listen", listen,
		"--record", filepath.Join(dir, journal.RecordFile), "--forget-events",
		"--token-ttl", tokenTTL.String(), "--seed", strconv.FormatUint(seed, 10))
	if err != nil {
		return nil, err
	}
	a := &amazon{process: p, url: "http://" + listen, client: client}
	for {
		if err = a.behave(ctx, nil, sandbox.Behaviour{}); err == nil {
			return a, nil
		}
		if p.hasEnded() {
			return a, fmt.Errorf("the sandbox Amazon ended at once: see %s", p.log)
		}
		if !pause(ctx, 50*time.Millisecond) {
			return a, fmt.Errorf("the sandbox Amazon does not answer: %w", err)
		}
	}
}

// always is how Amazon is when it is well: not instant, so that there is
// something in flight at any time.
var always = sandbox.Fault{Do: sandbox.Delay, Latency: 40 * time.Millisecond, Jitter: 120 * time.Millisecond}

// behave changes what the sandbox does wrong, and how it answers otherwise.
func (a *amazon) behave(ctx context.Context, faults []sandbox.Fault, b sandbox.Behaviour) error {
	b.Faults = append([]sandbox.Fault{always}, faults...)
	if b.Refusal == "" {
		b.Refusal = sandbox.RefuseBatch
	}
	if b.SuccessStatus == 0 {
		b.SuccessStatus = http.StatusOK
	}
	body, err := json.Marshal(b)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+"/sandbox/faults", bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return fmt.Errorf("sandbox: status %d: %s", resp.StatusCode, said)
	}
	return nil
}

// struck waits until each of a trouble's faults has struck a request, so that a
// run in which nothing was sent meanwhile does not pass for one that met it. It
// does not wait long: the lanes may have given Amazon a rest.
func (a *amazon) struck(ctx context.Context, t trouble) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for !a.allStruck(ctx, t) && pause(ctx, 200*time.Millisecond) {
		// Until it has, or the time is up.
	}
}

func (a *amazon) allStruck(ctx context.Context, t trouble) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+"/sandbox/stats", nil)
	if err != nil {
		return false
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	var stats sandbox.Stats
	if err := json.NewDecoder(resp.Body).Decode(&stats); err != nil {
		return false
	}
	return !slices.ContainsFunc(t.faults, func(f sandbox.Fault) bool {
		return !slices.ContainsFunc(stats.Faults, func(s sandbox.FaultState) bool { return s.Fault.Name == f.Name && s.Hits > 0 })
	})
}

// trouble is something that goes wrong at Amazon.
type trouble struct {
	kind   journal.Kind
	faults []sandbox.Fault
}

// troubles are all of them. Those that take events without saying so are apart
// from those that do not, by their name, since the record has only that.
func troubles() []trouble {
	at := func(kind journal.Kind, faults ...sandbox.Fault) trouble { return trouble{kind, faults} }
	expire := sandbox.Fault{Name: "expire", Do: sandbox.Expire, Chance: 0.3}
	return []trouble{
		at(journal.Amazon, sandbox.Fault{Name: "429", Do: sandbox.Status, Status: 429, RetryAfter: time.Second, Chance: 0.7}),
		at(journal.Amazon, sandbox.Fault{Name: "throttle", Do: sandbox.Throttle, Rate: 4, RetryAfter: time.Second, RetryDate: true}),
		at(journal.Amazon,
			sandbox.Fault{Name: "500", Do: sandbox.Status, Status: 500, Chance: 0.2},
			sandbox.Fault{Name: "502", Do: sandbox.HTML, Status: 502, Chance: 0.2},
			sandbox.Fault{Name: "503", Do: sandbox.Status, Status: 503, Chance: 0.3},
			sandbox.Fault{Name: "504", Do: sandbox.Status, Status: 504, Taken: true, Chance: 0.3}),
		at(journal.Amazon, sandbox.Fault{Name: "refuse", Do: sandbox.Refuse, Chance: 0.7}),
		at(journal.Amazon, sandbox.Fault{Name: "refuse-taken", Do: sandbox.Refuse, Taken: true, Chance: 0.5}),
		at(journal.Amazon, sandbox.Fault{Name: "reset", Do: sandbox.Reset, Chance: 0.6}),
		at(journal.Amazon, sandbox.Fault{Name: "hang", Do: sandbox.Hang, Chance: 0.4}),
		at(journal.Amazon, sandbox.Fault{Name: "answer-too-late", Do: sandbox.Hang, Latency: requestTimeout + time.Second, Chance: 0.4}),
		// Of one profile alone, whose lane then rests far longer than this lasts.
		at(journal.Amazon, sandbox.Fault{Name: "profile-503", Profile: sample.ProfileIDs(1)[0], Do: sandbox.Status, Status: 503}),
		at(journal.Amazon, sandbox.Fault{Name: "html", Do: sandbox.HTML, Chance: 0.5}),
		at(journal.Amazon, sandbox.Fault{Name: "garbage", Do: sandbox.Garbage, Chance: 0.4}, sandbox.Fault{Name: "garbage-taken", Do: sandbox.Garbage, Taken: true, Chance: 0.4}),
		at(journal.Amazon, sandbox.Fault{Name: "deny", Do: sandbox.Deny, Chance: 0.5}),
		at(journal.Amazon, sandbox.Fault{Name: "items", Do: sandbox.Items, Share: 0.3, Chance: 0.8}),
		at(journal.Amazon, sandbox.Fault{Name: "omit", Do: sandbox.Omit, Share: 0.3, Chance: 0.6}, sandbox.Fault{Name: "omit-taken", Do: sandbox.Omit, Share: 0.3, Taken: true, Chance: 0.5}),
		at(journal.Amazon, expire),
		at(journal.Token, sandbox.Fault{Name: "token-refused", At: sandbox.AtToken, Do: sandbox.Status, Status: 400, Code: "invalid_grant"}, expire),
		at(journal.Token, sandbox.Fault{Name: "token-away", At: sandbox.AtToken, Do: sandbox.Refuse}, expire),
		at(journal.Token, sandbox.Fault{Name: "token-503", At: sandbox.AtToken, Do: sandbox.Status, Status: 503, Chance: 0.8}, expire),
	}
}

// chosenTroubles returns those whose first fault has one of the names; all if
// there are none.
func chosenTroubles(names []string) ([]trouble, error) {
	if len(names) == 0 {
		return troubles(), nil
	}
	return named("trouble", names, troubles(), func(t trouble) string { return t.faults[0].Name })
}

func (t trouble) does() []journal.Does {
	out := make([]journal.Does, len(t.faults))
	for i, f := range t.faults {
		out[i] = journal.Does{Name: f.Name, Do: string(f.Do), Taken: f.Taken}
	}
	return out
}
