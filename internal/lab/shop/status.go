package shop

import (
	"net/http"
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/capture"
)

// Fate is what happened to an event.
type Fate struct {
	// Attempts are Amazon's answers, oldest first.
	Attempts []Attempt
	Accepted bool
	// Refused is why the event is in the dead-letter topic; empty if it is not.
	Refused string
	// ClickID is the click id that Amazon received.
	ClickID string
}

// Attempt is one request to Amazon that the event was in.
type Attempt struct {
	At     time.Time
	Status int // 0 if there was no answer
}

// statusPage is what the status page shows. No click id is on it: not even its
// visitor's own, for pages end up in histories, caches and screenshots.
type statusPage struct {
	Click   bool
	Masked  string
	At      string
	Age     string
	Until   string
	Aref    bool
	Consent string
	Events  []eventRow
}

type eventRow struct {
	Name, EventID, At, Value string
	Click                    string // the one Amazon received, masked
	Same                     bool   // it is the one that was kept when the event happened
	Answers                  []Attempt
	Verdict, Why             string // accepted, refused, on its way, not published
}

func (s *Shop) status(w http.ResponseWriter, r *http.Request) {
	v := s.visitors.of(w, r)
	var actions []action
	s.visitors.change(func() { actions = slices.Clone(v.actions) })

	page := statusPage{Consent: map[capture.Consent]string{capture.Granted: "granted", capture.Refused: "refused", capture.Unknown: "not answered"}[consentOf(r)]}
	if c, ok := capture.ClickID(r); ok {
		page.Click, page.Masked, page.Aref = c.ID != "", c.Masked(), c.Aref != ""
		if !c.CapturedAt.IsZero() {
			page.At = c.CapturedAt.UTC().Format("2006-01-02 15:04:05Z")
			page.Age = s.o.Now().Sub(c.CapturedAt).Round(time.Second).String()
			page.Until = c.CapturedAt.Add(capture.ClickLifetime).UTC().Format(time.DateOnly)
		}
	}
	pending := false
	for _, a := range slices.Backward(actions) {
		row := s.row(a)
		pending = pending || row.Verdict == onItsWay
		page.Events = append(page.Events, row)
	}
	if pending {
		w.Header().Set("Refresh", "1")
	}
	s.show(w, r, http.StatusOK, "status.html", page)
}

const onItsWay = "on its way"

func (s *Shop) row(a action) eventRow {
	row := eventRow{Name: a.Name, EventID: a.EventID, At: a.At.UTC().Format("15:04:05Z"), Value: a.Value, Verdict: onItsWay}
	if a.Trouble != "" {
		row.Verdict = a.Trouble
		return row
	}
	f := s.o.Fate(a.EventID)
	row.Answers, row.Why = f.Attempts, f.Refused
	switch {
	case f.Accepted:
		row.Verdict = "accepted"
	case f.Refused != "":
		row.Verdict = "refused"
	}
	row.Click = capture.Click{ID: f.ClickID}.Masked()
	row.Same = f.ClickID == a.Click.ID
	return row
}
