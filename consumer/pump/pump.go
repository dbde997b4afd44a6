package pump

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/consumer/assignment"
	"github.com/tracklayer/amazon-capi/consumer/flow"
	"github.com/tracklayer/amazon-capi/consumer/parking"
	"github.com/tracklayer/amazon-capi/consumer/tally"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// ChunkLen is how many records a pump reads between two accesses to shared state: large
// enough that locks per chunk do not matter, small enough that stopping is prompt.
const ChunkLen = 512

// Inboxes bounds what pumps have not begun by how many of them compute at once.
func Inboxes(workers int) *flow.Inboxes { return flow.NewInboxes(3 * ChunkLen * workers) }

// Pump passes the records of one assignment to the handler, in order. One goroutine per
// partition keeps the order and lets a held partition wait alone. To compute it takes one
// of the workers and returns it flushed: so the number of computing pumps is bounded, and
// a worker's memory is not needed for each partition.
type Pump struct {
	*Pumps
	a        *assignment.Assignment
	worker   Worker // of the current chunk
	profiles tally.Chunk

	// again: the current records were parked, and have been counted before. past is what
	// happened to the one being handled.
	again bool
	past  *verdict.Past
	// parked are the chunk's events that their lane cannot use yet.
	parked map[string][]verdict.Handle
}

// Pumps is what the pumps of a member share.
type Pumps struct {
	Workers  chan Worker // those that no pump uses
	Recycles bool        // records are returned to the client once their fate is decided
	Tally    *tally.Tally
	Window   *flow.Window
	Parking  *parking.Lots
	Held     *Holds
}

// Of returns the pump of an assignment.
func (s *Pumps) Of(a *assignment.Assignment) *Pump {
	return &Pump{Pumps: s, a: a, parked: make(map[string][]verdict.Handle)}
}

// Run works until ctx is done.
func (p *Pump) Run(ctx context.Context) {
	for {
		in, ok := p.a.Pull(ctx)
		if !ok {
			p.a.Leave(0)
			return
		}
		for begun := 0; begun < len(in.Records); {
			n := min(ChunkLen, len(in.Records)-begun)
			did := p.chunk(ctx, &in, begun, n)
			begun += did
			if in.Seqs == nil {
				p.a.Begun(did)
			}
			if did < n {
				p.a.Leave(len(in.Records) - begun)
				return
			}
		}
	}
}

// chunk handles n records of an intake and returns how many it did: all of them, unless
// ctx ended.
func (p *Pump) chunk(ctx context.Context, in *assignment.Intake, begun, n int) (did int) {
	if !p.enter(ctx) {
		return 0
	}
	p.again = in.Seqs != nil
	if in.Gone {
		p.giveUp(in, begun, n)
		p.exit(nil)
		return n
	}
	records, handed := in.Records[begun:begun+n], 0
	held := hold{by: p.Held}
	defer held.over() // even if nobody waits for it any more
	for did < n {
		p.past = in.Past(begun + did)
		err := p.handle(ctx, in.Seq(begun+did), records[did])
		if err == nil {
			held.over()
			did++
			continue
		}
		// It cannot be read now, which says nothing about the record, so it waits;
		// earlier ones are passed on meanwhile, and other partitions continue.
		p.exit(records[handed:did])
		handed = did
		p.a.Hold(true)
		goOn := held.wait(ctx, err) && p.enter(ctx)
		p.a.Hold(false)
		if !goOn {
			return did
		}
	}
	p.exit(records[handed:did])
	return did
}

// enter takes a worker; false if ctx ended first.
func (p *Pump) enter(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case p.worker = <-p.Workers:
		return true
	case <-ctx.Done():
		return false
	}
}

// exit passes on what was made of these records, and returns their memory to the next
// fetch, and the worker.
func (p *Pump) exit(done []*kgo.Record) {
	p.hand()
	if p.Recycles {
		for _, r := range done {
			r.Recycle()
		}
	}
	p.Workers <- p.worker
	p.worker = nil
}

// handle processes one record, or returns why that is impossible now. It is parked if
// others of its profile are.
func (p *Pump) handle(ctx context.Context, seq uint64, rec *kgo.Record) error {
	r, err := p.worker.Read(ctx, rec, p.again)
	if err != nil {
		return err
	}
	h := verdict.Handle{Owner: p.a, Seq: seq}
	if r.Size > 0 {
		p.Window.Take(0, p.a.Enlarge(seq, r.Size))
	}
	if !p.again {
		p.count(r.Profile)
		if r.Sends && p.Parking.Holds(r.Profile) {
			p.parked[r.Profile] = append(p.parked[r.Profile], h)
			return nil
		}
	}
	p.worker.Take(h, p.past)
	return nil
}

func (p *Pump) count(profile string) {
	if profile == "" {
		profile = tally.NoProfile
	}
	p.profiles.Add(profile)
}

// giveUp refuses records that were parked and have been deleted from Kafka since, so that
// even these have a verdict.
func (p *Pump) giveUp(in *assignment.Intake, begun, n int) {
	for i := begun; i < begun+n; i++ {
		p.worker.Refuse(verdict.Handle{Owner: p.a, Seq: in.Seq(i)}, in.Records[i], in.Of, *verdict.CodeNotRetained.Because(
			"the record was put off because its profile could not be sent, and Kafka has deleted it since: " +
				"the topic's retention has to be longer than such a fault may last"))
	}
}

// hand passes on what the chunk has made so far.
func (p *Pump) hand() {
	// Consumed before settled: a scrape in between must not see more verdicts than events.
	p.profiles.Hand(p.Tally)
	p.worker.Flush()
	for profile, tokens := range p.parked {
		p.Parking.Park(profile, tokens)
	}
	clear(p.parked)
}
