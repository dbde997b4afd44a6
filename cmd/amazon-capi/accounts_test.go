package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/lab/demo"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/operate/discover"
	"github.com/tracklayer/amazon-capi/internal/operate/replay"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// TestAccountsDiscover: what credentials reach is shown, and written into a file that then
// says the same.
func TestAccountsDiscover(t *testing.T) {
	const token = "lasting-token-of-the-manager"
	o := sandbox.Options{Accounts: []sandbox.Account{sandbox.DefaultAccount(), {
		APIToken: token, ManagerID: "amzn1.ads1.ma1.abc", DataSetID: "amzn1.adm.ds1.evnt1.x",
		Advertisers: []sandbox.Advertiser{{Name: "Managed", ProfileID: "777", AdvertiserID: "888", Country: "GB", Region: "EU"}},
	}}}
	amazon, err := sandbox.NewAmazon(o)
	if err != nil {
		t.Fatal(err)
	}
	url, err := amazon.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(amazon.Close)
	d := sandbox.DefaultAccount()
	servers := []string{"--amazon-url", url, "--token-url", url + sandbox.TokenPath}

	r := command(t, "", append([]string{"accounts", "discover", "--client-id", d.ClientID, "--client-secret-file", write(t, 0o600, d.ClientSecret), "--refresh-token-file", write(t, 0o600, d.RefreshToken)}, servers...)...)
	if r.code != exitOK || !strings.Contains(r.stdout, "2345678901  5550002     DE       EU") || strings.Contains(r.stdout+r.stderr, d.RefreshToken) {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}

	text := fmt.Sprintf("# by hand\naccounts:\n  - name: shops\n    client_id: %s\n    client_secret_file: %s\n    refresh_token_file: %s\n    profiles: [{id: \"1234567890\"}] # the first\n"+
		"  - name: group\n    manager_account_id: amzn1.ads1.ma1.abc\n    api_token_file: %s\n    data_set_id: amzn1.adm.ds1.evnt1.x\n    contract: events-v1\n",
		d.ClientID, write(t, 0o600, d.ClientSecret), write(t, 0o600, d.RefreshToken), write(t, 0o600, token))
	file := write(t, 0o600, text)
	all := append([]string{"accounts", "discover", "--accounts", file}, servers...)
	got := objects[discover.Profile](t, command(t, "", append(all, "--json")...).stdout)
	if len(got) != 4 || got[0].Account != "group" || got[0].File != discover.FileAdds || got[1].File != discover.FileDiffers {
		t.Errorf("%+v", got)
	}
	if got := objects[discover.Profile](t, command(t, "", append(all, "--json", "--account", "shops", "--account", "shops")...).stdout); len(got) != 3 {
		t.Errorf("an account that is named twice: %+v", got)
	}
	if now, _ := os.ReadFile(file); string(now) != text {
		t.Errorf("without --write:\n%s", now)
	}
	r = command(t, "", append(all, "--write")...)
	if r.code != exitOK || !strings.Contains(r.stderr, "advertiser_id is none in the file, and Amazon says 5550001; --write --overwrite writes that") || strings.Contains(r.stdout+r.stderr, token) {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	want := strings.Replace(text, `[{id: "1234567890"}]`, `[{id: "1234567890"}, {id: "2345678901", advertiser_id: "5550002", region: EU}, {id: "3456789012", advertiser_id: "5550003", region: FE}]`, 1)
	want += "    profiles:\n      - id: \"777\" # GB\n        region: EU\n"
	now, err := os.ReadFile(file)
	if d := cmp.Diff(want, string(now)); d != "" || err != nil {
		t.Error(err, d)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(err, info.Mode())
	}
	if r = command(t, "", append(all, "--write", "--overwrite")...); r.code != exitOK {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if now, _ = os.ReadFile(file); !strings.Contains(string(now), `{id: "1234567890", advertiser_id: "5550001"}`) {
		t.Errorf("%s", now)
	}
	if r = command(t, "", append(all, "--write")...); r.code != exitOK || !strings.Contains(r.stdout, "nothing was written") {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if err := amazon.SetFaults(sandbox.Fault{At: sandbox.AtAccounts, Do: sandbox.Status, Status: 403}); err != nil {
		t.Fatal(err)
	}
	if r = command(t, "", all...); r.code != exitFailed || !strings.Contains(r.stderr, "403 Forbidden") || !strings.Contains(r.stderr, "account group") || !strings.Contains(r.stderr, "account shops") {
		t.Errorf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// TestAccountsExamples runs the examples of the two commands.
func TestAccountsExamples(t *testing.T) {
	amazon, err := sandbox.NewAmazon(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	url, err := amazon.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(amazon.Close)
	d := sandbox.DefaultAccount()
	secret, token := write(t, 0o600, d.ClientSecret), write(t, 0o600, d.RefreshToken)
	file := write(t, 0o600, fmt.Sprintf("accounts:\n  - {name: shops-eu, client_id: %s, client_secret_file: %s, refresh_token_file: %s}\n", d.ClientID, secret, token))
	env := []string{setting.AmazonURL.Env() + "=" + url, setting.Key("token-url").Env() + "=" + url + sandbox.TokenPath}
	for _, name := range []string{"accounts", "accounts discover"} {
		t.Run(name, func(t *testing.T) {
			runExamplesIn(t, env, name, "amzn1.application-oa2-client.x", d.ClientID, "--client-secret-file secret", "--client-secret-file "+secret,
				"--refresh-token-file token", "--refresh-token-file "+token, "accounts.yaml", file)
		})
	}
}

func TestAccountsDiscoverUsage(t *testing.T) {
	file := write(t, 0o600, "accounts: [{name: a, client_id: a, client_secret_env: HOME, refresh_token_env: HOME}]")
	for args, says := range map[string]string{
		"":                                      "--client-id",
		"--write":                               "--write: there is no file",
		"--accounts " + file + " --overwrite":   "--overwrite: means nothing without --write",
		"--accounts " + file + " --account b":   `no account of the file is named "b"`,
		"--account b --client-id x":             "--account: is for a file",
		"--accounts " + file + " --regions MRS": "MRS",
		"--accounts " + file + " --client-id x": "--client-id and --accounts are both set",
		"--accounts /nonexistent":               "--accounts",
	} {
		if r := command(t, "", append([]string{"accounts", "discover"}, strings.Fields(args)...)...); r.code != exitUsage || !strings.Contains(r.stderr, says) {
			t.Errorf("%s: exit %d\n%s", args, r.code, r.stderr)
		}
	}
}

// TestDemoOfTheLiveContract: by events-v1, and by an accounts file of all kinds, every event
// has its verdict, most are accepted, and the output says what the accounts are.
func TestDemoOfTheLiveContract(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		says []string
	}{
		"contract": {[]string{"--contract", "events-v1"}, []string{"by contract events-v1, with one account"}},
		"accounts": {[]string{"--accounts"}, []string{"group-token", "no Login with Amazon", "DSP advertisers by Login with Amazon", "profiles 5678901234 6789012345"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := command(t, "", append([]string{"demo"}, tc.args...)...)
			if r.code != exitOK {
				t.Fatalf("exit %d\n%s%s", r.code, r.stdout, r.stderr)
			}
			for _, says := range tc.says {
				if !strings.Contains(r.stdout, says) {
					t.Errorf("lacks %q:\n%s", says, r.stdout)
				}
			}
			noIdentifiers(t, r)
			got := objects[demo.Report](t, command(t, "", append([]string{"demo", "--json", "--events", "2000"}, tc.args...)...).stdout)[0]
			if got.Consumed != 2000 || got.Accepted < 1000 {
				t.Errorf("%+v of 2000", got.Ended)
			}
			for _, p := range got.Profiles {
				if p.Consumed > 50 && p.Accepted == 0 {
					t.Errorf("profile %s: nothing of %d was accepted", p.Profile, p.Consumed)
				}
			}
		})
	}
	if r := command(t, "", "demo", "--contract", "events-v2"); r.code != exitUsage || !strings.Contains(r.stderr, "--contract") {
		t.Errorf("exit %d\n%s", r.code, r.stderr)
	}
}

// TestATokenAsksNobodyForAToken: a run by an API token makes no call to Login with Amazon,
// by the flags and by an accounts file, and neither does discover.
func TestATokenAsksNobodyForAToken(t *testing.T) {
	const token, manager, set = "lasting-token-of-the-manager", "amzn1.ads1.ma1.abc", "amzn1.adm.ds1.evnt1.x"
	secret := write(t, 0o600, token)
	file := write(t, 0o600, fmt.Sprintf("default: m\naccounts: [{name: m, manager_account_id: %s, api_token_file: %s, data_set_id: %s, contract: events-v1}]\n", manager, secret, set))
	for name, args := range map[string][]string{
		"flags": {"--contract", "events-v1", "--manager-account", manager, "--data-set-id", set, "--api-token-file", secret},
		"file":  {"--accounts", file},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := sandbox.StartCluster(t.Context(), sandbox.ClusterOptions{
				Topics: []string{config.DefaultTopic, config.DefaultLettersTopic, config.DefaultReceiptsTopic}, Partitions: 1,
				Amazon: sandbox.Options{Accounts: []sandbox.Account{{APIToken: token, ManagerID: manager, DataSetID: set}}},
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.Close)
			s := &scene{Cluster: c, t: t}
			if r := command(t, mixed("111", "222"), append([]string{"publish", "-"}, s.registry()...)...); r.code != exitOK {
				t.Fatalf("exit %d\n%s", r.code, r.stderr)
			}
			args = append(args, "--amazon-url", s.AmazonURL(), "--token-url", s.TokenURL())
			got := objects[replay.Report](t, s.run(exitOK, append(append([]string{"replay", "--json", "--go", "--from", "offset:0", "--linger", "20ms"}, args...), s.registry()...)...).stdout)[0]
			if got.Accepted == 0 || got.Accepted != got.Sum.Send {
				t.Errorf("%d accepted, %d foreseen", got.Accepted, got.Sum.Send)
			}
			s.run(exitOK, append([]string{"accounts", "discover"}, args...)...)
			if asked := s.Amazon().Stats().TokenStatuses; len(asked) > 0 {
				t.Errorf("Login with Amazon was asked: %v", asked)
			}
		})
	}
}
