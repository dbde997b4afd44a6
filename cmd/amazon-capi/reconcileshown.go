package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/operate/eventsmanager"
	"github.com/tracklayer/amazon-capi/internal/operate/reconcile"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/sink/amazon"
)

// shownFlags are those of a comparison with Events Manager.
type shownFlags struct {
	file, account string
	accounts      cli.AccountsFlag
	contract      string
	manager       string

	read       *eventsmanager.File
	prediction *eventsmanager.Prediction
}

const (
	eventsManagerFlag setting.Key = "events-manager"
	managerFlag       setting.Key = "manager-account"
)

func (f *shownFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.file, string(eventsManagerFlag), "", "counts that Events Manager shows, as CSV with the columns name, day, count, and perhaps excluded share and account; - is standard input")
	flags.StringVar(&f.account, "events-manager-account", "", "account or profile whose counts they are, if the file has no column for it")
	flags.StringVar(&f.contract, "contract", amazon.ContractNames()[0], "Amazon's API that the events were sent by, for --events-manager; only events-v1 tells what persons consented to")
	flags.StringVar(&f.manager, string(managerFlag), "", "manager account that all events were sent for, for --events-manager without an accounts file")
	f.accounts.Register(flags, "for --events-manager, which counts by account")
}

// open reads the file, so that a mistake in it is found before the topics are read, and makes the
// reconciler predict its contents.
func (f *shownFlags) open(p *cli.Process, transform *config.Transform, rng history.Range, r *reconcile.Reconciler) error {
	if f.file == "" {
		return nil
	}
	if _, err := amazon.ContractByName(f.contract); err != nil {
		return setting.Contract.Wrap(err)
	}
	list, _, err := f.accounts.Read(&config.Contract{Name: f.contract, Region: amazon.NorthAmerica}, transform.ProfileIDs())
	if err != nil {
		return err
	}
	in := p.Stdin
	if f.file != "-" {
		file, err := os.Open(f.file)
		if err != nil {
			return eventsManagerFlag.Wrap(redact.File(err))
		}
		defer file.Close()
		in = file
	}
	if f.read, err = eventsmanager.Read(in); err != nil {
		return eventsManagerFlag.Mistakef("%s: %w", f.file, err)
	}
	f.prediction = eventsmanager.NewPrediction()
	f.prediction.From, f.prediction.To = rng.From.Time, rng.To.Time
	r.Sent = reconcile.Predict(f.prediction, func(profile string) (string, bool) {
		contract := f.contract
		if list != nil {
			tenant, by, ok := list.Tenant(profile)
			if ok {
				return tenant, amazon.KnowsAccounts(by)
			}
			return profile, amazon.KnowsAccounts(contract)
		}
		if f.manager != "" {
			return f.manager, amazon.KnowsAccounts(contract)
		}
		return profile, amazon.KnowsAccounts(contract)
	})
	return nil
}

// since returns from when on an acceptance may not be shown yet.
func (f *shownFlags) since() time.Time { return time.Now().Add(-eventsmanager.Late) }

// show prints the comparison. The error means that something is unexplained.
func (f *shownFlags) show(p *cli.Process, asJSON bool) error {
	if f.read == nil {
		return nil
	}
	rep, err := f.prediction.Compare(f.read, f.account)
	if err != nil {
		return eventsManagerFlag.Wrap(err)
	}
	if asJSON {
		err = rep.WriteJSON(p.Stdout)
	} else {
		fmt.Fprintln(p.Screen(), "\nEvents Manager:")
		rep.Print(p.Screen())
	}
	switch {
	case err != nil:
	case rep.Unexplained > 0:
		err = fmt.Errorf("%s of the difference to Events Manager %s not explained", count.Of(rep.Unexplained, "event"), count.Is(rep.Unexplained))
	case rep.Shares > 0:
		err = fmt.Errorf("the excluded share of %s is not as predicted", count.Of(rep.Shares, "row"))
	}
	return err
}
