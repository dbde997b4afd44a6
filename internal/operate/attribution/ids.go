package attribution

import (
	"hash/maphash"
	"slices"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/schemas"
)

// ids finds event ids that are used twice, by their hashes: 64 bits of the id and as many
// of its event's contents. If there are more ids than may be kept, those of every second
// hash are, then of every fourth, and so on: a sample of ids and not of events, so that
// all events of an id in it are still compared.
type ids struct {
	seed maphash.Seed
	most int
	skip uint64 // a hash is in the sample if it has none of these bits
	seen map[uint64]uint64

	events    int64 // in the sample, approximately once it has been halved
	again     int64 // with the same contents as before, likewise
	different int64 // with other contents; all that were found
	examples  []string
}

// maxExamples is how many ids are named that are used for different events.
const maxExamples = 5

func newIDs(most int) ids {
	return ids{seed: maphash.MakeSeed(), most: most, seen: make(map[uint64]uint64)}
}

func (i *ids) add(ev *schemas.Event) {
	if ev.EventID == "" {
		return
	}
	// An id belongs to one profile: two advertisers may report one order.
	id := maphash.Comparable(i.seed, [2]string{ev.ProfileID, ev.EventID})
	if id&i.skip != 0 {
		return
	}
	i.events++
	contents := maphash.Comparable(i.seed, struct {
		name, typ  string
		occurredAt int64
		value      string
		currency   string
	}{ev.EventName, ev.EventType, ev.OccurredAt, ev.Custom.Value.String(), ev.Custom.Currency})
	before, known := i.seen[id]
	switch {
	case !known:
		if len(i.seen) >= i.most {
			i.thin()
			if id&i.skip != 0 {
				i.events--
				return
			}
		}
		i.seen[id] = contents
	case before == contents:
		i.again++
	default:
		i.different++
		if name := redact.EventID(strings.Clone(ev.EventID)); len(i.examples) < maxExamples && !slices.Contains(i.examples, name) {
			i.examples = append(i.examples, name)
		}
	}
}

// thin keeps half of the ids, until there is room.
func (i *ids) thin() {
	for len(i.seen) >= i.most {
		i.skip = i.skip<<1 | 1
		i.events, i.again = i.events/2, i.again/2
		for id := range i.seen {
			if id&i.skip != 0 {
				delete(i.seen, id)
			}
		}
	}
}

// oneOf returns n if one of n ids is in the sample; 1 if all are.
func (i *ids) oneOf() uint64 { return i.skip + 1 }
