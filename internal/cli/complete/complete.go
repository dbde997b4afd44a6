package complete

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/dlq"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// completionTime is how long values from the brokers are waited for: nobody waits longer for a
// key.
const completionTime = 900 * time.Millisecond

// NewCommand returns the command that prints the completion script of a shell.
func NewCommand(p *cli.Process) *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print the completion script of bash, zsh or fish",
		Long: `Print a script that completes commands, flags and values: topics, groups, profiles, codes,
classes and statuses. Topics, groups and what letters have are asked of the brokers, and are
left out if they have not answered within a second.`,
		Example: `  amazon-capi completion bash > /etc/bash_completion.d/amazon-capi
  amazon-capi completion zsh > "${fpath[1]}/_amazon-capi"
  amazon-capi completion fish > ~/.config/fish/completions/amazon-capi.fish`,
		ValidArgs: []string{"bash", "zsh", "fish"},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains([]string{"bash", "zsh", "fish"}, args[0]) {
				return cli.Usagef("completion takes one argument: want bash, zsh or fish")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch root := cmd.Root(); args[0] {
			case "bash":
				return root.GenBashCompletionV2(p.Stdout, true)
			case "zsh":
				return root.GenZshCompletion(p.Stdout)
			default:
				return root.GenFishCompletion(p.Stdout, true)
			}
		},
	}
}

// Choices are the values that a flag can have, nil if they are not few or not known here.
func Choices(name string) []string {
	switch name {
	case "class":
		return dlq.Classes()
	case "code":
		var codes []string
		for _, c := range verdict.Codes() {
			codes = append(codes, c.Name)
		}
		return codes
	case "status":
		return []string{"400", "401", "403", "404", "409", "413", "422"}
	case "log-level":
		return []string{"trace", "debug", "info", "warn", "error", "disabled"}
	case "log-format":
		return []string{"json", "console"}
	case "region":
		return []string{"NA", "EU", "FE"}
	case "start":
		return []string{"earliest", "latest"}
	case "group-protocol":
		return []string{"classic", "consumer"}
	case "sasl-mechanism":
		return []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "AWS_MSK_IAM"}
	case "event-ids":
		return []string{"mask", "hash"}
	}
	return nil
}

// ForFlags completes the values of every command's flags.
func ForFlags(root *cobra.Command, p *cli.Process) {
	known := cli.AllFlags(root)
	root.CompletionOptions.DisableDefaultCmd = true
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			name := f.Name
			switch {
			case Choices(name) != nil, strings.HasSuffix(name, "topic"), strings.HasSuffix(name, "group"), name == "profile":
				_ = cmd.RegisterFlagCompletionFunc(name, func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
					return values(cmd, p, known, name, typed), cobra.ShellCompDirectiveNoFileComp
				})
			}
		})
		for _, c := range cmd.Commands() {
			walk(c)
		}
	}
	walk(root)
}

// values returns what a flag's value can be, after those of a list that are typed already.
func values(cmd *cobra.Command, p *cli.Process, known map[string]bool, name, typed string) (all []string) {
	before := ""
	if i := strings.LastIndexByte(typed, ','); i >= 0 {
		before = typed[:i+1]
	}
	found := Choices(name)
	if found == nil {
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
		defer cancel()
		answer := make(chan []string, 1)
		go func() {
			defer crash.Report()
			answer <- ask(ctx, cmd, p, known, name)
		}()
		select {
		case found = <-answer:
		case <-ctx.Done(): // a client may take longer to notice
		}
	}
	for _, v := range found {
		if strings.HasPrefix(before+v, typed) {
			all = append(all, before+v)
		}
	}
	return all
}

// ask asks the brokers for topics or groups, and the dead letters for profiles.
func ask(ctx context.Context, cmd *cobra.Command, p *cli.Process, known map[string]bool, name string) []string {
	settings, err := brokers(cmd, p, known)
	if err != nil {
		return nil
	}
	client, err := settings.Connect()
	if err != nil {
		return nil
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	if strings.HasSuffix(name, "topic") {
		topics, err := admin.ListTopics(ctx)
		if err != nil {
			return nil
		}
		return topics.Names()
	}
	if strings.HasSuffix(name, "group") {
		groups, err := admin.ListGroups(ctx)
		if err != nil {
			return nil
		}
		return groups.Groups()
	}
	letters := config.DefaultLettersTopic
	if f := cmd.Flags().Lookup(string(setting.DeadLetterTopic)); f != nil {
		letters = f.Value.String()
	}
	ctx, cancel := context.WithTimeout(ctx, completionTime-200*time.Millisecond)
	defer cancel()
	return dlq.Profiles(ctx, settings, letters)
}

// brokers returns how to reach the brokers, by what is typed, the environment and the file.
func brokers(cmd *cobra.Command, p *cli.Process, known map[string]bool) (s kafka.Settings, err error) {
	var k config.Kafka
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	k.Register(flags)
	flags.String(string(setting.Config), "", "")
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if flags.Lookup(f.Name) == nil || err != nil {
			return
		}
		value := strings.Trim(f.Value.String(), "[]")
		if secret, is := config.Revealed(f.Value); is {
			value = secret
		}
		err = flags.Set(f.Name, value)
	})
	if err == nil {
		err = config.Apply(flags, p.Environ, known, io.Discard)
	}
	if err != nil {
		return s, err
	}
	return k.Resolve(io.Discard)
}
