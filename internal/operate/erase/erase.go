package erase

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/erasure"
	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
	"github.com/tracklayer/amazon-capi/schemas/registry"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// whenever is a time at which nothing is too old and nothing ahead.
var whenever = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// Options say what is erased, and where it may be.
type Options struct {
	Kafka    kafka.Settings
	Registry *registry.Client
	// Aliases are what producers call our fields.
	Aliases *schemas.Aliases

	// Sources are the source topics. Letters, Quarantine and Receipts are topics; empty for none.
	Sources                       []string
	Letters, Quarantine, Receipts string
	// List is the topic of the list.
	List string

	// EventIDs are ids, as they are or as they are shown. People recognises others.
	EventIDs []string
	People   *People

	// Go has the list written; without it nothing is.
	Go       bool
	Now      func() time.Time
	Progress *report.Progress
}

// Decoder reads records; *schemas.Decoder.
type Decoder interface {
	DecodeRecord(ctx context.Context, rec *kgo.Record, ev *schemas.Event) error
}

// job is one erasure.
type job struct {
	Options
	decoder Decoder
	report  Report

	ids   map[string]bool // to be erased
	shown map[string]bool // the same, as they are shown
	given map[string]bool // those that were given as they are shown
	// finding is set while persons' events are looked for and copies do not count yet.
	finding bool
	ev      schemas.Event
}

// Run finds the events to erase and, with Go, puts them on the list before it looks for
// remaining copies, so that nothing is sent meanwhile. It can be run again after a failure.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	defer o.Progress.Done()
	j := &job{Options: o, decoder: schemas.NewDecoder(o.Registry, schemas.WithFramings(o.Registry.Framings()), schemas.WithAliases(o.Aliases)), ids: make(map[string]bool), shown: make(map[string]bool), given: make(map[string]bool)}
	j.report = Report{DryRun: !o.Go, list: o.List}
	defer j.report.sum() // also of what was found when it broke off
	for _, id := range o.EventIDs {
		j.add(id)
		if _, unique := redact.Masked(id); unique {
			j.given[redact.EventID(id)] = true
		}
	}
	if j.finding = !o.People.None(); j.finding {
		if err := j.events(ctx); err != nil {
			return nil, err
		}
	}
	if err := j.list(ctx); err != nil {
		return &j.report, err
	}
	j.finding = false
	before := len(j.ids)
	if err := j.events(ctx); err != nil {
		return &j.report, err
	}
	if len(j.ids) > before { // published meanwhile, or given as they are shown
		if err := j.list(ctx); err != nil {
			return &j.report, err
		}
	}
	receipts := receipt.NewReader(o.Registry)
	err := j.read(ctx, o.Receipts, func(ctx context.Context, rec *kgo.Record) error { return j.receipt(ctx, receipts, rec) })
	if n := j.report.ambiguous; n > 0 {
		j.report.note("%s of receipts, counted above, by a tag that one in 65,536 other ids of that look has too: some may be of other events", count.Of(n, "entry"))
	}
	return &j.report, err
}

// events goes through all that holds events. The letters in quarantine are those of the
// dead-letter topic, as they were there.
func (j *job) events(ctx context.Context) error {
	type place struct {
		topic, where string
		each         func(context.Context, *kgo.Record, string) error
	}
	var places []place
	for _, topic := range j.Sources {
		places = append(places, place{topic, InSource, j.record})
	}
	for _, in := range append(places, place{j.Letters, InLetters, j.letter}, place{j.Quarantine, InQuarantine, j.letter}) {
		if err := j.read(ctx, in.topic, func(ctx context.Context, rec *kgo.Record) error { return in.each(ctx, rec, in.where) }); err != nil {
			return err
		}
	}
	return nil
}

// list puts what is meant on the list.
func (j *job) list(ctx context.Context) error {
	j.report.EventIDs = len(j.ids)
	if !j.Go || len(j.ids) == 0 {
		return nil
	}
	added, err := erasure.Add(ctx, j.Kafka, j.List, j.listed(), j.Now())
	j.report.Added += added
	j.report.Listed = err == nil
	return err
}

// listed returns what goes on the list: the ids, and how they are shown if that is of one id
// alone, since letters know some events by it.
func (j *job) listed() []string {
	all := maps.Clone(j.ids)
	for form := range j.shown {
		if _, unique := redact.Masked(form); unique {
			all[form] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// Ambiguous reports whether an id is given as it is shown, in a form that other ids have, too.
func Ambiguous(id string) bool {
	masked, unique := redact.Masked(id)
	return masked && !unique
}

func (j *job) add(id string) {
	j.ids[strings.Clone(id)] = true
	j.shown[redact.EventID(id)] = true
}

// read goes through all of a topic. One that is not there has no copies.
func (j *job) read(ctx context.Context, topic string, each func(context.Context, *kgo.Record) error) error {
	if topic == "" {
		return nil
	}
	j.Progress.Restart()
	reader, plan, err := history.Open(ctx, j.Kafka, history.Range{Topic: topic}, j.Progress)
	if errors.Is(err, history.ErrNoTopic) && !slices.Contains(j.Sources, topic) {
		if j.finding {
			return nil
		}
		j.report.note("topic %s does not exist, so that it holds no copies", topic)
		return nil
	}
	if err != nil {
		return err
	}
	defer reader.Close()
	return reader.Read(ctx, plan, func(rec *kgo.Record) error { return each(ctx, rec) })
}

// meant reports whether an event must be erased, and if so adds its id to those to list.
func (j *job) meant(ev *schemas.Event) (bool, error) {
	byID := j.ids[ev.EventID] || len(j.given) > 0 && ev.EventID != "" && j.given[redact.EventID(ev.EventID)]
	if !byID && !j.People.Has(ev) {
		return false, nil
	}
	if ev.EventID == "" {
		if !j.finding {
			j.report.WithoutID++ // it is refused for that, and never sent
		}
		return true, nil
	}
	if !j.ids[ev.EventID] && len(j.ids) >= MaxEventIDs {
		return false, fmt.Errorf("more than %d events are meant: want fewer identifiers at a time", MaxEventIDs)
	}
	j.add(ev.EventID)
	return true, nil
}

// copy notes a record that holds a copy.
func (j *job) copy(c Copy) {
	if !j.finding {
		j.report.copy(c)
	}
}

// decode reads the event of a record. An unreadable record is counted, because
// it may belong to anybody.
func (j *job) decode(ctx context.Context, rec *kgo.Record) (ok bool, err error) {
	err = j.decoder.DecodeRecord(ctx, rec, &j.ev)
	if _, bad := errors.AsType[*schemas.DecodeError](err); bad {
		if !j.finding {
			j.report.Unreadable++
		}
		return j.ev.EventID != "" || j.ev.User != schemas.UserData{}, nil // as far as it went
	}
	return err == nil, err
}

func (j *job) record(ctx context.Context, rec *kgo.Record, where string) error {
	ok, err := j.decode(ctx, rec)
	if err != nil || !ok {
		return err
	}
	meant, err := j.meant(&j.ev)
	if meant {
		j.copy(Copy{where, rec.Topic, rec.Partition, rec.Offset, rec.Timestamp.UTC(), redact.EventID(j.ev.EventID)})
	}
	return err
}

// named reports whether the header of a letter names an event that is meant. A short
// tag is shared by many events, so the letter itself must be read.
func (j *job) named(id string) bool {
	if id == "" || Ambiguous(id) {
		return false
	}
	if j.ids[id] {
		return true
	}
	form := redact.EventID(id)
	_, unique := redact.Masked(form)
	return unique && j.shown[form]
}

func (j *job) letter(ctx context.Context, rec *kgo.Record, where string) error {
	l, err := deadletter.Parse(rec)
	if err != nil {
		return j.record(ctx, rec, where) // no letter, and perhaps an event
	}
	at := Copy{where, rec.Topic, rec.Partition, rec.Offset, rec.Timestamp.UTC(), redact.EventID(l.EventID)}
	if j.named(l.EventID) {
		j.copy(at)
		return nil
	}
	if !l.Whole() && len(l.Value) == 0 {
		return nil // it does not hold the event; its record is of the source
	}
	ok, err := j.decode(ctx, l.Again())
	if err != nil || !ok {
		return err
	}
	meant, err := j.meant(&j.ev)
	if meant {
		at.EventID = redact.EventID(j.ev.EventID)
		j.copy(at)
	}
	return err
}

func (j *job) receipt(ctx context.Context, receipts *receipt.Reader, rec *kgo.Record) error {
	r, err := receipts.Parse(ctx, rec.Value)
	switch {
	case errors.Is(err, receipt.ErrNone):
		return nil
	case err != nil:
		return err
	}
	for _, e := range r.Events {
		if form := redact.EventID(e.EventID); e.EventID != "" && j.shown[form] {
			if Ambiguous(form) {
				j.report.ambiguous++
			}
			j.copy(Copy{InReceipts, rec.Topic, rec.Partition, rec.Offset, rec.Timestamp.UTC(), redact.EventID(e.EventID)})
		}
	}
	return nil
}
