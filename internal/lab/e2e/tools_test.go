package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/transform"
)

// A mapping with a type that Amazon does not have, and the same fixed.
const (
	wrongMapping = "extends: default\ntypes: [LEAD_FORM]\nevents:\n  - match: [Quote Requested]\n    name: Lead\n    event_type: LEAD_FORM\n"
	goodMapping  = "extends: default\nevents:\n  - match: [Quote Requested]\n    name: Lead\n    event_type: LEAD\n"
)

// operators is a world over three days of record times, of whose events one in a
// hundred has the name that the mapping gets wrong.
type operators struct {
	*world
	good, wrong string // mapping files
	events      int
	quotes      int
	days        map[string]bool // event ids of the middle day
	identifiers []string
	search      *testkit.Search // for them, made when it is first needed
}

var (
	middleDay = time.Date(2025, 11, 25, 0, 0, 0, 0, time.UTC)
	lastDay   = middleDay.AddDate(0, 0, 1)
)

func newOperators(t *testing.T, events int) *operators {
	t.Helper()
	w := newWorld(t, sandbox.Options{Behaviour: sandbox.Behaviour{RefuseTypes: []string{"LEAD_FORM"}}})
	// The records are as old as their events, and a broker would delete them.
	_, err := w.admin.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Name: "retention.ms", Value: new("-1")}}, w.topic, w.letters)
	if err != nil {
		t.Fatal(err)
	}
	o := &operators{world: w, events: events, days: make(map[string]bool)}
	dir := t.TempDir()
	o.good, o.wrong = filepath.Join(dir, "good.yaml"), filepath.Join(dir, "wrong.yaml")
	for path, text := range map[string]string{o.good: goodMapping, o.wrong: wrongMapping} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tr, err := transform.New(transform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.publishAs(sample.EventTime, func(yield func(sample.Sample, error) bool) {
		n := 0
		for s, err := range generated(t, events, 21, sample.GeneratorOptions{}) {
			if n++; n%100 == 0 {
				s.Event.EventName, s.Event.EventType = "Quote Requested", ""
				o.quotes++
			}
			if at := s.Event.OccurredAt; at >= middleDay.UnixMilli() && at < lastDay.UnixMilli() {
				o.days[s.EventID()] = true
			}
			if n%max(1, events/500) == 0 { // enough to notice, and few enough to look for
				o.identifiers = append(o.identifiers, identifiers(tr, s.Event)...)
			}
			if !yield(s, err) {
				return
			}
		}
	})
	return o
}

// publishAs is publish with records that carry these times.
func (w *world) publishAs(times sample.Timestamps, samples iter.Seq2[sample.Sample, error]) {
	w.t.Helper()
	registry, err := registry.New(registry.Options{URL: w.registry})
	if err != nil {
		w.t.Fatal(err)
	}
	defer registry.Close()
	p, err := sample.NewPublisher(w.client, registry, sample.PublisherOptions{Topic: w.topic, Timestamps: times})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := p.Publish(w.t.Context(), func(yield func(sample.Sample, error) bool) {
		for s, err := range samples {
			w.published = append(w.published, s)
			if !yield(s, err) {
				return
			}
		}
	}); err != nil {
		w.t.Fatal(err)
	}
}

// deliver runs the program with a mapping until its group has committed all.
func (o *operators) deliver(mapping string) {
	o.t.Helper()
	cmd := o.command("run", "--mapping", mapping, "--linger", "50ms", "--commit-interval", "100ms", "--listen", "")
	var log testkit.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		o.t.Fatal(err)
	}
	deadline := time.Now().Add(3 * time.Minute)
	for o.lag() > 0 {
		if time.Now().After(deadline) {
			o.t.Fatalf("lag %d\n%s", o.lag(), tail(log.String()))
		}
		time.Sleep(20 * time.Millisecond)
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		o.t.Fatalf("run: %v\n%s", err, tail(log.String()))
	}
}

// says runs a tool, fails the test unless it ends with that code, and reads the
// last object that it prints. No tool may show anything of a person.
func (o *operators) says(code int, into any, args ...string) (stdout string) {
	o.t.Helper()
	out, errs, got := o.tool(args...)
	if got != code {
		o.t.Fatalf("%q: exit %d, want %d\n%s%s", args, got, code, tail(out), errs)
	}
	if o.search == nil {
		o.search = testkit.NewSearch(o.identifiers)
	}
	if o.search.First(out+errs) >= 0 {
		o.t.Fatalf("%q shows an identifier", args)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if into != nil {
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), into); err != nil {
			o.t.Fatalf("%q: %v\n%s", args, err, tail(out))
		}
	}
	return out
}

// accepted is how often Amazon took each event.
func (o *operators) accepted() map[string]sandbox.Event {
	all := make(map[string]sandbox.Event)
	for _, e := range o.amazon.Events("") {
		all[e.EventID] = e
	}
	return all
}

func (o *operators) liveOffsets() map[int32]int64 {
	o.t.Helper()
	commits, err := o.admin.FetchOffsets(o.t.Context(), o.group)
	if err != nil {
		o.t.Fatal(err)
	}
	at := make(map[int32]int64)
	for p, c := range commits[o.topic] {
		at[p] = c.At
	}
	return at
}

// quiet is how many events Amazon has taken, once that has been so for a second.
func (o *operators) quiet() int64 {
	n, since := o.amazon.Stats().Taken, time.Now()
	for time.Since(since) < time.Second {
		time.Sleep(20 * time.Millisecond)
		if now := o.amazon.Stats().Taken; now != n {
			n, since = now, time.Now()
		}
	}
	return n
}

// TestOperatorsTools is a bad day of somebody who runs this, from the dead letters
// that a wrong mapping makes to the account of it all.
func TestOperatorsTools(t *testing.T) {
	o := newOperators(t, toolScale)
	o.deliver(o.wrong)
	if got := len(o.days); got < toolScale/4 || got > toolScale/2 {
		t.Fatalf("%d of %d events are of the middle day", got, toolScale)
	}

	t.Log("the letters are counted, and their field is named")
	var group struct {
		Class, Code, Field, Remedy string
		Status, Letters, Open      int
	}
	letters := 0
	for line := range strings.Lines(o.says(0, nil, "dlq", "stats", "--json")) {
		if err := json.Unmarshal([]byte(line), &group); err != nil {
			t.Fatal(err)
		}
		letters += group.Letters
		if group.Class != "rejected" || group.Status != 422 || group.Field != "eventType" || !strings.Contains(group.Remedy, "mapping") || group.Open != group.Letters {
			t.Errorf("%+v: want letters of eventType, refused with 422, whose mapping is to be fixed", group)
		}
	}
	if letters != o.quotes {
		t.Fatalf("%d letters, want the %d of the wrong mapping", letters, o.quotes)
	}
	var letter struct{ Partition, Offset int }
	o.says(0, &letter, "dlq", "ls", "--json", "--field", "eventType")
	if shown := o.says(0, nil, "dlq", "show", fmt.Sprintf("%d/%d", letter.Partition, letter.Offset), "--mapping", o.good); !strings.Contains(shown, `"eventType": "LEAD"`) || !strings.Contains(shown, "status 422") {
		t.Errorf("dlq show with the fixed mapping:\n%s", shown)
	}

	o.redriveAll()
	o.replayTheMiddleDay()
	o.reconcileAll()
}

func (o *operators) redriveAll() {
	t := o.t
	t.Helper()
	t.Log("the mapping is fixed, and all are redriven, once")
	var redrive struct {
		DryRun bool `json:"dry_run"`
		Send   int  `json:"to_send"`
		Open   int  `json:"open"`
		Sent   int  `json:"sent"`
		Left   int  `json:"left"`
		Done   int  `json:"done_before"`
	}
	group := []string{"--redrive-group", o.group + ".redrive", "--json"}
	do := func(args ...string) {
		t.Helper()
		o.says(0, &redrive, append(append([]string{"dlq", "redrive", "--status", "422"}, group...), args...)...)
	}
	if do(); !redrive.DryRun || redrive.Send != o.quotes || redrive.Sent != 0 {
		t.Fatalf("dry run: %+v", redrive)
	}
	if do("--go"); redrive.Sent != o.quotes || redrive.Left != 0 {
		t.Fatalf("redrive: %+v, want all %d", redrive, o.quotes)
	}
	if do("--go"); redrive.Sent != 0 || redrive.Open != 0 || redrive.Done != o.quotes {
		t.Fatalf("a second redrive: %+v, want that it finds nothing", redrive)
	}
	o.deliver(o.good)
	all := o.accepted()
	for id, e := range all {
		if e.Accepted != 1 {
			t.Fatalf("%s was accepted %d times", id, e.Accepted)
		}
	}
	if len(all) != o.events {
		t.Fatalf("Amazon has %d events, want %d", len(all), o.events)
	}
}

func (o *operators) replayTheMiddleDay() {
	t := o.t
	t.Helper()
	t.Log("the middle day is replayed, is killed, and goes on")
	before := o.accepted()
	live := o.liveOffsets()
	args := []string{"replay", "--from", "2025-11-25", "--to", "2025-11-26", "--mapping", o.good, "--name", o.group, "--linger", "20ms",
		"--rate", fmt.Sprint(len(o.days) / 3), "--go", "--json"}
	t.Cleanup(func() {
		_, _ = o.admin.DeleteGroups(t.Context(), "amazon-capi-replay-"+o.group, "amazon-capi-replay-"+o.group+".ends", o.group+".redrive")
	})
	taken := o.amazon.Stats().Taken
	victim := o.command(args...)
	var log testkit.Buffer
	victim.Stderr = &log
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(2 * time.Minute)
	for int(o.amazon.Stats().Taken-taken) < len(o.days)/4 {
		if time.Now().After(deadline) {
			t.Fatalf("the replay does not get on\n%s", tail(log.String()))
		}
		time.Sleep(10 * time.Millisecond)
	}
	_ = victim.Process.Kill()
	_ = victim.Wait()
	// What had reached Amazon's socket by then is taken later, on a busy machine much
	// later; the replay that goes on first waits for the victim's session to end.
	killedAt := int(o.quiet() - taken)
	if killedAt >= len(o.days) {
		t.Fatal("the replay was done before it was killed: this proves nothing")
	}

	var replay struct {
		Copies                                           int `json:"redriven_copies"`
		Resumed                                          bool
		Records, Selected, Sent, Accepted, Left, Deleted int
		DoneBefore                                       int `json:"done_before"`
	}
	o.says(0, &replay, args...)
	if !replay.Resumed || replay.DoneBefore == 0 || replay.DoneBefore > killedAt || replay.DoneBefore+replay.Selected != len(o.days) ||
		replay.Sent != replay.Selected || replay.Accepted != replay.Sent || replay.Left != 0 {
		t.Errorf("%+v: want the rest of %d, of which %d were taken before the kill", replay, len(o.days), killedAt)
	}
	again := 0
	for id, e := range o.accepted() {
		if e.Accepted > 1 != o.days[id] {
			t.Fatalf("%s was accepted %d times; of the middle day: %v", id, e.Accepted, o.days[id])
		}
		if e.Changed != before[id].Changed && before[id].Changed == 0 && before[id].Seen == 1 {
			t.Fatalf("%s was sent with other bytes than the first time", id)
		}
		again += e.Accepted - before[id].Accepted
	}
	// Twice are only those that had been sent and not been committed at the kill.
	if most := len(o.days) + killedAt - replay.DoneBefore; again > most {
		t.Errorf("%d events were sent, want %d at most", again, most)
	}
	if now := o.liveOffsets(); !maps.Equal(live, now) {
		t.Errorf("the live group was at %v and is at %v", live, now)
	}
	if o.says(0, &replay, args...); replay.Selected != 0 || replay.DoneBefore != len(o.days) {
		t.Errorf("once more: %+v, want that it is complete", replay)
	}
}

func (o *operators) reconcileAll() {
	t := o.t
	t.Helper()
	t.Log("it adds up, to the event")
	var sum struct {
		Kind                                             string
		Source, Accepted, Rejected, Redriven, Duplicates int
		InFlight                                         int `json:"in_flight"`
		Missing                                          int
	}
	files := filepath.Join(t.TempDir(), "events.parquet")
	all := []string{"reconcile", "--from", "2025-11-24", "--to", "2025-11-28", "--mapping", o.good, "--json"}
	o.says(0, &sum, append(all, "--events", files)...)
	if sum.Kind != "sum" || sum.Source != o.events || sum.Accepted != o.events || sum.Redriven != o.quotes || sum.InFlight+sum.Missing+sum.Rejected+sum.Duplicates != 0 {
		t.Errorf("%+v, want all %d accepted, %d of them redriven", sum, o.events, o.quotes)
	}
	if info, err := os.Stat(files); err != nil || info.Size() == 0 {
		t.Errorf("the file of events: %v", err)
	}

	t.Log("an event that Amazon does not have is named")
	resp, err := http.Get(o.base + "/sandbox/events")
	if err != nil {
		t.Fatal(err)
	}
	listed, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSpace(string(listed)), "\n")
	gone := len(lines) / 2
	var e sandbox.Event
	if err := json.Unmarshal([]byte(lines[gone]), &e); err != nil {
		t.Fatal(err)
	}
	record := filepath.Join(t.TempDir(), "amazon.jsonl")
	if err := os.WriteFile(record, []byte(strings.Join(append(lines[:gone:gone], lines[gone+1:]...), "")), 0o600); err != nil {
		t.Fatal(err)
	}
	out := o.says(1, &sum, append(all, "--diagnostics", record)...)
	if sum.Source != o.events || sum.Accepted != o.events-1 || sum.Missing != 1 || !strings.Contains(out, `"kind":"missing","profile":"`+e.Profile+`","event_id":"`+e.EventID+`"`) {
		t.Errorf("%+v, want %s of %s missing\n%s", sum, e.EventID, e.Profile, tail(out))
	}
}
