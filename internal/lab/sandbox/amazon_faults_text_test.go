package sandbox

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseFault(t *testing.T) {
	for in, want := range map[string]Fault{
		"status": {Name: "status", At: AtEvents, Do: Status, Status: 503},
		"status,status=429,retry_after=2s,retry_date,chance=0.1": {
			Name: "status", At: AtEvents, Do: Status, Status: 429, RetryAfter: 2 * time.Second, RetryDate: true, Chance: 0.1},
		" delay , latency=300ms, jitter=200ms , profile=1234567890": {
			Name: "delay", At: AtEvents, Do: Delay, Latency: 300 * time.Millisecond, Jitter: 200 * time.Millisecond, Profile: "1234567890"},
		"status,at=token,status=400,code=invalid_grant,for=30s,name=revoked": {
			Name: "revoked", At: AtToken, Do: Status, Status: 400, Code: "invalid_grant", For: 30 * time.Second},
		"omit,taken,count=3": {Name: "omit", At: AtEvents, Do: Omit, Share: 0.5, Code: "TOO_MANY_REQUESTS", Taken: true, Count: 3},
		"throttle,rate=2.5":  {Name: "throttle", At: AtEvents, Do: Throttle, Status: 429, Rate: 2.5},
	} {
		got, err := ParseFault(in)
		if err != nil {
			t.Errorf("%q: %v", in, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
	for in, want := range map[string]string{
		"":                            `do "" is unknown: want one of delay, status,`,
		"explode":                     `do "explode" is unknown`,
		"status,sttaus=500":           `setting "sttaus" is unknown: want name, at,`,
		"status,status=lots":          `status: `,
		"status,status=99":            `status 99: want 200 to 599`,
		"status,chance=1.5":           `chance 1.5: want 0 to 1`,
		"status,chance=NaN":           `chance NaN: want 0 to 1`,
		"status,count=-1":             `count -1 is negative`,
		"status,for=-1s":              `for -1s is negative`,
		"status,for=30":               `for: `,
		"status,at=registry":          `at "registry" is unknown: want events, token or accounts`,
		"delay":                       `delay needs latency, jitter or both`,
		"throttle":                    `throttle needs requests per second over 0`,
		"items,at=token":              `are for at=events only`,
		"status,at=token,profile=123": `are for at=events only`,
		"omit,taken=perhaps":          `taken: `,
	} {
		if _, err := ParseFault(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q in the error", in, err, want)
		}
	}
}

// TestFaultJSON: a fault survives JSON, and reads what people write.
func TestFaultJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		duration := rapid.Map(rapid.Int64Range(0, int64(time.Hour)), func(n int64) time.Duration { return time.Duration(n) })
		f := Fault{
			Name: rapid.String().Draw(t, "name"), At: AtToken, Profile: rapid.StringMatching(`[0-9]*`).Draw(t, "profile"),
			Do: rapid.SampledFrom(Actions()).Draw(t, "do"), Status: rapid.IntRange(0, 599).Draw(t, "status"),
			RetryAfter: duration.Draw(t, "retry"), Latency: duration.Draw(t, "latency"), Jitter: duration.Draw(t, "jitter"), For: duration.Draw(t, "for"),
			RetryDate: rapid.Bool().Draw(t, "date"), Taken: rapid.Bool().Draw(t, "taken"),
			Rate: rapid.Float64Range(0, 1e6).Draw(t, "rate"), Share: rapid.Float64Range(0, 1).Draw(t, "share"),
			Chance: rapid.Float64Range(0, 1).Draw(t, "chance"), Count: rapid.IntRange(0, 1e6).Draw(t, "count"),
		}
		b, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		var got Fault
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(f, got); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", b, diff)
		}
	})
	for in, want := range map[string]string{
		`{"do":"delay","latency":300}`:    "duration",
		`{"do":"delay","latency":"soon"}`: `"soon" is not a duration such as 250ms`,
		`{"do":"delay","latecny":"1s"}`:   `unknown field "latecny"`,
	} {
		var f Fault
		if err := json.Unmarshal([]byte(in), &f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in the error", in, err, want)
		}
	}
}

func TestBehaviourIsChecked(t *testing.T) {
	for _, b := range []Behaviour{{Refusal: "some"}, {SuccessStatus: 404}, {Faults: []Fault{{Do: "explode"}}}} {
		if _, err := NewAmazon(Options{Behaviour: b}); err == nil {
			t.Errorf("NewAmazon(%+v): no error", b)
		}
		h := newHarness(t, Options{})
		if err := h.SetBehaviour(b); err == nil {
			t.Errorf("SetBehaviour(%+v): no error", b)
		}
		h.send(lead("a")).wantStatus(t, 200)
	}
	for _, o := range []Options{{TokenTTL: -1}, {Accounts: []Account{{ClientID: "only"}}}} {
		if _, err := NewAmazon(o); err == nil {
			t.Errorf("NewAmazon(%+v): no error", o)
		}
	}
}
