package sink

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/health"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/exchange"
	"github.com/tracklayer/amazon-capi/sink/guard"
	"github.com/tracklayer/amazon-capi/sink/login"
)

// Options are the settings of a Sink. Contract, Settle, DeadLetters, and Router or ClientID and
// Tokens are required; other fields have the default given with them.
type Options struct {
	// Contract is what letters and receipts name for records that have no route.
	Contract amazon.Contract
	// Router chooses routes. Without one, all events go by Contract to BaseURL, or by
	// country, as one client.
	Router   exchange.Router
	BaseURL  string // of the API, without the contract's path; the regions' own hosts
	ClientID string
	Tokens   login.Tokens

	HTTPClient     *http.Client  // NewClient; redirects are never followed
	RequestTimeout time.Duration // of one request, including its answer; 30s

	// Gzip compresses requests, until Amazon answers 415.
	Gzip bool

	BatchEvents int           // the contract's limit; 500
	BatchBytes  int           // of a request's body; the contract's limit
	Linger      time.Duration // how long a batch may wait for more events; 1s, negative means not at all

	// LaneConcurrency is how many requests of one profile may be in flight at once while
	// Amazon answers well; 8. A lane begins with one.
	LaneConcurrency int
	// MaxAttempts is the number of consecutive failures after which a lane reports its
	// trouble, rests for BackoffMax or longer, and then sends one probe at a time until one
	// is answered; 5.
	MaxAttempts int
	BackoffMin  time.Duration // 500ms
	BackoffMax  time.Duration // 30s
	// OnExhausted says what happens to events whose attempts are used up.
	OnExhausted ExhaustedPolicy
	// AuthHold is how long a refused profile is tried again before its events become dead
	// letters; 2m, negative means not at all.
	AuthHold time.Duration

	// Guard says when dead letters are a storm that stops a profile; zero for never.
	Guard guard.Settings

	// Configured reports whether the accounts name a profile. Those profiles and the ones
	// that Amazon has accepted have labels of their own; nil means none.
	Configured func(profile string) bool

	// WindowEvents and WindowBytes bound what is taken and has no verdict. Stuck lanes keep
	// a part of it between them; 30,000 and 64 MiB.
	WindowEvents int
	WindowBytes  int64
	// Charge is called with the bytes of the window that lanes take beside their events,
	// negative if they release some. It may be called with locks held, and must not call the
	// sink; nil if nobody counts.
	Charge func(bytes int64)
	// Parked reports whether there are events of a profile that its lane gave back. It may be
	// called at any time; nil means that there are until they come again.
	Parked func(profile string) bool

	// Erasures is the list of events that must not be sent. Those that are fed have been
	// looked up; they are looked up again if the list has grown when they would be sent.
	// nil means that there is no list.
	Erasures Erasures

	DeadLetters DeadLetterOptions
	Receipts    ReceiptOptions // optional

	// Settle takes final verdicts. It is called concurrently, also for one lane, and delays
	// the request that the verdicts belong to; the slice is valid only during the call.
	Settle func([]verdict.Verdict)

	Log        zerolog.Logger
	Conditions *health.Conditions    // reports lanes and the dead-letter topic; nil reports nothing
	Registerer prometheus.Registerer // nil means no metrics
	Now        func() time.Time      // time.Now
	Rand       func() float64        // in [0,1), for jitter; called concurrently; math/rand
}

// DeadLetterOptions configure dead letters.
type DeadLetterOptions struct {
	// Producer must wait for all replicas (kgo's default) and take records as
	// large as the source topic's.
	Producer kafka.Producer
	Topic    string
}

// ReceiptOptions configure receipts. Without a topic none are written, and verdicts are final
// without them.
type ReceiptOptions struct {
	// Producer must wait for all replicas (kgo's default). It should be a separate one with
	// a batch limit that the topic accepts.
	Producer kafka.Producer
	Topic    string
	// Prefix is what values begin with, and names the schema of receipts.
	Prefix []byte
	// MaxBytes bounds the value of one receipt; 900,000, which fits into the brokers' default
	// of a megabyte.
	MaxBytes int
}

func (o *ReceiptOptions) normalise() error {
	if o.Topic != "" && (o.Producer == nil || len(o.Prefix) == 0 || o.MaxBytes < 0) {
		return fmt.Errorf("receipts topic (%s): want a producer, the id of the receipts' schema and a size above 0 with it", setting.ReceiptsTopic)
	}
	o.MaxBytes = cmp.Or(o.MaxBytes, 900_000)
	return nil
}

func (o *Options) normalise() error {
	switch {
	case o.Contract == nil:
		return fmt.Errorf("contract (%s) is missing: want one of %s", setting.Contract, strings.Join(amazon.ContractNames(), ", "))
	case o.Settle == nil:
		return errors.New("nobody takes the verdicts: Settle is missing")
	case o.DeadLetters.Producer == nil || o.DeadLetters.Topic == "":
		return fmt.Errorf("dead-letter topic (%s) is missing: want a topic, since events that are refused have nowhere else to go", setting.DeadLetterTopic)
	}
	if err := o.Receipts.normalise(); err != nil {
		return err
	}
	limits := o.Contract.Limits()
	o.BatchEvents = cmp.Or(o.BatchEvents, limits.Events)
	o.BatchBytes = cmp.Or(o.BatchBytes, limits.Bytes)
	if o.BatchEvents < 1 || o.BatchEvents > limits.Events {
		return fmt.Errorf("batch events (%s) %d: want 1 to %d, which %s takes", setting.BatchEvents, o.BatchEvents, limits.Events, o.Contract.Name())
	}
	if o.BatchBytes < 1 || o.BatchBytes > limits.Bytes {
		return fmt.Errorf("batch bytes (%s) %d: want 1 to %d, which %s takes", setting.BatchBytes, o.BatchBytes, limits.Bytes, o.Contract.Name())
	}
	o.LaneConcurrency = cmp.Or(o.LaneConcurrency, 8)
	if o.LaneConcurrency < 1 {
		return fmt.Errorf("lane concurrency (%s) %d: want 1 or more", setting.LaneConcurrency, o.LaneConcurrency)
	}
	o.MaxAttempts = cmp.Or(o.MaxAttempts, 5)
	if o.MaxAttempts < 1 {
		return fmt.Errorf("attempts (%s) %d: want 1 or more", setting.MaxAttempts, o.MaxAttempts)
	}
	o.RequestTimeout = cmp.Or(o.RequestTimeout, 30*time.Second)
	o.Linger = cmp.Or(o.Linger, time.Second)
	o.BackoffMin = cmp.Or(o.BackoffMin, 500*time.Millisecond)
	o.BackoffMax = cmp.Or(o.BackoffMax, 30*time.Second)
	o.AuthHold = cmp.Or(o.AuthHold, 2*time.Minute)
	o.WindowEvents = cmp.Or(o.WindowEvents, 30_000)
	o.WindowBytes = cmp.Or(o.WindowBytes, 64<<20)
	o.Linger, o.AuthHold = max(o.Linger, 0), max(o.AuthHold, 0)
	if o.RequestTimeout < 0 || o.BackoffMin < 0 || o.BackoffMax < o.BackoffMin {
		return fmt.Errorf("request timeout %s, backoff %s to %s: want positive durations, the smaller backoff first", o.RequestTimeout, o.BackoffMin, o.BackoffMax)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Router == nil {
		routes, err := exchange.NewRoutes(exchange.RouteOptions{Contract: o.Contract, BaseURL: o.BaseURL, Principal: amazon.Principal{ClientID: o.ClientID}, Tokens: o.Tokens})
		if err != nil {
			return err
		}
		o.Router = routes
	}
	return nil
}
