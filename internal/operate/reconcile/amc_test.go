package reconcile

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// amcColumns are those of Amazon Marketing Cloud's conversions table.
const amcColumns = `combined_sales REAL, conversion_event_name TEXT, conversion_event_source_name TEXT, conversion_id TEXT, conversions INTEGER,
event_category TEXT, event_date_utc TEXT, event_day_utc INTEGER, event_dt_hour_utc TEXT, event_dt_utc TEXT, event_hour_utc INTEGER, event_subtype TEXT,
event_type TEXT, event_type_class TEXT, event_type_description TEXT, marketplace_id INTEGER, marketplace_name TEXT, new_to_brand INTEGER,
no_3p_trackers INTEGER, off_amazon_conversion_value REAL, off_amazon_product_sales REAL, purchase_currency TEXT, purchase_unit_price REAL,
total_product_sales REAL, total_units_sold INTEGER, tracked_asin TEXT, tracked_item TEXT, user_id TEXT, user_id_type TEXT`

// amcQueries are the queries of docs/amc.md by their first word.
func amcQueries(t *testing.T) map[string]string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/amc.md")
	if err != nil {
		t.Fatal(err)
	}
	queries := make(map[string]string)
	for _, m := range regexp.MustCompile("(?s)```sql\n-- (\\w+): (.*?)```").FindAllStringSubmatch(string(page), -1) {
		_, query, _ := strings.Cut(m[2], "\n")
		queries[m[1]] = query
	}
	for _, name := range []string{"AMC", "sent", "both"} {
		if queries[name] == "" {
			t.Fatalf("docs/amc.md has no query %s", name)
		}
	}
	return queries
}

// TestAMCJoinsNoEvents: its table has no event id, and gives out no conversion's.
func TestAMCJoinsNoEvents(t *testing.T) {
	for name, query := range amcQueries(t) {
		if regexp.MustCompile(`(?i)event_id|conversion_id|\bJOIN\b|user_id|⟨`).MatchString(query) {
			t.Errorf("%s compares single events or persons:\n%s", name, query)
		}
	}
}

// TestAMCQueriesRun runs the page's queries with SQLite, against a table of AMC's shape and
// the file that reconcile writes.
func TestAMCQueriesRun(t *testing.T) {
	sqlite, err := exec.LookPath("sqlite3")
	if err != nil {
		t.Skip("there is no sqlite3 here")
	}
	queries := amcQueries(t)
	dir := t.TempDir()
	week, amc := filepath.Join(dir, "week.csv"), filepath.Join(dir, "amc.csv")
	file, err := CreateEventsFile(week)
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2025, 11, 24, 23, 59, 59, 0, time.UTC)
	for i, e := range []Event{
		{Name: "Purchase", Type: "PURCHASE", Time: day, Amount: "12.50", Fate: "accepted"},
		{Name: "Purchase", Type: "PURCHASE", Time: day, Amount: "12.50", Fate: "accepted", Duplicate: true},
		{Name: "Purchase", Type: "PURCHASE", Time: day.Add(time.Second), Amount: "7.25", Fate: "accepted"},
		{Name: "Purchase", Type: "PURCHASE", Time: day, Amount: "1", Fate: "rejected"},
		{Name: "Lead", Type: "LEAD", Time: day, Fate: "accepted"},
		{Name: "Lead", Type: "LEAD", Time: day, Amount: "3", Fate: "accepted"},
	} {
		e.Offset = int64(i)
		if err := file.Add(&e); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	run := func(script string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), sqlite, "-batch", "-bail", ":memory:")
		cmd.Stdin = strings.NewReader(script)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	const row = `INSERT INTO conversions (conversion_event_name, event_type_description, event_category, event_date_utc, conversions, off_amazon_product_sales, off_amazon_conversion_value, total_units_sold) VALUES `
	out := run("CREATE TABLE conversions (" + amcColumns + ");\n" + row + `
('Purchase', 'Purchases', 'off-Amazon', '2025-11-24', 1, 12.5, NULL, 1), ('Purchase', 'Purchases', 'off-Amazon', '2025-11-25', 1, 7.25, NULL, 2),
('Lead', 'Leads', 'off-Amazon', '2025-11-24', 1, NULL, 3, NULL), ('Lead', 'Leads', 'off-Amazon', '2025-12-01', 1, NULL, 3, NULL),
('Purchase', 'Purchases', 'purchase', '2025-11-24', 1, NULL, NULL, 1);
.headers on
.mode csv
.output ` + amc + "\n" + queries["AMC"] + ";\n.output stdout\n.headers off\n.mode list\n.import --csv " + amc + " amc\n.import --csv " + week + " week\n" +
		queries["sent"] + ";\nSELECT '--';\n" + queries["both"] + ";\n")
	want := strings.Join([]string{
		"Lead|LEAD|2025-11-24|2|0.0|3.0", "Purchase|PURCHASE|2025-11-24|1|12.5|0.0", "Purchase|PURCHASE|2025-11-25|1|7.25|0.0", "--",
		"Lead|LEAD|Leads|2025-11-24|2|1|1|0.0", "Purchase|PURCHASE|Purchases|2025-11-24|1|1|0|0.0", "Purchase|PURCHASE|Purchases|2025-11-25|1|1|0|0.0", "",
	}, "\n")
	if numbers(out) != numbers(want) {
		t.Errorf("SQLite says\n%s\nwant\n%s", out, want)
	}
}

// numbers writes whole numbers as SQLite does or does not, by its version.
func numbers(s string) string { return strings.ReplaceAll(s, ".0", "") }
