package main

import (
	"strings"
	"testing"
)

// TestMistakesShowNoSecret gives a secret, a file that holds one and a URL with a
// password where something else is wanted.
func TestMistakesShowNoSecret(t *testing.T) {
	const secret, password = "Kd82-jsLw0-zX7pq", "pa5sw0rd-of-urls"
	file := write(t, 0o600, secret+"\n")
	atURL := "https://user:" + password + "@host.example:8081/x"
	mistakes := [][]string{
		{"run", "--accounts", file}, {"run", "--mapping", file}, {"run", "--config", file}, {"run", "--tls-ca", file},
		{"run", "--tls-cert", file, "--tls-key", file}, {"check", "--schema", file},
		{"explain", "--json-event", file}, {"explain", "--file", file}, {"publish", "--file", file},
		{"explain", "--file", file, "--schema", file}, {"reconcile", "--diagnostics", file},
		{"run", "--client-secret-file", secret}, {"run", "--accounts", secret}, {"run", "--mapping", secret},
		{"run", "--max-attempts", secret}, {"run", "--batch-bytes", secret}, {"run", "--linger", secret}, {"run", "--contract", secret},
		{"run", "--sasl-mechanism", secret}, {"run", "--profile-ids", secret}, {"run", "--event-ids", secret}, {"run", "--log-level", secret},
		{"run", "--tls-ca", secret}, {"run", "--tls-cert", secret, "--tls-key", secret}, {"reconcile", "--diagnostics", secret}, {"publish", "--file", secret},
		{"explain", "--file", secret}, {"explain", "--json-event", secret}, {"explain", "--file", file, "--schema", secret}, {"check", "--schema", secret},
		{"check", "--mapping-tests", secret}, {"run", "--config", secret}, {"run", "--event-ids-key-file", secret}, {"run", "--sasl-password-file", secret},
		{"run", "--start", secret}, {"run", "--region", secret}, {"run", "--consent-missing", secret}, {"run", "--identifier-rules", secret}, {"run", "--unmapped-type", secret},
		{"run", "--on-exhausted", secret}, {"run", "--log-format", secret}, {"run", "--listen", secret}, {"replay", "--from", secret}, {"reconcile", "--by", secret},
		{"dlq", "ls", "--class", secret}, {"dlq", "ls", "--since", secret}, {"dlq", "ls", "--status", secret}, {"dlq", "show", secret}, {"explain", "--offset", secret}, {"dlq", secret},
		{"run", "-p" + secret}, {"run", secret}, {secret}, {"send", secret},
		{"run", "--amazon-url", atURL}, {"run", "--token-url", atURL}, {"run", "--brokers", atURL},
		{"run", "--registry", "ftp://user:" + password + "@host.example"}, {"run", "--token-url", "user:" + password + "@host.example"},
		{"run", "--" + secret}, {"dlq", "ls", "--client-secret" + secret}, {"run", "--" + secret + "=x"}, {"run", "--sasl-password:" + secret},
		{"dlq", "ls", "--brokers", "user:" + password + "@host.example:9092"}, {"dlq", "ls", "--brokers", password + "@host.example"},
		{"run", "--brokers", "user:" + password + "@host.example:x"}, {"explain", "--registry", "x y://user:" + password + "@h", "--offset", "0/0"},
	}
	for _, args := range mistakes { // check lists what run refuses
		if len(args) > 2 && args[0] == "run" {
			mistakes = append(mistakes, append([]string{"check"}, args[1:]...))
		}
	}
	for _, args := range mistakes {
		r := command(t, "", args...)
		if r.code == exitOK && args[0] != "explain" { // a value that is not an event is explained, too
			t.Errorf("%q is not a mistake", args)
		}
		for _, s := range []string{secret, strings.ToLower(secret), "jsLw0", password} {
			if strings.Contains(r.stdout+r.stderr, s) {
				t.Errorf("%q shows a secret: %s", args[:len(args)-1], strings.NewReplacer(secret, "SECRET", password, "PASSWORD").Replace(r.stderr))
				break
			}
		}
	}
}

// TestEventIDsAreShownAsAsked: in what a command prints, and by what finds them.
func TestEventIDsAreShownAsAsked(t *testing.T) {
	event := func(id string) string {
		return `{"event_id":"` + id + `","profile_id":"1234567890","event_name":"Order Completed","action_source":"WEBSITE","occurred_at":"2026-04-23T10:15:30Z",` +
			`"custom_data":{"value":1,"currency":"USD","order_reference":"R-77123","attributes":{"gate_code":"4711"}}}`
	}
	for _, id := range []string{"AEBE52E7-03EE-455A-B3C4-E57283966239", "15551234567", "jane@example.com", "amzn1.click.abc123"} {
		r := command(t, "", "explain", "--json-event", event(id), "--json")
		if r.code != exitOK || strings.Contains(r.stdout, id) {
			t.Errorf("an id in the form of an identifier is shown (exit %d)", r.code)
		}
	}
	for _, mode := range []string{"mask", "hash"} {
		r := command(t, "", "explain", "--json-event", event("ord_10492"), "--event-ids", mode)
		if shown := strings.Contains(r.stdout, "ord_10492"); shown != (mode == "mask") || strings.Contains(r.stdout, "ev-") == shown {
			t.Errorf("--event-ids=%s: shown %v\n%s", mode, shown, r.stdout)
		}
		for _, s := range []string{"R-77123", "gate_code", "4711"} {
			if strings.Contains(r.stdout, s) {
				t.Errorf("%q is shown", s)
			}
		}
	}
	command(t, "", "explain", "--json-event", event("ord_1"), "--event-ids", "mask")
}
