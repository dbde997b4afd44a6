package main

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
	"github.com/tracklayer/amazon-capi/internal/operate/replay"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// replay runs replay --json, and holds its sums.
func (s *scene) replay(code int, args ...string) replay.Report {
	s.t.Helper()
	r := s.run(code, append(append([]string{"replay", "--json"}, s.amazon()...), args...)...)
	noIdentifiers(s.t, r)
	all := objects[replay.Report](s.t, r.stdout)
	if len(all) != 1 {
		s.t.Fatalf("%d objects:\n%s%s", len(all), r.stdout, r.stderr)
	}
	got := all[0]
	events := 0
	for _, p := range got.Forecast {
		events += p.Events
		if p.Events != p.Send+p.Filtered+p.Refused || p.Send > 0 && p.Requests == 0 {
			s.t.Errorf("the forecast of a profile does not add up: %+v", p)
		}
	}
	if got.Records != got.DoneBefore+got.NotMeant+got.Unreadable+got.Copies+got.Selected || got.Selected != got.Sent+got.Left || events != got.Selected ||
		got.Sent != got.Accepted+got.DeadLettered+got.Filtered {
		s.t.Errorf("the report does not add up: %+v", got)
	}
	return got
}

// event is what the sources's records hold, by event id.
func (s *scene) events() map[string]*schemas.Event {
	s.t.Helper()
	registry, err := registry.New(registry.Options{URL: s.RegistryURL()})
	if err != nil {
		s.t.Fatal(err)
	}
	defer registry.Close()
	decoder := schemas.NewDecoder(registry)
	all := make(map[string]*schemas.Event)
	for _, r := range s.records(config.DefaultTopic) {
		ev := new(schemas.Event)
		if decoder.Decode(s.t.Context(), r.Value, ev) == nil {
			all[ev.EventID] = ev
		}
	}
	return all
}

// accepted counts how often Amazon took each event.
func (s *scene) accepted(all map[string]*schemas.Event) map[string]int {
	n := make(map[string]int)
	for id, ev := range all {
		e, _ := s.Amazon().Event(ev.ProfileID, id)
		n[id] = e.Accepted
	}
	return n
}

var (
	secondDay = time.Date(2025, 11, 25, 0, 0, 0, 0, time.UTC)
	thirdDay  = secondDay.AddDate(0, 0, 1)
)

func onSecondDay(ev *schemas.Event) bool {
	return ev.OccurredAt >= secondDay.UnixMilli() && ev.OccurredAt < thirdDay.UnixMilli()
}

var day = []string{"--from", "2025-11-25", "--to", "2025-11-26"}

func TestReplayOfADay(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish", "--events", "900", "--timestamps", "event"}, s.registry()...)...)
	s.deliver()
	live := s.offsets("amazon-capi")
	all := s.events()
	inDay := 0
	for _, ev := range all {
		if onSecondDay(ev) {
			inDay++
		}
	}
	if inDay < 200 || inDay > 400 {
		t.Fatalf("%d of 900 events are of the second day", inDay)
	}

	dry := s.replay(exitOK, append(day, "--rate", "100")...)
	if !dry.DryRun || dry.Selected != inDay || dry.Sum.Send != inDay || dry.Sum.Requests < 5 || dry.Sent != 0 || dry.Seconds < float64(inDay)/100 {
		t.Errorf("dry run: %+v", dry)
	}
	if taken := s.Amazon().Stats().Taken; taken != 900 {
		t.Fatalf("a dry run sent %d events", taken-900)
	}
	got := s.replay(exitOK, append(day, "--go")...)
	if got.Resumed || got.Sent != inDay || got.Accepted != inDay || got.Left != 0 {
		t.Errorf("%+v", got)
	}
	for id, n := range s.accepted(all) {
		want := 1
		if onSecondDay(all[id]) {
			want = 2
		}
		if n != want {
			t.Fatalf("%s was accepted %d times, want %d", id, n, want)
		}
	}
	if changed := s.Amazon().Stats().Changed; changed != 0 {
		t.Errorf("%d events were sent with other bytes than the first time", changed)
	}
	if now := s.offsets("amazon-capi"); !maps.Equal(live, now) {
		t.Errorf("the live group was at %v and is at %v", live, now)
	}
	// Again: it is complete, and says so; unless it is told to begin again.
	if again := s.replay(exitOK, append(day, "--go")...); !again.Resumed || again.Selected != 0 || again.DoneBefore != inDay {
		t.Errorf("again: %+v", again)
	}
	if r := s.run(exitOK, append(append([]string{"replay"}, s.amazon()...), day...)...); !strings.Contains(r.stdout, "is complete: all") {
		t.Errorf("again, for people:\n%s", r.stdout)
	}
	if anew := s.replay(exitOK, append(day, "--restart", "--go")...); anew.Resumed || anew.Accepted != inDay {
		t.Errorf("--restart: %+v", anew)
	}
}

func TestReplayStopsAndGoesOn(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish", "--events", "600", "--timestamps", "event"}, s.registry()...)...)
	all := s.events()
	inDay := 0
	for _, ev := range all {
		if onSecondDay(ev) {
			inDay++
		}
	}
	out, stop := background(t, append(append([]string{"replay", "--go", "--rate", "200"}, s.amazon()...), day...)...)
	eventually(t, out, "some events are replayed", func() bool { return s.Amazon().Stats().Taken > 20 })
	// What comes later is none of its business, though it is of that day.
	if code := stop(); code != exitInterrupted || !strings.Contains(out.String(), "the same command goes on") {
		t.Fatalf("stopped with exit %d\n%s", code, out)
	}
	some := int(s.Amazon().Stats().Taken)
	late := s.records(config.DefaultTopic)[0]
	s.produce(&kgo.Record{Topic: config.DefaultTopic, Value: late.Value, Key: late.Key, Timestamp: secondDay.Add(time.Hour)})
	got := s.replay(exitOK, append(day, "--go")...)
	if !got.Resumed || got.DoneBefore == 0 || got.Sent+some < inDay || got.Sent >= inDay {
		t.Errorf("%+v after %d of %d", got, some, inDay)
	}
	for id, n := range s.accepted(all) {
		if onSecondDay(all[id]) != (n == 1) {
			t.Fatalf("%s was accepted %d times; of the second day: %v", id, n, onSecondDay(all[id]))
		}
	}
	if taken := s.Amazon().Stats().Taken; int(taken) != inDay {
		t.Errorf("%d events were sent, want the %d of the day that were there at the start", taken, inDay)
	}
}

func TestReplayOfWhatIsChosen(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish"}, s.registry()...)...) // the samples: many kinds, and broken ones
	all := s.events()
	for name, tc := range map[string]struct {
		args []string
		ok   func(*schemas.Event) bool
	}{
		"profile":    {[]string{"--profile", "1234567890"}, func(ev *schemas.Event) bool { return ev.ProfileID == "1234567890" }},
		"event name": {[]string{"--event-name", "purchase"}, func(ev *schemas.Event) bool { return strings.EqualFold(ev.EventName, "purchase") }},
		"event id":   {[]string{"--event-id", "pv_7001,cart_7003"}, func(ev *schemas.Event) bool { return ev.EventID == "pv_7001" || ev.EventID == "cart_7003" }},
	} {
		want := 0
		for _, r := range all {
			if tc.ok(r) {
				want++
			}
		}
		got := s.replay(exitOK, tc.args...)
		if got.Selected < want || want == 0 || got.Selected == got.Records || got.Unreadable == 0 {
			t.Errorf("%s: %+v, want %d selected", name, got, want)
		}
	}
	// All of it, broken records included: they become dead letters as they did.
	whole := s.replay(exitOK, "--from", "offset:0", "--auth-hold", "0s", "--go")
	if whole.Selected != 140 || whole.DeadLettered != 23 || whole.Accepted != 117 || whole.Sum.Refused == 0 {
		t.Errorf("%+v", whole)
	}
	if one := s.replay(exitOK, "--partition", "1", "--from", "offset:2", "--to", "offset:5", "--dry-run"); one.Records != 3 || len(one.Partitions) != 1 || one.Partitions[0].Offsets != [2]int64{2, 5} {
		t.Errorf("%+v", one)
	}
}

func TestReplayThatCannot(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish", "--events", "20"}, s.registry()...)...)
	s.deliver()
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"nothing asked":   {nil, exitUsage, "--from offset:0 is all"},
		"bad time":        {[]string{"--from", "noon"}, exitUsage, `--from: "noon"`},
		"backwards":       {[]string{"--from", "-1h", "--to", "-2h"}, exitUsage, "not after its beginning"},
		"rate":            {[]string{"--from", "-1h", "--rate", "-1"}, exitUsage, "--rate"},
		"name":            {[]string{"--from", "-1h", "--name", "a b"}, exitUsage, "--name"},
		"the live group":  {[]string{"--from", "-1h", "--name", "x", "--group", "amazon-capi-replay-x"}, exitUsage, "must have its own"},
		"no such topic":   {[]string{"--from", "-1h", "--topic", "evnets"}, exitFailed, "does not exist"},
		"empty":           {[]string{"--from", "2020-01-01", "--to", "2020-01-02"}, exitOK, "There is nothing to replay"},
		"live, no from":   {[]string{"--live-group"}, exitUsage, "--from says where"},
		"live, a filter":  {[]string{"--live-group", "--from", "-1h", "--profile", "1"}, exitUsage, "goes with neither"},
		"live, a bad one": {[]string{"--live-group", "--from", "-1h", "--partition", "77"}, exitUsage, "no partition 77"},
	} {
		r := s.run(tc.code, append(append([]string{"replay"}, s.amazon()...), tc.args...)...)
		if !strings.Contains(r.stdout+r.stderr, tc.want) {
			t.Errorf("%s: no %q in:\n%s%s", name, tc.want, r.stdout, r.stderr)
		}
	}
	// A name that is taken by other flags, and a group that is somebody else's.
	s.replay(exitOK, "--from", "offset:0", "--name", "taken", "--partition", "0", "--go")
	if r := s.run(exitUsage, append([]string{"replay", "--from", "offset:0", "--name", "taken"}, s.amazon()...)...); !strings.Contains(r.stderr, "begun with other") {
		t.Errorf("%s", r.stderr)
	}
	offsets := make(kadm.Offsets)
	offsets.Add(kadm.Offset{Topic: config.DefaultTopic, Partition: 0, At: 3, LeaderEpoch: -1})
	if err := s.admin().CommitAllOffsets(t.Context(), "amazon-capi-replay-foreign", offsets); err != nil {
		t.Fatal(err)
	}
	if r := s.run(exitFailed, append([]string{"replay", "--from", "offset:0", "--name", "foreign"}, s.amazon()...)...); !strings.Contains(r.stderr, "not a replay's") {
		t.Errorf("%s", r.stderr)
	}
}

func TestReplayMovesTheLiveGroup(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish", "--events", "300", "--timestamps", "event"}, s.registry()...)...)
	s.deliver()
	live := s.offsets("amazon-capi")
	move := func(code int, args ...string) result {
		return s.run(code, append(append([]string{"replay", "--live-group", "--from", "offset:10"}, s.servers()...), args...)...)
	}
	if r := move(exitOK); !strings.Contains(r.stdout, "nothing was moved") || !maps.Equal(live, s.offsets("amazon-capi")) {
		t.Errorf("dry run: %v\n%s", s.offsets("amazon-capi"), r.stdout)
	}
	// While it has members it stays where it is.
	leave := s.join()
	if r := move(exitFailed, "--go"); !strings.Contains(r.stderr, "has 1 member: stop them first") || !maps.Equal(live, s.offsets("amazon-capi")) {
		t.Errorf("with a member: %v\n%s", s.offsets("amazon-capi"), r.stderr)
	}
	leave()
	rows := objects[replay.Moved](t, move(exitOK, "--json", "--go").stdout)
	if len(rows) != 3 || rows[0].Was != live[0] || rows[0].Now != 10 || rows[0].End != live[0] {
		t.Errorf("%+v", rows)
	}
	for p, at := range s.offsets("amazon-capi") {
		if at != 10 {
			t.Errorf("partition %d is at %d, want 10", p, at)
		}
	}
	if sum := s.deliver(); int(sum.Taken) != 270 {
		t.Errorf("%d records were delivered again, want 270", sum.Taken)
	}
}

// TestReplayLeavesAGroupOfTheConsumerProtocolAlone: asked in the classic protocol, brokers
// say that such a group has no members.
func TestReplayLeavesAGroupOfTheConsumerProtocolAlone(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish", "--events", "30", "--timestamps", "event"}, s.registry()...)...)
	s.deliver()
	live := s.offsets("amazon-capi")
	defer s.join(kgo.Balancers(kgo.StickyBalancer()), kgo.ServerSideBalancer())()
	r := s.run(exitFailed, append([]string{"replay", "--live-group", "--from", "offset:0", "--go"}, s.servers()...)...)
	if !strings.Contains(r.stderr, "has 1 member: stop them first") || !maps.Equal(live, s.offsets("amazon-capi")) {
		t.Errorf("%v\n%s", s.offsets("amazon-capi"), r.stderr)
	}
}

// join has a member join the live group until it is told to leave.
func (s *scene) join(opts ...kgo.Opt) (leave func()) {
	s.t.Helper()
	member, err := kgo.NewClient(append(opts, kgo.SeedBrokers(s.Brokers()...), kgo.ConsumerGroup("amazon-capi"), kgo.ConsumeTopics(config.DefaultTopic), kgo.DisableAutoCommit())...)
	if err != nil {
		s.t.Fatal(err)
	}
	eventually(s.t, new(testkit.Buffer), "the group has a member", func() bool {
		n, err := replay.Members(s.t.Context(), s.admin(), "amazon-capi")
		return err == nil && n == 1
	})
	return member.Close
}

func TestReplayRefusedEventsAreForeseen(t *testing.T) {
	s := newScene(t)
	s.refusing(sandbox.Fault{Do: sandbox.Status, Status: 422})
	s.run(exitOK, append([]string{"publish", "--events", "30", "--broken", "0.3"}, s.registry()...)...)
	got := s.replay(exitOK, "--from", "-1h", "--go")
	if got.DeadLettered != 30 || got.Accepted != 0 || got.Sum.Refused == 0 || got.Sum.Refused == 30 {
		t.Errorf("%+v", got)
	}
	// -1h is another hour now, and the replay of the last one is over.
	s.refusing()
	if again := s.replay(exitOK, "--from", "-1h", "--go"); again.Resumed || again.Accepted == 0 || again.Selected != 30 {
		t.Errorf("%+v", again)
	}
}

// TestReplayForeseesTheLimitOfAge: events that the contract takes no more are
// counted before they become dead letters.
func TestReplayForeseesTheLimitOfAge(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish", "--events", "40", "--timestamps", "event"}, s.registry()...)...)
	got := s.replay(exitOK, "--from", "offset:0", "--dry-run", "--contract", "events-v1")
	if got.Sum.TooOld != 40 || got.Sum.Refused != 40 || got.Sum.Send != 0 {
		t.Errorf("%+v: want all past the limit of age", got.Sum)
	}
	if r := s.run(exitOK, append([]string{"replay", "--from", "offset:0", "--dry-run", "--contract", "events-v1"}, s.amazon()...)...); !strings.Contains(r.stdout, "40 of them because the contract takes none so old") {
		t.Errorf("%s", r.stdout)
	}
}

func TestReplayExamples(t *testing.T) {
	s := newSceneAlone(t)
	s.run(exitOK, append([]string{"publish", "--events", "60", "--timestamps", "event"}, s.registry()...)...)
	s.run(exitOK, append([]string{"publish", "--events", "5"}, s.registry()...)...)
	s.deliver()
	results := runExamplesIn(t, s.environ(), "replay", "--brokers localhost:9092", "", "--config /etc/amazon-capi.yaml", "")
	for i, want := range []string{"This was a dry run", "5 not chosen", "nothing was moved"} {
		if !strings.Contains(results[i].stdout, want) {
			t.Errorf("example %d does not show %q:\n%s", i, want, results[i].stdout)
		}
		noIdentifiers(t, results[i])
	}
}

// TestReplayAfterOneThatWasKilled: to the brokers it is a member until its session is over,
// and has the partitions. The next one waits for that, and sends all of it.
func TestReplayAfterOneThatWasKilled(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish", "--events", "60", "--timestamps", "event"}, s.registry()...)...)
	session := "1500"
	if _, err := s.admin().AlterBrokerConfigs(t.Context(), []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "group.consumer.session.timeout.ms", Value: &session}}); err != nil {
		t.Fatal(err)
	}
	killed := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	killed.Group, killed.MemberID, killed.RebalanceTimeoutMillis = "amazon-capi-replay-killed", "killed", 60_000
	killed.SubscribedTopicNames, killed.Topics = []string{config.DefaultTopic}, []kmsg.ConsumerGroupHeartbeatRequestTopic{}
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.Brokers()...))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := killed.RequestWith(t.Context(), cl)
	cl.Close()
	if err != nil || resp.ErrorCode != 0 {
		t.Fatalf("%v, %+v", err, resp)
	}
	got := s.replay(exitOK, "--from", "offset:0", "--name", "killed", "--group-protocol", "consumer", "--go")
	if got.Selected != 60 || got.Sent != 60 || got.Deleted != 0 || got.Left != 0 {
		t.Errorf("%+v", got)
	}
}
