package config

import (
	"io"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// EventIDs says how event ids are shown. All commands agree, because event ids join logs,
// receipts, dead letters and tables.
type EventIDs struct {
	mode string
	key  Secret
}

// Register adds the flags.
func (f *EventIDs) Register(flags *pflag.FlagSet) {
	flags.StringVar(&f.mode, "event-ids", "mask", "how event ids are shown: mask what could name a person in them, or hash, a pseudonym of each")
	f.key.Register(flags, "event-ids-key", "key of the pseudonyms and tags of event ids, the same for all processes")
}

// Apply makes the whole process show event ids that way.
func (f *EventIDs) Apply(warn io.Writer) error {
	mode, err := redact.ParseIDMode(f.mode)
	if err != nil {
		return setting.Key("event-ids").Mistakef("%w", err)
	}
	key, err := f.key.Read(warn)
	if err != nil {
		return err
	}
	redact.SetEventIDs(mode, []byte(key))
	return nil
}
