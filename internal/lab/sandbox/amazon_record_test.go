package sandbox

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRecordOfRequests(t *testing.T) {
	var disk strings.Builder
	o := Options{Record: &disk}
	o.Refusal = RefuseItem
	o.Faults = []Fault{{Do: Status, Name: "burst", Count: 1}}
	h := newHarness(t, o)
	h.send(lead("a"))
	h.send(lead("a"), `{"eventId":"b"}`)

	item := func(id, raw string, v Verdict, code string) Item {
		return Item{EventID: id, Digest: sha256.Sum256([]byte(raw)), Verdict: v, Code: code}
	}
	size := len(`{"events":[]}`) + len(lead("a"))
	want := []Request{
		{Seq: 1, Time: testNow, Contract: "off-amazon-2023-11-13", Profile: profile, Status: 503, Fault: "burst", Bytes: size,
			Items: []Item{item("a", lead("a"), Unjudged, "")}},
		{Seq: 2, Time: testNow, Contract: "off-amazon-2023-11-13", Profile: profile, Status: 207, Bytes: size + len(`,{"eventId":"b"}`),
			Items: []Item{item("a", lead("a"), Taken, ""), item("b", `{"eventId":"b"}`, Refused, "MISSING_FIELD")}},
	}
	if diff := cmp.Diff(want, h.Requests()); diff != "" {
		t.Errorf("in memory (-want +got):\n%s", diff)
	}
	var onDisk []Request
	dec := json.NewDecoder(strings.NewReader(disk.String()))
	for dec.More() {
		var r Request
		if err := dec.Decode(&r); err != nil {
			t.Fatal(err)
		}
		onDisk = append(onDisk, r)
	}
	if diff := cmp.Diff(want, onDisk); diff != "" {
		t.Errorf("on disk (-want +got):\n%s", diff)
	}
}

func TestRecordOfEvents(t *testing.T) {
	h := newHarness(t, Options{})
	h.send(lead("a"))
	h.send(lead("a"))
	h.send(strings.Replace(lead("a"), "10:17:00Z", "10:17:00.000Z", 1)) // the same moment, other bytes
	r := h.request(`{"events":[` + lead("a") + `]}`)
	r.Header.Set("Amazon-Advertising-API-Scope", "2")
	h.do(r)
	h.send(`{"eventId":"b"}`)

	digest := Digest(sha256.Sum256([]byte(lead("a"))))
	want := []Event{
		{Profile: profile, EventID: "a", Accepted: 3, Seen: 3, Digest: digest, Changed: 1},
		{Profile: profile, EventID: "b", Seen: 1, Digest: sha256.Sum256([]byte(`{"eventId":"b"}`))},
		{Profile: "2", EventID: "a", Accepted: 1, Seen: 1, Digest: digest},
	}
	if diff := cmp.Diff(want, h.Events("")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[2:], h.Events("2")); diff != "" {
		t.Errorf("events of a profile (-want +got):\n%s", diff)
	}
	if e, ok := h.Event(profile, "a"); !ok || e.Accepted != 3 {
		t.Errorf("event %+v, %v", e, ok)
	}
	if _, ok := h.Event("3", "a"); ok {
		t.Error("an event of a profile that sent none")
	}
	if h.Accepted("a") != 4 || h.Accepted("b") != 0 {
		t.Errorf("accepted %d and %d times, want 4 and 0", h.Accepted("a"), h.Accepted("b"))
	}
	s := h.Stats()
	if diff := cmp.Diff(Totals{Requests: 5, Taken: 4, Accepted: 2, Refused: 1, Changed: 1}, s.Totals); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
	if s.Duplicates() != 2 {
		t.Errorf("%d duplicates, want 2", s.Duplicates())
	}
	if diff := cmp.Diff(map[int]int64{200: 4, 422: 1}, s.Statuses); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestRequestsAreARing(t *testing.T) {
	for _, keep := range []int{-1, 1, 3, 10} {
		h := newHarness(t, Options{KeepRequests: keep})
		for i := range 7 {
			h.send(lead(fmt.Sprint(i)))
		}
		got := h.Requests()
		if want := min(7, max(0, keep)); len(got) != want {
			t.Errorf("keep %d: %d requests, want %d", keep, len(got), want)
		}
		for i, r := range got {
			if want := int64(7 - len(got) + i + 1); r.Seq != want {
				t.Errorf("keep %d: request %d has number %d, want %d", keep, i, r.Seq, want)
			}
		}
	}
}

func TestForgetEvents(t *testing.T) {
	h := newHarness(t, Options{ForgetEvents: true})
	h.send(leads(10)...)
	if s := h.Stats(); s.Taken != 10 || s.Duplicates() != 0 || len(h.Events("")) != 0 || h.Accepted("lead_0001") != 0 {
		t.Errorf("%+v and %d events, want 10 taken and none remembered", s.Totals, len(h.Events("")))
	}
	h.get("/sandbox/events").wantStatus(t, 409)
}

func TestControlPages(t *testing.T) {
	h := newHarness(t, Options{})
	h.get("/sandbox/health").wantStatus(t, 200)
	h.get("/sandbox/nothing").wantStatus(t, 404)
	h.send(lead("a"), purchase("b"))
	h.send(`{"eventId":"c"}`)

	got := h.get("/sandbox/stats")
	var s Stats
	if err := json.Unmarshal([]byte(got.body), &s); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(h.Stats(), s); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}

	var ids []string
	lines := bufio.NewScanner(strings.NewReader(h.get("/sandbox/events?profile=" + profile).body))
	for lines.Scan() {
		var e Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, e.EventID)
	}
	if diff := cmp.Diff([]string{"a", "b"}, ids); diff != "" {
		t.Errorf("accepted event ids (-want +got):\n%s", diff)
	}
	if body := h.get("/sandbox/events?profile=other").body; body != "" {
		t.Errorf("events of a profile that sent none: %s", body)
	}
}

func TestChangingFaultsOverHTTP(t *testing.T) {
	h := newHarness(t, Options{})
	post := func(body string) answer {
		return h.do(httptest.NewRequest(http.MethodPost, "/sandbox/faults", strings.NewReader(body)))
	}
	post(`{"faults":[{"do":"status","status":500,"count":1},{"do":"status","latency":"1s"}],"refusal":"item"}`).wantStatus(t, 200)
	h.send(lead("a")).wantStatus(t, 500)

	// What is not named stays: the faults with their counts, and the refusal.
	post(`{"echo":true}`).wantStatus(t, 200)
	h.send(lead("a")).wantStatus(t, 503)
	if b := h.get("/sandbox/faults").body; !strings.Contains(b, `"refusal":"item","echo":true`) || !strings.Contains(b, `"latency":"1s"`) {
		t.Errorf("behaviour %s", b)
	}

	// A new list has nothing of the old one's settings.
	post(`{"faults":[{"do":"html"}]}`).wantStatus(t, 200)
	h.send(lead("a")).wantStatus(t, 200)

	for body, want := range map[string]string{
		`{"fautls":[]}`:                        "fautls",
		`{"faults":[{"do":"explode"}]}`:        "explode",
		`{"echo":false,"faults":[{"do":"x"}]}`: "",
		`{"refusal":"all"}`:                    "want batch or item",
		`{} {}`:                                "more than one",
		`nothing`:                              "",
	} {
		got := post(body)
		got.wantStatus(t, 400)
		if !strings.Contains(got.body, want) {
			t.Errorf("%s: %s, want %q in it", body, got.body, want)
		}
	}
	if b := h.get("/sandbox/faults").body; !strings.Contains(b, `"echo":true`) || !strings.Contains(b, `"do":"html"`) {
		t.Errorf("behaviour %s, want it unchanged by what was refused", b)
	}

	post(`{"faults":[]}`).wantStatus(t, 200)
	h.send(lead("a")).wantStatus(t, 200)
	if h.Accepted("a") != 1 {
		t.Errorf("accepted %d times, want 1", h.Accepted("a"))
	}
}

// TestNothingIdentifyingIsKept sends every kind of event, good and bad, and
// looks for what identifies a person or opens a door in all that the sandbox
// shows.
func TestNothingIdentifyingIsKept(t *testing.T) {
	var disk strings.Builder
	o := Options{Record: &disk}
	h := newHarness(t, o)
	for _, refusal := range []Refusal{RefuseItem, RefuseBatch} {
		if err := h.SetBehaviour(Behaviour{Refusal: refusal, Echo: true, QuoteValues: true}); err != nil {
			t.Fatal(err)
		}
		h.send(purchase("a"), strings.Replace(purchase("b"), `"hashedEmail"`, `"email"`, 1), strings.Replace(purchase("c"), hash, hash+"x", 1))
		h.askToken(tokenForm(DefaultAccount()))
		r := h.request(`{"events":[` + purchase("d") + `]}`)
		r.Header.Set("Amazon-Advertising-API-Scope", h.token+" in the wrong header")
		h.do(r)
	}
	shown := disk.String() + h.get("/sandbox/stats").body + h.get("/sandbox/events").body + h.get("/sandbox/faults").body
	for _, secret := range []string{hash, madid, clickID, "10001", h.token, DefaultAccount().RefreshToken, DefaultAccount().ClientSecret} {
		if strings.Contains(shown, secret) {
			t.Errorf("%q is shown in:\n%s", secret, shown)
		}
	}
}
