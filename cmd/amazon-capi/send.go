package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/instant"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/operate/testsend"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/login"
)

const sendLong = `Send one event with a known click id to one profile, straight to Amazon, and show
the request, the answer, the verdict and what to do: a controlled test before real
events rely on the account. Kafka and the registry are not needed.

The event goes through the same rules, mapping and hashing as those of the topic.
Without --go the request is shown and nothing is sent. Amazon counts what is sent: use
an internal profile and a click of your own. To send it again, give the --event-id
that was shown, so that it is counted once.

The exit code is 0 for a dry run and if Amazon accepted the event, and 1 if not.`

func newSendCommand(p *cli.Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "send",
		Short: "Send one test event to one profile, and show request and answer",
		Long:  sendLong,
		Example: `  amazon-capi send lead --profile 1234567890 --click-id amzn1.click.abc123
  amazon-capi send purchase --profile 1234567890 --click-id amzn1.click.abc123 --value 129.95 --currency USD`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return cli.Usagef("there is no test event %s: want send lead or send purchase", redact.Quote(args[0]))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSendKind(p, "lead"), newSendKind(p, "purchase"))
	return cmd
}

// sendFlags are the event and its destination.
type sendFlags struct {
	transform   config.Transform
	contract    config.Contract
	account     config.Account
	identifiers cli.IdentifierFlag
	accounts    string
	timeout     time.Duration
	act         cli.GoFlag
	json        bool

	event                              schemas.Event
	value, source, consent, occurredAt string
}

func newSendKind(p *cli.Process, kind string) *cobra.Command {
	var f sendFlags
	cmd := &cobra.Command{
		Use:   kind,
		Short: "Send one " + kind,
		Long:  sendLong,
		Example: fmt.Sprintf(`  amazon-capi send %[1]s --profile 1234567890 --click-id amzn1.click.abc123
  amazon-capi send %[1]s --profile 1234567890 --click-id amzn1.click.abc123 --go --client-id amzn1.application-oa2-client.x \
      --client-secret-file /run/secrets/client-secret --refresh-token-file /run/secrets/refresh-token`, kind),
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), p, kind) },
	}
	f.register(cmd.Flags(), kind)
	return cmd
}

func (f *sendFlags) register(flags *pflag.FlagSet, kind string) {
	f.transform.Register(flags)
	f.contract.Register(flags)
	f.account.Register(flags)
	f.identifiers.Register(flags)
	flags.StringVar(&f.accounts, "accounts", "", "YAML file with several accounts and their profiles; the profile's own is used")
	flags.DurationVar(&f.timeout, "request-timeout", 30*time.Second, "how long to wait for Amazon's answer")
	f.act.Register(flags, "send the event to Amazon")
	flags.BoolVar(&f.json, "json", false, "print one JSON object")

	e := &f.event
	flags.StringVar(&e.ProfileID, "profile", "", "Ads profile to send to; required")
	flags.StringVar(&e.ClickID, "click-id", "", "amzn_click_id of a click of your own; required")
	flags.StringVar(&e.EventID, "event-id", "", "id of the event (default a new one)")
	flags.StringVar(&e.EventName, "event-name", strings.ToUpper(kind[:1])+kind[1:], "name of the event, as the source would have it")
	flags.StringVar(&f.source, "action-source", "WEBSITE", "where it happened: WEBSITE or APP; with events-v1 an app is ANDROID, IOS or FIRE_TV")
	flags.StringVar(&f.occurredAt, "occurred-at", "", "when it happened, RFC 3339 (default now)")
	flags.StringVar(&e.User.Email, "email", "test@example.com", "address, which is normalised and hashed")
	flags.StringVar(&e.User.Phone, "phone", "", "phone number, which is normalised and hashed")
	flags.StringVar(&e.User.CountryCode, "country", "US", "country, two letters")
	flags.StringVar(&f.consent, "consent", "GRANTED", "your consent, as the person who acts: GRANTED, DENIED, or empty for no answer")
	if kind == "lead" {
		flags.StringVar(&e.User.PostalCode, "postal-code", "", "postal code")
		return
	}
	flags.StringVar(&e.User.PostalCode, "postal-code", "10001", "postal code")
	flags.StringVar(&f.value, "value", "1.00", "amount")
	flags.StringVar(&e.Custom.Currency, "currency", "USD", "currency of the amount, three letters")
}

// complete makes an event from the flags.
func (f *sendFlags) complete(kind string, now time.Time) (*schemas.Event, error) {
	e := f.event
	switch {
	case e.ProfileID == "":
		return nil, cli.Usagef("--profile is not set: want the id of an internal test profile")
	case e.ClickID == "":
		return nil, cli.Usagef("--click-id is not set: want the amzn_click_id of a click of your own, from the URL it led to")
	}
	e.ActionSource, e.OccurredAt = f.source, now.UnixMilli()
	e.Consent.AdStorage, e.Consent.AdUserData = f.consent, f.consent
	if f.occurredAt != "" {
		at, err := instant.Parse(f.occurredAt)
		if err != nil {
			return nil, cli.Usagef("--occurred-at: %s is not a time: %v", redact.Quote(f.occurredAt), err)
		}
		e.OccurredAt = at.UnixMilli()
	}
	if f.value != "" {
		var err error
		if e.Custom.Value, err = schemas.ParseDecimal(f.value); err != nil {
			return nil, cli.Usagef("--value: %s is not an amount: want a number such as 129.95", redact.Quote(f.value))
		}
	}
	if e.EventID == "" {
		// Distinguishable from the source's ids at a glance, and never used twice.
		e.EventID = fmt.Sprintf("test_%s_%s_%s", kind, now.UTC().Format("20060102T150405Z"), strings.ToLower(rand.Text()[:6]))
	}
	return &e, nil
}

func (f *sendFlags) run(ctx context.Context, p *cli.Process, kind string) error {
	if err := f.act.Check(); err != nil {
		return err
	}
	now := time.Now()
	event, err := f.complete(kind, now)
	if err != nil {
		return err
	}
	t, closeTrial, err := f.trial(p)
	if err != nil {
		return err
	}
	defer closeTrial()
	shown, err := t.Run(ctx, event, now)
	if err != nil {
		return fmt.Errorf("interrupted; whether Amazon took event %s is not known: %w", shown.EventID, err)
	}
	if f.json {
		if err := report.JSON(p.Stdout, shown); err != nil {
			return err
		}
	} else {
		shown.Print(p.Screen())
	}
	if !shown.Accepted() && shown.Outcome != testsend.OutcomeDryRun {
		return errors.New("Amazon has not accepted the event: " + shown.Outcome)
	}
	return nil
}

func (f *sendFlags) trial(p *cli.Process) (*testsend.Trial, func(), error) {
	if f.timeout < 100*time.Millisecond {
		return nil, nil, cli.Usagef("--request-timeout: %s is too short, want at least 100ms", f.timeout)
	}
	account, profile, base, err := f.sender(p)
	if err != nil {
		return nil, nil, err
	}
	contract, err := amazon.NewContract(profile.Contract, f.contract.Options)
	if err != nil {
		return nil, nil, cli.AsUsage(err)
	}
	transformer, err := f.transform.Transformer(contract)
	if err != nil {
		return nil, nil, err
	}
	view, err := f.identifiers.View(p)
	if err != nil {
		return nil, nil, err
	}
	direct, err := base.Direct(account, &profile, contract.Region(strings.ToUpper(f.event.User.CountryCode)), f.timeout)
	if err != nil {
		return nil, nil, cli.AsUsage(err)
	}
	return &testsend.Trial{
		Transformer: transformer, Contract: direct.Contract(), Sender: direct, View: view, DryRun: !f.act.Act,
		Token: func(ctx context.Context) (login.Grant, error) { return account.Grant(ctx, 0) },
	}, direct.Close, nil
}

// sender returns the sender of the event: the account of the flags, or that of the profile in the
// accounts file.
func (f *sendFlags) sender(p *cli.Process) (*accounts.Account, accounts.Profile, *accounts.Base, error) {
	none := accounts.Profile{}
	if _, err := f.contract.Resolve(); err != nil {
		return nil, none, nil, err
	}
	base := &accounts.Base{
		Contract: f.contract.Name, ContractOptions: f.contract.Options, TokenURL: f.account.TokenURL, BaseURL: f.contract.URL, Region: f.contract.Region, ProfileIDs: f.transform.ProfileIDs(),
	}
	if f.accounts == "" {
		resolve := f.account.Sketch
		if f.act.Act {
			resolve = func(contract string) (accounts.Account, error) { return f.account.Resolve(contract, p.Stderr) }
		}
		a, err := resolve(f.contract.Name)
		return &a, accounts.Profile{ID: f.event.ProfileID, Settings: a.Defaults}, base, err
	}
	if err := f.account.Besides(); err != nil {
		return nil, none, nil, err
	}
	list, err := accounts.NewSource(f.accounts).Load(*base)
	if err != nil {
		return nil, none, nil, cli.Usagef("--accounts: %w", err)
	}
	account, profile, ok := list.Of(f.event.ProfileID)
	if !ok {
		return nil, profile, nil, cli.Usagef("--profile: no account of %s sends for this profile, and none is the default", f.accounts)
	}
	return account, profile, base, nil
}
