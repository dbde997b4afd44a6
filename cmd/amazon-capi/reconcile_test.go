package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/operate/reconcile"
)

// reconciled is the output of reconcile --json.
type reconciled struct {
	rows []reconcile.Row
	lost []reconcile.Lost
	sum  reconcile.Counts
}

// reconcile runs reconcile --json, and holds its sums.
func (s *scene) reconcile(code int, args ...string) (got reconciled) {
	s.t.Helper()
	r := s.run(code, append(append([]string{"reconcile", "--json"}, s.registry()...), args...)...)
	noIdentifiers(s.t, r)
	var sum reconcile.Counts
	for line := range strings.Lines(r.stdout) {
		var kind struct{ Kind string }
		if err := json.Unmarshal([]byte(line), &kind); err != nil {
			s.t.Fatalf("%v\n%s", err, r.stdout)
		}
		var into any
		switch kind.Kind {
		case "row":
			got.rows = append(got.rows, reconcile.Row{})
			into = &got.rows[len(got.rows)-1]
		case "missing":
			got.lost = append(got.lost, reconcile.Lost{})
			into = &got.lost[len(got.lost)-1]
		case "sum":
			into = &got.sum
		}
		if err := json.Unmarshal([]byte(line), into); err != nil {
			s.t.Fatalf("%v\n%s", err, line)
		}
		if kind.Kind == "row" {
			row := &got.rows[len(got.rows)-1]
			sum.Source += row.Source
			if row.Source != row.Sum() {
				s.t.Errorf("a row does not add up: %+v", *row)
			}
		}
	}
	if sum.Source != got.sum.Source || got.sum.Source != got.sum.Sum() || code == exitOK && got.sum.Missing > 0 || len(got.lost) != got.sum.Missing {
		s.t.Errorf("the sum does not add up: rows have %d, %+v", sum.Source, got.sum)
	}
	return got
}

func TestReconcileSamples(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish"}, s.registry()...)...)
	if before := s.reconcile(exitOK); before.sum.Source != 140 || before.sum.InFlight != 140 {
		t.Errorf("before anything is delivered: %+v", before.sum)
	}
	sum := s.deliver()
	got := s.reconcile(exitOK)
	c := got.sum
	if c.Source != 140 || c.Accepted != 117 || c.DeadLettered() != 23 || c.InFlight != 0 || c.Duplicates == 0 || len(c.Value) < 2 {
		t.Errorf("%+v", c)
	}
	if retried := int(sum.Total.Retried); c.Retried != retried {
		t.Errorf("%d retried, and the pipeline says %d", c.Retried, retried)
	}
	byProfile := s.reconcile(exitOK, "--by", "profile")
	if len(byProfile.rows) >= len(got.rows) || byProfile.rows[0].EventType != "" || byProfile.sum.Value.String() != c.Value.String() {
		t.Errorf("%d rows by profile of %d, %s and %s", len(byProfile.rows), len(got.rows), byProfile.sum.Value, c.Value)
	}
	// More comes, and is in flight.
	s.run(exitOK, append([]string{"publish", "--events", "10"}, s.registry()...)...)
	if more := s.reconcile(exitOK); more.sum.Source != 150 || more.sum.InFlight != 10 {
		t.Errorf("%+v", more.sum)
	}
	table := s.run(exitOK, append([]string{"reconcile"}, s.registry()...)...)
	for _, want := range []string{"source 150 = accepted 117 + dead-lettered 23 + filtered 0 + in flight 10 + missing 0", "PURCHASE", "1234567890", " USD", "(unreadable)"} {
		if !strings.Contains(table.stdout, want) {
			t.Errorf("the table has no %q:\n%s", want, table.stdout)
		}
	}
	noIdentifiers(t, table)
	if empty := s.run(exitOK, append([]string{"reconcile", "--from", "2020-01-01", "--to", "2020-01-02"}, s.registry()...)...); !strings.Contains(empty.stdout, "nothing to reconcile") {
		t.Errorf("%s", empty.stdout)
	}
}

// TestReconcileCountsAnEventOnce: refused, redriven one way or the other, replayed:
// it is one event of the source.
func TestReconcileCountsAnEventOnce(t *testing.T) {
	s := newScene(t)
	s.refusing(sandbox.Fault{Do: sandbox.Status, Status: 422})
	s.run(exitOK, append([]string{"publish", "--events", "90", "--timestamps", "event"}, s.registry()...)...)
	s.deliver()
	if refused := s.reconcile(exitOK); refused.sum.Rejected != 90 || refused.sum.Source != 90 {
		t.Errorf("refused: %+v", refused.sum)
	}
	s.refusing()
	profiles := sample.ProfileIDs(2)
	direct := s.redrive(exitOK, append([]string{"--direct", "--go", "--profile", profiles[0]}, s.amazon()[2:]...)...)
	copied := s.redrive(exitOK, "--go", "--profile", profiles[1])
	under := s.reconcile(exitOK)
	if under.sum.Source != 90 || under.sum.Accepted != direct.Accepted || under.sum.InFlight != copied.Sent || under.sum.Rejected != 90-direct.Accepted-copied.Sent {
		t.Errorf("while the copies wait: %+v; %d were delivered, %d copied", under.sum, direct.Accepted, copied.Sent)
	}
	s.deliver()
	done := s.reconcile(exitOK)
	if done.sum.Accepted != direct.Accepted+copied.Sent || done.sum.Redriven != done.sum.Accepted || done.sum.Source != 90 {
		t.Errorf("after delivery: %+v", done.sum)
	}
	if again := s.replay(exitOK, "--from", "offset:0", "--go"); again.Selected != 90 || again.Copies != copied.Sent || again.Records != 90+copied.Sent {
		t.Errorf("a replay of records and their copies: %+v", again)
	}
	if after := s.reconcile(exitOK); after.sum.Source != 90 || after.sum.Accepted != 90 || after.sum.Duplicates != 0 {
		t.Errorf("after a replay: %+v", after.sum)
	}
}

func TestReconcileFindsWhatIsMissing(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish", "--events", "50"}, s.registry()...)...)
	s.deliver()
	all := s.Amazon().Events("")
	// All that Amazon has but one, as the sandbox lists it, and as CSV.
	var lines, table bytes.Buffer
	fmt.Fprintln(&table, "Event ID,Profile ID,Status")
	for i, e := range all {
		if i == 7 {
			continue
		}
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(b, '\n'))
		fmt.Fprintf(&table, "%s,%s,ok\n", e.EventID, e.Profile)
	}
	for name, data := range map[string][]byte{"events.jsonl": lines.Bytes(), "events.csv": table.Bytes()} {
		got := s.reconcile(exitFailed, "--diagnostics", writeFile(t, name, data))
		if got.sum.Missing != 1 || got.sum.Accepted != 49 || len(got.lost) != 1 || got.lost[0].EventID != all[7].EventID || got.lost[0].Profile != all[7].Profile {
			t.Errorf("%s: %+v %+v, want %s missing", name, got.sum, got.lost, all[7].EventID)
		}
	}
	r := s.run(exitFailed, append([]string{"reconcile", "--diagnostics", writeFile(t, "none", nil)}, s.registry()...)...)
	if !strings.Contains(r.stderr, "50 of 50 events are missing") || !strings.Contains(r.stdout, "Amazon does not have it") {
		t.Errorf("Amazon has nothing:\n%s%s", r.stdout, r.stderr)
	}
	// Verdicts that nobody has written down.
	if _, err := s.admin().DeleteTopics(t.Context(), config.DefaultReceiptsTopic); err != nil {
		t.Fatal(err)
	}
	if r := s.run(exitFailed, append([]string{"reconcile"}, s.registry()...)...); !strings.Contains(r.stderr, `"tracklayer.events.receipts" cannot be read: the topic does not exist`) {
		t.Errorf("%s", r.stderr)
	}
	if _, err := s.admin().CreateTopic(t.Context(), 3, 1, nil, config.DefaultReceiptsTopic); err != nil {
		t.Fatal(err)
	}
	if got := s.reconcile(exitFailed); got.sum.Missing != 50 || !strings.Contains(got.lost[0].Why, "committed past") {
		t.Errorf("without receipts: %+v", got.sum)
	}
}

// TestReconcileTellsWhatWasDeletedUnread: retention took what the group had not
// come to.
func TestReconcileTellsWhatWasDeletedUnread(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish"}, s.registry()...)...)
	starts, err := s.admin().ListEndOffsets(t.Context(), config.DefaultTopic)
	if err != nil {
		t.Fatal(err)
	}
	var at, before kadm.Offsets
	want := int64(0)
	starts.Each(func(o kadm.ListedOffset) {
		if o.Offset < 2 {
			return
		}
		at.Add(kadm.Offset{Topic: o.Topic, Partition: o.Partition, At: 1, LeaderEpoch: -1})
		before.Add(kadm.Offset{Topic: o.Topic, Partition: o.Partition, At: o.Offset})
		want += o.Offset - 1
	})
	if err := s.admin().CommitAllOffsets(t.Context(), config.DefaultGroup, at); err != nil {
		t.Fatal(err)
	}
	if _, err := s.admin().DeleteRecords(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	r := s.run(exitFailed, append([]string{"reconcile"}, s.registry()...)...)
	if !strings.Contains(r.stdout, "were deleted before they were read") || !strings.Contains(r.stderr, fmt.Sprintf("%d records were deleted", want)) {
		t.Errorf("want %d unread:\n%s\n%s", want, r.stdout, r.stderr)
	}
	r = s.run(exitFailed, append([]string{"reconcile", "--json"}, s.registry()...)...)
	if !strings.Contains(r.stdout, `"kind":"unread"`) {
		t.Errorf("no line of it:\n%s", r.stdout)
	}
}

func TestReconcileFiles(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish"}, s.registry()...)...)
	s.deliver()
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	got := s.reconcile(exitOK, "--csv", file("rows.csv"), "--events", file("events.parquet"))
	s.reconcile(exitOK, "--events", file("events.csv"))

	rows := readCSV(t, file("rows.csv"))
	source := 0
	for _, r := range rows[1:] {
		n, err := strconv.Atoi(r[3])
		if err != nil {
			t.Fatal(err)
		}
		source += n
	}
	if len(rows) != 1+len(got.rows) || source != 140 || rows[0][3] != "source" || !strings.HasPrefix(rows[0][len(rows[0])-1], "value_") {
		t.Errorf("%d rows, %d records, columns %q", len(rows), source, rows[0])
	}
	events, err := parquet.ReadFile[reconcile.EventRow](file("events.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	lines := readCSV(t, file("events.csv"))
	if len(events) != 140 || len(lines) != 141 {
		t.Fatalf("%d and %d events, want 140", len(events), len(lines)-1)
	}
	verdicts, withValue := make(map[string]int), 0
	for _, e := range events {
		verdicts[e.Verdict]++
		if e.Value != nil && e.Exact != "" && e.Currency != "" && e.Time != nil && e.Type != "" {
			withValue++
		}
	}
	if verdicts["accepted"] != 117 || withValue == 0 {
		t.Errorf("%v, %d with a value", verdicts, withValue)
	}
	for _, name := range []string{"rows.csv", "events.csv", "events.parquet"} {
		data, err := os.ReadFile(file(name))
		if err != nil {
			t.Fatal(err)
		}
		noIdentifiers(t, result{stdout: string(data)})
		if info, err := os.Stat(file(name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s may be read by others: %v, %v", name, info.Mode(), err)
		}
	}
	if left, _ := filepath.Glob(file("*.partial")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	// Nothing appears under the name of a file that was not finished.
	s.run(exitFailed, append([]string{"reconcile", "--topic", "no-such-topic", "--events", file("never.csv")}, s.registry()...)...)
	if all, _ := filepath.Glob(file("never*")); len(all) > 0 {
		t.Errorf("left behind: %q", all)
	}
}

func readCSV(t *testing.T, path string) [][]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestReconcileUsage(t *testing.T) {
	s := newScene(t)
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"by":             {[]string{"--by", "week"}, "want some of profile, type, hour"},
		"no receipts":    {[]string{"--receipts-topic", ""}, "only receipts show"},
		"events":         {[]string{"--events", "events.xlsx"}, ".csv or .parquet"},
		"no diagnostics": {[]string{"--diagnostics", "/nonexistent"}, "--diagnostics"},
		"bad CSV":        {[]string{"--diagnostics", writeFile(t, "x.csv", []byte("a,b\n1,2\n"))}, "no column event_id"},
		"bad JSON":       {[]string{"--diagnostics", writeFile(t, "x.json", []byte("{\"a\":1}\n"))}, "object 1 has no event_id"},
		"backwards":      {[]string{"--from", "-1h", "--to", "-2h"}, "not after"},
	} {
		if r := s.run(exitUsage, append(append([]string{"reconcile"}, s.registry()...), tc.args...)...); !strings.Contains(r.stderr, tc.want) {
			t.Errorf("%s: no %q in:\n%s", name, tc.want, r.stderr)
		}
	}
}

func TestReconcileExamples(t *testing.T) {
	s := newSceneAlone(t)
	s.run(exitOK, append([]string{"publish", "--events", "30"}, s.registry()...)...)
	s.deliver()
	var accepted bytes.Buffer
	fmt.Fprintln(&accepted, "event_id")
	for _, e := range s.Amazon().Events("") {
		fmt.Fprintln(&accepted, e.EventID)
	}
	var counts bytes.Buffer
	if err := s.Amazon().EventsManager(&counts, ""); err != nil {
		t.Fatal(err)
	}
	const shop = "accounts: [{name: shop, client_id: x, client_secret_env: NOWHERE, refresh_token_env: NOWHERE}]\ndefault: shop\n"
	dir := t.TempDir()
	for _, r := range runExamplesIn(t, s.environ(), "reconcile", "--to 2025-12-01 ", "", "counts.csv", writeFile(t, "counts.csv", counts.Bytes()), "accounts.yaml", writeFile(t, "accounts.yaml", []byte(shop)), "--brokers localhost:9092", "", "--registry http://localhost:8081", "", "--to 2025-11-27 ", "", "2025-11-24", "2020-01-01",
		"day.csv", filepath.Join(dir, "day.csv"), "day.parquet", filepath.Join(dir, "day.parquet"), "accepted.csv", writeFile(t, "accepted.csv", accepted.Bytes())) {
		if !strings.Contains(r.stdout, "accepted") {
			t.Errorf("it prints\n%s", r.stdout)
		}
		noIdentifiers(t, r)
	}
}

// TestReconcileLooksAtItsFilesFirst: reading may take an hour, and a file that cannot
// be written is found before. One that is there already is left alone until the new
// one is complete.
func TestReconcileLooksAtItsFilesFirst(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish", "--events", "5"}, s.registry()...)...)
	s.deliver()
	dir := t.TempDir()
	old := filepath.Join(dir, "old.csv")
	if err := os.WriteFile(old, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"no such directory": filepath.Join(dir, "nowhere", "rows.csv"),
		"a directory":       dir,
		"below a file":      filepath.Join(old, "rows.csv"),
	} {
		// Brokers that are not there would take half a minute to say so.
		r := command(t, "", "reconcile", "--brokers", "127.0.0.1:1", "--registry", s.RegistryURL(), "--csv", path)
		if r.code != exitUsage || !strings.Contains(r.stderr, "--csv") {
			t.Errorf("%s: exit %d\n%s", name, r.code, r.stderr)
		}
	}
	s.run(exitFailed, append([]string{"reconcile", "--topic", "no-such-topic", "--csv", old}, s.registry()...)...)
	if text, err := os.ReadFile(old); err != nil || string(text) != "old" {
		t.Errorf("after a failure the file holds %q, %v", text, err)
	}
	s.run(exitOK, append([]string{"reconcile", "--csv", old}, s.registry()...)...)
	if text, err := os.ReadFile(old); err != nil || !strings.HasPrefix(string(text), "profile,hour,type,source") {
		t.Errorf("it holds %q, %v", text, err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*.partial"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestReconcileHasNoYearOne: what rows are not told apart by is not in them.
func TestReconcileHasNoYearOne(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish", "--events", "5"}, s.registry()...)...)
	s.deliver()
	for _, by := range []string{"profile", "type", "profile,type", "profile,type,hour", "hour"} {
		r := s.run(exitOK, append([]string{"reconcile", "--json", "--by", by}, s.registry()...)...)
		if strings.Contains(r.stdout, "0001-") || strings.Contains(by, "hour") != strings.Contains(r.stdout, `"hour"`) {
			t.Errorf("--by %s:\n%s", by, r.stdout)
		}
	}
}

// TestGroupsAreToldApart: a misspelt --group is a group of its own to the brokers, and
// every command says that it is not the one that is known.
func TestGroupsAreToldApart(t *testing.T) {
	s := newScene(t)
	s.run(exitOK, append([]string{"publish", "--events", "20"}, s.registry()...)...)
	s.deliver()
	live := s.offsets("amazon-capi")
	if r := s.run(exitOK, append([]string{"reconcile", "--group", "amazon-cpai"}, s.registry()...)...); !strings.Contains(r.stderr, "group amazon-cpai has committed nothing") || !strings.Contains(r.stderr, "others that have: amazon-capi") {
		t.Errorf("reconcile:\n%s", r.stderr)
	}
	if r := s.run(exitOK, append([]string{"reconcile"}, s.registry()...)...); strings.Contains(r.stderr, "committed nothing") {
		t.Errorf("reconcile of the known group:\n%s", r.stderr)
	}
	for _, act := range [][]string{nil, {"--go"}} {
		r := s.run(exitUsage, append(append([]string{"replay", "--live-group", "--from", "offset:0", "--group", "amazon-cpai"}, s.servers()...), act...)...)
		if !strings.Contains(r.stderr, "want one that has: amazon-capi") {
			t.Errorf("replay:\n%s", r.stderr)
		}
	}
	if now := s.offsets("amazon-capi"); !maps.Equal(live, now) || len(s.offsets("amazon-cpai")) > 0 {
		t.Errorf("offsets were moved: %v, %v", now, s.offsets("amazon-cpai"))
	}
	for group, want := range map[string]string{"amazon-cpai": `"level":"look","area":"group","subject":"amazon-cpai"`, "amazon-capi": `"level":"fine","area":"group","subject":"amazon-capi"`} {
		r := command(t, "", append([]string{"check", "--live", "--json", "--group", group}, s.amazon()...)...)
		if !strings.Contains(r.stdout, want) {
			t.Errorf("check of %s:\n%s", group, r.stdout)
		}
	}
	// A member that joins nobody.
	out, stop := background(t, append([]string{"run", "--group", "amazon-cpai", "--listen", "", "--start", "latest"}, s.amazon()...)...)
	eventually(t, out, "the member says that it is alone", func() bool {
		return strings.Contains(out.String(), "committed nothing of the topic yet") && strings.Contains(out.String(), `"others":"amazon-capi"`)
	})
	stop()
	out, stop = background(t, append([]string{"run", "--listen", ""}, s.amazon()...)...)
	eventually(t, out, "the member joins", func() bool { return strings.Contains(out.String(), "partitions assigned") })
	stop()
	if strings.Contains(out.String(), "committed nothing") {
		t.Errorf("the known group:\n%s", out)
	}
}
