package config

import (
	"io"
	"runtime/debug"
	"time"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink"
)

// The default names.
const (
	DefaultTopic         = "tracklayer.events"
	DefaultLettersTopic  = DefaultTopic + ".dlq"
	DefaultReceiptsTopic = DefaultTopic + ".receipts"
	DefaultErasureTopic  = DefaultTopic + ".erased"
	DefaultGroup         = "amazon-capi"
)

// Delivery are the settings of every command that delivers to Amazon: run, and the tools
// that send again what was published before. Settings that differ between them, such as
// the group, are not included.
type Delivery struct {
	registry  Registry
	Transform Transform
	Contract  Contract
	Account   Account
	batch     Batch

	exhausted     string
	inFlightBytes Size
	// Config has what no other group of settings provides.
	Config pipeline.Config
}

// Register adds the flags.
func (f *Delivery) Register(flags *pflag.FlagSet) {
	f.registry.RegisterReading(flags)
	f.Transform.Register(flags)
	f.Contract.Register(flags)
	f.Account.Register(flags)
	flags.StringVar(&f.Config.AccountsFile, "accounts", "", "YAML file with several Login with Amazon accounts and their profiles, in place of the flags of a single one; read again on SIGHUP and when it changes")
	f.batch.Register(flags)
	c := &f.Config
	flags.StringVar(&c.ReceiptsTopic, "receipts-topic", DefaultReceiptsTopic, "topic for receipts, which say what happened to each event; empty for none")
	registerErasures(flags, &c.ErasureTopic)
	flags.IntVar(&c.LaneConcurrency, "lane-concurrency", 8, "requests of one profile in flight, at most; it begins with one, grows while Amazon answers well and is halved when it does not")
	flags.IntVar(&c.MaxAttempts, "max-attempts", 5, "failures in a row before a profile rests and is then tried with one request at a time")
	flags.StringVar(&f.exhausted, "on-exhausted", "hold", "events whose attempts are used up by timeouts, 429 or 5xx: hold them until it is over, or dead-letter them")
	flags.DurationVar(&c.RequestTimeout, "request-timeout", 30*time.Second, "how long to wait for Amazon's answer")
	flags.BoolVar(&c.Gzip, "gzip", false, "compress requests, to about a fifth for a quarter more processor time, until Amazon answers 415: it does not say that it takes them")
	flags.DurationVar(&c.AuthHold, "auth-hold", 2*time.Minute, "how long a profile has to be answered only 401 or 403 before its events are dead-lettered, or held by --dead-letter-guard if that is on")

	f.inFlightBytes = inFlightWithin(debug.SetMemoryLimit(-1)) // which asks, and changes nothing
	flags.IntVar(&c.MaxInFlightEvents, "max-in-flight-events", 30_000, "events taken and without a verdict, at most; taking pauses beyond")
	flags.Var(&f.inFlightBytes, "max-in-flight-bytes", "bytes of the records in flight, at most; by default less where GOMEMLIMIT is below 512MiB")
	flags.IntVar(&c.MaxParkedEvents, "max-parked-events", 500_000, "events put off because their profile cannot be sent while others can, at most: known by their place and read from Kafka again; 0 for none")
}

// Decoder returns the decoder of events, and a function to close it.
func (f *Delivery) Decoder(settings kafka.Settings, warn io.Writer) (*schemas.Decoder, func(), error) {
	return NewDecoder(&f.registry, &f.Transform, settings, warn)
}

// NewDecoder returns what reads events with the registry and the mapping, and what closes it.
func NewDecoder(reg *Registry, by *Transform, settings kafka.Settings, warn io.Writer) (*schemas.Decoder, func(), error) {
	options, err := reg.Resolve(settings, warn)
	if err != nil {
		return nil, nil, err
	}
	aliases, err := by.Aliases()
	if err != nil {
		return nil, nil, err
	}
	r, err := registry.New(options)
	if err != nil {
		return nil, nil, setting.Registry.Wrap(err)
	}
	return schemas.NewDecoder(r, schemas.WithFramings(r.Framings()), schemas.WithAliases(aliases)), r.Close, nil
}

// registerErasures adds the flag for the list of erased events that a command obeys.
func registerErasures(flags *pflag.FlagSet, topic *string) {
	flags.StringVar(topic, string(setting.ErasureTopic), DefaultErasureTopic, "topic with the list of erased events, which are not sent again; one that is missing has none, and nothing is sent while it cannot be read; empty for no list")
}

// RegisterErasuresRead adds the flag for that list to a command that sends nothing and says
// which events are on it.
func RegisterErasuresRead(flags *pflag.FlagSet, topic *string) {
	flags.StringVar(topic, string(setting.ErasureTopic), DefaultErasureTopic, "topic with the list of erased events; empty for no list")
}

// inFlightWithin returns the default of --max-in-flight-bytes under a memory limit
// (GOMEMLIMIT): an eighth of it. A record's bytes stand for up to four times as many,
// with the decoded event, the encoded one and the receipt; the collector needs the same
// again; and a limit under constant pressure costs more than a smaller window.
func inFlightWithin(limit int64) Size {
	const most, least = 64 << 20, 1 << 20
	return Size(max(min(limit/8, most), least) &^ (1<<10 - 1))
}

// Resolve turns the flags into a configuration without the settings that differ; only
// commands that send need an account. Its errors are usage errors, reported together.
func (f *Delivery) Resolve(settings kafka.Settings, sends bool, warn io.Writer) (pipeline.Config, error) {
	var wrong Mistakes
	var err error
	c := f.Config
	c.Kafka = settings
	c.Registry, err = f.registry.Resolve(settings, warn)
	wrong.Note(err)
	c.TokenURL = f.Account.TokenURL
	switch {
	case c.AccountsFile != "":
		wrong.Note(f.Account.Besides())
	case sends:
		account, err := f.Account.Resolve(f.Contract.Name, warn)
		wrong.Note(err)
		c.ClientID, c.ClientSecret, c.RefreshToken = account.ClientID, account.ClientSecret, account.RefreshToken
		c.ManagerID, c.APIToken, c.DataSetID, c.DataSet = account.ManagerID, account.APIToken, account.DataSetID, account.Defaults.DataSet
		c.ReadAPIToken = f.Account.APITokenReader()
	default: // no secret is needed, but the data set is part of each event
		account, err := f.Account.Sketch(f.Contract.Name)
		wrong.Note(err)
		c.DataSetID, c.DataSet = account.DataSetID, account.Defaults.DataSet
	}
	contract, err := f.Contract.Resolve()
	wrong.Note(err)
	if contract != nil {
		wrong.Note(f.batch.Check(contract.Limits()))
	}
	c.Contract, c.ContractOptions, c.AmazonURL, c.Region = f.Contract.Name, f.Contract.Options, f.Contract.URL, f.Contract.Region
	c.BatchEvents, c.BatchBytes, c.Linger = f.batch.Events, int(f.batch.Bytes), f.batch.Linger
	mapped, err := f.Transform.Resolve()
	wrong.Note(err)
	c.Mapping, c.Identifiers, c.ConsentDenied, c.ProfileIDs = mapped.Mapping, mapped.Identifiers, mapped.ConsentDenied, mapped.ProfileIDs
	c.OnExhausted, err = sink.ParseExhaustedPolicy(f.exhausted)
	wrong.Note(setting.Key("on-exhausted").Wrap(err))
	c.MaxInFlightBytes = int64(f.inFlightBytes)
	wrong.Note(
		InRange("lane-concurrency", int64(c.LaneConcurrency), 1, 1000),
		InRange("max-attempts", int64(c.MaxAttempts), 1, 1000),
		InRange("max-in-flight-events", int64(c.MaxInFlightEvents), 1, 1e9),
		InRange("max-in-flight-bytes", c.MaxInFlightBytes, 1<<20, 1<<40),
		InRange("max-parked-events", int64(c.MaxParkedEvents), 0, 1e9),
	)
	wrong.Note(
		AtLeast("request-timeout", c.RequestTimeout, 100*time.Millisecond),
		AtLeast("auth-hold", c.AuthHold, 0),
	)
	NoneForZero(&c.Linger, &c.AuthHold)
	return c, wrong.All()
}
