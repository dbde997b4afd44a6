package main

import (
	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/cmd/amazon-capi/lab"
	"github.com/tracklayer/amazon-capi/cmd/amazon-capi/setup"
	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/cli/complete"
	"github.com/tracklayer/amazon-capi/internal/config"
)

const rootLong = `amazon-capi carries a company's conversions from Kafka to Amazon Ads.

It reads Avro TrackLayer events as a member of a consumer group, maps them to
Amazon's off-Amazon events, sends them in batches per profile, and commits an
offset only when its event was accepted, dead-lettered or filtered.

Every flag can also be given in the environment, as AMAZON_CAPI_ and its name in
capitals with _ for -, and in a YAML file named by --config, under its own name.
A flag wins over the environment, the environment over the file.`

func newRoot(p *cli.Process) *cobra.Command {
	root := &cobra.Command{
		Use:   "amazon-capi",
		Short: "Carry conversions from Kafka to Amazon Ads",
		Long:  rootLong,
		Example: `  amazon-capi demo
  amazon-capi run --brokers kafka:9092 --registry http://registry:8081 --client-id amzn1.application-oa2-client.x \
      --client-secret-file /run/secrets/client-secret --refresh-token-file /run/secrets/refresh-token`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version(),
		Args:          cli.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cli.UseHelp(root, p)
	root.SetVersionTemplate("amazon-capi {{.Version}}\n")
	root.SetFlagErrorFunc(cli.FlagMistake)
	root.PersistentFlags().String("config", "", "YAML file with values for any of the flags, under their names")
	var ids config.EventIDs
	ids.Register(root.PersistentFlags())
	p.Looks.Register(root.PersistentFlags())

	root.AddCommand(
		newRunCommand(p),
		newInitCommand(p),
		lab.NewDemo(p),
		lab.NewSandbox(p),
		lab.NewPublish(p),
		newAuditCommand(p),
		newCheckCommand(p),
		newDLQCommand(p),
		newReplayCommand(p),
		newReconcileCommand(p),
		newEraseCommand(p),
		newFindCommand(p),
		newExplainCommand(p),
		setup.NewAccounts(p),
		newTagCommand(p),
		newSendCommand(p),
		setup.NewSchemas(p),
		lab.NewBench(p),
		newHealthcheckCommand(p),
		complete.NewCommand(p),
		cli.NewVersion(p, version()),
	)
	complete.ForFlags(root, p)
	// A command's flags are looked up in environment and file before it runs, whichever command it
	// is.
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := config.Apply(cmd.Flags(), p.Environ, cli.AllFlags(root), p.Stderr); err != nil {
			return err
		}
		return ids.Apply(p.Stderr)
	}
	return root
}
