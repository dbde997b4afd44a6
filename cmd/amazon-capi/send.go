package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/internal/trial"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink"
	"github.com/tracklayer/amazon-capi/transform"
)

const sendLong = `Send one event with a known click id to one profile, straight to Amazon, and show
the request, the answer, the verdict and what to do: the controlled test before a
stream of events relies on the account. Kafka and the registry are not needed.

The event goes through the same rules, mapping and hashing as those of the topic.
Amazon counts it: use an internal profile and a click of your own. To send it
again, give the --event-id that was shown, so that it is counted once.

The exit code is 0 if Amazon accepted the event, and 1 if not.`

func newSendCommand(p *process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "send",
		Short: "Send one test event to one profile, and show request and answer",
		Long:  sendLong,
		Example: `  amazon-capi send lead --profile 1234567890 --click-id amzn1.click.abc123 --dry-run
  amazon-capi send purchase --profile 1234567890 --click-id amzn1.click.abc123 --value 129.95 --currency USD --dry-run`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("there is no test event %q: want send lead or send purchase", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSendKind(p, "lead"), newSendKind(p, "purchase"))
	return cmd
}

// sendFlags are the event and where it goes.
type sendFlags struct {
	transform   transformFlags
	contract    contractFlags
	account     accountFlags
	identifiers identifierFlag
	timeout     time.Duration
	dryRun      bool
	json        bool

	event         schemas.Event
	value, source string
	occurredAt    string
}

func newSendKind(p *process, kind string) *cobra.Command {
	var f sendFlags
	cmd := &cobra.Command{
		Use:   kind,
		Short: "Send one " + kind,
		Long:  sendLong,
		Example: fmt.Sprintf(`  amazon-capi send %[1]s --profile 1234567890 --click-id amzn1.click.abc123 --dry-run
  amazon-capi send %[1]s --profile 1234567890 --click-id amzn1.click.abc123 --client-id amzn1.application-oa2-client.x \
      --client-secret-file /run/secrets/client-secret --refresh-token-file /run/secrets/refresh-token`, kind),
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), p, kind) },
	}
	f.register(cmd.Flags(), kind)
	return cmd
}

func (f *sendFlags) register(flags *pflag.FlagSet, kind string) {
	f.transform.register(flags)
	f.contract.register(flags)
	f.account.register(flags)
	f.identifiers.register(flags)
	flags.DurationVar(&f.timeout, "request-timeout", 30*time.Second, "how long to wait for Amazon's answer")
	flags.BoolVar(&f.dryRun, "dry-run", false, "show the request and send nothing; needs no account")
	flags.BoolVar(&f.json, "json", false, "print one JSON object")

	e := &f.event
	flags.StringVar(&e.ProfileID, "profile", "", "Ads profile to send to; required")
	flags.StringVar(&e.ClickID, "click-id", "", "amzn_click_id of a click of your own; required")
	flags.StringVar(&e.EventID, "event-id", "", "id of the event (default a new one)")
	flags.StringVar(&e.EventName, "event-name", strings.ToUpper(kind[:1])+kind[1:], "name of the event, as the source would have it")
	flags.StringVar(&f.source, "action-source", "WEBSITE", "where it happened: WEBSITE or APP")
	flags.StringVar(&f.occurredAt, "occurred-at", "", "when it happened, RFC 3339 (default now)")
	flags.StringVar(&e.User.Email, "email", "test@example.com", "address, which is normalised and hashed")
	flags.StringVar(&e.User.Phone, "phone", "", "phone number, which is normalised and hashed")
	flags.StringVar(&e.User.CountryCode, "country", "US", "country, two letters")
	if kind == "lead" {
		flags.StringVar(&e.User.PostalCode, "postal-code", "", "postal code")
		return
	}
	flags.StringVar(&e.User.PostalCode, "postal-code", "10001", "postal code")
	flags.StringVar(&f.value, "value", "1.00", "amount")
	flags.StringVar(&e.Custom.Currency, "currency", "USD", "currency of the amount, three letters")
}

// complete makes an event of the flags.
func (f *sendFlags) complete(kind string, now time.Time) (*schemas.Event, error) {
	e := f.event
	switch {
	case e.ProfileID == "":
		return nil, usagef("--profile is not set: want the id of an internal test profile")
	case e.ClickID == "":
		return nil, usagef("--click-id is not set: want the amzn_click_id of a click of your own, from the URL it led to")
	}
	e.ActionSource, e.OccurredAt = f.source, now.UnixMilli()
	if f.occurredAt != "" {
		at, err := time.Parse(time.RFC3339Nano, f.occurredAt)
		if err != nil {
			return nil, usagef("--occurred-at: %q is no time: want RFC 3339, such as 2026-04-23T10:15:30Z", f.occurredAt)
		}
		e.OccurredAt = at.UnixMilli()
	}
	if f.value != "" {
		var err error
		if e.Custom.Value, err = schemas.ParseDecimal(f.value); err != nil {
			return nil, usagef("--value: %q is no amount: want a number such as 129.95", f.value)
		}
	}
	if e.EventID == "" {
		// Told apart from the source's ids at a glance, and never given twice.
		e.EventID = fmt.Sprintf("test_%s_%s_%s", kind, now.UTC().Format("20060102T150405Z"), strings.ToLower(rand.Text()[:6]))
	}
	return &e, nil
}

func (f *sendFlags) run(ctx context.Context, p *process, kind string) error {
	now := time.Now()
	event, err := f.complete(kind, now)
	if err != nil {
		return err
	}
	t, closeTrial, err := f.trial(p, event.ProfileID)
	if err != nil {
		return err
	}
	defer closeTrial()
	report, err := t.Run(ctx, event, now)
	if err != nil {
		return fmt.Errorf("interrupted; whether Amazon took event %s is not known: %w", report.EventID, err)
	}
	if f.json {
		if err := printJSON(p.stdout, report); err != nil {
			return err
		}
	} else {
		report.Print(p.stdout)
	}
	if !report.Accepted() && report.Outcome != trial.OutcomeDryRun {
		return errors.New("Amazon has not accepted the event: " + report.Outcome)
	}
	return nil
}

// way says by which contract and in whose name a profile's event is sent.
func (f *sendFlags) way(p *process, profile string) (account sink.TokenOptions, to sink.DirectOptions, err error) {
	to.Contract, err = f.contract.resolve()
	if err != nil {
		return account, to, err
	}
	to.BaseURL, to.Region, to.RequestTimeout = f.contract.url, f.contract.region, f.timeout
	if f.account.file == "" && f.dryRun {
		to.ClientID = cmp.Or(f.account.clientID, "[client id]")
		return account, to, nil
	}
	if account, err = f.account.resolve(p.stderr); err != nil {
		return account, to, err
	}
	to.ClientID = account.ClientID
	if f.account.file != "" {
		return f.named(profile, to)
	}
	return account, to, nil
}

// named is way for an accounts file.
func (f *sendFlags) named(profile string, to sink.DirectOptions) (sink.TokenOptions, sink.DirectOptions, error) {
	list, err := accounts.NewSource(f.account.file).Load(accounts.Base{
		Contract: f.contract.name, ContractOptions: f.contract.options, TokenURL: f.account.tokenURL, BaseURL: f.contract.url, Region: f.contract.region,
	})
	if err != nil {
		return sink.TokenOptions{}, to, usagef("--accounts: %w", err)
	}
	a, settings, ok := list.Find(profile)
	if !ok {
		return sink.TokenOptions{}, to, usagef("--profile: no account in %s names %s, and none is the default", f.account.file, profile)
	}
	if to.Contract, err = sink.NewContract(settings.Contract, f.contract.options); err != nil {
		return sink.TokenOptions{}, to, asUsage(err)
	}
	if settings.Region != sink.RegionUnknown {
		to.Region, to.Pinned = settings.Region, true
	}
	to.ClientID, to.AdvertiserID = a.ClientID, settings.AdvertiserID
	return sink.TokenOptions{
		Account: a.Name, URL: a.TokenURL, ClientID: a.ClientID, ClientSecret: a.ClientSecret, RefreshToken: a.RefreshToken,
	}, to, nil
}

func (f *sendFlags) trial(p *process, profile string) (*trial.Trial, func(), error) {
	options, err := f.transform.resolve()
	if err != nil {
		return nil, nil, err
	}
	account, to, err := f.way(p, profile)
	if err != nil {
		return nil, nil, err
	}
	contract := to.Contract
	options.Wide = contract.Wide()
	transformer, err := transform.New(options)
	if err != nil {
		return nil, nil, asUsage(err)
	}
	if f.timeout < 100*time.Millisecond {
		return nil, nil, usagef("--request-timeout: %s is too short, want at least 100ms", f.timeout)
	}
	view, err := f.identifiers.view(p)
	if err != nil {
		return nil, nil, err
	}
	direct, err := sink.NewDirect(to)
	if err != nil {
		return nil, nil, asUsage(err)
	}
	return &trial.Trial{
		Transformer: transformer, Contract: contract, Sender: direct, View: view, DryRun: f.dryRun,
		Token: func(ctx context.Context) (sink.Grant, error) { return sink.ExchangeToken(ctx, account) },
	}, direct.Close, nil
}
