//go:build ignore

package main

import (
	"io"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// eventIDFlags say how event ids are shown, by every command alike: they are how
// logs, receipts, dead letters and tables are joined.
type eventIDFlags struct {
	mode string
	key  secret
}

func (f *eventIDFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.mode, "event-ids", "mask", "how event ids are shown: mask what could name a person in them, or hash, a pseudonym of each")
	secretFlag(flags, &f.key, "event-ids-key", "key of the pseudonyms and tags of event ids, the same for all processes")
}

func (f *eventIDFlags) apply(warn io.Writer) error {
	mode, err := redact.ParseIDMode(f.mode)
	if err != nil {
		return usagef("--event-ids: %w", err)
	}
	key, err := f.key.read("event-ids-key", warn)
	if err != nil {
		return err
	}
	redact.SetEventIDs(mode, []byte(key))
	return nil
}
