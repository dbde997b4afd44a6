package proof

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/tracklayer/amazon-capi/internal/crash"
	"github.com/tracklayer/amazon-capi/internal/wait"
)

const (
	// Timeout bounds the first round of requests to the brokers.
	Timeout = 3 * time.Second
	// MaxTimeout bounds later ones: a large batch may take longer than Timeout on a slow
	// line, and if it were never waited for, it would hold its partition forever.
	MaxTimeout = 15 * time.Second
	// again spaces the attempts for a caller that waits for an answer.
	again = time.Second
	// proveAtOnce bounds the partitions whose records are requested at the same time:
	// each answer is a whole batch.
	proveAtOnce = 16
	// maxBatches bounds the batches that are read for one record. One is enough, except
	// in a compacted log.
	maxBatches = 8
)

// Prover compares claims with the log. It uses a client of its own: the group's may be
// waiting for an answer to a fetch on the same connection.
type Prover struct {
	Client  *kgo.Client // with a bound on what batches unpack to
	Topic   string
	Timeout time.Duration // of one round
}

// Prove returns what of the claims holds, for the partitions for which the brokers
// answered. The error says why others are missing.
func (p *Prover) Prove(ctx context.Context, claims []ledger.Claim) (found map[int32]ledger.Finding, err error) {
	found = make(map[int32]ledger.Finding, len(claims))
	if len(claims) == 0 {
		return found, nil
	}
	ctx, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	l, err := p.look(ctx)
	if err != nil {
		return found, err
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	places := make(chan struct{}, proveAtOnce)
	for _, c := range claims {
		wg.Go(func() {
			defer crash.Report()
			places <- struct{}{}
			defer func() { <-places }()
			f, e := p.try(ctx, l, c)
			mu.Lock()
			defer mu.Unlock()
			if e == nil {
				found[c.Partition] = f
			} else if err == nil {
				err = fmt.Errorf("partition %d: %w", c.Partition, e)
			}
		})
	}
	wg.Wait()
	return found, err
}

// patient repeats prove until all claims are compared, or ctx ends.
func (p *Prover) patient(ctx context.Context, claims []ledger.Claim) (map[int32]ledger.Finding, error) {
	all := make(map[int32]ledger.Finding, len(claims))
	for {
		found, err := p.Prove(ctx, claims)
		maps.Copy(all, found)
		claims = slices.DeleteFunc(claims, func(c ledger.Claim) bool { _, ok := all[c.Partition]; return ok })
		var refused *kerr.Error
		if len(claims) == 0 || errors.As(err, &refused) && (!refused.Retriable || refused == kerr.UnknownTopicOrPartition) {
			return all, err
		}
		if !wait.For(ctx, again) {
			return all, err
		}
		p.Timeout = min(2*p.Timeout, MaxTimeout)
	}
}

// layout is what the brokers say about the topic.
type layout struct {
	detail       kadm.TopicDetail
	log          ledger.LogID
	starts, ends kadm.ListedOffsets
}

func (p *Prover) look(ctx context.Context) (l layout, err error) {
	admin := kadm.NewClient(p.Client)
	md, err := admin.Metadata(ctx, p.Topic)
	if err != nil {
		return l, err
	}
	l.detail = md.Topics[p.Topic]
	if l.detail.Err != nil {
		return l, l.detail.Err
	}
	l.log = ledger.NewLogID(md.Cluster, p.Topic, l.detail.ID)
	// Not the whole time: a silent broker must leave some for the answers of the others.
	// Its partitions are then missing from the result.
	ctx, cancel := context.WithTimeout(ctx, p.Timeout*2/3)
	defer cancel()
	var wg sync.WaitGroup
	var startsErr, endsErr error
	wg.Go(func() {
		defer crash.Report()
		l.starts, startsErr = admin.ListStartOffsets(ctx, p.Topic)
	})
	wg.Go(func() {
		defer crash.Report()
		l.ends, endsErr = admin.ListEndOffsets(ctx, p.Topic)
	})
	wg.Wait()
	if len(l.starts) == 0 || len(l.ends) == 0 {
		return l, errors.Join(startsErr, endsErr)
	}
	return l, nil
}

var errSilent = errors.New("its leader does not answer")

func listed(offsets kadm.ListedOffsets, topic string, partition int32) (int64, error) {
	o, ok := offsets.Lookup(topic, partition)
	switch {
	case !ok:
		return 0, errSilent
	case o.Err != nil:
		return 0, o.Err
	}
	return o.Offset, nil
}

func (p *Prover) try(ctx context.Context, l layout, c ledger.Claim) (f ledger.Finding, err error) {
	start, err := listed(l.starts, p.Topic, c.Partition)
	if err != nil {
		return f, err
	}
	end, err := listed(l.ends, p.Topic, c.Partition)
	if err != nil {
		return f, err
	}
	t := ledger.NewTrial(c, l.log, start, end)
	for {
		offset, ok := t.Next()
		if !ok {
			return t.Finding(), nil
		}
		print, found, err := p.record(ctx, l.detail, c.Partition, offset)
		if err != nil {
			return f, err
		}
		t.Saw(print, found)
	}
}

// record returns the fingerprint of the record at an offset; found is false if compaction
// has removed it. It also reads markers and uncommitted records: a marker may be the last
// thing taken, and an aborted record in place of one that was taken is a different one.
func (p *Prover) record(ctx context.Context, detail kadm.TopicDetail, partition int32, offset int64) (print uint64, found bool, err error) {
	leader, ok := detail.Partitions[partition]
	if !ok || leader.Leader < 0 {
		return 0, false, kerr.LeaderNotAvailable
	}
	at := offset
	for range maxBatches {
		batch, next, err := p.fetch(ctx, leader.Leader, detail, partition, at)
		if err != nil {
			return 0, false, err
		}
		for _, r := range batch {
			switch {
			case r.Offset == offset:
				return ledger.Fingerprint(r), true, nil
			case r.Offset > offset:
				return 0, false, nil
			}
		}
		if next <= at {
			return 0, false, errSilent
		}
		if next > offset {
			return 0, false, nil
		}
		at = next
	}
	return 0, false, nil
}

// fetch reads the batch at an offset.
func (p *Prover) fetch(ctx context.Context, leader int32, detail kadm.TopicDetail, partition int32, offset int64) (records []*kgo.Record, next int64, err error) {
	req := kmsg.NewPtrFetchRequest()
	req.MaxWaitMillis, req.MinBytes, req.MaxBytes = 100, 1, 1 // the first batch arrives complete, however large
	req.SessionEpoch = -1                                     // no session
	t := kmsg.NewFetchRequestTopic()
	t.Topic, t.TopicID = p.Topic, detail.ID
	tp := kmsg.NewFetchRequestTopicPartition()
	tp.Partition, tp.FetchOffset, tp.PartitionMaxBytes, tp.CurrentLeaderEpoch = partition, offset, 1, -1
	t.Partitions = append(t.Partitions, tp)
	req.Topics = append(req.Topics, t)
	answer, err := p.Client.Broker(int(leader)).Request(ctx, req)
	if err != nil {
		return nil, 0, err
	}
	resp := answer.(*kmsg.FetchResponse)
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return nil, 0, err
	}
	if len(resp.Topics) != 1 || len(resp.Topics[0].Partitions) != 1 || resp.Topics[0].Partitions[0].Partition != partition {
		return nil, 0, errSilent
	}
	rp := &resp.Topics[0].Partitions[0]
	if err := kerr.ErrorForCode(rp.ErrorCode); err != nil {
		return nil, 0, err
	}
	fp, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{
		KeepControlRecords: true, Offset: offset, IsolationLevel: kgo.ReadUncommitted(), Topic: p.Topic, Partition: partition,
	}, rp, p.Client.OptValue(kgo.WithDecompressor).(kgo.Decompressor), nil) // which has a bound
	if fp.Err != nil && len(fp.Records) == 0 {
		return nil, offset + 1, nil // damaged on disk: it proves nothing, and must not hold the partition
	}
	return fp.Records, next, nil
}
