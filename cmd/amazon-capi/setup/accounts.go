package setup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/discover"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/transform"
)

// NewAccounts returns the command accounts, with discover below it.
func NewAccounts(p *cli.Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "accounts",
		Short:   "Find profiles and advertiser ids, for an accounts file",
		Example: `  amazon-capi accounts discover --accounts accounts.yaml --write`,
		Args:    cli.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newAccountsDiscover(p))
	return cmd
}

const accountsDiscoverLong = `Ask Amazon which advertiser accounts some credentials reach, and show their profiles
with advertiser ids, countries and regions. The credentials are those of the
accounts in --accounts, or of the one account that the flags give.

--write adds the profiles to the file of --accounts, each under the account whose
credentials reach it. Comments and order stay. Profiles that are in the file are
neither changed nor moved to another account; differences from what Amazon says are
reported, and --overwrite writes them.

Each region is asked separately, because credentials can be valid in one and not in
another; --regions NA asks only there. The exit code is 1 if a region did not answer;
the answers of the others are shown, and written, all the same.`

type accountsDiscoverFlags struct {
	account   config.Account
	contract  config.Contract
	file      string
	names     []string
	regions   []string
	write     bool
	overwrite bool
	timeout   time.Duration
	json      bool
}

func newAccountsDiscover(p *cli.Process) *cobra.Command {
	var f accountsDiscoverFlags
	cmd := &cobra.Command{
		Use:   "discover",
		Short: "Show the profiles that credentials reach, or write them into an accounts file",
		Long:  accountsDiscoverLong,
		Example: `  amazon-capi accounts discover --client-id amzn1.application-oa2-client.x --client-secret-file secret --refresh-token-file token
  amazon-capi accounts discover --accounts accounts.yaml --account shops-eu --regions EU --json
  amazon-capi accounts discover --accounts accounts.yaml --write`,
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), p) },
	}
	flags := cmd.Flags()
	f.account.Register(flags)
	f.contract.RegisterPlace(flags)
	flags.StringVar(&f.file, "accounts", "", "YAML file with several accounts, in place of the flags of a single one")
	flags.StringSliceVar(&f.names, "account", nil, "accounts of the file to ask with (default all)")
	flags.StringSliceVar(&f.regions, "regions", nil, "regions to ask: NA, EU, FE (default all)")
	flags.BoolVar(&f.write, "write", false, "enter the profiles in the file of --accounts")
	flags.BoolVar(&f.overwrite, "overwrite", false, "with --write: change entries that differ from what Amazon says")
	flags.DurationVar(&f.timeout, "request-timeout", 30*time.Second, "how long to wait for Amazon's answer")
	flags.BoolVar(&f.json, "json", false, "print a JSON object a line, one for each profile")
	return cmd
}

func (f *accountsDiscoverFlags) run(ctx context.Context, p *cli.Process) error {
	asker, err := f.asker()
	if err != nil {
		return err
	}
	all, file, err := f.accounts(p)
	if err != nil {
		return err
	}
	var found []discover.Profile
	var failed []error
	for i := range all {
		profiles, refused, err := asker.Find(ctx, &all[i])
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		failed = append(failed, err)
		for _, r := range refused {
			failed = append(failed, r)
		}
		if file != nil {
			if err := file.Enter(&all[i], profiles); err != nil {
				return err
			}
		}
		found = append(found, profiles...)
	}
	if err := f.show(p, found); err != nil {
		return err
	}
	if file != nil {
		failed = append(failed, f.enter(p, file, found))
	}
	return errors.Join(failed...)
}

func (f *accountsDiscoverFlags) asker() (*discover.Asker, error) {
	var wrong config.Mistakes
	a := &discover.Asker{BaseURL: strings.TrimRight(f.contract.URL, "/"), Timeout: f.timeout}
	for _, s := range f.regions {
		r, err := amazon.ParseRegion(s)
		wrong.Note(setting.Key("regions").Wrap(err))
		a.Regions = append(a.Regions, r)
	}
	if f.contract.URL != "" {
		wrong.Note(config.CheckURL(setting.AmazonURL, f.contract.URL))
	}
	wrong.Note(config.AtLeast("request-timeout", f.timeout, 100*time.Millisecond))
	if f.write && f.file == "" {
		wrong.Note(setting.Key("write").Mistakef("there is no file to write into: want %s", setting.Accounts))
	}
	if f.overwrite && !f.write {
		wrong.Note(setting.Key("overwrite").Mistakef("means nothing without --write"))
	}
	if len(f.names) > 0 && f.file == "" {
		wrong.Note(setting.Key("account").Mistakef("is for a file of several: want %s", setting.Accounts))
	}
	return a, wrong.All()
}

func (f *accountsDiscoverFlags) base() accounts.Base {
	return accounts.Base{Contract: f.contract.Name, TokenURL: f.account.TokenURL, ProfileIDs: transform.AnyProfiles}
}

// accounts returns whose credentials to ask with, and their file.
func (f *accountsDiscoverFlags) accounts(p *cli.Process) ([]accounts.Account, *discover.File, error) {
	if _, err := amazon.ContractByName(f.contract.Name); err != nil {
		return nil, nil, setting.Contract.Wrap(err)
	}
	if f.file == "" {
		a, err := f.account.Resolve(f.contract.Name, p.Stderr)
		a.Name = "the flags'"
		return []accounts.Account{a}, nil, err
	}
	if err := f.account.Besides(); err != nil {
		return nil, nil, err
	}
	data, err := os.ReadFile(f.file)
	if err != nil {
		return nil, nil, setting.Accounts.Wrap(redact.File(err))
	}
	list, err := accounts.Load(f.file, data, f.base(), accounts.NewSource(f.file).Env)
	if err != nil {
		return nil, nil, setting.Accounts.Wrap(err)
	}
	file, err := discover.Open(data, list)
	if err != nil {
		return nil, nil, setting.Accounts.Wrap(err)
	}
	file.Overwrite = f.overwrite
	if len(f.names) == 0 {
		return list.Accounts, file, nil
	}
	var all []accounts.Account
	for i, name := range f.names {
		if slices.Contains(f.names[:i], name) {
			continue // it is asked once
		}
		a := list.Account(name)
		if a == nil {
			return nil, nil, setting.Key("account").Mistakef("no account of the file is named %s", redact.Quote(name))
		}
		all = append(all, *a)
	}
	return all, file, nil
}

func (f *accountsDiscoverFlags) show(p *cli.Process, found []discover.Profile) error {
	if f.json {
		for i := range found {
			if err := report.JSON(p.Stdout, found[i]); err != nil {
				return err
			}
		}
		return nil
	}
	header := []string{"account", "profile", "advertiser", "country", "region", "name"}
	if f.file != "" {
		header = append(header, "in the file")
	}
	var rows [][]string
	for _, a := range found {
		row := []string{a.Account, a.Profile, a.AdvertiserID, a.Country, a.Region, a.Name}
		if f.file != "" {
			row = append(row, a.File)
		}
		rows = append(rows, row)
	}
	report.Table(p.Screen(), header, rows, nil)
	if len(found) == 0 {
		fmt.Fprintln(p.Screen(), "No profiles: Amazon lists none for these credentials in the regions that answered.")
	}
	return nil
}

// enter writes the file, if requested, and reports what was done.
func (f *accountsDiscoverFlags) enter(p *cli.Process, file *discover.File, found []discover.Profile) error {
	for _, c := range file.Changes {
		if f.overwrite {
			c += ", which is written"
		} else {
			c += "; --write --overwrite writes that"
		}
		fmt.Fprintln(p.Stderr, "amazon-capi: "+c)
	}
	added := 0
	for _, a := range found {
		if a.File == discover.FileAdds {
			added++
		}
	}
	if !f.write {
		if added > 0 && !f.json {
			fmt.Fprintf(p.Screen(), "Nothing was written. --write enters the %s in %s.\n", count.Of(added, "new profile"), f.file)
		}
		return nil
	}
	changed, err := file.Write(f.file, f.base(), accounts.NewSource(f.file).Env)
	switch {
	case err != nil:
		return err
	case f.json:
	case !changed:
		fmt.Fprintf(p.Screen(), "%s has all of them: nothing was written.\n", f.file)
	default:
		fmt.Fprintf(p.Screen(), "%s %s written into %s.\n", count.Of(added, "new profile"), count.Was(added), f.file)
	}
	return nil
}
