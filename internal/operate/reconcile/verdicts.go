package reconcile

import (
	"hash/maphash"
	"time"

	"github.com/tracklayer/amazon-capi/internal/history"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
	"github.com/tracklayer/amazon-capi/sink/deadletter"
)

// Verdicts is what receipts and dead letters say about the records of a range. It takes
// two bytes a record.
type Verdicts struct {
	// Recently is from when on an acceptance counts as recent; zero if not needed.
	Recently time.Time

	topic string
	cells map[int32]*cells
	// refused are the events that became dead letters; elsewhere is the fate of those of
	// them that were accepted later on as another record of the topic, or filtered as one
	// outside the range.
	refused   map[eventKey]place // and as which record
	elsewhere map[eventKey]verdict.Class
	// beyond are the last letters of redriven copies outside the range.
	beyond map[eventKey]copyLetter
	// often are the acceptances of records that were accepted more often than a cell can count.
	often map[place]int
	// ends are the last events of the latest receipts, by request.
	ends map[eventKey]eventKey
	seed maphash.Seed
}

// copyLetter is what the dead letter of a redriven copy says.
type copyLetter struct {
	class    verdict.Class
	redrives int
	at       time.Time
}

// cells are the verdicts on the offsets of one partition, from the first on.
type cells struct {
	from int64
	of   []cell
}

// cell is a class, whether it took more than one request, whether the record was both
// refused and accepted at its own position, and how often it was accepted, in total and
// recently.
type cell uint16

const (
	classBits cell = 0x0f
	retried   cell = 0x10
	mended    cell = 0x20

	takesShift, recentShift = 6, 11
	mostTakes               = 1<<5 - 1 // that a cell can count
)

func (c cell) takes() int  { return int(c>>takesShift) & mostTakes }
func (c cell) recent() int { return int(c>>recentShift) & mostTakes }

// enter adds a verdict: the last one is kept, except that accepted is final.
func (c *cell) enter(class verdict.Class) {
	before := verdict.Class(*c & classBits)
	if before == verdict.Accepted && class.DeadLetter() || before.DeadLetter() && class == verdict.Accepted {
		*c |= mended
	}
	if before != verdict.Accepted {
		*c = *c&^classBits | cell(class)
	}
}

// eventKey identifies a profile and an event id. Those have any length, and there may be
// many millions.
type eventKey uint64

// NewVerdicts returns an empty set for the records of a plan.
func NewVerdicts(plan *history.Plan) *Verdicts {
	v := &Verdicts{
		topic: plan.Topic, cells: make(map[int32]*cells), seed: maphash.MakeSeed(),
		refused: make(map[eventKey]place), elsewhere: make(map[eventKey]verdict.Class), beyond: make(map[eventKey]copyLetter),
		often: make(map[place]int), ends: make(map[eventKey]eventKey),
	}
	for _, s := range plan.Spans {
		v.cells[s.Partition] = &cells{s.From, make([]cell, s.To-s.From)}
	}
	return v
}

// key returns the key of an event. Receipts, letters and the source show a profile and an
// id in different ways: in plain text, masked, or as pseudonyms. Hiding a hidden form
// again does not change it, so the most hidden form is common to all.
func (v *Verdicts) key(profile, id string) eventKey {
	return v.hash(redact.Profile(profile, false), redact.EventID(id))
}

func (v *Verdicts) hash(profile, id string) eventKey {
	var h maphash.Hash
	h.SetSeed(v.seed)
	_, _ = h.WriteString(profile) // a Hash takes everything
	_ = h.WriteByte(0)
	_, _ = h.WriteString(id)
	return eventKey(h.Sum64())
}

// place is the position of a record; several for more than one.
type place uint64

const several place = 0

func (v *Verdicts) place(partition int32, offset int64) place {
	return place(maphash.Comparable(v.seed, [2]int64{int64(partition), offset}) | 1)
}

func (v *Verdicts) refuse(key eventKey, partition int32, offset int64) {
	at := v.place(partition, offset)
	if before, ok := v.refused[key]; ok && before != at {
		at = several
	}
	v.refused[key] = at
}

func (v *Verdicts) wasRefused(key eventKey) bool {
	_, ok := v.refused[key]
	return ok
}

// refusedElsewhere reports whether an event was refused as another record than the one at
// that position.
func (v *Verdicts) refusedElsewhere(key eventKey, partition int32, offset int64) bool {
	at, ok := v.refused[key]
	return ok && at != v.place(partition, offset)
}

func (v *Verdicts) bytesKey(value []byte) eventKey { return v.hash("\x01", string(value)) }

// Receipt adds a receipt. Those of one profile must come in their order, as they do from
// one partition: the last verdict is kept, except that accepted is final.
func (v *Verdicts) Receipt(r *receipt.Receipt) {
	if r.Topic != v.topic {
		return
	}
	for i, e := range r.Events {
		c := v.at(e.Partition, e.Offset)
		var key eventKey
		if e.EventID != "" {
			key = v.key(r.ProfileID, e.EventID)
			switch {
			case e.Class.DeadLetter():
				v.refuse(key, e.Partition, e.Offset)
			case !v.wasRefused(key):
			case e.Class == verdict.Accepted, e.Class == verdict.Filtered && c == nil && v.elsewhere[key] == 0:
				v.elsewhere[key] = e.Class
			}
		}
		if c == nil {
			continue
		}
		c.enter(e.Class)
		if r.Attempts > 1 {
			*c |= retried
		}
		if e.Class == verdict.Accepted && !v.together(r, i, key) {
			v.take(c, e.Partition, e.Offset, !v.Recently.IsZero() && r.LastAnswered.After(v.Recently))
		}
	}
}

// Letter adds a dead letter, for records that no receipt names.
func (v *Verdicts) Letter(l *deadletter.Letter) {
	if l.Topic != v.topic || l.Reason.Class == 0 {
		return
	}
	c := v.at(l.Partition, l.Offset)
	if key, ok := v.keyOfLetter(l); ok {
		v.refuse(key, l.Partition, l.Offset)
		if before := v.beyond[key]; c == nil && (l.Redrives > before.redrives || l.Redrives > 0 && l.Redrives == before.redrives && l.LastFailure.After(before.at)) {
			v.beyond[key] = copyLetter{l.Reason.Class, l.Redrives, l.LastFailure}
		}
	}
	switch {
	case c == nil:
	case *c&classBits == 0:
		*c |= cell(l.Reason.Class)
	case verdict.Class(*c&classBits) == verdict.Accepted:
		*c |= mended
	}
}

// keyOfLetter returns the key of a letter's event; false if the letter does not name it.
func (v *Verdicts) keyOfLetter(l *deadletter.Letter) (eventKey, bool) {
	switch {
	case l.EventID != "":
		return v.key(l.ProfileID, l.EventID), true
	case l.ValueOmitted == 0:
		return v.bytesKey(l.Value), true
	}
	return 0, false
}

func (v *Verdicts) at(partition int32, offset int64) *cell {
	c := v.cells[partition]
	if c == nil || offset < c.from || offset >= c.from+int64(len(c.of)) {
		return nil
	}
	return &c.of[offset-c.from]
}

// together reports whether an accepted event was sent as the previous one: records of one
// event id in one batch are sent once, and are adjacent in its receipt, or at the end of
// one and the beginning of the next.
func (v *Verdicts) together(r *receipt.Receipt, i int, key eventKey) bool {
	if r.RequestID == "" || key == 0 {
		return false
	}
	request := v.hash(r.ProfileID, r.RequestID)
	before := v.ends[request]
	if i > 0 && r.Events[i-1].Class == verdict.Accepted {
		before = v.key(r.ProfileID, r.Events[i-1].EventID)
	}
	if i == len(r.Events)-1 {
		if len(v.ends) >= maxEnds {
			clear(v.ends) // the next half of a receipt comes soon
		}
		v.ends[request] = key
	}
	return before == key
}

// maxEnds bounds the receipts whose last event is remembered.
const maxEnds = 10_000

// take counts an acceptance.
func (v *Verdicts) take(c *cell, partition int32, offset int64, recently bool) {
	if c.takes() == mostTakes {
		v.often[v.place(partition, offset)]++
	} else {
		*c += 1 << takesShift
	}
	if recently && c.recent() < mostTakes {
		*c += 1 << recentShift
	}
}

// takesOf returns how often a record was accepted, in total and recently.
func (v *Verdicts) takesOf(partition int32, offset int64) (takes, recent int) {
	c := v.at(partition, offset)
	if c == nil {
		return 0, 0
	}
	takes = c.takes()
	if takes == mostTakes {
		takes += v.often[v.place(partition, offset)]
	}
	return takes, c.recent()
}

// of returns what is known about a record; class 0 if nothing is. Mended reports whether
// it was delivered by a redrive or a replay after it was refused.
func (v *Verdicts) of(partition int32, offset int64) (class verdict.Class, again, wasMended bool) {
	if c := v.at(partition, offset); c != nil {
		return verdict.Class(*c & classBits), *c&retried != 0, *c&mended != 0
	}
	return 0, false, false
}

// keyOf returns the key of an event of the source. Receipts have its id masked if it
// could be an identifier. A record that is not an event is known by its bytes.
func (v *Verdicts) keyOf(ev *schemas.Event, value []byte) eventKey {
	if ev.EventID == "" {
		return v.bytesKey(value)
	}
	return v.key(ev.ProfileID, ev.EventID)
}
