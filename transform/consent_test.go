package transform

import (
	"testing"

	"github.com/tracklayer/amazon-capi/schemas"
)

func TestConsentStrips(t *testing.T) {
	tr := newTransformer(t, Options{})
	for _, c := range []struct {
		consent           schemas.Consent
		noData, noStorage bool
		warned, granted   bool
	}{
		{schemas.Consent{}, false, false, false, false},
		{schemas.Consent{AdUserData: "GRANTED", AdStorage: "granted"}, false, false, false, true},
		{schemas.Consent{AdUserData: "UNSPECIFIED", AdStorage: " "}, false, false, false, false},
		{schemas.Consent{AdUserData: "DENIED"}, true, false, false, false},
		{schemas.Consent{AdUserData: " denied "}, true, false, false, false},
		{schemas.Consent{AdStorage: "Denied"}, false, true, false, false},
		{schemas.Consent{AdUserData: "DENIED", AdStorage: "DENIED"}, true, true, false, false},
		{schemas.Consent{AdUserData: "no"}, true, false, true, false},
		{schemas.Consent{AdStorage: "DENlED"}, false, true, true, false},
	} {
		want := convert(t, tr, newEvent())
		if c.noData {
			want.HashedEmail, want.HashedPhone, want.MADID, want.PostalCode = Hash{}, Hash{}, "", ""
			want.Consent.UserData = ConsentDenied
		}
		if c.noStorage {
			want.ClickID = ""
			want.Consent.Storage = ConsentDenied
		}
		if c.granted {
			want.Consent = Consented{UserData: ConsentGranted, Storage: ConsentGranted}
		}
		if c.warned {
			want.Warnings.Add(ConsentUnknown)
		}
		ev := newEvent()
		ev.Consent = c.consent
		if got := convert(t, tr, ev); got != want {
			t.Errorf("%+v:\n%s", c.consent, diff(want, got))
		}
	}
}

// TestConsentComesBeforePlace: what is not sent is not validated.
func TestConsentComesBeforePlace(t *testing.T) {
	ev := newEvent()
	ev.Consent.AdUserData = "DENIED"
	ev.User.CountryCode = ""
	if out := convert(t, newTransformer(t, Options{}), ev); out.PostalCode != "" {
		t.Error("the postal code is sent without consent")
	}
}

func TestConsentFilterTakesTheRest(t *testing.T) {
	tr := newTransformer(t, Options{ConsentDenied: ConsentFilter})
	for _, c := range []schemas.Consent{{}, {AdUserData: "GRANTED", AdStorage: "GRANTED"}, {AdUserData: "unspecified"}} {
		ev := newEvent()
		ev.Consent = c
		convert(t, tr, ev)
	}
}
