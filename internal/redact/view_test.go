package redact

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const event = `{"event_id":"ord_jane@example.com_7","profile_id":"1234567890","event_name":"Purchase","occurred_at":"2026-04-23T10:15:30Z",` +
	`"click_id":"amzn1.click.abc123","user_data":{"email":"jane.doe@example.com","phone":"+1 (555) 123-4567","hashed_email":"  ",` +
	`"madid":"AEBE52E7-03EE-455A-B3C4-E57283966239","first_name":"Jane","country_code":"US","postal_code":"10001"},` +
	`"custom_data":{"value":129.950,"currency":"USD","order_reference":"R-10492","attributes":{"coupon":"JANE-10","jane@example.com":"x"}},"consent":{"ad_storage":"GRANTED","tcf":"CPtcf"},"new_field":"who knows"}`

func TestEventShowsNoPartOfAnIdentifier(t *testing.T) {
	want := `{"event_id":"[email]:bpcn","profile_id":"1234567890","event_name":"Purchase","occurred_at":"2026-04-23T10:15:30Z",` +
		`"click_id":"[click id]","user_data":{"email":"[email]","phone":"[phone]","hashed_email":"[blank]",` +
		`"madid":"[device id]","first_name":"[masked]","country_code":"US","postal_code":"[postal code]"},` +
		`"custom_data":{"value":129.950,"currency":"USD","order_reference":"[order reference]","attributes":{"[attribute]":"[text]","[attribute]":"[text]"}},"consent":{"ad_storage":"GRANTED","tcf":"[masked]"},"new_field":"[masked]"}`
	if d := cmp.Diff(want, string(View{}.Event([]byte(event)))); d != "" {
		t.Error(d)
	}
}

func TestEventShowsTheEndsOfIdentifiers(t *testing.T) {
	want := `{"event_id":"[email]:bpcn","profile_id":"1234567890","event_name":"Purchase","occurred_at":"2026-04-23T10:15:30Z",` +
		`"click_id":"am•••23","user_data":{"email":"j•••@•••.com","phone":"+1•••67","hashed_email":"[blank]",` +
		`"madid":"AE•••39","first_name":"J•••","country_code":"US","postal_code":"1•••"},` +
		`"custom_data":{"value":129.950,"currency":"USD","order_reference":"R•••","attributes":{"c•••":"J•••","j•••@•••.com":"•••"}},"consent":{"ad_storage":"GRANTED","tcf":"C•••"},"new_field":"w•••"}`
	if d := cmp.Diff(want, string(View{Partial: true}.Event([]byte(event)))); d != "" {
		t.Error(d)
	}
}

func TestEventMasksWhatStandsInTheWrongField(t *testing.T) {
	got := string(View{}.Event([]byte(`{"event_name":"jane.doe@example.com","profile_id":"jane@example.com","custom_data":{"currency":"+15551234567"}}`)))
	if want := `{"event_name":"[email]","profile_id":"[email]:pkwd","custom_data":{"currency":"[number]"}}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestPayload(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	doc := `{"name":"Purchase","timestamp":"2026-04-23T10:15:30.120Z","clickId":"abc-12","userInfo":{"hashedEmail":"` + hash +
		`","countryCode":"US","postalCode":"10001"},"matchKeys":[{"type":"EMAIL","values":["` + hash + `"]}],"value":{"amount":12.50,"currencyCode":"USD"},"customData":[{"name":"gate_code","dataType":"STRING","value":"4711"}],"eventId":"ord_10492_purchase"}`
	want := `{"name":"Purchase","timestamp":"2026-04-23T10:15:30.120Z","clickId":"[click id]","userInfo":{"hashedEmail":"[hash]",` +
		`"countryCode":"US","postalCode":"[postal code]"},"matchKeys":[{"type":"EMAIL","values":["[masked]"]}],"value":{"amount":12.50,"currencyCode":"USD"},"customData":[{"name":"[attribute]","dataType":"STRING","value":"[text]"}],"eventId":"ord_10492_purchase"}`
	if d := cmp.Diff(want, string(View{}.Payload([]byte(doc), []string{"abc-12", hash, "10001"}))); d != "" {
		t.Error(d)
	}
}

func TestWhatIsNoJSONIsHidden(t *testing.T) {
	for _, doc := range []string{``, `{"a":"jane@example.com"`, `{"a":1} x`, `jane`, `{"a":}`, `[1,}`} {
		if got := string(View{}.Event([]byte(doc))); got != `"[masked]"` {
			t.Errorf("%q is shown as %s", doc, got)
		}
	}
}

// TestPartialIsPartial: whatever the value, a third of it is kept at most; of an
// address its first character and its last label, if that is a word.
func TestPartialIsPartial(t *testing.T) {
	show := func(s string) string { return View{Partial: true}.Identifier("x", s) }
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[a-z0-9.+-]{1,40}`).Draw(t, "value")
		got := show(s)
		if kept := strings.ReplaceAll(got, cover, ""); len(kept)*3 > len(s) && len(s) > 3 || !strings.Contains(got, cover) {
			t.Fatalf("%q is shown as %q", s, got)
		}
		end := rapid.StringMatching(`[a-z]{2,6}`).Draw(t, "end")
		if got, want := show(s+"@"+s+"."+end), s[:1]+cover+"@"+cover+"."+end; got != want {
			t.Fatalf("%q at %q.%s is shown as %q, want %q", s, s, end, got, want)
		}
	})
	for s, want := range map[string]string{"a@b": "a•••@•••", "a@1.2.3.4": "a•••@•••", "a@x.abcdefgh": "a•••@•••", "@": "•••@•••", "a@b.": "a•••@•••"} {
		if got := show(s); got != want {
			t.Errorf("%q is shown as %q, want %q", s, got, want)
		}
	}
}
