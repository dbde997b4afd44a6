package cli

import (
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// RangeFlags say which part of a topic to read.
type RangeFlags struct {
	From, To   string
	Partitions []int32
	InOrder    bool
}

// Register adds the flags.
func (f *RangeFlags) Register(flags *pflag.FlagSet) {
	flags.StringVar(&f.From, "from", "", "begin with the first record at or after this: "+history.PositionForms+" (default the oldest)")
	flags.StringVar(&f.To, "to", "", "end before this, in the same forms (default the end of the topic as it is now)")
	flags.Int32SliceVar(&f.Partitions, "partition", nil, "partitions to read (default all)")
	flags.BoolVar(&f.InOrder, "in-order", false, "assume that record times rise within each partition, and stop at the first one beyond --to")
}

// Resolve returns what the flags name.
func (f *RangeFlags) Resolve(topic string, now time.Time) (r history.Range, err error) {
	r = history.Range{Topic: topic, Partitions: f.Partitions, InOrder: f.InOrder}
	if r.From, err = history.ParsePosition(f.From, now); err != nil {
		return r, Usagef("--from: %w", err)
	}
	if r.To, err = history.ParsePosition(f.To, now); err != nil {
		return r, Usagef("--to: %w", err)
	}
	return r, nil
}

// ResolveAll returns what the flags name in each of several topics. Partitions are of one topic.
func (f *RangeFlags) ResolveAll(topics []string, now time.Time) ([]history.Range, error) {
	if len(topics) == 0 {
		return nil, setting.Topic.Mistakef("it has no name")
	}
	if len(topics) > 1 && len(f.Partitions) > 0 {
		return nil, Usagef("--partition: several topics are given (%s), and each has partitions of these numbers; want one of them in %s",
			strings.Join(topics, ", "), setting.Topic)
	}
	var ranges []history.Range
	for _, topic := range topics {
		r, err := f.Resolve(topic, now)
		if err != nil {
			return nil, err
		}
		ranges = append(ranges, r)
	}
	return ranges, nil
}

// ChoiceFlags choose among events by their fields.
type ChoiceFlags struct{ history.Choice }

// Register adds the flags.
func (f *ChoiceFlags) Register(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.Profiles, "profile", nil, "only events of these profiles")
	flags.StringSliceVar(&f.Names, "event-name", nil, "only events of these names; case, spaces, _ and - are ignored")
	flags.StringSliceVar(&f.EventIDs, "event-id", nil, "only events of these ids")
}
