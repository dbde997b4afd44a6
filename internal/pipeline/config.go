package pipeline

import (
	"context"
	"os"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/web"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/guard"
	"github.com/tracklayer/amazon-capi/transform"
)

// Config is the configuration of a pipeline. Zero values of optional settings mean the
// defaults of their stage.
type Config struct {
	Kafka    kafka.Settings
	Registry registry.Options

	Topics          []string // each once
	Group           string
	GroupProtocol   consumer.Protocol
	InstanceID      string // optional
	Start           consumer.Start
	DeadLetterTopic string
	// ReceiptsTopic takes a receipt per batch; empty for no receipts.
	ReceiptsTopic string
	// ErasureTopic is the list of events that must not be sent again; empty for none.
	ErasureTopic string
	// CreateTopics creates missing topics, the source with Partitions (12 by default).
	CreateTopics bool
	Partitions   int32

	// Contract names the contract, such as "off-amazon-2023-11-13".
	Contract string
	// ContractOptions are the settings of contracts.
	ContractOptions amazon.ContractOptions

	// AmazonURL is where requests go, whatever their region; empty for the regions' own hosts.
	AmazonURL string
	// Region takes events of countries for which the contract has no region.
	Region   amazon.Region
	TokenURL string
	// AccountsFile names the accounts and their profiles; it replaces the single account
	// that follows. It is reread when it changes, and at once on Reload.
	AccountsFile string
	Reload       <-chan os.Signal
	ClientID     string
	ClientSecret string
	RefreshToken string
	ManagerID    string // of a manager account; optional
	APIToken     string // replaces the three above
	DataSetID    string // that the API token is for
	DataSet      string // its name, where there is no API token; optional
	// ReadAPIToken rereads the account's API token; nil unless it is in a file.
	ReadAPIToken func() (string, error)

	BatchEvents     int
	BatchBytes      int
	Linger          time.Duration
	LaneConcurrency int
	MaxAttempts     int
	OnExhausted     sink.ExhaustedPolicy
	RequestTimeout  time.Duration
	Gzip            bool
	AuthHold        time.Duration
	BackoffMin      time.Duration
	BackoffMax      time.Duration

	// Guard says when dead letters are a storm that stops a profile; the zero value turns it
	// off. ResumeFile names what is to go on when it changes, and Resume makes everything go on.
	Guard      guard.Settings
	ResumeFile string
	Resume     <-chan os.Signal

	MaxInFlightEvents int
	MaxInFlightBytes  int64
	MaxParkedEvents   int
	FetchMaxBytes     int32
	Workers           int
	CommitInterval    time.Duration
	Drain             time.Duration
	SessionTimeout    time.Duration
	RebalanceTimeout  time.Duration

	// Mapping is the event table; nil for the embedded one.
	Mapping       *transform.Mapping
	Identifiers   transform.IdentifierRules
	ConsentDenied transform.ConsentPolicy
	ProfileIDs    transform.ProfileIDs

	// Job bounds what is delivered, and ends Run when it is done; nil for a pipeline
	// without an end.
	Job *consumer.Job
	// Restore, if set, returns the record that is delivered instead of the one that was
	// read; see handler.Options.
	Restore func(context.Context, *kgo.Record) (*kgo.Record, error)

	// Dial opens all connections; nil for the operating system's.
	Dial web.Dial

	// Version is the program's, for its metrics.
	Version string
	// Listen is where metrics and health are served; empty to serve none.
	Listen string
	// Profile also serves Go's profiles there.
	Profile bool
}

// CheckTopics refuses topics that would feed on themselves.
func (c *Config) CheckTopics() error {
	if c.DeadLetterTopic != "" && slices.Contains(c.Topics, c.DeadLetterTopic) {
		return setting.DeadLetterTopic.Mistakef("%q is the topic that is read; dead letters would come back forever", c.DeadLetterTopic)
	}
	if c.ReceiptsTopic != "" && (slices.Contains(c.Topics, c.ReceiptsTopic) || c.ReceiptsTopic == c.DeadLetterTopic) {
		return setting.ReceiptsTopic.Mistakef("%q has another use; want a topic of its own, or none", c.ReceiptsTopic)
	}
	if t := c.ErasureTopic; t != "" && (slices.Contains(c.Topics, t) || t == c.DeadLetterTopic || t == c.ReceiptsTopic) {
		return setting.ErasureTopic.Mistakef("%q has another use; want a topic of its own, or none", t)
	}
	return nil
}
