package attribution

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/transform"
)

var now = time.Date(2026, 4, 23, 12, 0, 0, 0, time.UTC)

func newAudit(t *testing.T, change ...func(*Options)) *Audit {
	t.Helper()
	tr, err := transform.New(transform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	contract, err := amazon.ContractByName("off-amazon-2023-11-13")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Transformer: tr, Contract: contract, Now: now}
	for _, c := range change {
		c(&o)
	}
	return New(o)
}

// event is the n-th purchase of a shop that does everything right.
func event(n int) *schemas.Event {
	at := now.Add(-time.Hour - time.Duration(n)*time.Second)
	return &schemas.Event{
		EventID: fmt.Sprintf("ord_%d", n), ProfileID: "1", EventName: "Purchase", ActionSource: "WEBSITE", OccurredAt: at.UnixMilli(),
		ClickID: "amzn1.click.abc123", ClickCapturedAt: at.Add(-2 * time.Hour).UnixMilli(),
		User:    schemas.UserData{Email: "jane.doe@example.com", CountryCode: "US"},
		Custom:  schemas.CustomData{Value: schemas.NewDecimal(12995, 2), Currency: "USD"},
		Consent: schemas.Consent{AdUserData: "GRANTED", AdStorage: "GRANTED"},
	}
}

// of audits a hundred events, each as change makes it, published a second after
// they happened.
func of(t *testing.T, change func(n int, e *schemas.Event)) *Audit {
	t.Helper()
	a := newAudit(t)
	for n := range 100 {
		e := event(n)
		if change != nil {
			change(n, e)
		}
		a.Event(e, time.UnixMilli(e.OccurredAt).Add(time.Second))
	}
	return a
}

// beyondFine are the findings that are not fine, as "level area subject value".
func beyondFine(a *Audit) (all []string) {
	for _, f := range a.Findings() {
		if f.Level != report.Fine {
			all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s: %s %s", f.Level, f.Area, f.Subject, f.Value)))
			if f.Advice == "" {
				all = append(all, "and no advice")
			}
		}
	}
	return all
}

func TestNothingToDo(t *testing.T) {
	if d := cmp.Diff([]string(nil), beyondFine(of(t, nil))); d != "" {
		t.Error(d)
	}
}

func TestWhatAnAuditFinds(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	for name, tc := range map[string]struct {
		change func(n int, e *schemas.Event)
		want   []string
	}{
		"no click ids":     {func(_ int, e *schemas.Event) { e.ClickID = "" }, []string{"act click ids: on sites 0.0 %"}},
		"expired clicks":   {func(n int, e *schemas.Event) { e.ClickCapturedAt = e.OccurredAt - 91*24*3600*1000 }, []string{"act click ids: expired 100.0 %"}},
		"some expired":     {func(n int, e *schemas.Event) { e.ClickCapturedAt -= int64(n/97) * 91 * 24 * 3600 * 1000 }, []string{"look click ids: expired 3.0 %"}},
		"clicks of later":  {func(n int, e *schemas.Event) { e.ClickCapturedAt = e.OccurredAt + 1 }, []string{"look click ids: captured late 100.0 %"}},
		"clicks of no age": {func(n int, e *schemas.Event) { e.ClickCapturedAt = 0 }, []string{"look click ids: age unknown 100.0 %"}},
		"bad click ids":    {func(n int, e *schemas.Event) { e.ClickID = strings.Repeat("x", 50*n) }, []string{"look click ids: click_id_invalid 79.0 %"}},
		"lost at checkout": {func(n int, e *schemas.Event) {
			if n%2 == 0 {
				e.EventName, e.Custom = "PageView", schemas.CustomData{}
			} else {
				e.ClickID = ""
			}
		}, []string{"act click ids: until purchase 0.0 %"}},
		"nobody known":   {func(n int, e *schemas.Event) { e.User = schemas.UserData{} }, []string{"act identifiers: any 0.0 %"}},
		"few known":      {func(n int, e *schemas.Event) { e.User.Email = e.User.Email[:len(e.User.Email)*(n/80)] }, []string{"look identifiers: any 20.0 %"}},
		"blank fields":   {func(n int, e *schemas.Event) { e.User.Phone = " " }, []string{"look identifiers: user_data.phone 100.0 %"}},
		"bad emails":     {func(n int, e *schemas.Event) { e.User.Email = "nobody" }, []string{"act identifiers: any 0.0 %", "look identifiers: email_invalid 100.0 %"}},
		"foreign hashes": {func(n int, e *schemas.Event) { e.User.HashedEmail = hash }, []string{"act identifiers: hashes of the source 100.0 %"}},
		"all deny":       {func(n int, e *schemas.Event) { e.Consent.AdUserData = "DENIED" }, []string{"act identifiers: any 0.0 %", "act consent: denied 100.0 %"}},
		"many deny":      {func(n int, e *schemas.Event) { e.Consent.AdStorage = []string{"DENIED", "GRANTED"}[n/60] }, []string{"look consent: denied 60.0 %"}},
		"an odd answer":  {func(n int, e *schemas.Event) { e.Consent.AdStorage = []string{"perhaps", "GRANTED"}[min(1, n)] }, []string{"look consent: consent_unknown 1.0 %"}},
		"no value":       {func(n int, e *schemas.Event) { e.Custom.Value = []schemas.Decimal{{}, e.Custom.Value}[min(1, n)] }, []string{"act events: value_missing 1.0 %"}},
		"no currency":    {func(n int, e *schemas.Event) { e.Custom.Currency = []string{"", "USD"}[min(1, n)] }, []string{"act events: currency_missing 1.0 %"}},
		"two of an id": {func(n int, e *schemas.Event) {
			if n == 1 {
				e.EventID = "ord_0"
			}
		}, []string{"act event ids: used twice 1.0 %"}},
		"again and again": {func(n int, e *schemas.Event) { *e = *event(n / 2) }, []string{"look event ids: published again 50.0 %"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := of(t, tc.change)
			if d := cmp.Diff(tc.want, beyondFine(a)); d != "" {
				t.Error(d)
			}
			var text strings.Builder
			a.Print(&text, &Window{Topic: "events"})
			if err := a.WriteJSON(&text, &Window{Topic: "events"}); err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{"jane", "abc123", "86e0b9", hash[:20]} {
				if strings.Contains(text.String(), secret) {
					t.Errorf("%q is shown", secret)
				}
			}
		})
	}
}

func TestFewClickIDs(t *testing.T) {
	a := of(t, func(n int, e *schemas.Event) {
		if n >= 4 {
			e.ClickID = ""
		}
	})
	if d := cmp.Diff([]string{"look click ids: on sites 4.0 %"}, beyondFine(a)); d != "" {
		t.Error(d)
	}
	apps := of(t, func(_ int, e *schemas.Event) { e.ClickID, e.ActionSource = "", "APP" })
	if d := cmp.Diff([]string(nil), beyondFine(apps)); d != "" {
		t.Errorf("apps have no landing page: %s", d)
	}
}

func TestDelays(t *testing.T) {
	for delay, want := range map[time.Duration][]string{
		time.Second:     nil,
		2 * time.Hour:   {"look time: publication"},
		100 * time.Hour: {"act time: publication"},
		0:               {"look time: publication 100.0 %"},
		-time.Minute:    {"look time: ahead 100.0 %"},
	} {
		a := newAudit(t)
		for n := range 100 {
			e := event(n)
			a.Event(e, time.UnixMilli(e.OccurredAt).Add(delay))
		}
		got := beyondFine(a)
		if len(got) != len(want) || len(want) > 0 && !strings.HasPrefix(got[0], want[0]) {
			t.Errorf("%s: %q, want %q", delay, got, want)
		}
	}
}

// TestQuantile: within a fifth above, over the whole range.
func TestQuantile(t *testing.T) {
	for _, want := range []int64{1, 2, 3, 4, 5, 7, 8, 1000, 1500, 86_400_000, 40 * 86_400_000} {
		var d delays
		for range 10 {
			d.add(want)
		}
		got := d.quantile(0.95).Milliseconds()
		if got < want || float64(got) > float64(want)*1.25 {
			t.Errorf("%d ms are told as %d", want, got)
		}
	}
	var far delays
	far.add(math.MaxInt64)
	if got := far.quantile(1); got < 100*365*24*time.Hour {
		t.Errorf("a delay forever is %s", got)
	}
	var d delays
	for n := range int64(100) {
		d.add(n * 1000)
	}
	if half := d.quantile(0.5); half < 49*time.Second || half > 62*time.Second {
		t.Errorf("half of 0 to 99 s is %s", half)
	}
}

// TestSampleOfIDs: with more ids than may be kept a sample is, in which every event
// of an id is still found.
func TestSampleOfIDs(t *testing.T) {
	a := newAudit(t, func(o *Options) { o.MaxIDs = 64 })
	for range 2 {
		for n := range 1000 {
			a.ids.add(event(n))
		}
	}
	if len(a.ids.seen) > 64 || a.ids.oneOf() < 16 {
		t.Errorf("%d ids are kept, one of %d", len(a.ids.seen), a.ids.oneOf())
	}
	before := a.ids.different
	for n := range 1000 {
		e := event(n)
		e.EventName = "Lead"
		a.ids.add(e)
	}
	if found := a.ids.different - before; found != int64(len(a.ids.seen)) {
		t.Errorf("%d of %d ids in the sample are found to be used twice", found, len(a.ids.seen))
	}
	var used report.Finding
	for _, f := range a.Findings() {
		if f.Subject == "used twice" {
			used = f
		}
	}
	if !strings.Contains(used.Message, "in a sample of one id in") || strings.Count(used.Message, "ord_") != maxExamples {
		t.Errorf("%+v", used)
	}
	other := newAudit(t)
	one, two := event(1), event(1)
	two.ProfileID, two.EventName = "2", "Lead"
	other.ids.add(one)
	other.ids.add(two)
	if other.ids.different != 0 {
		t.Error("two advertisers may use one id")
	}
}

func TestRecordsThatAreNotSent(t *testing.T) {
	a := newAudit(t)
	a.Undecodable(&schemas.DecodeError{Code: verdict.CodeNoMagic})
	if d := cmp.Diff([]string{"act events: no_magic 100.0 %"}, beyondFine(a)); d != "" {
		t.Error(d)
	}
	tr, err := transform.New(transform.Options{ConsentDenied: transform.ConsentFilter})
	if err != nil {
		t.Fatal(err)
	}
	a = newAudit(t, func(o *Options) { o.Transformer = tr })
	for n := range 100 {
		e := event(n)
		if n < 70 {
			e.Consent.AdStorage = "DENIED"
		}
		a.Event(e, time.UnixMilli(e.OccurredAt).Add(time.Second))
	}
	if d := cmp.Diff([]string{"look consent: denied 70.0 %"}, beyondFine(a)); d != "" {
		t.Error(d)
	}
}

func TestReport(t *testing.T) {
	a := of(t, func(n int, e *schemas.Event) {
		if n < 40 {
			e.EventName, e.ActionSource, e.Custom = "Lead", "APP", schemas.CustomData{}
		}
	})
	w := Window{Topic: "events", Chosen: "profile 1", Copies: 3}
	w.Saw(now)
	w.Saw(now.Add(-time.Hour))
	var text strings.Builder
	a.Print(&text, &w)
	for _, want := range []string{"2 records of events, from 2026-04-23T11:00:00Z to 2026-04-23T12:00:00Z, of profile 1; copies of redriven letters are left out: 3", "APP", "LEAD", "PURCHASE", "all that is sent"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not shown:\n%s", want, text.String())
		}
	}
	text.Reset()
	if err := a.WriteJSON(&text, &w); err != nil {
		t.Fatal(err)
	}
	kinds := make(map[string]int)
	for line := range strings.Lines(text.String()) {
		var l struct {
			Kind   string
			Events int64
			Level  string
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		kinds[l.Kind]++
		if l.Kind == "group" && l.Events == 0 || l.Kind == "finding" && l.Level == "" {
			t.Errorf("%s", line)
		}
	}
	if kinds["window"] != 1 || kinds["group"] != 2 || kinds["finding"] != len(a.Findings()) {
		t.Errorf("%v", kinds)
	}
}

func TestPercent(t *testing.T) {
	for _, tc := range []struct {
		part, of int64
		want     string
	}{{0, 0, "–"}, {0, 10, "0.0 %"}, {1, 10_000_000, "<0.1 %"}, {9_999_999, 10_000_000, ">99.9 %"}, {10, 10, "100.0 %"}, {1, 3, "33.3 %"}} {
		if got := percent(tc.part, tc.of); got != tc.want {
			t.Errorf("%d of %d is %s, want %s", tc.part, tc.of, got, tc.want)
		}
	}
}

// TestEachProfileByItsContract: what one contract refuses counts for the profiles that are
// sent by it alone, and a profile of no account is refused for that.
func TestEachProfileByItsContract(t *testing.T) {
	guide, err := amazon.NewContract("off-amazon-2023-11-13", amazon.ContractOptions{})
	if err != nil {
		t.Fatal(err)
	}
	live, err := amazon.NewContract("events-v1", amazon.ContractOptions{})
	if err != nil {
		t.Fatal(err)
	}
	a := newAudit(t, func(o *Options) {
		o.ContractOf = func(profile string) (amazon.Contract, *verdict.Reason) {
			switch profile {
			case "1":
				return guide, nil
			case "2":
				return live, nil
			}
			return nil, verdict.CodeProfileUnknown.Because("no account")
		}
	})
	now := a.opts.Now
	for _, profile := range []string{"1", "2", "3"} {
		// Without identifiers and country, which events-v1 wants.
		a.Event(&schemas.Event{EventID: "a" + profile, ProfileID: profile, EventName: "Lead", ActionSource: "WEBSITE", OccurredAt: now.UnixMilli()}, now)
	}
	total := a.total()
	if total.Events != 1 || len(a.refused) != 2 || a.refused["profile_unknown"] == nil || a.refused["profile_unknown"].events != 1 {
		t.Errorf("%d sent, refused %v", total.Events, a.refused)
	}
}
