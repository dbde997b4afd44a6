package check

import (
	"fmt"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/redact"
)

const areaAccounts = "accounts"

// Accounts checks the accounts that events are sent with. An invalid file gives a finding
// for each wrong line.
func Accounts(c *pipeline.Config) (l report.List) {
	list, _, err := c.Accounts()
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			// Not the file's name: what is not there may be no file, but a secret.
			l.Act(areaAccounts, "--accounts", "run does not start until it is fixed, and ignores changes to it until then.", "%s", redact.Own(redact.Quoted(line)))
		}
		return l
	}
	for i := range list.Accounts {
		a := &list.Accounts[i]
		credentials(&l, a)
		profiles(&l, a, a.Name == list.Default)
		for j := range i {
			if b := &list.Accounts[j]; a.ManagerID == b.ManagerID && a.APIToken == b.APIToken && a.RefreshToken == b.RefreshToken && a.ClientID == b.ClientID {
				l.Look(areaAccounts, a.Name, "Make one account of them, with all their profiles: one token then serves all.", "has the client id and refresh token of %s", b.Name)
			}
		}
	}
	if c.AccountsFile != "" && list.Default == "" {
		l.Look(areaAccounts, c.AccountsFile, "Name one as the default, unless all profiles that may come are in the file.",
			"no account is the default: events of a profile that none names become dead letters of class auth")
	}
	if len(l) == 0 {
		l.Fine(areaAccounts, c.AccountsFile, "%s", counted(&list))
	}
	return l
}

// Contracts returns the contracts of all accounts; the default one if their file cannot
// be read, which is a finding of its own.
func Contracts(c *pipeline.Config) []string {
	list, _, err := c.Accounts()
	if err != nil {
		return []string{c.Contract}
	}
	return list.Contracts()
}

func counted(list *accounts.List) string {
	n := 0
	for i := range list.Accounts {
		n += len(list.Accounts[i].Profiles)
	}
	switch {
	case n == 0:
		return "one account for all profiles"
	case list.Default == "":
		return fmt.Sprintf("%s with %s", count.Of(len(list.Accounts), "account"), count.Of(n, "profile"))
	}
	return fmt.Sprintf("%s with %s, %s for others", count.Of(len(list.Accounts), "account"), count.Of(n, "profile"), list.Default)
}

// credentials checks the form of Login with Amazon's texts: mixing up two of them is the
// most frequent reason for a failed first run.
func credentials(l *report.List, a *accounts.Account) {
	if a.APIToken != "" {
		if strings.HasPrefix(a.APIToken, "Atza|") || strings.HasPrefix(a.APIToken, "Atzr|") {
			l.Act(areaAccounts, a.Name, "Put the API token there that Amazon gave for the manager account.",
				"the API token is one of Login with Amazon's, which begin with Atza| and Atzr|")
		}
		return
	}
	for _, s := range []struct{ what, value, prefix string }{
		{"client id", a.ClientID, "amzn1.application-oa2-client."},
		{"refresh token", a.RefreshToken, "Atzr|"},
	} {
		if !strings.HasPrefix(s.value, s.prefix) {
			l.Look(areaAccounts, a.Name, "Compare it with what the security profile at Login with Amazon shows; an access token (Atza|) is not a refresh token.",
				"the %s does not look like one of Login with Amazon's, which begin with %s", s.what, s.prefix)
		}
	}
	if inTheClear(a.TokenURL) {
		l.Look(areaAccounts, a.Name, "Use https for anything but a sandbox.", "the client secret and the refresh token travel unencrypted to the token URL")
	}
}

func profiles(l *report.List, a *accounts.Account, isDefault bool) {
	var paused, nameless []string
	for _, p := range a.Profiles {
		if p.Paused {
			paused = append(paused, p.ID)
		}
		if p.Contract == "events-v1" && p.AdvertiserID == "" && a.ManagerID == "" && strings.Trim(p.ID, "0123456789") != "" {
			nameless = append(nameless, p.ID)
		}
	}
	if len(nameless) > 0 {
		l.Act(areaAccounts, a.Name, "Give them their advertiser_id, the number of the advertiser in Amazon's DSP.",
			"events-v1 wants the advertiser as a number; these profiles are not numbers and name no advertiser: %s", some(nameless))
	}
	if len(paused) > 0 {
		l.Look(areaAccounts, a.Name, "Take paused out once it is over, before their events are no longer retained.", "events of these profiles wait: %s", some(paused))
	}
	if len(a.Profiles) == 0 && !isDefault {
		l.Look(areaAccounts, a.Name, "Name its profiles, or make it the default.", "sends for no profile")
	}
}
