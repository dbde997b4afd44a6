package schemas

import (
	"fmt"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

const (
	// largeSchema is a program size that no schema of events comes near: one of 500
	// optional fields. Loading one takes many times as long as reading a record, so a
	// few whose records alternate would take all the time.
	largeSchema = 3 << 19
	// idleFor is how long a program must be unused before it is evicted for one that was
	// itself evicted less than droppedFor ago.
	idleFor, droppedFor = failedFor, time.Minute
	// maxDropped bounds how many evicted ones are remembered.
	maxDropped = 4096
	// crowdedFor is how long Crowded keeps reporting that schemas do not fit in the cache.
	crowdedFor = time.Minute
	// fewAgain is how many reloads are not reported, because topics change.
	fewAgain = 20
)

// crowding is what is known about schemas that do not fit in the cache together.
type crowding struct {
	// dropped has the time at which each was evicted or found no room.
	dropped map[framing.Ref]time.Time
	// idle is an epoch of the cache that began at least idleFor ago; next will be the
	// next such one.
	idle, next epoch
	// again and refused count in the current minute, and in the one before.
	since          time.Time
	again, refused [2]int
	lastRefused    framing.Ref
}

// epoch is one of the cache, with when it began.
type epoch struct {
	number uint64
	began  time.Time
}

// keep adds a program to the cache, where it evicts the least recently used ones. A large
// program that was evicted a moment ago evicts none that are in use; its records get a
// *DecodeError and wait. Otherwise three large schemas, which anybody who may register
// schemas can arrange, would evict each other with each record, and records of the common
// schemas would wait for them. It is called with mu held.
func (d *Decoder) keep(ref framing.Ref, p loaded) (*cached, *DecodeError) {
	delete(d.failed, ref)
	now := d.now()
	d.turn(now)
	before := uint64(anyEpoch)
	at, again := d.dropped[ref]
	again = again && now.Sub(at) < droppedFor
	if again && p.bytes > largeSchema {
		before = d.idleSince(now)
	}
	next, dropped := d.cache.Load().with(ref, p, maxCached, before)
	if next == nil {
		d.note(now, ref)
		d.refused[0]++
		d.lastRefused = ref
		return nil, &DecodeError{Code: verdict.CodeSchemasTooLarge, Schema: ref, Message: fmt.Sprintf(
			"it takes %.1f MiB, and with the schemas that other records use more than the %d MiB that are kept", float64(p.bytes)/(1<<20), maxCached>>20)}
	}
	if again {
		d.again[0]++
	}
	delete(d.dropped, ref)
	d.note(now, dropped...)
	d.cache.Store(next)
	d.cached.Set(float64(len(next.entries)))
	return next.entries[ref], nil
}

// idleSince returns an epoch; a program not used since then is idle. The hot path
// reads no clock, so time is measured by epochs that begin here.
func (d *Decoder) idleSince(now time.Time) uint64 {
	if d.next.number == 0 || now.Sub(d.next.began) >= idleFor {
		d.idle, d.next = d.next, epoch{d.age(), now}
	}
	return d.idle.number
}

// age begins an epoch of the cache, and returns it.
func (d *Decoder) age() uint64 {
	aged := d.cache.Load().aged()
	d.cache.Store(aged)
	return aged.epoch
}

// note remembers what was evicted.
func (c *crowding) note(now time.Time, dropped ...framing.Ref) {
	if c.dropped == nil || len(c.dropped)+len(dropped) > maxDropped {
		c.dropped = make(map[framing.Ref]time.Time)
	}
	for _, ref := range dropped {
		c.dropped[ref] = now
	}
}

// turn starts a new count each minute.
func (c *crowding) turn(now time.Time) {
	switch past := now.Sub(c.since); {
	case past >= 2*crowdedFor:
		c.again, c.refused = [2]int{}, [2]int{}
	case past >= crowdedFor:
		c.again, c.refused = [2]int{0, c.again[0]}, [2]int{0, c.refused[0]}
	default:
		return
	}
	c.since = now
}

// Crowded says what is wrong if schemas do not fit in the cache together; empty if
// nothing is. It must be called about once a second: only then can the cache tell which
// schemas are idle when the first of them must be evicted. Otherwise one that is in use
// would seem as old as one that was last used hours ago.
func (d *Decoder) Crowded() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	d.age()
	d.idleSince(now)
	d.turn(now)
	again, refused := d.again[0]+d.again[1], d.refused[0]+d.refused[1]
	switch {
	case refused > 0:
		return fmt.Sprintf("the schemas of the topic's records take more than the %d MiB that are kept of them: large ones are refused (%s), the last was %s",
			maxCached>>20, verdict.CodeSchemasTooLarge, d.lastRefused)
	case again > fewAgain:
		return fmt.Sprintf("the schemas of the topic's records take more than the %d MiB that are kept of them: %d were loaded again in the last two minutes", maxCached>>20, again)
	}
	return ""
}
