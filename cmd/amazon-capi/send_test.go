package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/operate/testsend"
)

// account is a sandbox Amazon and the flags that lead to it.
func account(t *testing.T, o sandbox.Options) (*sandbox.Amazon, []string) {
	t.Helper()
	a, err := sandbox.NewAmazon(o)
	if err != nil {
		t.Fatal(err)
	}
	url, err := a.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	d := sandbox.DefaultAccount()
	return a, []string{
		"--amazon-url", url, "--token-url", url + sandbox.TokenPath,
		"--client-id", d.ClientID, "--client-secret", d.ClientSecret, "--refresh-token", d.RefreshToken,
	}
}

// sent runs send --json.
func sent(t *testing.T, code int, args ...string) testsend.Report {
	t.Helper()
	r := command(t, "", append(append([]string{"send"}, args...), "--json")...)
	var report testsend.Report
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil || r.code != code {
		t.Fatalf("%q: exit %d, %v\n%s%s", args, r.code, err, r.stdout, r.stderr)
	}
	for _, secret := range []string{"abc123", "test@example", sandbox.DefaultAccount().ClientSecret, sandbox.DefaultAccount().RefreshToken, "Atza|"} {
		if strings.Contains(r.stdout+r.stderr, secret) {
			t.Errorf("%q shows %q", args, secret)
		}
	}
	return report
}

func TestSendToTheSandbox(t *testing.T) {
	a, flags := account(t, sandbox.Options{})
	test := func(kind string, more ...string) []string {
		return append(append([]string{kind, "--profile", "1234567890", "--click-id", "amzn1.click.abc123", "--go"}, flags...), more...)
	}
	r := sent(t, exitOK, test("lead")...)
	if r.Outcome != "accepted" || !strings.HasPrefix(r.EventID, "test_lead_") || a.Stats().Taken != 1 {
		t.Errorf("%+v", r)
	}
	if again := sent(t, exitOK, test("lead", "--event-id", r.EventID)...); again.EventID != r.EventID || a.Stats().Duplicates() != 1 {
		t.Errorf("sent again: %+v, %d duplicates", again, a.Stats().Duplicates())
	}
	r = sent(t, exitOK, test("purchase", "--value", "129.95", "--currency", "eur", "--phone", "+1 555 123 4567")...)
	for _, want := range []string{`"amount":129.95`, `"currencyCode":"EUR"`, `"postalCode":"[postal code]"`, `"hashedPhone":"[hash]"`} {
		if !strings.Contains(string(r.Request.Event), want) {
			t.Errorf("the purchase lacks %s: %s", want, r.Request.Event)
		}
	}
	if r = sent(t, exitFailed, test("lead", "--event-id", "sandbox-422")...); r.Outcome != "rejected" || !strings.Contains(r.Remedy, "normalised") {
		t.Errorf("422: %+v", r)
	}
	if r = sent(t, exitFailed, test("lead", "--profile", sandbox.ForbiddenProfile)...); r.Outcome != "auth" || !strings.Contains(r.Remedy, "approved") {
		t.Errorf("403: %+v", r)
	}
	if r = sent(t, exitFailed, test("lead", "--refresh-token", "Atzr|revoked")...); r.Outcome != testsend.OutcomeNoToken || !strings.Contains(r.Message, "--refresh-token") {
		t.Errorf("revoked: %+v", r)
	}
	if r = sent(t, exitFailed, test("purchase", "--currency", "XYZ")...); r.Outcome != "validation" || len(r.Answers) > 0 {
		t.Errorf("a currency that is none: %+v", r)
	}
}

// TestSendByAnAccountsFile: a profile goes by its account and its contract.
func TestSendByAnAccountsFile(t *testing.T) {
	a, given := account(t, sandbox.Options{})
	url, d := given[1], sandbox.DefaultAccount()
	file := write(t, 0o600, fmt.Sprintf("accounts:\n  - {name: eu, client_id: %s, client_secret_file: %s, refresh_token_file: %s, contract: events-v1, region: EU, profiles: [{id: 7700077, advertiser_id: \"555\"}]}\n",
		d.ClientID, write(t, 0o600, d.ClientSecret), write(t, 0o600, d.RefreshToken)))
	test := func(profile string, more ...string) []string {
		return append([]string{"purchase", "--click-id", "amzn1.click.abc123", "--accounts", file, "--token-url", url + sandbox.TokenPath, "--profile", profile}, more...)
	}
	r := sent(t, exitOK, test("7700077", "--amazon-url", url, "--go")...)
	if r.Outcome != "accepted" || a.Stats().Profiles["555"].Taken != 1 || !strings.Contains(string(r.Request.Event), "OFF_AMAZON_PURCHASES") {
		t.Errorf("%+v", r)
	}
	if r := sent(t, exitOK, test("7700077", "--country", "US")...); r.Request.URL != "https://advertising-api-eu.amazon.com/adsApi/v1/create/events" {
		t.Errorf("a pinned profile goes to %s", r.Request.URL)
	}
	if r := command(t, "", append([]string{"send"}, test("99")...)...); r.code != exitUsage || !strings.Contains(r.stderr, "no account of "+file+" sends for this profile") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
}

func TestSendRenewsTheTokenOnce(t *testing.T) {
	_, flags := account(t, sandbox.Options{Behaviour: sandbox.Behaviour{Faults: []sandbox.Fault{{Do: sandbox.Expire, Count: 1}}}})
	r := sent(t, exitOK, append([]string{"lead", "--profile", "1", "--click-id", "abc123", "--go"}, flags...)...)
	if len(r.Answers) != 2 || r.Answers[0].Status != 401 || r.Answers[1].Status != 200 {
		t.Errorf("%+v", r.Answers)
	}
}

// TestSendByTheAccountOfItsProfile: with a file of accounts the test is made as run
// would send the profile's events, contract and advertiser included.
func TestSendByTheAccountOfItsProfile(t *testing.T) {
	a, flags := account(t, sandbox.Options{})
	d := sandbox.DefaultAccount()
	secret, refresh := writeFile(t, "s", []byte(d.ClientSecret)), writeFile(t, "r", []byte(d.RefreshToken))
	file := writeFile(t, "accounts.yaml", fmt.Appendf(nil, `accounts:
  - name: eu
    client_id: %s
    client_secret_file: %s
    refresh_token_file: %s
    profiles:
      - id: 4900049
        contract: events-v1
        advertiser_id: "77"
`, d.ClientID, secret, refresh))
	args := append([]string{"lead", "--accounts", file, "--click-id", "abc123", "--country", "DE"}, flags[:4]...) // the URLs
	r := sent(t, exitOK, append(args, "--profile", "4900049", "--dry-run")...)
	if r.Request.Headers["Amazon-Ads-Accountid"] != "77" || !strings.HasSuffix(r.Request.URL, "/adsApi/v1/create/events") {
		t.Errorf("%+v", r.Request)
	}
	// Amazon asks what a person in Germany consented to, and so do we.
	if r = sent(t, exitFailed, append(args, "--profile", "4900049", "--consent", "", "--go")...); r.Outcome != "validation" || r.Code != "consent_missing" || a.Stats().Requests != 0 {
		t.Errorf("%+v", r)
	}
	if r := command(t, "", append(append([]string{"send"}, args...), "--profile", "shop-fr")...); r.code != exitUsage || !strings.Contains(r.stderr, "no account") {
		t.Errorf("a profile of nobody: exit %d\n%s", r.code, r.stderr)
	}
	if r := command(t, "", append(append([]string{"send"}, args...), "--profile", "4900049", "--client-id", "x")...); r.code != exitUsage || !strings.Contains(r.stderr, "--accounts") {
		t.Errorf("two accounts: exit %d\n%s", r.code, r.stderr)
	}
	if r := command(t, "", append(append([]string{"send"}, args[:1]...), "--accounts", "/nonexistent", "--profile", "x", "--click-id", "x")...); r.code != exitUsage || !strings.Contains(r.stderr, "--accounts") {
		t.Errorf("no file: exit %d\n%s", r.code, r.stderr)
	}
}

func TestSendForPeople(t *testing.T) {
	_, flags := account(t, sandbox.Options{})
	r := command(t, "", append([]string{"send", "purchase", "--profile", "1", "--click-id", "abc123", "--go"}, flags...)...)
	for _, want := range []string{"event id  test_purchase_", "status 200", "outcome   accepted", "to do     Nothing", "Bearer [token]"} {
		if r.code != exitOK || !strings.Contains(r.stdout, want) {
			t.Errorf("exit %d, %q is not shown:\n%s%s", r.code, want, r.stdout, r.stderr)
		}
	}
}

func TestSendExamples(t *testing.T) {
	_, flags := account(t, sandbox.Options{})
	secrets := []string{
		"--client-id amzn1.application-oa2-client.x", strings.Join(flags, " "),
		"--client-secret-file /run/secrets/client-secret --refresh-token-file /run/secrets/refresh-token", "",
	}
	for _, name := range []string{"send", "send lead", "send purchase"} {
		t.Run(name, func(t *testing.T) {
			for _, r := range runExamples(t, name, secrets...) {
				if !strings.Contains(r.stdout, "POST ") {
					t.Errorf("no request is shown:\n%s", r.stdout)
				}
			}
		})
	}
}

func TestSendWrongUsage(t *testing.T) {
	event := []string{"--profile", "1", "--click-id", "abc123"}
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"no such event": {[]string{"signup"}, `no test event "signup"`},
		"no profile":    {[]string{"lead", "--click-id", "x"}, "--profile"},
		"no click id":   {[]string{"lead", "--profile", "1"}, "--click-id"},
		"no account":    {append([]string{"lead", "--go"}, event...), "--client-id"},
		"no time":       {append([]string{"lead", "--occurred-at", "yesterday"}, event...), "--occurred-at"},
		"no amount":     {append([]string{"purchase", "--value", "much"}, event...), "--value"},
		"no hurry":      {append([]string{"lead", "--dry-run", "--request-timeout", "1ms"}, event...), "--request-timeout"},
		"no URL":        {append([]string{"lead", "--dry-run", "--amazon-url", "x"}, event...), "--amazon-url"},
	} {
		if r := command(t, "", append([]string{"send"}, tc.args...)...); r.code != exitUsage || !strings.Contains(r.stderr, tc.want) {
			t.Errorf("%s: exit %d, want 2 and %q:\n%s", name, r.code, tc.want, r.stderr)
		}
	}
}
