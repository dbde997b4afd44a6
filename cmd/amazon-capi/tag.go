package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/redact"
)

const tagLong = `Print how logs, /status, metrics, receipts and dead letters show ids, one per line.
They show a profile as [profile] with a tag until it is configured or Amazon has
accepted an event of it, and mask event ids that look like an identifier; the output
shows which of your ids such a tag stands for. Use the same --event-ids and
--event-ids-key-file as run.`

func newTagCommand(p *cli.Process) *cobra.Command {
	return &cobra.Command{
		Use:   "tag ID...",
		Short: "Print how a profile id or an event id is shown where it is masked",
		Long:  tagLong,
		Example: `  amazon-capi tag 1234567890
  amazon-capi tag aebe52e7-03ee-455a-b3c4-e57283966239 --event-ids hash --event-ids-key-file /run/secrets/event-id-key`,
		RunE: func(_ *cobra.Command, ids []string) error {
			if len(ids) == 0 {
				return cli.Usagef("no id is given: want tag ID, such as tag 1234567890")
			}
			rows := make([][]string, len(ids))
			for i, id := range ids {
				// The id is not repeated: output is kept where ids must not be.
				rows[i] = []string{fmt.Sprint(i + 1), redact.Profile(id, false), redact.EventID(id)}
			}
			report.Table(p.Screen(), []string{"#", "as a profile", "as an event id"}, rows, nil, 0)
			return nil
		},
	}
}
