//go:build synctests

package sim

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/audit"
	"github.com/tracklayer/amazon-capi/internal/lab/chaos/mutants"
	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

// Rules of the simulation itself, as its complaints begin.
const (
	notDelivered = "not everything was delivered"
	notReady     = "not ready"
	notStopped   = "has not stopped"
)

// found are the mutants that the simulation finds, by which rule, and in worlds of which
// actions: those in which the mistake shows soon. No names are all actions.
var found = []struct {
	mutant, only string
	want         audit.Rule
	events       int // about how many in a world; 100 if it is zero
}{
	{"commit-on-poll", "amazon-refuses", audit.CommittedEarly, 0},
	{"fence-before-drain", "stop,join", audit.Unexplained, 0},
	{"letter-not-awaited", "letters-refused,stop,join", audit.Lost, 0},
	{"2xx-unread", "amazon-refuses", audit.Lost, 0},
	{"failure-unread", "amazon-refuses", audit.Lost, 0},
	{"metadata-of-anyone", "stop,join", audit.Lost, 0},
	{"drain-forgotten", "surge", audit.Unexplained, 0},

	{"metadata-of-another-topic", "stuck,kill", audit.Lost, 0},
	{"claim-released-early", "offsets-unread,kill,join", audit.CommitWentBack, 0},
	{"settles-for-the-next-owner", "isolated,stuck,amazon", audit.CommittedEarly, 300},
	// Only what takes the room of others is parked.
	{"parked-forgotten", "stuck,join,stop", audit.Lost, 600},
	{"parked-not-read-again", "stuck", audit.CommittedEarly, 0},
	{"drain-by-count", "stop,join", audit.Unexplained, 0},
	{"drain-unbounded", "amazon-away,stop", notStopped, 0},
	{"no-last-commit", "stop,join", audit.Unexplained, 600},
	{"reads-aborted", "transactions", audit.LetterAltered, 0},
	{"commits-while-lost", "isolated,silent,heartbeats-refuse,syncs-refuse,kill", audit.CommitWentBack, 600},
	{"gap-committed", "stuck,kill", audit.CommittedEarly, 0},

	{"receipt-skipped", "stop", audit.NoReceipt, 0},
	{"receipt-not-awaited", "receipts-refused,kill", audit.NoReceipt, 0},
	{"receipt-of-another", "stop", audit.ReceiptDisagrees, 0},
	{"letter-of-the-neighbour", "letters-refused", audit.LetterAltered, 0},
	{"half-of-a-split-lost", "stop", notDelivered, 600},
	{"retry-with-other-bytes", "amazon", audit.BytesDiffer, 0},
	{"token-of-another-account", "stop", notDelivered, 0},
	{"index-off-by-one", "amazon-refuses", audit.GoodDeadLettered, 600},
	{"unsaid-taken", "amazon-refuses", audit.Lost, 0},
	{"refusal-of-all", "stop", audit.GoodDeadLettered, 600},
	{"given-up", "amazon-away,stuck", audit.GoodDeadLettered, 0},
	{"refused-taken", "stop", audit.Lost, 0},
	{"consent-ignored", "stop", audit.FilteredSent, 0},
	{"no-schema-by-a-proxy", "registry-wrong,kill", audit.GoodDeadLettered, 0},
	{"wrong-class", "stop", audit.WrongClass, 0},
	{"failure-stays", "receipts-refused", notReady, 0},
}

// mutantWorlds is in how many worlds a mutant has to be found. The rarest, that settles for
// the next owner, is found in one of forty.
const mutantWorlds = 240

// TestMutants builds the simulation of programs that make a known mistake, and wants one
// of their worlds to fail by the rule that is named for it.
func TestMutants(t *testing.T) {
	if os.Getenv("SIM_MUTANTS") == "" {
		t.Skip("make sim-mutants runs it")
	}
	only := os.Getenv("SIM_MUTANTS")
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range found {
		if only != "yes" && !strings.Contains(","+only+",", ","+tc.mutant+",") {
			continue
		}
		t.Run(tc.mutant, func(t *testing.T) {
			t.Parallel()
			m, err := mutants.Named(tc.mutant)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			overlay, err := m.Overlay(root, dir)
			if err != nil {
				t.Fatal(err)
			}
			binary := filepath.Join(dir, "sim.test")
			if out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", overlay, "-tags=synctests", "-o", binary, ".").CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			began := time.Now()
			cmd := exec.CommandContext(t.Context(), binary, "-test.run=^TestOneMutant$", "-test.v", "-test.timeout=10m")
			cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "SIM_WANT="+string(tc.want), "SIM_ONLY="+tc.only, "SIM_EVENTS="+strconv.Itoa(cmp.Or(tc.events, 100)))
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("the simulation passes over it: %v\n%s", err, tail(string(out)))
			}
			_, at, _ := strings.Cut(string(out), wasFound)
			at, _, _ = strings.Cut(at, "\n")
			t.Logf("%q%s, after %s", tc.want, at, time.Since(began).Round(time.Second))
		})
	}
}

const wasFound = "found in the world of seed "

// TestOneMutant is the test of the program that TestMutants builds: it stops at the first
// world that breaks the rule.
func TestOneMutant(t *testing.T) {
	want := os.Getenv("SIM_WANT")
	if want == "" {
		t.Skip("TestMutants runs it in another process")
	}
	o := Options{Length: time.Minute, Events: int(number(t, "SIM_EVENTS", 100))}
	if only := os.Getenv("SIM_ONLY"); only != "" {
		o.Only = strings.Split(only, ",")
	}
	broken := make(map[string]int)
	for seed := uint64(1); seed <= mutantWorlds; seed++ {
		log := new(testkit.Buffer)
		o.Log = log
		for _, what := range live(t, seed, o).Wrong {
			if strings.Contains(what, want) {
				t.Logf("%s%d: %.200s", wasFound, seed, what)
				return
			}
			_, what, _ = strings.Cut(what, ": ")
			rule, _, _ := strings.Cut(what, ",")
			broken[rule]++
		}
	}
	t.Errorf("none of %d worlds breaks the rule %q; broken are %v", mutantWorlds, want, broken)
}

// tail returns the end of a text.
func tail(s string) string { return s[max(0, len(s)-2000):] }
