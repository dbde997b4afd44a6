package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

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
