package sandbox

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// eventsManager counts as Amazon's Events Manager shows it: by account, event name and
// UTC day of the event, before deduplication and consent filtering, with the share that
// is excluded. The real one is up to two hours late; this one is not.
type eventsManager struct {
	mu     sync.Mutex
	counts map[shownKey]shownCount
}

type shownKey struct{ account, name, day string }

type shownCount struct{ events, excluded int64 }

// maxShown bounds the names and days, which are the sender's.
const maxShown = 100_000

// counted is what the Events Manager reads of an event of either contract.
type counted struct {
	Name             string `json:"name"`
	Timestamp        string `json:"timestamp"`
	EventTime        string `json:"eventTime"`
	EventDescription struct {
		Name string `json:"name"`
	} `json:"eventDescription"`
	Consent struct {
		TCF           string `json:"tcf"`
		AmazonConsent struct {
			UserData  string `json:"amznUserData"`
			AdStorage string `json:"amznAdStorage"`
		} `json:"amazonConsent"`
	} `json:"consent"`
}

// excluded reports whether consent is denied. TCF wins over Amazon's own format; what a
// string allows is not read here.
func (e *counted) excluded() bool {
	c := &e.Consent
	return c.TCF == "" && (c.AmazonConsent.UserData == "DENIED" || c.AmazonConsent.AdStorage == "DENIED")
}

// take counts the events of a request that were taken.
func (m *eventsManager) take(account string, items []item) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range items {
		if items[i].Verdict != Taken {
			continue
		}
		var e counted
		if json.Unmarshal(items[i].raw, &e) != nil {
			continue // it was checked to be one
		}
		at, err := time.Parse(time.RFC3339Nano, e.Timestamp+e.EventTime)
		if err != nil {
			continue
		}
		k := shownKey{account, e.Name + e.EventDescription.Name, at.UTC().Format(time.DateOnly)}
		c, known := m.counts[k]
		if !known && len(m.counts) >= maxShown {
			continue
		}
		c.events++
		if e.excluded() {
			c.excluded++
		}
		if m.counts == nil {
			m.counts = make(map[shownKey]shownCount)
		}
		m.counts[k] = c
	}
}

// EventsManager writes what the Events Manager shows, as CSV: of one account, or of all if
// it is empty.
func (a *Amazon) EventsManager(w io.Writer, account string) error {
	a.shown.mu.Lock()
	counts := maps.Clone(a.shown.counts)
	a.shown.mu.Unlock()
	out := csv.NewWriter(w)
	_ = out.Write([]string{"Account", "Event name", "Day", "Events", "Excluded share"}) // Error tells
	for _, k := range slices.SortedFunc(maps.Keys(counts), func(a, b shownKey) int {
		return slices.Compare([]string{a.account, a.day, a.name}, []string{b.account, b.day, b.name})
	}) {
		c := counts[k]
		if account != "" && account != k.account {
			continue
		}
		_ = out.Write([]string{k.account, k.name, k.day, strconv.FormatInt(c.events, 10), fmt.Sprintf("%.2f %%", 100*float64(c.excluded)/float64(c.events))})
	}
	out.Flush()
	return out.Error()
}

func (a *Amazon) showEventsManager(w http.ResponseWriter, r *http.Request) {
	var b strings.Builder
	_ = a.EventsManager(&b, r.URL.Query().Get("account")) // a Builder takes everything
	send(w, r, reply{status: http.StatusOK, contentType: "text/csv; charset=utf-8", body: []byte(b.String())}, nil)
}
