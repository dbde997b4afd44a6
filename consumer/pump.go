package consumer

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink"
	"github.com/tracklayer/amazon-capi/transform"
)

// chunkLen is how many records a pump decodes between two looks at anything
// that is shared: large enough that locks per chunk do not count, small enough
// that stopping is prompt.
const chunkLen = 512

// pump takes the records of one assignment through decoder and transform to the
// sink, in order. One goroutine per partition keeps the order and lets a
// partition that holds for the registry hold alone. To compute it takes one of the
// feeds, of which there are as many as workers, and gives it back flushed: so no
// more of them compute at once, and a feed's memory is there for each worker and
// not for each partition.
type pump struct {
	a           *assignment
	decoder     Decoder
	transformer *transform.Transformer
	feeds       chan Feed
	feed        Feed // of the chunk in hand
	recycles    bool // records whose fate is on its way are given back to the client
	job         Job
	tally       *Tally
	window      *window
	held        *holds
	now         func() time.Time

	chunkAt    time.Time // one look at the clock is enough for a chunk
	event      schemas.Event
	conversion transform.Conversion
	profiles   profileCounts
	warnings   map[transform.Warning]int
	leftOut    func(attribute string, why transform.Warning)

	// again: the records in hand were parked, and have been counted before. past is
	// what happened to the one that is being handled.
	again   bool
	past    *sink.Past
	parking *parking
	park    func(profile string, tokens []verdict.Handle)
	// parked are the chunk's events whose lane has no use for them yet.
	parked map[string][]verdict.Handle
}

// run works until ctx is done.
func (p *pump) run(ctx context.Context) {
	for {
		in, ok := p.a.pull(ctx)
		if !ok {
			p.a.leave(0)
			return
		}
		for begun := 0; begun < len(in.records); {
			n := min(chunkLen, len(in.records)-begun)
			did := p.chunk(ctx, &in, begun, n)
			begun += did
			if in.seqs == nil {
				p.a.begun(did)
			}
			if did < n {
				p.a.leave(len(in.records) - begun)
				return
			}
		}
	}
}

// chunk handles n records of an intake and returns how many it did: all of them,
// unless ctx ended.
func (p *pump) chunk(ctx context.Context, in *intake, begun, n int) (did int) {
	if !p.enter(ctx) {
		return 0
	}
	p.again = in.seqs != nil
	if in.gone != "" {
		p.giveUp(in, begun, n)
		p.exit(nil)
		return n
	}
	records, handed := in.records[begun:begun+n], 0
	held := hold{by: p.held}
	defer held.over() // also when nobody waits for it any more
	for did < n {
		p.past = in.past(begun + did)
		err := p.handle(ctx, in.seq(begun+did), records[did])
		if err == nil {
			held.over()
			did++
			continue
		}
		// The record's schema is being loaded, or the registry cannot be asked. That
		// says nothing about the record, so it waits; what came before it goes out
		// meanwhile, and so do the other partitions.
		p.exit(records[handed:did])
		handed = did
		p.a.hold(true)
		goOn := held.wait(ctx, err) && p.enter(ctx)
		p.a.hold(false)
		if !goOn {
			return did
		}
	}
	p.exit(records[handed:did])
	return did
}

// enter takes a feed; false if ctx ended first.
func (p *pump) enter(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case p.feed = <-p.feeds:
		p.chunkAt = p.now()
		return true
	case <-ctx.Done():
		return false
	}
}

// exit passes on what was made of these records, gives their memory to the next
// fetch, and the feed back.
func (p *pump) exit(done []*kgo.Record) {
	p.hand()
	if p.recycles {
		for _, r := range done {
			r.Recycle()
		}
	}
	p.feeds <- p.feed
	p.feed = nil
}

// handle takes one record on its way, or returns why that cannot be done now.
func (p *pump) handle(ctx context.Context, seq uint64, rec *kgo.Record) (err error) {
	tok := verdict.Handle{Owner: p.a, Seq: seq}
	if p.job.Restore != nil {
		if rec, err = p.job.Restore(ctx, rec); err != nil {
			return err
		}
	}
	if p.job.Handle != nil {
		return p.job.Handle(ctx, tok, rec)
	}
	if err := p.decoder.Decode(ctx, rec.Value, &p.event); err != nil {
		return p.undecoded(tok, rec, err)
	}
	p.transform(tok, rec)
	return nil
}

// undecoded refuses a record that cannot be decoded, or returns why that cannot
// be known now.
func (p *pump) undecoded(tok verdict.Handle, rec *kgo.Record, err error) error {
	var bad *schemas.DecodeError
	if !errors.As(err, &bad) {
		return err
	}
	// The ids may have been read before the decoder came to what is bad.
	p.refuse(tok, rec, bad.Reason())
	return nil
}

func (p *pump) transform(tok verdict.Handle, rec *kgo.Record) {
	reason, ok := p.transformer.Transform(&p.event, p.chunkAt, &p.conversion)
	if ok {
		p.add(tok, rec)
		return
	}
	if reason.Class == verdict.Filtered {
		p.feed.Filter(tok, rec, p.countProfile(), p.event.EventID, reason)
		return
	}
	p.refuse(tok, rec, reason)
}

// add hands an event to its lane, or parks it behind those of its profile that
// are parked already.
func (p *pump) add(tok verdict.Handle, rec *kgo.Record) {
	profile := p.conversion.ProfileID
	if p.again {
		p.feed.AddAgain(tok, rec, &p.conversion, p.past)
		return
	}
	p.profiles.add(profile)
	if ws := p.conversion.Warnings; ws != 0 {
		ws.Each(func(w transform.Warning) { p.warnings[w]++ })
		if p.leftOut != nil && (ws.Has(transform.AttributeInvalid) || ws.Has(transform.AttributesTooMany)) {
			p.transformer.AttributesLeftOut(&p.event, p.leftOut)
		}
	}
	if p.parking.holds(profile) {
		p.parked[profile] = append(p.parked[profile], tok)
		return
	}
	p.feed.Add(tok, rec, &p.conversion)
}

// giveUp refuses records that were parked and have been deleted from Kafka
// since, so that even of these it can be said what became of them.
func (p *pump) giveUp(in *intake, begun, n int) {
	for i := begun; i < begun+n; i++ {
		p.feed.Refuse(verdict.Handle{Owner: p.a, Seq: in.seq(i)}, in.records[i], in.gone, "", *verdict.CodeNotRetained.Because(
			"the record was put off because its profile could not be sent, and Kafka has deleted it since: " +
				"the topic's retention has to be longer than such a fault may last"))
	}
}

// letterOverhead is what a dead letter takes in memory beside its record's bytes and
// its reason, roughly.
const letterOverhead = 512

func (p *pump) refuse(tok verdict.Handle, rec *kgo.Record, reason verdict.Reason) {
	// A record of a few bytes can be refused for a reason of hundreds, and of one whose
	// id is all that it has, the id is kept as well. Not counted, the bound of what is
	// in flight would hold several times as much.
	size := recordSize(rec) + int32(letterOverhead+len(p.event.EventID)+len(reason.Code)+len(reason.Field)+len(reason.Message))
	p.window.take(0, p.a.enlarge(tok.Seq, size))
	p.feed.Refuse(tok, rec, p.countProfile(), p.event.EventID, reason)
}

// enlarge notes that a record without a verdict takes that much memory from now on,
// and returns by how much that is more.
func (a *assignment) enlarge(seq uint64, size int32) (more int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.phase() == phaseEnded {
		return 0
	}
	_, by, _ := a.ledger.Resize(seq, size)
	return int64(by)
}

// countProfile counts the event for its profile and returns it; empty if it
// names none that is valid, for a label or header made of it could hold anything.
func (p *pump) countProfile() (profile string) {
	if p.transformer == nil || !p.transformer.ValidProfileID(p.event.ProfileID) {
		p.count(NoProfile)
		return ""
	}
	p.count(p.event.ProfileID)
	return p.event.ProfileID
}

func (p *pump) count(profile string) {
	if !p.again {
		p.profiles.add(profile)
	}
}

// hand passes on what the chunk has made so far.
func (p *pump) hand() {
	// Consumed before settled: a scrape in between must not see more verdicts
	// than events.
	p.profiles.hand(p.tally)
	if len(p.warnings) > 0 {
		p.tally.warned(p.warnings)
		clear(p.warnings)
	}
	p.feed.Flush()
	for profile, tokens := range p.parked {
		p.park(profile, tokens)
	}
	clear(p.parked)
	// The last event's texts are parts of its record, whose memory is the next
	// fetch's.
	p.event.Reset()
	p.conversion = transform.Conversion{}
}

func newPump(c *Consumer, a *assignment) *pump {
	p := &pump{
		a:           a,
		decoder:     c.opts.Decoder,
		transformer: c.opts.Transformer,
		feeds:       c.feeds,
		recycles:    c.opts.recycles(),
		tally:       c.tally,
		window:      c.window,
		held:        c.held,
		now:         c.opts.Now,
		warnings:    make(map[transform.Warning]int),
		leftOut:     c.opts.AttributeLeftOut,
		parking:     c.parking,
		park:        c.park,
		parked:      make(map[string][]verdict.Handle),
	}
	if c.opts.Job != nil {
		p.job = *c.opts.Job
	}
	return p
}
