package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/check"
	"github.com/tracklayer/amazon-capi/internal/operate/mappingtest"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/textfile"
)

const checkLong = `Check a configuration before it is used. It takes run's flags, environment and
--config file.

Without a network it checks the settings, and lists those that run would refuse and
those that are allowed but rarely intended; the accounts; the mapping; and with
--schema the schemas that producers intend to write with, which needs no account.

--live also asks the servers: brokers; topics with retention, partitions, largest
record, cleanup policy and our permissions; the list of erased events; the group; the
registry; Login with Amazon for each account; and each profile of --accounts and
--profile, by a request without an event. It changes nothing.

--mapping-tests FILE runs the cases that a team keeps for its mapping, an event in
and a payload out; testdata/mapping-tests/default.yaml explains the format. This
needs no account.

The exit code is 1 if there is something to act on or a case fails.`

type checkFlags struct {
	run          runFlags
	live         bool
	profiles     []string
	schemas      []string
	mappingTests []string
	json         bool
}

func newCheckCommand(p *cli.Process) *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check configuration, mapping and schemas; with --live also the servers",
		Long:  checkLong,
		Example: `  amazon-capi check --config /etc/amazon-capi.yaml
  amazon-capi check --config /etc/amazon-capi.yaml --live --profile 1234567890 --json
  amazon-capi check --mapping-tests testdata/mapping-tests/default.yaml`,
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.check(cmd, p) },
	}
	flags := cmd.Flags()
	f.run.register(flags)
	flags.BoolVar(&f.live, "live", false, "also ask the servers")
	flags.StringSliceVar(&f.profiles, "profile", nil, "profiles to try with --live")
	flags.StringSliceVar(&f.schemas, "schema", nil, ".avsc files of producers to check")
	flags.StringSliceVar(&f.mappingTests, "mapping-tests", nil, "files of cases to run, and nothing else unless --live is also given")
	flags.BoolVar(&f.json, "json", false, "print a JSON object a line, one for each finding or case")
	return cmd
}

func (f *checkFlags) check(cmd *cobra.Command, p *cli.Process) error {
	var failed error
	if len(f.mappingTests) > 0 {
		if failed = f.cases(p); errors.As(failed, new(*setting.Mistake)) || !f.live {
			return failed
		}
	}
	all, err := f.findings(cmd.Context(), cmd, p)
	if err != nil {
		return err
	}
	if f.json {
		err = all.WriteJSON(p.Stdout)
	} else {
		all.Print(p.Paged())
	}
	if n := all.Count(report.Act); err == nil && n > 0 {
		err = fmt.Errorf("%s to act on", count.Of(n, "finding"))
	}
	return errors.Join(failed, err)
}

// findings checks everything. What run would refuse is a finding like others.
func (f *checkFlags) findings(ctx context.Context, cmd *cobra.Command, p *cli.Process) (report.List, error) {
	var all report.List
	var warnings bytes.Buffer
	account := f.wantsAccount()
	c, err := f.run.resolve(account, &warnings)
	_, logErr := f.run.log.Logger(p)
	for _, e := range each(errors.Join(err, logErr)) {
		// The mistakes of a mapping, or of an accounts file, are one per line.
		for line := range strings.Lines(strings.TrimPrefix(strings.TrimPrefix(e.Error(), "--mapping: "), "--accounts: ")) {
			all.Act("configuration", "", "run does not start until it is fixed.", "%s", redact.Own(redact.Quoted(line)))
		}
	}
	valid := len(all) == 0
	all = append(all, check.Properties(f.run.kafka.From())...)
	if valid {
		all = append(all, check.Config(&c, f.given(cmd, p, warnings.String()))...)
	}
	if account && valid || c.AccountsFile != "" {
		accounts := check.Accounts(&c)
		valid = valid && accounts.Count(report.Act) == 0
		all = append(all, accounts...)
	}
	if c.Mapping != nil || f.run.delivery.Transform.MappingFile == "" {
		all = append(all, check.Mapping(c.Mapping, f.run.delivery.Transform.MappingFile, check.Contracts(&c)...)...)
	}
	all = append(all, check.Embedded()...)
	for _, path := range f.schemas {
		text, err := textfile.Read(path)
		if err != nil {
			return nil, cli.Usagef("--schema: %w", redact.File(err))
		}
		all = append(all, check.ProducerSchema(path, string(text), c.Mapping.Aliases())...)
	}
	if !f.live {
		return all, nil
	}
	for _, profile := range f.profiles {
		if ids := f.run.delivery.Transform.ProfileIDs(); !ids.Valid(profile) {
			return nil, cli.Usagef("--profile: %s is not a profile id: want %s", redact.Quote(profile), ids.Want())
		}
	}
	if !valid {
		all.Look("configuration", "--live", "Fix that first.", "the servers were not asked: the configuration has mistakes")
		return all, nil
	}
	progress := p.Progress()
	tried := uint64(0)
	live := check.Live{Config: &c, Profiles: f.profiles, Progress: func(what string) {
		tried++
		progress.Step("asking "+what, tried, 0)
	}}
	all = append(all, live.Run(ctx)...)
	progress.Done()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return all, nil
}

// wantsAccount reports whether an account must be present. Checking only a schema, as in a
// producer's build, needs none.
func (f *checkFlags) wantsAccount() bool {
	return f.live || len(f.schemas) == 0 || f.run.delivery.Account.Given()
}

// given is how the configuration was given, where that can be wrong.
func (f *checkFlags) given(cmd *cobra.Command, p *cli.Process, warnings string) check.Given {
	g := check.Given{Args: p.Args, SecretArgs: []string{"client-secret", "refresh-token", "sasl-password", "registry-password", "tls-ca-password", "tls-cert-password", "tls-key-password"}}
	g.ConfigFile, _ = cmd.Flags().GetString("config")
	for _, kv := range p.Environ {
		if path, ok := strings.CutPrefix(kv, setting.Config.Env()+"="); ok && g.ConfigFile == "" {
			g.ConfigFile = path
		}
	}
	for line := range strings.Lines(warnings) {
		g.Warnings = append(g.Warnings, strings.TrimPrefix(strings.TrimSpace(line), "amazon-capi: warning: "))
	}
	return g
}

// each splits joined errors.
func each(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, each(e)...)
		}
		return all
	}
	if usage, ok := errors.AsType[*setting.Mistake](err); ok {
		if _, ok := usage.Err.(interface{ Unwrap() []error }); ok {
			return each(usage.Err)
		}
	}
	return []error{err}
}

// cases runs the files of --mapping-tests.
func (f *checkFlags) cases(p *cli.Process) error {
	contract, err := f.run.delivery.Contract.Resolve()
	if err != nil {
		return err
	}
	transformer, err := f.run.delivery.Transform.Transformer(contract)
	if err != nil {
		return err
	}
	failed, rows := 0, [][]string{}
	for _, path := range f.mappingTests {
		data, err := cli.ReadInput(p, "mapping-tests", path)
		if err != nil {
			return err
		}
		file, err := mappingtest.Load(path, data, transformer.Aliases())
		if err != nil {
			return cli.Usagef("--mapping-tests: %w", err)
		}
		for _, r := range file.Run(transformer, contract, time.Now()) {
			if !r.OK {
				failed++
			}
			if f.json {
				if err := report.JSON(p.Stdout, caseResult{path, r}); err != nil {
					return err
				}
				continue
			}
			rows = append(rows, caseRows(path, r)...)
		}
	}
	if !f.json {
		report.Table(p.Screen(), []string{"result", "case", "at", "what differs"}, rows, nil)
	}
	if failed > 0 {
		return fmt.Errorf("%s failed", count.Of(failed, "case"))
	}
	return nil
}

type caseResult struct {
	File string `json:"file"`
	mappingtest.Result
}

func caseRows(path string, r mappingtest.Result) [][]string {
	at := fmt.Sprintf("%s:%d", path, r.Line)
	if r.OK {
		return [][]string{{"ok", r.Name, at, ""}}
	}
	if r.By != "" {
		r.Problems = append(r.Problems, "mapped by "+r.By)
	}
	r.Problems = append(r.Problems, r.Aliases...)
	rows := [][]string{{"failed", r.Name, at, r.Problems[0]}}
	for _, problem := range r.Problems[1:] {
		rows = append(rows, []string{"", "", "", problem})
	}
	return rows
}
