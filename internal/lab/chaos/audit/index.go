package audit

import (
	"cmp"
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
)

// index puts the facts to the events they are about.
type index struct {
	*Facts
	events   map[eventKey]*event
	byRecord []*event // of Records; nil for a record without a sample
	at       map[place]int
	inOrder  map[part][]int  // Records of a partition, by offset
	letters  map[place][]int // Letters by their original, in the order they were written
	receipts [][]time.Time   // of Records: when each of its receipts was written, in order
	losing   map[string]bool // the sandbox's faults after which a sender cannot know
	partial  map[string]bool // those that answer properly, but not for all events
	faults   []journal.Fault // by when they began
	// tags are the profiles that receipts name by a tag.
	tags map[string]string
}

// eventKey is what Amazon knows an event by.
type eventKey struct{ profile, id string }

// part is a partition of a source topic.
type part struct {
	topic     string
	partition int32
}

func comparePart(a, b part) int {
	return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.partition, b.partition))
}

// place is where a record is.
type place struct {
	part
	offset int64
}

// of returns a partition; a topic without a name is the run's.
func (ix *index) of(topic string, partition int32) part {
	return part{cmp.Or(topic, ix.Run.Topic), partition}
}

// original returns the record that a letter is about. One that names a topic nobody reads
// is taken for one of the run's, and breaks a rule of its own.
func (ix *index) original(l *Letter) place {
	topic := l.Topic
	if !ix.reads(topic) {
		topic = ix.Run.Topic
	}
	return place{part{topic, l.Partition}, l.Offset}
}

// reads reports whether the group reads a topic.
func (ix *index) reads(topic string) bool {
	_, more := ix.More[topic]
	return more || topic == ix.Run.Topic
}

func (ix *index) placeOf(r *Record) place { return place{ix.of(r.Topic, r.Partition), r.Offset} }

// event is one event of the source, which may have been published more than
// once.
type event struct {
	key     eventKey
	expect  string
	code    string
	records []int
	takes   []take
	asked   []asked // all sends, also those in which it was not taken
	digest  Hash    // of the first send
	changed int     // sends with other bytes than the first
}

// take is one time that Amazon took the event.
type take struct {
	at time.Time
	// lost names the sandbox's fault that kept the answer from the sender; the
	// sender cannot know then, and has to send again.
	lost string
}

// asked is one time that an event was sent, and what the sandbox made of it.
type asked struct {
	at      time.Time
	verdict string
	status  int
}

func newIndex(f *Facts) *index {
	ix := &index{
		Facts:    f,
		events:   make(map[eventKey]*event),
		byRecord: make([]*event, len(f.Records)),
		at:       make(map[place]int, len(f.Records)),
		inOrder:  make(map[part][]int),
		letters:  make(map[place][]int),
		receipts: make([][]time.Time, len(f.Records)),
		losing:   make(map[string]bool),
		partial:  make(map[string]bool),
		faults:   slices.Clone(f.Faults),
	}
	slices.SortStableFunc(ix.faults, func(a, b journal.Fault) int { return a.Began.Compare(b.Began) })
	ix.sortFaults()
	for i := range f.Records {
		r := &f.Records[i]
		at := ix.placeOf(r)
		ix.at[at] = i
		ix.inOrder[at.part] = append(ix.inOrder[at.part], i)
		if s, ok := f.Samples[r.Key]; ok {
			ix.byRecord[i] = ix.publish(i, s)
		}
	}
	for i := range f.Letters {
		l := &f.Letters[i]
		p := ix.original(l)
		ix.letters[p] = append(ix.letters[p], i)
	}
	for _, list := range ix.letters {
		slices.SortStableFunc(list, func(a, b int) int { return f.Letters[a].Written.Compare(f.Letters[b].Written) })
	}
	for i := range f.Requests {
		ix.send(&f.Requests[i])
	}
	for i := range f.Receipts {
		ix.note(&f.Receipts[i])
	}
	for _, times := range ix.receipts {
		slices.SortFunc(times, time.Time.Compare)
	}
	return ix
}

func (ix *index) publish(i int, s journal.Sample) *event {
	k := eventKey{s.Profile, s.EventID}
	if s.EventID == "" {
		// Events without an id cannot be told apart at Amazon; by their key
		// they can.
		k = eventKey{id: s.Key}
	}
	e := ix.events[k]
	if e == nil {
		e = &event{key: k, expect: s.Expect, code: s.Code}
		ix.events[k] = e
	}
	e.records = append(e.records, i)
	return e
}

// send enters a request's items. Those that the source does not know are left
// to the rule about them.
func (ix *index) send(r *Request) {
	for i := range r.Items {
		it := &r.Items[i]
		e := ix.events[eventKey{r.Profile, it.EventID}]
		if e == nil {
			continue
		}
		if len(e.asked) == 0 {
			e.digest = it.Digest
		} else if e.digest != it.Digest {
			e.changed++
		}
		e.asked = append(e.asked, asked{r.Time, it.Verdict, r.Status})
		if it.Verdict == Taken {
			t := take{at: r.Time}
			if ix.losing[r.Fault] {
				t.lost = r.Fault
			}
			e.takes = append(e.takes, t)
		}
	}
}

// note enters what a receipt says of records. What the source does not have is
// left to the rule about receipts.
func (ix *index) note(rc *Receipt) {
	for i := range rc.Events {
		record, known := ix.at[place{part{rc.Topic, rc.Events[i].Partition}, rc.Events[i].Offset}]
		if !known {
			continue
		}
		ix.receipts[record] = append(ix.receipts[record], rc.Written)
	}
}

// sortFaults tells the sandbox's faults apart by what a sender can know after
// them.
func (ix *index) sortFaults() {
	for _, f := range ix.faults {
		for _, d := range f.Does {
			switch d.Do {
			case "reset", "hang":
				ix.losing[d.Name] = true
			case "items", "omit":
				ix.partial[d.Name] = true
			}
			if d.Taken {
				ix.losing[d.Name] = true
			}
		}
	}
}

// firstVerdict returns when a record first had a verdict that lasts: Amazon had
// taken its event, or its dead letter was written.
func (ix *index) firstVerdict(record int) (at time.Time, ok bool) {
	if e := ix.byRecord[record]; e != nil && len(e.takes) > 0 {
		at, ok = e.takes[0].at, true
	}
	r := &ix.Records[record]
	if list := ix.letters[ix.placeOf(r)]; len(list) > 0 {
		if w := ix.Letters[list[0]].Written; !ok || w.Before(at) {
			at, ok = w, true
		}
	}
	return at, ok
}

// final returns when a record first had both a verdict that lasts and a receipt,
// or what there is of them. Of what is to be left out only the receipt tells.
func (ix *index) final(record int) (at time.Time) {
	if times := ix.receipts[record]; len(times) > 0 {
		at = times[0]
	}
	if verdict, judged := ix.firstVerdict(record); judged && verdict.After(at) && ix.byRecord[record].expect != filtered {
		at = verdict
	}
	return at
}

// receiptFor returns when the receipt for a verdict on a record was written: the
// first that is not older. Far in the future if there is none.
func (ix *index) receiptFor(record int, verdict time.Time) time.Time {
	for _, t := range ix.receipts[record] {
		if !t.Before(verdict.Add(-clockGrain)) {
			return t
		}
	}
	return ix.Run.Began.Add(forever)
}

// from returns the records of a partition from an offset on.
func (ix *index) from(partition part, offset int64) []int {
	list := ix.inOrder[partition]
	i, _ := slices.BinarySearchFunc(list, offset, func(i int, offset int64) int {
		return cmp.Compare(ix.Records[i].Offset, offset)
	})
	return list[i:]
}
