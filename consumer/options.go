package consumer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/tally"
	"github.com/tracklayer/amazon-capi/internal/health"
)

// Start says where a group without committed offsets begins.
type Start int

const (
	// StartEarliest begins at the oldest record: a new deployment delivers
	// what was published before it came up. The default.
	StartEarliest Start = iota
	// StartLatest begins at what is published from now on.
	StartLatest
)

// ParseStart reads a Start from a flag.
func ParseStart(s string) (Start, error) {
	switch s {
	case "earliest":
		return StartEarliest, nil
	case "latest":
		return StartLatest, nil
	}
	return 0, fmt.Errorf("start %q is unknown: want earliest or latest", s)
}

// Options configures a Consumer. Zero values of the optional fields mean the
// defaults named with them.
type Options struct {
	Topics []string // each once; one alone for a Job
	Group  string
	// Protocol is how the group assigns partitions. If the brokers do not offer the
	// consumer protocol, the member joins in the classic one.
	Protocol Protocol
	// InstanceID makes the membership static: a restart within the session timeout keeps
	// its partitions without a rebalance. Optional.
	InstanceID string
	Start      Start

	// MaxInFlightEvents and MaxInFlightBytes bound what is taken and has no verdict yet
	// (30,000 events, 64 MiB). Bytes are checked between polls, so that one poll may
	// exceed them by one answer of each broker.
	MaxInFlightEvents int
	MaxInFlightBytes  int64
	// MaxParkedEvents bounds the events that are put off because their profile's lane
	// cannot send them: only their positions are kept, and they are reread later. Other
	// profiles continue meanwhile; 0 means none.
	MaxParkedEvents int
	// ReadOpts are the client options for rereading them: brokers, TLS, SASL.
	ReadOpts []kgo.Opt
	// AskOpts are those of the client that asks where to begin and compares commits with
	// the log (default: those given to New). They are needed if those have hooks that
	// only one client may have.
	AskOpts []kgo.Opt
	// FetchMaxBytes bounds the answer of one broker to one fetch (256 KiB for each
	// worker, and for two at least, but a quarter of MaxInFlightBytes at most).
	FetchMaxBytes int32
	// Workers is how many partitions decode at the same time (GOMAXPROCS).
	Workers int
	// CommitInterval is how often offsets are committed (1s).
	CommitInterval time.Duration
	// Drain is how long stopping waits for verdicts (25s). A revoked partition
	// waits as long, but never longer than half of the rebalance timeout. Less
	// than zero means not at all.
	Drain time.Duration
	// HangAfter is how long a partition may stand still, without a known fault, before it
	// counts as hanging (5m). It must be longer than the Handler may take to deliver an
	// event or to report that it cannot.
	HangAfter        time.Duration
	SessionTimeout   time.Duration // 45s; of the classic protocol alone
	RebalanceTimeout time.Duration // 60s

	// BrokerSession asks for how long the brokers wait for a silent member of a group in
	// the consumer protocol. Without it that is Kafka's default of 45s.
	BrokerSession func(ctx context.Context, client *kgo.Client, group string) (time.Duration, error)

	// Job bounds what is taken and ends Run when it is done; nil for a Consumer
	// that goes on for ever.
	Job *Job

	// KeepsRecords says that the Handler keeps records beyond their Worker's Flush.
	// Their memory is not used again then.
	KeepsRecords bool
	Tally        *tally.Tally // NewTally
	// Configured reports whether the accounts name a profile; nil means none.
	Configured func(profile string) bool

	Log        zerolog.Logger
	Conditions *health.Conditions
	Registerer prometheus.Registerer // none
	Now        func() time.Time      // time.Now
}

func (o *Options) setDefaults() error {
	if len(o.Topics) == 0 || slices.Contains(o.Topics, "") || o.Group == "" {
		return errors.New("consumer: topic and group are required")
	}
	for i, topic := range o.Topics {
		if slices.Contains(o.Topics[:i], topic) {
			return fmt.Errorf("consumer: topic %q is named twice", topic)
		}
	}
	if o.Job != nil && len(o.Topics) > 1 {
		return fmt.Errorf("consumer: a job is about one topic, not %d", len(o.Topics))
	}
	if o.Job != nil && o.Job.Selection == nil {
		return errors.New("consumer: a job needs a selection")
	}
	o.MaxInFlightEvents = cmp.Or(max(o.MaxInFlightEvents, 0), 30_000)
	o.MaxInFlightBytes = cmp.Or(max(o.MaxInFlightBytes, 0), 64<<20)
	o.Workers = cmp.Or(max(o.Workers, 0), runtime.GOMAXPROCS(0))
	// Large enough that the next one is there before this one is used up; more
	// would be memory, and out of the processor's cache by the time it is read.
	o.FetchMaxBytes = cmp.Or(max(o.FetchMaxBytes, 0), int32(min(max(o.MaxInFlightBytes/4, 64<<10), int64(max(o.Workers, 2))*256<<10, 1<<30)))
	o.CommitInterval = cmp.Or(max(o.CommitInterval, 0), time.Second)
	o.Drain = max(cmp.Or(o.Drain, 25*time.Second), 0)
	o.HangAfter = cmp.Or(max(o.HangAfter, 0), 5*time.Minute)
	o.SessionTimeout = cmp.Or(max(o.SessionTimeout, 0), 45*time.Second)
	o.RebalanceTimeout = cmp.Or(max(o.RebalanceTimeout, 0), 60*time.Second)
	if o.Tally == nil {
		o.Tally = tally.New()
	}
	o.Tally.Configured = o.Configured
	if o.Conditions == nil {
		o.Conditions = health.NewConditions(zerolog.Nop(), nil)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return nil
}
