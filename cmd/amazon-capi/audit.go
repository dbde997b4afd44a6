package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/attribution"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink/amazon"
)

const auditLong = `Read a window of the topic and find out why few conversions are attributed:

  click ids     how many events have one, by source and type; how many are
                lost before the purchase; their age against their lifetime
  identifiers   how many events have each; blank and bad ones, and hashes made
                before normalising
  consent       how much is denied
  time          how long after events their records are published
  events        what the rules refuse, such as purchases without a value
  event ids     ids that are used twice for different events

Each finding has a level: fine, look (possibly intended; somebody should know) or act
(something is lost), and says what to do. Nothing is sent and no group is touched.

--from and --to are the times of records. Without them the whole topic is read.`

type auditFlags struct {
	kafka     config.Kafka
	registry  config.Registry
	topics    []string
	window    cli.RangeFlags
	events    cli.ChoiceFlags
	transform config.Transform
	contract  config.Contract
	accounts  cli.AccountsFlag
	lifetime  time.Duration
	strict    bool
	json      bool
}

func newAuditCommand(p *cli.Process) *cobra.Command {
	var f auditFlags
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Find out why few conversions are attributed, from a window of the topic",
		Long:  auditLong,
		Example: `  amazon-capi audit --from -24h --brokers localhost:9092 --registry http://localhost:8081
  amazon-capi audit --from 2026-04-01 --to 2026-04-08 --profile 1234567890 --json`,
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), p) },
	}
	flags := cmd.Flags()
	f.kafka.Register(flags)
	f.registry.RegisterReading(flags)
	f.window.Register(flags)
	f.events.Register(flags)
	f.transform.Register(flags)
	f.contract.Register(flags)
	f.accounts.Register(flags, "each event is judged by the contract of its profile's account")
	config.RegisterTopics(flags, &f.topics, "topics to read, separated by commas")
	flags.DurationVar(&f.lifetime, "click-lifetime", 90*24*time.Hour, "how long after a click events are credited to it")
	flags.BoolVar(&f.strict, "strict", false, "exit 1 if there is something to act on")
	flags.BoolVar(&f.json, "json", false, "print a JSON object a line: the window, each group of events, each finding")
	return cmd
}

func (f *auditFlags) run(ctx context.Context, p *cli.Process) error {
	contract, err := f.contract.Resolve()
	if err != nil {
		return err
	}
	contractOf, err := f.contractOf()
	if err != nil {
		return err
	}
	wide := contract
	if contractOf != nil {
		wide = nil // for those of any account
	}
	transformer, err := f.transform.Transformer(wide)
	if err != nil {
		return err
	}
	if f.lifetime <= 0 {
		return cli.Usagef("--click-lifetime: %s is too short, want more than 0s", f.lifetime)
	}
	a := attribution.New(attribution.Options{Transformer: transformer, Contract: contract, ContractOf: contractOf, Now: time.Now(), ClickLifetime: f.lifetime})
	window, err := f.read(ctx, p, a)
	if err != nil {
		return err
	}
	if f.json {
		err = a.WriteJSON(p.Stdout, window)
	} else {
		a.Print(p.Paged(), window)
	}
	if n := a.Findings().Count(report.Act); err == nil && f.strict && n > 0 {
		err = fmt.Errorf("%s to act on", count.Of(n, "finding"))
	}
	return err
}

// contractOf returns a function for the contract of a profile's account; nil without an accounts
// file.
func (f *auditFlags) contractOf() (func(string) (amazon.Contract, *verdict.Reason), error) {
	list, _, err := f.accounts.Read(&f.contract, f.transform.ProfileIDs())
	if list == nil || err != nil {
		return nil, err
	}
	contracts := make(map[string]amazon.Contract)
	for _, name := range list.Contracts() {
		if contracts[name], err = amazon.NewContract(name, f.contract.Options); err != nil {
			return nil, setting.Contract.Wrap(err)
		}
	}
	return func(profile string) (amazon.Contract, *verdict.Reason) {
		if _, name, ok := list.Tenant(profile); ok {
			return contracts[name], nil
		}
		return nil, accounts.Unknown()
	}, nil
}

// read reads the window.
func (f *auditFlags) read(ctx context.Context, p *cli.Process, a *attribution.Audit) (*attribution.Window, error) {
	settings, err := f.kafka.Resolve(p.Stderr)
	if err != nil {
		return nil, err
	}
	options, err := f.registry.Resolve(settings, p.Stderr)
	if err != nil {
		return nil, err
	}
	ranges, err := f.window.ResolveAll(f.topics, time.Now())
	if err != nil {
		return nil, err
	}
	registry, err := registry.New(options)
	if err != nil {
		return nil, setting.Registry.Wrap(err)
	}
	defer registry.Close()
	return a.ReadWindow(ctx, settings, ranges, registry, &f.events.Choice, p.Progress())
}
