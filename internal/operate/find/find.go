package find

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/proof"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/erasure"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/explain"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/transform"
)

// Options say where events, and what happened to them, are looked for.
type Options struct {
	Kafka    kafka.Settings
	Registry *registry.Client
	// Explainer says what the present settings make of an event.
	Explainer *explain.Explainer
	// Topics are the sources; Letters, Quarantine and Receipts may be empty for none.
	Topics                        []string
	Letters, Quarantine, Receipts string
	// Group is that of run, and RedriveGroup the one that remembers redrives.
	Group, RedriveGroup string
	// Erasures is the list of erased events; empty for none.
	Erasures string
	// Since and Until bound the times of the source's records; zero is unbounded.
	// Their receipts and letters are searched from Since to the end.
	Since, Until time.Time
	// All reads everything in these bounds, even once the story is complete.
	All      bool
	Now      func() time.Time
	Progress *report.Progress
}

// Check returns what is wrong with the options, by the settings' names.
func (o *Options) Check() error {
	switch {
	case len(o.Topics) == 0:
		return errors.New("--topic: it has no name")
	case o.Group == "" || o.Letters != "" && o.RedriveGroup == "":
		return errors.New("--group and --redrive-group: both are needed")
	case slices.Contains(o.Topics, o.Letters), slices.Contains(o.Topics, o.Receipts), o.Letters != "" && o.Letters == o.Receipts:
		return errors.New("--topic, --dead-letter-topic and --receipts-topic: want different topics")
	case !o.Since.IsZero() && !o.Until.IsZero() && !o.Since.Before(o.Until):
		return fmt.Errorf("--until: %s is not after --since, %s", o.Until.UTC().Format(time.RFC3339), o.Since.UTC().Format(time.RFC3339))
	}
	return nil
}

// ErrNotFound is that no record, dead letter or receipt is of the event.
var ErrNotFound = errors.New("not found")

// decoder reads events; *schemas.Decoder.
type decoder interface {
	DecodeRecord(ctx context.Context, rec *kgo.Record, ev *schemas.Event) error
}

// finder is one search.
type finder struct {
	Options
	query   Query
	decoder decoder
	schemas *patient
	kept    int             // bytes
	reader  *history.Reader // for single records
	live    map[string]*proof.Progress
	erased  *erasure.List
	read    []Read // what was read of each topic
	notes   []string

	cases []*story
	more  bool // events match beyond maxStories
	ev    schemas.Event
}

// Read says how much of a topic was read.
type Read struct {
	Topic   string `json:"topic"`
	Records int64  `json:"records"`
	// From is how far back; zero for all that there is.
	From time.Time `json:"from,omitzero"`
}

// Run finds the events that a query names, and tells their stories: those of one
// event id, or of all events with an order reference.
func Run(ctx context.Context, o Options, query Query) (*Result, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	source := &patient{from: o.Registry}
	f := &finder{
		Options: o, query: query, live: make(map[string]*proof.Progress), schemas: source,
		decoder: schemas.NewDecoder(source, schemas.WithFramings(o.Registry.Framings()), schemas.WithAliases(o.Explainer.Transformer.Aliases())),
	}
	defer o.Progress.Done()
	var err error
	if f.reader, err = history.New(o.Kafka); err != nil {
		return nil, err
	}
	defer f.reader.Close()
	if f.erased, err = erasure.Read(ctx, o.Kafka, o.Erasures); err != nil {
		return nil, err
	}
	f.Explainer.Erased = f.erased
	for _, step := range []func(context.Context) error{f.start, f.settled, f.source, f.letters, f.quarantine, f.receipts} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	if len(f.cases) == 0 {
		return nil, f.notFound()
	}
	return f.result(ctx)
}

// settled asks what the group has settled, before its verdicts are read, so that they
// are among what is read.
func (f *finder) settled(ctx context.Context) (err error) {
	for _, topic := range f.Topics {
		if f.live[topic], err = pipeline.Settled(ctx, f.Kafka, f.Group, topic); err != nil {
			return err
		}
	}
	return nil
}

// notFound says where the event was looked for.
func (f *finder) notFound() error {
	read := make([]string, 0, len(f.read))
	for _, r := range f.read {
		read = append(read, fmt.Sprintf("%s (%s)", r.Topic, count.Of(r.Records, "record")))
	}
	where := strings.Join(read, ", ")
	hint := "check its spelling, and how long the topics keep records"
	if f.schemas.first != nil {
		return fmt.Errorf("%s: %w in %s, of which some could not be read: %w", f.query.Shown(), ErrNotFound, where, f.schemas.first)
	}
	if !f.Since.IsZero() || !f.Until.IsZero() {
		hint = "try it without --since and --until"
	}
	return fmt.Errorf("%s: %w in %s; %s", f.query.Shown(), ErrNotFound, where, hint)
}

func (f *finder) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(f.notes, text) {
		f.notes = append(f.notes, text)
	}
}

// maxStories bounds the events that are told of, and maxPlaces the records of each.
const maxStories, maxPlaces = 20, 200

// of returns the story of an event, a new one if it is the first that is heard of it;
// nil if there are too many.
func (f *finder) of(ev *schemas.Event) *story {
	for _, s := range f.cases {
		if s.event == ev.EventID && s.profile == ev.ProfileID {
			return s
		}
	}
	if len(f.cases) >= maxStories {
		f.more = true
		return nil
	}
	s := newStory(ev)
	f.cases = append(f.cases, s)
	return s
}

// decode reads an event as far as it can be read.
func (f *finder) decode(ctx context.Context, rec *kgo.Record) (readable bool, err error) {
	err = f.decoder.DecodeRecord(ctx, rec, &f.ev)
	if _, bad := errors.AsType[*schemas.DecodeError](err); bad {
		return false, nil
	}
	if f.unread(ctx, err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%s, partition %d, offset %d: %w", rec.Topic, rec.Partition, rec.Offset, err)
	}
	return true, nil
}

// explained returns what the present settings make of a record.
func (f *finder) explained(ctx context.Context, rec *kgo.Record) (*explain.Report, error) {
	reading, err := f.Explainer.Read(ctx, rec, []explain.Schema{{Name: "the registry's schema of that id", Source: f.schemas}}, false)
	if errors.Is(err, explain.ErrContainer) || f.unread(ctx, err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return f.Explainer.Reading(&reading, f.Now()), nil
}

// spoke reports whether a rule had something to say.
func spoke(r explain.Rule) bool {
	return r.Result != transform.Passed.String() && r.Result != transform.NotReached.String() && r.Result != transform.NotAsked.String()
}
