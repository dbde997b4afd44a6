package lab

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/lab/demo"
	"github.com/tracklayer/amazon-capi/internal/lab/publish"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/sink/amazon"
)

const demoLong = `Start a Kafka broker, a schema registry and a sandbox Amazon in this process,
publish events, deliver them with the same pipeline as run, and show the verdict on
each. Nothing leaves this machine, and nothing is left behind.

The events are the built-in samples, some of them broken in different ways, or
generated ones with --events. The sandbox fails occasionally, so that retries can be
seen. The exit code is 0 when every event ended as expected.

--contract events-v1 delivers through Amazon's live API, and --accounts with an
accounts file that has each kind of account: DSP advertisers and a manager account,
with Login with Amazon and with an API token. The events then happen yesterday,
because that API accepts none older than three weeks.`

type demoFlags struct {
	log      cli.LogFlags
	events   int
	generate generateFlags
	timeout  time.Duration
	json     bool
	contract string
	accounts bool
	site     bool
	listen   string
}

// NewDemo returns the command demo.
func NewDemo(p *cli.Process) *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Deliver sample events through an embedded Kafka, registry and Amazon",
		Long:  demoLong,
		Example: `  amazon-capi demo
  amazon-capi demo --json
  amazon-capi demo --events 100000 --profiles 50
  amazon-capi demo --contract events-v1
  amazon-capi demo --accounts
  amazon-capi demo --site`,
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), p) },
	}
	flags := cmd.Flags()
	f.log.Register(flags, "console")
	flags.Lookup("log-level").DefValue = "error"
	f.log.Level = "error"
	flags.IntVar(&f.events, "events", 0, "generate that many events instead of the samples")
	flags.IntVar(&f.generate.profiles, "profiles", 5, "profiles of generated events")
	flags.Float64Var(&f.generate.broken, "broken", 0.01, "share of generated events that are broken, 0 to 1")
	flags.Float64Var(&f.generate.denied, "denied", 0.02, "share of generated events without consent, 0 to 1")
	flags.Uint64Var(&f.generate.seed, "seed", 1, "seed of the generated events; the same seed gives the same events")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Minute, "give up after this long")
	flags.StringVar(&f.contract, "contract", amazon.ContractNames()[0], "Amazon's API to speak: "+strings.Join(amazon.ContractNames(), " or "))
	flags.BoolVar(&f.accounts, "accounts", false, "use an accounts file with each kind of account")
	flags.BoolVar(&f.json, "json", false, "print one JSON object")
	flags.BoolVar(&f.site, "site", false, "serve a shop to click through instead, until interrupted; see capture/README.md")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8088", "address of the shop, on this machine")
	return cmd
}

func (f *demoFlags) run(ctx context.Context, p *cli.Process) error {
	if f.events < 0 {
		return cli.Usagef("--events: %d is not a number of events", f.events)
	}
	if _, err := amazon.ContractByName(f.contract); err != nil {
		return setting.Contract.Wrap(err)
	}
	if f.site && (f.accounts || f.contract != amazon.ContractNames()[0]) {
		return cli.Usagef("--site: the shop goes by one account and the default contract; it goes with neither --accounts nor --contract")
	}
	if f.site && (f.json || f.events > 0) {
		return cli.Usagef("--site: the shop's visitors make the events and its pages show them; it goes with neither --events nor --json")
	}
	log, err := f.log.Logger(p)
	if err != nil {
		return err
	}
	if f.site {
		return f.serve(ctx, p, log)
	}
	samples, err := publish.Builtin()
	if f.events > 0 {
		samples, err = f.generate.samples(f.events)
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, f.timeout, fmt.Errorf("the demo did not end within %s (--timeout)", f.timeout))
	defer cancel()

	progress := report.NewProgress(p.Stderr)
	result, err := demo.Run(ctx, demo.Options{Contract: f.contract, Accounts: f.accounts}, samples, log, progress)
	progress.Done()
	if err != nil {
		return err
	}
	if f.json {
		err = report.JSON(p.Stdout, result)
	} else {
		result.Print(p.Screen())
	}
	return errors.Join(err, result.Check())
}

// serve serves the shop until ctx ends.
func (f *demoFlags) serve(ctx context.Context, p *cli.Process, log zerolog.Logger) error {
	s, err := demo.StartSite(ctx, f.listen, log)
	if err != nil {
		return err
	}
	defer s.Close()
	fmt.Fprintf(p.Screen(), "A page with an ad for the shop: %s\nThe shop itself:                %s\nIn Chromium or Firefox; stop with Ctrl-C.\n", s.ElsewhereURL, s.ShopURL)
	return s.Wait(ctx)
}
