//go:build ignore

package main

import (
	"errors"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/sink"
)

// The names that the flags have unless they are told otherwise.
const (
	defaultTopic         = "tracklayer.events"
	defaultLettersTopic  = defaultTopic + ".dlq"
	defaultReceiptsTopic = defaultTopic + ".receipts"
	defaultGroup         = "amazon-capi"
)

// deliveryFlags are the settings of whatever delivers to Amazon: run, and the
// tools that send what was published before once more. What differs between them,
// such as the group, is not among them.
type deliveryFlags struct {
	registry  registryFlags
	transform transformFlags
	contract  contractFlags
	account   accountFlags
	batch     batchFlags

	exhausted     string
	inFlightBytes byteSize
	config        pipeline.Config
}

func (f *deliveryFlags) register(flags *pflag.FlagSet) {
	f.registry.register(flags)
	f.transform.register(flags)
	f.contract.register(flags)
	f.account.register(flags)
	flags.StringVar(&f.config.AccountsFile, "accounts", "", "YAML file with several Login with Amazon accounts and their profiles, in the place of --client-id, --client-secret and --refresh-token; read anew on SIGHUP and when it changes")
	f.batch.register(flags)
	c := &f.config
	flags.StringVar(&c.ReceiptsTopic, "receipts-topic", defaultReceiptsTopic, "topic for receipts, which say what became of each event; empty for none")
	flags.IntVar(&c.LaneConcurrency, "lane-concurrency", 8, "requests of one profile in flight, at most; it begins with one, grows while Amazon answers well and is halved when it does not")
	flags.IntVar(&c.MaxAttempts, "max-attempts", 5, "failures in a row before a profile rests and is then tried with one request at a time")
	flags.StringVar(&f.exhausted, "on-exhausted", "hold", "events whose attempts are used up by timeouts, 429 or 5xx: hold them until it is over, or dead-letter them")
	flags.DurationVar(&c.RequestTimeout, "request-timeout", 30*time.Second, "how long to wait for Amazon's answer")
	flags.BoolVar(&c.Gzip, "gzip", false, "compress requests, to about a fifth for a quarter more processor time, until Amazon answers 415: it does not say that it takes them")
	flags.DurationVar(&c.AuthHold, "auth-hold", 2*time.Minute, "how long a profile has to be answered nothing but 401 or 403 before its events are dead-lettered")

	f.inFlightBytes = inFlightWithin(debug.SetMemoryLimit(-1)) // which asks, and changes nothing
	flags.IntVar(&c.MaxInFlightEvents, "max-in-flight-events", 30_000, "events taken and without a verdict, at most; taking pauses beyond")
	flags.Var(&f.inFlightBytes, "max-in-flight-bytes", "their records' bytes, at most; by default less where GOMEMLIMIT is below 512MiB")
	flags.IntVar(&c.MaxParkedEvents, "max-parked-events", 500_000, "events put off because their profile cannot be sent while others can, at most: known by their place and read from Kafka again; 0 for none")
}

// inFlightWithin is the default of --max-in-flight-bytes under a limit of memory
// (GOMEMLIMIT): an eighth of it. A record's bytes stand for four times as many at
// the most, with what it is decoded into, its event as Amazon gets it and its
// receipt; the collector wants as much again; and a limit that has to be defended
// all the time costs more than a smaller window.
func inFlightWithin(limit int64) byteSize {
	const most, least = 64 << 20, 1 << 20
	return byteSize(max(min(limit/8, most), least) &^ (1<<10 - 1))
}

// collectOften has the garbage collector run earlier than Go's default of 100,
// unless GOGC says something else. Nearly all memory of a pipeline is lent out and
// comes back, so that little is garbage: with 35 the benchmark took a twentieth
// more processor time than with 45 and with 55, which were alike (2.49, 2.33 and
// 2.33 us an event), and 55 took a tenth more memory than 35. 50 was not measured
// apart from them, but beside another program.
func collectOften() {
	const percent = 50
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

// resolve turns the flags into a configuration that lacks what differs; an account
// is needed only by who sends. Its errors are usage errors, and come all of them.
func (f *deliveryFlags) resolve(settings kafka.Settings, sends bool, warn io.Writer) (pipeline.Config, error) {
	var wrong mistakes
	var err error
	c := f.config
	c.Kafka = settings
	c.Registry, err = f.registry.resolve(settings.TLS, warn)
	wrong.note(err)
	c.TokenURL = f.account.tokenURL
	switch {
	case c.AccountsFile != "":
		wrong.note(f.account.besides())
	case sends:
		account, err := f.account.resolve(warn)
		wrong.note(err)
		c.ClientID, c.ClientSecret, c.RefreshToken = account.ClientID, account.ClientSecret, account.RefreshToken
	}
	contract, err := f.contract.resolve()
	wrong.note(err)
	if contract != nil {
		wrong.note(f.batch.check(contract.Limits()))
	}
	c.Contract, c.ContractOptions, c.AmazonURL, c.Region = f.contract.name, f.contract.options, f.contract.url, f.contract.at
	c.BatchEvents, c.BatchBytes, c.Linger = f.batch.events, int(f.batch.bytes), f.batch.linger
	mapped, err := f.transform.resolve()
	wrong.note(err)
	c.Mapping, c.Identifiers, c.ConsentDenied, c.ProfileIDs = mapped.Mapping, mapped.Identifiers, mapped.ConsentDenied, mapped.ProfileIDs
	c.OnExhausted, err = sink.ParseExhaustedPolicy(f.exhausted)
	wrong.note(prefixed("--on-exhausted", err))
	c.MaxInFlightBytes = int64(f.inFlightBytes)
	for _, n := range []numberLimits{
		{"lane-concurrency", int64(c.LaneConcurrency), 1, 1000},
		{"max-attempts", int64(c.MaxAttempts), 1, 1000},
		{"max-in-flight-events", int64(c.MaxInFlightEvents), 1, 1e9},
		{"max-in-flight-bytes", c.MaxInFlightBytes, 1 << 20, 1 << 40},
		{"max-parked-events", int64(c.MaxParkedEvents), 0, 1e9},
	} {
		wrong.note(n.check())
	}
	for _, d := range []durationLimits{
		{"request-timeout", c.RequestTimeout, 100 * time.Millisecond},
		{"auth-hold", c.AuthHold, 0},
	} {
		wrong.note(d.check())
	}
	noneForZero(&c.Linger, &c.AuthHold)
	return c, wrong.all()
}

// mistakes are what is wrong with a configuration.
type mistakes []error

func (m *mistakes) note(err error) {
	if err != nil {
		*m = append(*m, err)
	}
}

func (m mistakes) all() error { return asUsage(errors.Join(m...)) }

// prefixed says which flag an error is about.
func prefixed(flag string, err error) error {
	if err == nil {
		return nil
	}
	return usagef("%s: %w", flag, err)
}

// noneForZero: for the stages zero means their default and less means none; a zero
// that was asked for means none.
func noneForZero(all ...*time.Duration) {
	for _, d := range all {
		if *d == 0 {
			*d = -1
		}
	}
}

// checkTopics refuses topics that would feed on themselves.
func checkTopics(c *pipeline.Config) error {
	if c.DeadLetterTopic == c.Topic && c.Topic != "" {
		return usagef("--dead-letter-topic: %q is the topic that is read; dead letters would come back for ever", c.Topic)
	}
	if c.ReceiptsTopic != "" && (c.ReceiptsTopic == c.Topic || c.ReceiptsTopic == c.DeadLetterTopic) {
		return usagef("--receipts-topic: %q has another use; want a topic of its own, or none", c.ReceiptsTopic)
	}
	return nil
}
