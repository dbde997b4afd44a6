package check

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
)

// accountsFile writes a file; %s in it is a file with the secret of the sandbox.
func accountsFile(t *testing.T, c *pipeline.Config, text string) {
	t.Helper()
	dir := t.TempDir()
	a := sandbox.DefaultAccount()
	for name, value := range map[string]string{"secret": a.ClientSecret, "refresh": a.RefreshToken, "other": "Atzr|other"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.AccountsFile = filepath.Join(dir, "accounts.yaml")
	text = strings.NewReplacer("CLIENT", "client_id: amzn1.application-oa2-client.sandbox\n    client_secret_file: "+dir+"/secret", "DIR", dir).Replace(text)
	if err := os.WriteFile(c.AccountsFile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c.ClientID, c.ClientSecret, c.RefreshToken = "", "", ""
}

func brief(l report.List) (all []string) {
	for _, f := range wellFormed(l) {
		all = append(all, fmt.Sprintf("%s %s: %.40s", f.Level, f.Subject, f.Message))
	}
	return all
}

func TestAccountOfTheFlags(t *testing.T) {
	c := good()
	if d := cmp.Diff([]string{"fine : one account for all profiles"}, brief(Accounts(c))); d != "" {
		t.Error(d)
	}
	c.ClientID, c.RefreshToken, c.TokenURL = "x", "Atza|s3cret", "http://lwa.test"
	l := wellFormed(Accounts(c))
	if l.Count(report.Look) != 3 || strings.Contains(fmt.Sprint(l), "s3cret") {
		t.Errorf("%+v", l)
	}
}

func TestAccountsFile(t *testing.T) {
	c := good()
	accountsFile(t, c, `default: eu
accounts:
  - name: eu
    CLIENT
    refresh_token_file: DIR/refresh
    profiles: [{id: "1"}, {id: "2"}]
  - name: us
    CLIENT
    refresh_token_file: DIR/other
    profiles: [{id: "3"}]
`)
	if d := cmp.Diff([]string{"fine " + c.AccountsFile + ": 2 accounts with 3 profiles, eu for other"}, brief(Accounts(c))); d != "" {
		t.Error(d)
	}
	accountsFile(t, c, `accounts:
  - name: a
    CLIENT
    refresh_token_file: DIR/refresh
    profiles: [{id: shop, contract: events-v1}, {id: "4", contract: events-v1, paused: true}]
  - name: b
    CLIENT
    refresh_token_file: DIR/refresh
`)
	want := []string{
		"act a: events-v1 wants the advertiser as a numb",
		"look a: events of these profiles wait: 4",
		"look b: sends for no profile",
		"look b: has the client id and refresh token of a",
		"look " + c.AccountsFile + ": no account is the default: events of a p",
	}
	if d := cmp.Diff(want, brief(Accounts(c))); d != "" {
		t.Error(d)
	}
	accountsFile(t, c, "accounts:\n  - name: a\n    clinet_id: x\n")
	l := wellFormed(Accounts(c))
	if l.Count(report.Act) < 3 || !strings.Contains(l[0].Message, "accounts.yaml:2") {
		t.Errorf("%+v", l)
	}
}

// TestAccountsLive: one account's revoked token says nothing of the others, and
// each profile is asked for by its own.
func TestAccountsLive(t *testing.T) {
	a, err := sandbox.NewAmazon(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	url, err := a.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	c := good()
	c.AmazonURL, c.TokenURL = url, url+sandbox.TokenPath
	accountsFile(t, c, `accounts:
  - name: eu
    CLIENT
    refresh_token_file: DIR/refresh
    profiles: [{id: "1"}, {id: "`+sandbox.ForbiddenProfile+`"}, {id: "7", contract: events-v1, region: EU}]
  - name: us
    CLIENT
    refresh_token_file: DIR/other
    profiles: [{id: "3"}]
`)
	var l report.List
	(&Live{Config: c, Profiles: []string{"7", "8"}}).accounts(t.Context(), &l)
	wellFormed(l)
	want := []string{
		"act 8: no account sends for it",
		"fine eu: good for 1h0m0s",
		"fine 7: is let in (400 to a request without even",
		"fine 1: is let in (400 to a request without even",
		"act " + sandbox.ForbiddenProfile + ": is not let in",
		"act us: the refresh token was revoked, has expir",
	}
	got := brief(l)
	for i := range got {
		got[i], _, _ = strings.Cut(got[i], ": 403")
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
