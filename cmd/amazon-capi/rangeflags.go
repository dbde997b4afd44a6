package main

import (
	"time"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/operate/history"
)

// rangeFlags say which part of a topic to read.
type rangeFlags struct {
	from, to   string
	partitions []int32
	inOrder    bool
}

func (f *rangeFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.from, "from", "", "begin with the first record at or after this: "+history.PositionForms+" (default the oldest)")
	flags.StringVar(&f.to, "to", "", "end before this, in the same forms (default the end of the topic as it is now)")
	flags.Int32SliceVar(&f.partitions, "partition", nil, "partitions to read (default all)")
	flags.BoolVar(&f.inOrder, "in-order", false, "assume that record times rise within each partition, and stop at the first one beyond --to")
}

func (f *rangeFlags) resolve(topic string, now time.Time) (r history.Range, err error) {
	r = history.Range{Topic: topic, Partitions: f.partitions, InOrder: f.inOrder}
	if r.From, err = history.ParsePosition(f.from, now); err != nil {
		return r, usagef("--from: %w", err)
	}
	if r.To, err = history.ParsePosition(f.to, now); err != nil {
		return r, usagef("--to: %w", err)
	}
	return r, nil
}

// choiceFlags choose among events by their fields.
type choiceFlags struct{ history.Choice }

func (f *choiceFlags) register(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.Profiles, "profile", nil, "only events of these profiles")
	flags.StringSliceVar(&f.Names, "event-name", nil, "only events of these names; case, spaces, _ and - are ignored")
	flags.StringSliceVar(&f.EventIDs, "event-id", nil, "only events of these ids")
}
