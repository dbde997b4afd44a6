package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/operate/replay"
)

// mixed are events that the contracts judge differently: one takes what the other
// refuses, or asks for what the other does not need.
func mixed(profiles ...string) string {
	now := time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)
	old := time.Now().UTC().AddDate(0, 0, -40).Format(time.RFC3339)
	var b strings.Builder
	for i, profile := range profiles {
		for j, rest := range []string{
			`"action_source":"WEBSITE","occurred_at":"` + now + `","user_data":{"email":"jane@example.com","country_code":"US"}`,
			`"action_source":"WEBSITE","occurred_at":"` + now + `","user_data":{"first_name":"Jane","last_name":"Doe","country_code":"US"}`,
			`"action_source":"WEBSITE","occurred_at":"` + now + `","user_data":{"ramp_id":"XY1000abc","country_code":"CA"}`,
			`"action_source":"OFFLINE","occurred_at":"` + now + `","user_data":{"email":"jane@example.com","country_code":"US"}`,
			`"action_source":"APP","platform":"IOS","occurred_at":"` + now + `","user_data":{"email":"jane@example.com","country_code":"US"}`,
			`"action_source":"APP","occurred_at":"` + now + `","user_data":{"email":"jane@example.com","country_code":"US"}`,
			`"action_source":"WEBSITE","occurred_at":"` + now + `","user_data":{"email":"jane@example.com"}`,
			`"action_source":"WEBSITE","occurred_at":"` + now + `","click_id":"abc","user_data":{"country_code":"US"}`,
			`"action_source":"WEBSITE","occurred_at":"` + old + `","user_data":{"email":"jane@example.com","country_code":"US"}`,
			`"action_source":"WEBSITE","occurred_at":"` + now + `","user_data":{"email":"jane@example.com","country_code":"DE"}`,
			`"action_source":"WEBSITE","occurred_at":"` + now + `","user_data":{"email":"jane@example.com","country_code":"DE"},"consent":{"ad_user_data":"GRANTED","ad_storage":"GRANTED"}`,
			`"action_source":"WEBSITE","occurred_at":"` + now + `","user_data":{"email":"jane@example.com","country_code":"US"},"consent":{"ad_user_data":"DENIED"}`,
			`"action_source":"WEBSITE","occurred_at":"` + now + `","user_data":{"email":"jane@example.com","country_code":"XX"}`,
		} {
			fmt.Fprintf(&b, `{"event_id":"m_%d_%d","profile_id":%q,"event_name":"Lead",%s}`+"\n", i, j, profile, rest)
		}
	}
	return b.String()
}

// TestForecastIsWhatHappens: by each contract, and with an accounts file that mixes
// them, what the forecast says of each event is what becomes of it.
func TestForecastIsWhatHappens(t *testing.T) {
	d := sandbox.DefaultAccount()
	file := write(t, 0o600, fmt.Sprintf("accounts:\n"+
		"  - {name: guide, client_id: %[1]s, client_secret_file: %[2]s, refresh_token_file: %[3]s, profiles: [{id: \"111\"}]}\n"+
		"  - {name: live, client_id: %[1]s, client_secret_file: %[2]s, refresh_token_file: %[3]s, contract: events-v1, profiles: [{id: \"222\", advertiser_id: \"555\", limits: {batch_events: 3}}]}\n",
		d.ClientID, write(t, 0o600, d.ClientSecret), write(t, 0o600, d.RefreshToken)))
	for name, tc := range map[string]struct {
		args []string
		want [3]int // sent, filtered, refused
	}{
		"off-amazon":            {nil, [3]int{33, 0, 6}},
		"off-amazon, filtering": {[]string{"--consent-denied", "filter"}, [3]int{30, 3, 6}},
		"events-v1":             {[]string{"--contract", "events-v1"}, [3]int{18, 3, 18}},
		"events-v1, denying":    {[]string{"--contract", "events-v1", "--consent-missing", "deny"}, [3]int{18, 6, 15}},
		"accounts":              {[]string{"--accounts", file}, [3]int{17, 1, 21}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			if r := command(t, mixed("111", "222", "333"), append([]string{"publish", "-"}, s.registry()...)...); r.code != exitOK {
				t.Fatalf("exit %d\n%s", r.code, r.stderr)
			}
			args := []string{"--from", "offset:0"}
			if strings.HasPrefix(name, "accounts") {
				flags := s.amazon() // all but the account
				tc.args = append(tc.args, append(append(flags[:8:8], flags[14:]...), args...)...)
			} else {
				tc.args = append(tc.args, append(s.amazon(), args...)...)
			}
			foreseen := objects[replay.Report](t, s.run(exitOK, append([]string{"replay", "--json"}, tc.args...)...).stdout)[0]
			got := objects[replay.Report](t, s.run(exitOK, append([]string{"replay", "--json", "--go", "--auth-hold", "0s"}, tc.args...)...).stdout)[0]
			sum := foreseen.Sum
			if said := [3]int{sum.Send, sum.Filtered, sum.Refused}; said != tc.want {
				t.Errorf("the forecast says %v are sent, filtered and refused, want %v", said, tc.want)
			}
			if is := [3]int{got.Accepted, got.Filtered, got.DeadLettered}; is != tc.want {
				t.Errorf("%v were accepted, filtered and dead-lettered, want %v", is, tc.want)
			}
			if sent := int(s.Amazon().Stats().Requests); sent < sum.Requests {
				t.Errorf("the forecast says at least %d requests, and there were %d", sum.Requests, sent)
			}
		})
	}
}

// TestForecastOfAccountsOfAllKinds: the forecast knows of each account what its events
// carry, the data set included, so that it has the requests right to the last one.
func TestForecastOfAccountsOfAllKinds(t *testing.T) {
	const token, manager = "lasting-token-of-the-manager", "amzn1.ads1.ma1.abc"
	set := "amzn1.adm.ds1.evnt1." + strings.Repeat("data-set-", 9)
	c, err := sandbox.StartCluster(t.Context(), sandbox.ClusterOptions{
		Topics: []string{config.DefaultTopic, config.DefaultLettersTopic, config.DefaultReceiptsTopic}, Partitions: 1,
		Amazon: sandbox.Options{Accounts: []sandbox.Account{sandbox.DefaultAccount(), {APIToken: token, ManagerID: manager, DataSetID: set}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	s := &scene{Cluster: c, t: t}
	d := sandbox.DefaultAccount()
	login := fmt.Sprintf("client_id: %s, client_secret_file: %s, refresh_token_file: %s", d.ClientID, write(t, 0o600, d.ClientSecret), write(t, 0o600, d.RefreshToken))
	tokens := fmt.Sprintf("manager_account_id: %s, api_token_file: %s, data_set_id: %s", manager, write(t, 0o600, token), set)
	file := write(t, 0o600, "accounts:\n"+
		"  - {name: guide, "+login+", profiles: [{id: \"111\", limits: {batch_bytes: 16000}}]}\n"+
		"  - {name: live, "+login+", contract: events-v1, profiles: [{id: \"222\", advertiser_id: \"555\", limits: {batch_bytes: 16000}}]}\n"+
		"  - {name: group, "+login+", contract: events-v1, manager_account_id: amzn1.ads1.ma1.xyz, data_set_name: "+strings.Repeat("shop_data_", 9)+", profiles: [{id: \"333\", limits: {batch_bytes: 16000}}]}\n"+
		"  - {name: token, "+tokens+", contract: events-v1, limits: {batch_bytes: 16000}, profiles: [{id: \"444\", region: EU}]}\n")
	now := time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)
	var events strings.Builder
	for i := range 160 {
		for _, profile := range []string{"111", "222", "333", "444"} {
			fmt.Fprintf(&events, `{"event_id":"f_%03d_%s","profile_id":%q,"event_name":"Lead","action_source":"WEBSITE","occurred_at":%q,"user_data":{"email":"jane@example.com","country_code":"US"}}`+"\n", i, profile, profile, now)
		}
	}
	if r := command(t, events.String(), append([]string{"publish", "-"}, s.registry()...)...); r.code != exitOK {
		t.Fatalf("exit %d\n%s", r.code, r.stderr)
	}
	args := append([]string{"replay", "--json", "--from", "offset:0", "--accounts", file, "--amazon-url", s.AmazonURL(), "--token-url", s.TokenURL(), "--linger", "2s"}, s.registry()...)
	foreseen := objects[replay.Report](t, s.run(exitOK, args...).stdout)[0]
	got := objects[replay.Report](t, s.run(exitOK, append(args, "--go")...).stdout)[0]
	if foreseen.Sum.Send != 640 || got.Accepted != 640 || foreseen.Sum.Requests != int(s.Amazon().Stats().Requests) {
		t.Errorf("foreseen %d in %d requests, accepted %d in %d", foreseen.Sum.Send, foreseen.Sum.Requests, got.Accepted, s.Amazon().Stats().Requests)
	}
	requests := make(map[string]int)
	for _, p := range foreseen.Forecast {
		requests[p.Profile] = p.Requests
	}
	if requests["333"] <= requests["222"] || requests["444"] <= requests["222"] {
		t.Errorf("events with a data set need more requests than those without: %v", requests)
	}

	// One account by the flags: a dry run reads no token, and has the data set right.
	alone := append([]string{"replay", "--json", "--from", "offset:0", "--profile", "444", "--contract", "events-v1", "--manager-account", manager, "--data-set-id", set,
		"--api-token-file", write(t, 0o600, token), "--batch-bytes", "16000"}, s.registry()...)
	if one := objects[replay.Report](t, s.run(exitOK, alone...).stdout)[0]; one.Sum.Requests != requests["444"] {
		t.Errorf("by the flags %d requests, by the file %d", one.Sum.Requests, requests["444"])
	}
}

// TestForecastSaysWhatWaits: a replay of a profile that the accounts file pauses
// does not end, and that is said beforehand.
func TestForecastSaysWhatWaits(t *testing.T) {
	d := sandbox.DefaultAccount()
	file := write(t, 0o600, fmt.Sprintf("accounts:\n  - {name: a, client_id: %s, client_secret_file: %s, refresh_token_file: %s, profiles: [{id: \"111\", paused: true}]}\n",
		d.ClientID, write(t, 0o600, d.ClientSecret), write(t, 0o600, d.RefreshToken)))
	s := newScene(t)
	if r := command(t, mixed("111"), append([]string{"publish", "-"}, s.registry()...)...); r.code != exitOK {
		t.Fatal(r.stderr)
	}
	r := s.run(exitOK, append([]string{"replay", "--from", "offset:0", "--accounts", file}, s.registry()...)...)
	if !strings.Contains(r.stdout, "Profile 111 is paused in the accounts file") {
		t.Error(r.stdout)
	}
}
