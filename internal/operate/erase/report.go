package erase

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// Where copies remain.
const (
	InSource     = "source"
	InLetters    = "dead letters"
	InQuarantine = "quarantine"
	InReceipts   = "receipts"
)

// Copy is a record that holds an erased event, or names it.
type Copy struct {
	Where     string    `json:"where"`
	Topic     string    `json:"topic"`
	Partition int32     `json:"partition"`
	Offset    int64     `json:"offset"`
	Time      time.Time `json:"time"`
	EventID   string    `json:"event_id"` // as it is shown
}

// Place sums up the copies of a partition.
type Place struct {
	Where     string    `json:"where"`
	Topic     string    `json:"topic"`
	Partition int32     `json:"partition"`
	Copies    int       `json:"copies"`
	First     int64     `json:"first_offset"`
	Last      int64     `json:"last_offset"`
	Oldest    time.Time `json:"oldest"`
	Newest    time.Time `json:"newest"`
}

// Report says what is erased and where copies remain.
type Report struct {
	DryRun bool `json:"dry_run"`
	// EventIDs is how many ids are meant, and Added how many of them, and of the forms in
	// which they are shown, were not on the list before.
	EventIDs int `json:"event_ids"`
	Added    int `json:"added"`
	// Listed is set once all of them are on the list.
	Listed bool `json:"listed"`
	// WithoutID are records that are meant and have no event id, so that they are never
	// sent; Unreadable are records whose person is unknown.
	WithoutID  int `json:"without_event_id"`
	Unreadable int `json:"unreadable"`
	// Places are where copies remain, Copies the first of them.
	Places []Place  `json:"places"`
	Copies []Copy   `json:"copies"`
	Notes  []string `json:"notes,omitempty"`

	places    map[placeKey]*Place
	list      string
	ambiguous int // entries of receipts that show an id as others are shown
}

type placeKey struct {
	topic     string
	partition int32
}

// maxCopies bounds those that are listed one by one.
const maxCopies = 10_000

func (r *Report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

func (r *Report) copy(c Copy) {
	if len(r.Copies) < maxCopies {
		r.Copies = append(r.Copies, c)
	}
	if r.places == nil {
		r.places = make(map[placeKey]*Place)
	}
	k := placeKey{c.Topic, c.Partition}
	p := r.places[k]
	if p == nil {
		p = &Place{Where: c.Where, Topic: c.Topic, Partition: c.Partition, First: c.Offset, Oldest: c.Time, Newest: c.Time}
		r.places[k] = p
	}
	p.Copies++
	p.Last = max(p.Last, c.Offset)
	if c.Time.Before(p.Oldest) {
		p.Oldest = c.Time
	}
	if c.Time.After(p.Newest) {
		p.Newest = c.Time
	}
}

// sum completes the report.
func (r *Report) sum() {
	for _, p := range r.places {
		r.Places = append(r.Places, *p)
	}
	order := map[string]int{InSource: 0, InLetters: 1, InQuarantine: 2, InReceipts: 3}
	slices.SortFunc(r.Places, func(a, b Place) int {
		return cmp.Or(cmp.Compare(order[a.Where], order[b.Where]), cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
}

// Print prints the report for people.
func (r *Report) Print(w io.Writer) {
	fmt.Fprintf(w, "%s meant.", count.Of(r.EventIDs, "event id"))
	switch {
	case r.EventIDs == 0:
		fmt.Fprintf(w, " There is nothing to erase.")
	case !r.DryRun && !r.Listed:
		fmt.Fprintf(w, " They are not all on the list (topic %s; %s): it could not be written. Those that are not on it are still sent: run this again.", r.list, count.Of(r.Added, "new entry"))
	case !r.DryRun:
		fmt.Fprintf(w, " They are on the list (topic %s; %s), and a few seconds from now members send none of them, also of those that they hold. One whose request is on its way may still arrive.", r.list, count.Of(r.Added, "new entry"))
	}
	fmt.Fprintln(w)
	if r.WithoutID > 0 {
		fmt.Fprintf(w, "%s meant and without an event id: never sent, but copies are below.\n", count.Of(r.WithoutID, "record"))
	}
	if r.Unreadable > 0 {
		fmt.Fprintf(w, "%s could not be read, so that nobody knows whose they are. Look at them with explain: some can be sent once their schema can be read.\n", count.Of(r.Unreadable, "record"))
	}
	if len(r.Places) > 0 {
		fmt.Fprintln(w, "\nCopies remain:")
		var rows [][]string
		for _, p := range r.Places {
			rows = append(rows, []string{p.Where, p.Topic, strconv.Itoa(int(p.Partition)), strconv.Itoa(p.Copies), strconv.FormatInt(p.First, 10), strconv.FormatInt(p.Last, 10), report.ShortTime(p.Oldest), report.ShortTime(p.Newest)})
		}
		report.Table(w, []string{"where", "topic", "partition", "copies", "first offset", "last offset", "oldest", "newest"}, rows, nil, 2, 3, 4, 5)
		r.printRemoval(w)
	}
	for _, n := range r.Notes {
		fmt.Fprintln(w, n)
	}
	if r.DryRun && r.EventIDs > 0 {
		fmt.Fprintf(w, "This was a dry run: nothing is on the list yet; %s puts it there.\n", setting.Go)
	}
}

// printRemoval says how copies are removed. Kafka deletes no single record of a topic that
// is not compacted.
func (r *Report) printRemoval(w io.Writer) {
	var parts []string
	for _, p := range r.Places {
		if p.Where != InReceipts {
			parts = append(parts, fmt.Sprintf(`{"topic":%q,"partition":%d,"offset":%d}`, p.Topic, p.Partition, p.Last+1))
		}
	}
	fmt.Fprintln(w, "\nRetention removes them when they are older than the topics' retention.ms. To remove them now, delete all records up to them,")
	fmt.Fprintln(w, "which deletes everything older as well, so deliver or redrive that first:")
	fmt.Fprintf(w, "\n  kafka-delete-records.sh --bootstrap-server BROKERS --offset-json-file erase.json\n  erase.json: {\"version\":1,\"partitions\":[%s]}\n\n", strings.Join(parts, ","))
	fmt.Fprintln(w, "Receipts hold event ids and places, and no identifier. What Amazon was sent is erased by Amazon's own means.")
}
