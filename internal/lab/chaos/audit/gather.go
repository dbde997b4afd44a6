package audit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
)

// Gather reads the facts of the run in dir. The run's Kafka and registry must be
// up; nothing is changed in them.
func Gather(ctx context.Context, dir string) (*Facts, error) {
	run, err := journal.ReadRun(dir)
	if err != nil {
		return nil, err
	}
	f := &Facts{Run: run}
	story, err := journal.ReadFaults(filepath.Join(dir, journal.FaultsFile))
	if err != nil {
		return nil, err
	}
	f.Faults, f.Exits, f.Drained = story.Faults, story.Exits, story.Drained
	f.Samples = make(map[string]journal.Sample)
	err = journal.Lines(filepath.Join(dir, journal.SamplesFile), func(s *journal.Sample) error {
		f.Samples[s.Key] = *s
		return nil
	})
	if err != nil {
		return nil, err
	}
	if f.Requests, err = ReadRecord(filepath.Join(dir, journal.RecordFile)); err != nil {
		return nil, err
	}
	access := Access{}
	if err := f.Read(ctx, access); err != nil {
		return nil, err
	}
	return f, f.readOffsets(ctx, access)
}

// Access says how to reach the servers, where that is not by the operating
// system's network.
type Access struct {
	Kafka    []kgo.Opt
	Registry http.RoundTripper
	// CreateTime takes letters and receipts at their producers' times, where brokers
	// can give them no other.
	CreateTime bool
}

func (a Access) client(brokers []string, more ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(slices.Concat([]kgo.Opt{kgo.SeedBrokers(brokers...)}, a.Kafka, more)...)
}

// Read reads what the topics of f.Run hold.
func (f *Facts) Read(ctx context.Context, a Access) error {
	client, err := a.client(f.Run.Brokers)
	if err != nil {
		return err
	}
	defer client.Close()
	admin := kadm.NewClient(client)

	decoder := newDecoder(f.Run.Registry, a.Registry)
	timed := hasAppendTime
	if a.CreateTime {
		timed = func(*kgo.Record) error { return nil }
	}
	source := func(r *kgo.Record) error {
		rec, err := decoder.record(ctx, r)
		f.Records = append(f.Records, rec)
		return err
	}
	if f.Ends, err = a.readTopic(ctx, admin, f.Run.Brokers, f.Run.Topic, source); err != nil {
		return fmt.Errorf("source topic %s: %w", f.Run.Topic, err)
	}
	f.More = make(map[string]map[int32]int64)
	for _, topic := range f.Run.MoreTopics {
		if f.More[topic], err = a.readTopic(ctx, admin, f.Run.Brokers, topic, source); err != nil {
			return fmt.Errorf("source topic %s: %w", topic, err)
		}
	}
	_, err = a.readTopic(ctx, admin, f.Run.Brokers, f.Run.DeadLetters, func(r *kgo.Record) error {
		f.Letters = append(f.Letters, readLetter(r))
		return timed(r)
	})
	if err != nil {
		return fmt.Errorf("dead-letter topic %s: %w", f.Run.DeadLetters, err)
	}
	_, err = a.readTopic(ctx, admin, f.Run.Brokers, f.Run.Receipts, func(r *kgo.Record) error {
		rc, err := decoder.receipt(ctx, r)
		f.Receipts = append(f.Receipts, rc)
		return errors.Join(err, timed(r))
	})
	if err != nil {
		return fmt.Errorf("receipts topic %s: %w", f.Run.Receipts, err)
	}
	return nil
}

// readOffsets reads the group's history.
func (f *Facts) readOffsets(ctx context.Context, a Access) error {
	client, err := a.client(f.Run.Brokers)
	if err != nil {
		return err
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	topics, err := admin.ListTopics(ctx, f.Run.Topic)
	if err == nil {
		err = topics.Error()
	}
	if err != nil {
		return fmt.Errorf("topic %s: %w", f.Run.Topic, err)
	}
	if _, err = a.readTopic(ctx, admin, f.Run.Brokers, offsetsTopic, (&groupReader{Facts: f, topicID: topics[f.Run.Topic].ID}).read); err != nil {
		return fmt.Errorf("%s: %w", offsetsTopic, err)
	}
	return nil
}

// readTopic reads what is committed of a topic from its start to the ends that it has
// now, which it returns.
func (a Access) readTopic(ctx context.Context, admin *kadm.Client, brokers []string, topic string, each func(*kgo.Record) error) (map[int32]int64, error) {
	starts, err := admin.ListStartOffsets(ctx, topic)
	if err == nil {
		err = starts.Error()
	}
	if err != nil {
		return nil, err
	}
	listed, err := admin.ListCommittedOffsets(ctx, topic)
	if err == nil {
		err = listed.Error()
	}
	if err != nil {
		return nil, err
	}
	ends := make(map[int32]int64)
	from := make(map[int32]kgo.Offset)
	left := make(map[int32]bool)
	listed.Each(func(o kadm.ListedOffset) {
		ends[o.Partition] = o.Offset
		if start, ok := starts.Lookup(topic, o.Partition); ok && start.Offset < o.Offset {
			from[o.Partition] = kgo.NewOffset().At(start.Offset)
			left[o.Partition] = true
		}
	})
	client, err := a.client(brokers,
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}),
		// The last record may be the end of a transaction.
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords())
	if err != nil {
		return nil, err
	}
	defer client.Close()
	for len(left) > 0 {
		fetches := client.PollFetches(ctx)
		if errs := fetches.Errors(); len(errs) > 0 {
			return nil, errs[0].Err
		}
		var failed error
		fetches.EachRecord(func(r *kgo.Record) {
			if failed == nil && r.Offset < ends[r.Partition] && !r.Attrs.IsControl() {
				failed = each(r)
			}
			if r.Offset >= ends[r.Partition]-1 {
				delete(left, r.Partition)
			}
		})
		if failed != nil {
			return nil, failed
		}
	}
	return ends, nil
}

// ReadRecord reads the sandbox's record with words of its own: a field that the
// sandbox renamed would be an error here and not a zero.
func ReadRecord(path string) (all []Request, err error) {
	type item struct {
		EventID *string `json:"event_id"`
		Digest  *string `json:"digest"`
		Verdict *string `json:"verdict"`
	}
	type request struct {
		Seq     int64      `json:"seq"`
		Time    *time.Time `json:"time"`
		Profile *string    `json:"profile"`
		Status  *int       `json:"status"`
		Fault   string     `json:"fault"`
		Items   []item     `json:"items"`
	}
	err = journal.Lines(path, func(r *request) error {
		if r.Seq != int64(len(all))+1 {
			return fmt.Errorf("request %d follows request %d", r.Seq, len(all))
		}
		if r.Time == nil || r.Profile == nil || r.Status == nil {
			return errors.New("a request without time, profile or status")
		}
		out := Request{Time: *r.Time, Profile: *r.Profile, Status: *r.Status, Fault: r.Fault, Items: make([]Item, len(r.Items))}
		for i, it := range r.Items {
			if it.EventID == nil || it.Digest == nil || it.Verdict == nil {
				return errors.New("an item without event id, digest or verdict")
			}
			out.Items[i].EventID = *it.EventID
			if out.Items[i].Verdict, err = verdictOf(*it.Verdict); err != nil {
				return err
			}
			if err := out.Items[i].Digest.UnmarshalText([]byte(*it.Digest)); err != nil {
				return err
			}
		}
		all = append(all, out)
		return nil
	})
	return all, err
}

// verdictOf returns our own constant of that text, so that a million items do
// not keep a million strings.
func verdictOf(s string) (string, error) {
	for _, v := range []string{Taken, Refused, Later, Unjudged} {
		if s == v {
			return v, nil
		}
	}
	return "", fmt.Errorf("verdict %q is unknown", s)
}
