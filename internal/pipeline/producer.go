package pipeline

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kprom"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/wait"
)

const (
	askTimeout  = 10 * time.Second
	createAgain = 5 * time.Second
)

// The largest batches to produce. A dead letter is as large as its original; a receipt is
// never near a megabyte, and a batch of receipts should not be either.
const (
	maxLetterBatch  = 1 << 30
	maxReceiptBatch = 1_000_000
)

// producer returns a writer to a topic, in batches that it accepts.
//
// The client refuses what is larger than its own batch limit before any broker is asked.
// That limit must equal the topic's: if it were smaller, a large event's dead letter
// would lose its value needlessly, and if it were larger, the brokers would refuse the
// batch. So each topic has a writer of its own.
func (p *Pipeline) producer(ctx context.Context, role, topic string, most int) (*kafka.Writer, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return kafka.NewWriter(ctx, topic, most, append([]kgo.Opt{
		kgo.WithHooks(&lastingMetrics{Metrics: p.clientMetrics(role)}),
		kgo.ProducerLinger(2 * time.Millisecond),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)),
	}, p.kafkaOpts...)...)
}

// lastingMetrics are those of a writer, which outlive each of its clients: registering
// them twice would panic.
type lastingMetrics struct {
	*kprom.Metrics
	once sync.Once
}

// OnNewClient registers the metrics with the first client.
func (m *lastingMetrics) OnNewClient(c *kgo.Client) {
	m.once.Do(func() { m.Metrics.OnNewClient(c) })
}

// OnClientClosed leaves the metrics registered.
func (m *lastingMetrics) OnClientClosed(*kgo.Client) {}

// groupTimeout is short: the warning of tellNewGroup is not worth waiting for.
const groupTimeout = 3 * time.Second

// tellNewGroup warns about a group that is new to a topic which others have read: a
// misspelt --group joins nobody and delivers the whole topic again.
func (p *Pipeline) tellNewGroup(ctx context.Context) {
	if p.config.Job != nil {
		return // its group is its own
	}
	asker, err := kgo.NewClient(p.kafkaOpts...)
	if err != nil {
		return // the consumer's client fails with the same
	}
	defer asker.Close()
	ctx, cancel := context.WithTimeout(ctx, groupTimeout)
	defer cancel()
	for _, topic := range p.config.Topics {
		others, known, err := kafka.Readers(ctx, kadm.NewClient(asker), topic, p.config.Group)
		if err != nil || known || len(others) == 0 {
			continue
		}
		p.log.Warn().Str("group", p.config.Group).Str("topic", topic).Str("others", kafka.Named(others)).
			Msg(fmt.Sprintf("this group has committed nothing of the topic yet, and begins where %s says; check %s if one of the others is meant", setting.Start, setting.Group))
	}
}

// ensureTopics creates missing topics, if configured. It retries until they exist, and
// returns false if ctx ended first. Brokers that are unavailable at the start are no
// reason to crash: everything else waits for them, too.
func (p *Pipeline) ensureTopics(ctx context.Context) bool {
	if !p.config.CreateTopics {
		return true
	}
	asker, err := kgo.NewClient(p.kafkaOpts...)
	if err != nil {
		return true // the producers' clients fail with the same
	}
	defer asker.Close()
	partitions := p.config.Partitions
	if partitions <= 0 {
		partitions = 12
	}
	cond := p.conditions.Condition("topics")
	for {
		askCtx, cancel := context.WithTimeout(ctx, askTimeout)
		created, err := kafka.EnsureTopics(askCtx, asker, p.config.Topics, partitions, p.config.DeadLetterTopic, p.config.ReceiptsTopic)
		cancel()
		if len(created) > 0 {
			p.log.Info().Strs("topics", created).Msg("topics created")
		}
		if err == nil {
			cond.OK()
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		cond.Fail(err.Error())
		if !wait.For(ctx, createAgain) {
			return false
		}
	}
}
