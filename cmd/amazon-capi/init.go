package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/operate/check"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/operate/setup"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

const initLong = `Write a configuration file for run that has been tried.

On a terminal init asks for missing settings: brokers, topic, registry, the Login
with Amazon client and a profile. Elsewhere all of them must be given, by flags,
environment, --config or --kafka-properties, and missing ones are reported together.

Each part is tried like "check --live" does. If something must be fixed, nothing is
written, unless you confirm it on the terminal or --offline asks no server at all.

All given settings of run are written, with a description. Secrets are written into
files of their own that only you can read, in a folder next to the configuration;
secrets that are given as files stay there.

Topics are created and schemas registered only with --create-topics and
--register-schemas, or after a yes on the terminal.`

type initFlags struct {
	run       runFlags
	output    string
	overwrite bool
	offline   bool
	profiles  []string
	schemas   bool
	json      bool
}

func newInitCommand(p *cli.Process) *cobra.Command {
	var f initFlags
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Ask for brokers, registry and account, try them, and write config.yaml",
		Long:  initLong,
		Example: `  amazon-capi init --output /etc/amazon-capi.yaml
  amazon-capi init --output /etc/amazon-capi/config.yaml --create-topics --register-schemas \
      --brokers kafka:9092 --registry http://registry:8081 --profile 1234567890 \
      --client-id amzn1.application-oa2-client.x \
      --client-secret-file /run/secrets/client-secret --refresh-token-file /run/secrets/refresh-token`,
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.init(cmd, p) },
	}
	flags := cmd.Flags()
	f.run.register(flags)
	flags.StringVar(&f.output, string(setting.Output), "config.yaml", "file to write; secrets go into a folder next to it")
	flags.BoolVar(&f.overwrite, string(setting.Overwrite), false, "write over files that exist")
	flags.BoolVar(&f.offline, string(setting.Offline), false, "ask no server: write the settings without trying them")
	flags.StringSliceVar(&f.profiles, string(setting.Profile), nil, "profiles to try")
	flags.BoolVar(&f.schemas, string(setting.RegisterSchemas), false, "register the schemas of events and receipts")
	flags.BoolVar(&f.json, string(setting.JSON), false, "print one JSON object")
	return cmd
}

// ownToInit are the settings of init that do not go into the file.
var ownToInit = []setting.Key{setting.Output, setting.Overwrite, setting.Offline, setting.Profile, setting.RegisterSchemas, setting.JSON, setting.Wide, setting.NoPager, setting.CreateTopics}

func (f *initFlags) init(cmd *cobra.Command, p *cli.Process) error {
	var warnings bytes.Buffer
	o := setup.Options{
		Given: config.NewGiven(cmd.Flags()), ReadBack: func(path string) error { return readBack(cmd, path) },
		Resolve: func(sends bool) (pipeline.Config, error) {
			warnings.Reset()
			return f.run.resolve(sends, &warnings)
		},
		File: f.output, Overwrite: f.overwrite, Offline: f.offline, Profiles: f.profiles,
		CreateTopics: f.run.delivery.Config.CreateTopics, RegisterSchemas: f.schemas, Own: ownToInit,
	}
	if p.OnTerminal(p.Stdin) && p.OnTerminal(p.Stderr) {
		o.Prompt = &setup.Terminal{In: p.Stdin, Out: p.Stderr}
		o.Found = func(l report.List) { l.Brief(p.Stderr) }
	}
	done, err := setup.Run(cmd.Context(), o)
	fmt.Fprint(p.Stderr, warnings.String())
	if f.json {
		return errors.Join(err, f.printJSON(p, done, err))
	}
	if o.Prompt == nil && len(done.Findings) > 0 {
		done.Findings.Print(p.Screen())
	}
	if err == nil {
		printDone(p, done)
	}
	return err
}

// printJSON prints the result. A mistake is only in the error.
func (f *initFlags) printJSON(p *cli.Process, r *setup.Result, err error) error {
	if errors.As(err, new(*setting.Mistake)) {
		return nil
	}
	command := ""
	if err == nil {
		command = runCommand(p, r)
	}
	return report.JSON(p.Stdout, struct {
		*setup.Result
		Command string `json:"command,omitempty"`
	}{r, command})
}

// readBack reads the written file like run does, without this command's flags and environment, and
// checks it.
func readBack(cmd *cobra.Command, path string) error {
	var f runFlags
	flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
	f.register(flags)
	flags.String(string(setting.Config), path, "")
	if err := config.Apply(flags, nil, cli.AllFlags(cmd.Root()), io.Discard); err != nil {
		return err
	}
	c, err := f.resolve(true, io.Discard)
	if err != nil {
		return err
	}
	found := append(check.Config(&c, check.Given{ConfigFile: path}), check.Mapping(c.Mapping, f.delivery.Transform.MappingFile, check.Contracts(&c)...)...)
	if n := found.Count(report.Act); n > 0 {
		return fmt.Errorf("check finds %d to act on in it", n)
	}
	return nil
}

// with returns a command of this program that reads the file.
func with(p *cli.Process, command string, r *setup.Result) string {
	return shellWord(cmp.Or(p.Name, "amazon-capi")) + " " + command + " --config " + shellWord(r.File)
}

// runCommand returns the next step.
func runCommand(p *cli.Process, r *setup.Result) string {
	command := with(p, "run", r)
	if len(r.Missing) > 0 {
		command += " --create-topics"
	}
	return command
}

func printDone(p *cli.Process, r *setup.Result) {
	fmt.Fprintf(p.Screen(), "\nwrote %s\n", r.File)
	for _, path := range r.Secrets {
		fmt.Fprintf(p.Screen(), "wrote %s, which only you can read\n", path)
	}
	for _, topic := range r.Topics {
		fmt.Fprintf(p.Screen(), "created topic %s\n", topic)
	}
	for _, subject := range r.Schemas {
		fmt.Fprintf(p.Screen(), "registered the schema of %s\n", subject)
	}
	again := with(p, "check", r) + " --live"
	if len(r.Profiles) > 0 {
		again += " --profile " + shellWord(strings.Join(r.Profiles, ","))
	}
	fmt.Fprintf(p.Screen(), "\nSee again whether everything is in place:\n  %s\n\nRun it:\n  %s\n", again, runCommand(p, r))
}

// shellWord quotes a word for a shell.
func shellWord(word string) string {
	if strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-,:=+@") == "" && word != "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
