package demo

import (
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/sample"
	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
)

// Options say what the demonstration shows beside the samples.
type Options struct {
	// Contract is that of the account, or with Accounts of those that name none.
	Contract string
	// Accounts delivers by an accounts file with each kind of account that there is.
	Accounts bool
}

// Account is an account of the demonstration's file.
type Account struct {
	Name     string   `json:"name"`
	Kind     string   `json:"kind"`
	Contract string   `json:"contract"`
	Profiles []string `json:"profiles"`
}

// token is the API token of the demonstration. It is of use nowhere else.
var token = sandbox.Account{APIToken: "sandbox-api-token", ManagerID: "amzn1.ads1.ma1.sandbox", DataSetID: "amzn1.adm.ds1.evnt1.sandbox"}

const live = "events-v1"

// accounts are those of the file: an account sends for advertisers or for a manager account,
// by Login with Amazon or by an API token, which are for manager accounts alone.
func (o *Options) accounts() []Account {
	return []Account{
		{"shops", "DSP advertisers by Login with Amazon; the default, for all other profiles", o.Contract, []string{"1234567890"}},
		{"shops-live", "DSP advertisers by Login with Amazon: the header names the advertiser", live, []string{"2345678901"}},
		{"group", "a manager account by Login with Amazon, to a data set by its name", live, []string{"3456789012", "4567890123"}},
		{"group-token", "a manager account by an API token, for one data set: no Login with Amazon", live, []string{"5678901234", "6789012345"}},
	}
}

// writeAccounts writes the accounts file and the secrets that it names into a folder, and
// has the pipeline deliver by it.
func (o *Options) writeAccounts(dir string, c *pipeline.Config) error {
	login := sandbox.DefaultAccount()
	for name, secret := range map[string]string{"client-secret": login.ClientSecret, "refresh-token": login.RefreshToken, "api-token": token.APIToken} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(secret), 0o600); err != nil {
			return err
		}
	}
	byLogin := fmt.Sprintf("client_id: %q, client_secret_file: %q, refresh_token_file: %q", login.ClientID, filepath.Join(dir, "client-secret"), filepath.Join(dir, "refresh-token"))
	credentials := map[string]string{
		"shops": byLogin, "shops-live": byLogin,
		"group":       byLogin + fmt.Sprintf(", manager_account_id: %q, data_set_name: demo_events", token.ManagerID),
		"group-token": fmt.Sprintf("api_token_file: %q, manager_account_id: %q, data_set_id: %q", filepath.Join(dir, "api-token"), token.ManagerID, token.DataSetID),
	}
	var text strings.Builder
	text.WriteString("default: shops\naccounts:\n")
	for _, a := range o.accounts() {
		fmt.Fprintf(&text, "  - {name: %s, contract: %s, %s, profiles: [", a.Name, a.Contract, credentials[a.Name])
		for i, p := range a.Profiles {
			if i > 0 {
				text.WriteString(", ")
			}
			fmt.Fprintf(&text, "{id: %q", p)
			if a.Name == "shops-live" {
				text.WriteString(`, advertiser_id: "5550002"`)
			}
			text.WriteString("}")
		}
		text.WriteString("]}\n")
	}
	c.ClientID, c.ClientSecret, c.RefreshToken = "", "", ""
	c.AccountsFile = filepath.Join(dir, "accounts.yaml")
	return os.WriteFile(c.AccountsFile, []byte(text.String()), 0o600)
}

// recent has events happen on the day before now, at the time of day that they have:
// events-v1 takes none that are older than three weeks. Those without a time, or ahead of
// now, stay as they are.
func recent(samples iter.Seq2[sample.Sample, error], now time.Time) iter.Seq2[sample.Sample, error] {
	const day = 24 * time.Hour
	yesterday := now.UTC().Truncate(day).Add(-day)
	return func(yield func(sample.Sample, error) bool) {
		for s, err := range samples {
			if s.Event != nil && s.Event.OccurredAt > 0 && s.Event.OccurredAt < now.UnixMilli() {
				ev := *s.Event
				ev.OccurredAt = yesterday.UnixMilli() + ev.OccurredAt%day.Milliseconds()
				s.Event = &ev
			}
			if !yield(s, err) {
				return
			}
		}
	}
}

// printAccounts says whose events went which way.
func (r *Report) printAccounts(w io.Writer) {
	if len(r.Accounts) == 0 {
		fmt.Fprintf(w, "\nAll profiles by contract %s, with one account.\n", r.Contract)
		return
	}
	fmt.Fprintln(w, "\nBy an accounts file; each profile goes the way of its account:")
	for _, a := range r.Accounts {
		fmt.Fprintf(w, "  %-11s  %s (%s)\n  %-11s  profiles", a.Name, a.Kind, a.Contract, "")
		for _, p := range a.Profiles {
			fmt.Fprintf(w, " %s", p)
		}
		fmt.Fprintln(w)
	}
}
