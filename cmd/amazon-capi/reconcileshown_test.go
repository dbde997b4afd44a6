package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/operate/eventsmanager"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
)

// storeEvents are events that events-v1 takes: of two profiles and three names, over three
// days, a quarter without consent to storage, and every fifth published twice.
func storeEvents(n int, now time.Time) string {
	var b strings.Builder
	for i := range n {
		id := fmt.Sprintf("ord_%04d", i)
		name, custom := "Order Completed", `,"custom_data":{"value":12.5,"currency":"USD"}`
		if i%3 == 1 {
			name, custom = "Lead", ""
		} else if i%3 == 2 {
			name, custom = "Page View", ""
		}
		storage := "GRANTED"
		if i%4 == 0 {
			storage = "DENIED"
		}
		line := fmt.Sprintf(`{"event_id":%q,"profile_id":"%d","event_name":%q,"action_source":"WEBSITE","occurred_at":%q,"user_data":{"email":"jane%d@example.com","country_code":"US"},"consent":{"ad_user_data":"GRANTED","ad_storage":%q}%s}`+"\n",
			id, 1234567890+i%2, name, now.Add(-time.Duration(i)*71*time.Minute).UTC().Format(time.RFC3339), i, storage, custom)
		b.WriteString(line)
		if i%5 == 0 {
			b.WriteString(line)
		}
	}
	return b.String()
}

// TestEventsManagerIsPredicted: what is predicted from receipts is, to the event, what a
// sandbox shows that counts as Events Manager does, duplicates, denials and redrives included.
func TestEventsManagerIsPredicted(t *testing.T) {
	s := newScene(t)
	dir := t.TempDir()
	events, shown := filepath.Join(dir, "events.jsonl"), filepath.Join(dir, "shown.csv")
	if err := os.WriteFile(events, []byte(storeEvents(60, time.Now())), 0o600); err != nil {
		t.Fatal(err)
	}
	v1 := func(c *pipeline.Config) { c.Contract = "events-v1" }
	if err := s.Amazon().SetBehaviour(sandbox.Behaviour{RefuseTypes: []string{"LEAD"}}); err != nil {
		t.Fatal(err)
	}
	s.run(exitOK, append(append([]string{"publish"}, s.registry()...), events)...)
	s.deliver(v1)
	if err := s.Amazon().SetBehaviour(sandbox.Behaviour{}); err != nil {
		t.Fatal(err)
	}
	s.redrive(exitOK, "--go", "--profile", "1234567890")
	s.deliver(v1)
	s.redrive(exitOK, append([]string{"--go", "--direct", "--contract", "events-v1"}, s.amazon()[2:]...)...)
	s.run(exitOK, append(append([]string{"replay", "--go", "--contract", "events-v1", "--from", "offset:0"}, s.amazon()...), "--profile", "1234567891")...)

	save := func(change func(string) string) {
		t.Helper()
		var b bytes.Buffer
		if err := s.Amazon().EventsManager(&b, ""); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(shown, []byte(change(b.String())), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	compare := func(code int, args ...string) (rows []eventsmanager.Row, out result) {
		t.Helper()
		out = s.run(code, append(append([]string{"reconcile", "--json", "--contract", "events-v1", "--events-manager", shown}, s.registry()...), args...)...)
		noIdentifiers(t, out)
		for line := range strings.Lines(out.stdout) {
			if strings.Contains(line, `"kind":"events_manager",`) {
				var r eventsmanager.Row
				if err := json.Unmarshal([]byte(line), &r); err != nil {
					t.Fatal(err)
				}
				rows = append(rows, r)
			}
		}
		return rows, out
	}
	save(func(s string) string { return s })
	rows, out := compare(exitOK)
	var sum eventsmanager.Counts
	for i := range rows {
		r := &rows[i]
		if r.Difference() != 0 || r.ShareDiffers {
			t.Errorf("%+v", *r)
		}
		sum.Predicted += r.Predicted
		sum.Repeats += r.Repeats
		sum.Denied += r.Denied
		sum.Redriven += r.Redriven
	}
	if taken := s.Amazon().Stats().Taken; sum.Predicted != taken || sum.Repeats == 0 || sum.Denied == 0 || sum.Redriven == 0 {
		t.Errorf("%+v predicted of %d taken\n%s", sum, taken, out.stdout)
	}
	// By one profile, in another language, one event too many: it has no explanation.
	save(func(s string) string {
		s = strings.NewReplacer(",", ";", ".", ",").Replace(s)
		lines := strings.Split(s, "\n")
		cells := strings.Split(lines[1], ";")
		cells[3] = "1.000"
		lines[1] = strings.Join(cells, ";")
		return "\ufeff" + strings.Join(lines, "\r\n")
	})
	if _, out = compare(exitFailed); !strings.Contains(out.stderr, "not explained") {
		t.Errorf("%s%s", out.stdout, out.stderr)
	}
	// The other account is as predicted.
	text := s.run(exitOK, append([]string{"reconcile", "--contract", "events-v1", "--events-manager", shown, "--events-manager-account", "1234567891"}, s.registry()...)...)
	if !strings.Contains(text.stdout, "Events Manager:") || !strings.Contains(text.stdout, "events of accounts that the file does not have") {
		t.Errorf("%s", text.stdout)
	}
	noIdentifiers(t, text)
	if err := os.WriteFile(shown, []byte("Name,Date\nPurchase,2025-11-24\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, out = compare(exitUsage); !strings.Contains(out.stderr, "want a header with the columns name, day and count") {
		t.Errorf("%s", out.stderr)
	}
}
