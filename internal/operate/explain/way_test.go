package explain

import (
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/transform"
)

// byAccounts explains by accounts of all kinds.
func byAccounts(t *testing.T, defaultAccount string) *Explainer {
	t.Helper()
	x := explainer(t, redact.View{})
	tr, err := transform.New(transform.Options{Wide: true})
	if err != nil {
		t.Fatal(err)
	}
	const guide, v1 = "off-amazon-2023-11-13", "events-v1"
	x.Transformer, x.BaseURL = tr, ""
	x.Accounts = &Accounts{
		Base: accounts.Base{Contract: guide, Region: amazon.NorthAmerica},
		List: accounts.List{Default: defaultAccount, Accounts: []accounts.Account{
			{Name: "eu", ClientID: "client-of-eu", ClientSecret: "hunter2", RefreshToken: "Atzr|hunter3", Defaults: accounts.Settings{Contract: v1}, Profiles: []accounts.Profile{
				{ID: "1234567890", AdvertiserID: "7700", Settings: accounts.Settings{Contract: v1, DataSet: "shop_data", BatchEvents: 7, Paused: true}},
				{ID: "2", Settings: accounts.Settings{Contract: v1, Region: amazon.Europe}},
			}},
			{Name: "manager", APIToken: "hunter4", ManagerID: "amzn1.ads1.ma1.abc", DataSetID: "amzn1.adm.ds1.evnt1.x", Profiles: []accounts.Profile{
				{ID: "3", Settings: accounts.Settings{Contract: v1}},
			}},
			{Name: "old", ClientID: "client-of-old", Defaults: accounts.Settings{Contract: guide}},
		}},
	}
	return x
}

func TestByTheAccountOfTheProfile(t *testing.T) {
	x := byAccounts(t, "old")
	for profile, want := range map[string][]string{
		"1234567890": {"https://advertising-api.amazon.com/adsApi/v1/create/events", `"Amazon-Ads-Accountid":"7700"`, `"dataSetName":"shop_data"`, `"max_events":7`, `"account":"eu"`, `"paused":true`,
			"The lane of profile 1234567890, of account eu and paused, carries it", "match_key_missing"},
		"2":   {"https://advertising-api-eu.amazon.com/adsApi/v1/create/events", `"Amazon-Ads-Accountid":"2"`, `"account":"eu"`},
		"3":   {"Amazon-Ads-Manager-Accountid", `"dataSetId":"[amazon-id]"`, `"account":"manager"`, `"Amazon-Advertising-Api-Token":"[token]"`},
		"999": {"https://advertising-api.amazon.com/offAmazonEvents/2023-11-13/events", `"account":"old"`, `"Amazon-Advertising-Api-Scope":"999"`},
	} {
		ev := purchase()
		ev.ProfileID = profile
		r := x.Event(ev, now)
		if r.Outcome != OutcomeSend {
			t.Fatalf("%s: %+v", profile, r.Why)
		}
		text := both(t, r)
		for _, s := range want {
			if !strings.Contains(text, s) {
				t.Errorf("%s: not shown: %s\n%s", profile, s, text)
			}
		}
		for _, secret := range append([]string{"hunter", "client-of", "Bearer [token]-"}, private...) {
			if strings.Contains(text, secret) {
				t.Errorf("%s: %q is shown", profile, secret)
			}
		}
	}
}

// TestRegionOfTheCountry: by events-v1 the host is that of the event's country, with an
// accounts file and without.
func TestRegionOfTheCountry(t *testing.T) {
	british := func() *schemas.Event {
		ev := purchase()
		ev.User.CountryCode, ev.User.PostalCode, ev.User.Phone = "GB", "SW1A 1AA", ""
		ev.Consent.AdUserData = "GRANTED"
		return ev
	}
	x := byAccounts(t, "")
	if r := x.Event(british(), now); r.Batch == nil || !strings.HasPrefix(r.Batch.URL, "https://advertising-api-eu.amazon.com/") {
		t.Errorf("with accounts: %+v %+v", r.Batch, r.Why)
	}
	var err error
	if x.Contract, err = amazon.ContractByName("events-v1"); err != nil {
		t.Fatal(err)
	}
	x.Accounts = nil
	if r := x.Event(british(), now); r.Batch == nil || !strings.HasPrefix(r.Batch.URL, "https://advertising-api-eu.amazon.com/") {
		t.Errorf("without: %+v %+v", r.Batch, r.Why)
	}
}

// TestAProfileOfNoAccount is explained as what run makes of it.
func TestAProfileOfNoAccount(t *testing.T) {
	ev := purchase()
	ev.ProfileID = "999"
	r := byAccounts(t, "").Event(ev, now)
	if r.Outcome != OutcomeDeadLetter || r.Why == nil || r.Why.Code != verdict.CodeProfileUnknown.String() || r.Why.Class != "auth" || r.Payload != nil {
		t.Errorf("%+v", r)
	}
	if text := both(t, r); !strings.Contains(text, "profile_unknown") || !strings.Contains(text, "accounts file") {
		t.Errorf("not shown why:\n%s", text)
	}
	ev.EventID = ""
	if r := byAccounts(t, "").Event(ev, now); r.Why == nil || r.Why.Code != "event_id_missing" {
		t.Errorf("what the transform refuses first: %+v", r.Why)
	}
}
