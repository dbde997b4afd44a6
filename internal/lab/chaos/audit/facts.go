package audit

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
)

// Facts is everything that the judgement is made of.
type Facts struct {
	Run     journal.Run
	Faults  []journal.Fault
	Exits   []journal.Exit
	Drained *journal.Drained

	// Samples are what the harness says of its records, by their key.
	Samples map[string]journal.Sample
	// Records are the source topic, partition by partition in offset order.
	Records []Record
	// Requests are what the sandbox Amazon was sent, in its order.
	Requests []Request
	// Letters are the dead-letter topic, partition by partition in its order.
	Letters []Letter
	// Receipts are the receipts topic, in the same way.
	Receipts []Receipt
	// Commits and Generations are the group's history as the brokers keep it,
	// in time order.
	Commits     []Commit
	Generations []Generation
	// Ends are the offsets at which the source's partitions end, More those of
	// other source topics.
	Ends map[int32]int64
	More map[string]map[int32]int64
}

// Hash is a SHA-256.
type Hash [sha256.Size]byte

// MarshalText writes hex, which is a third of what an array of numbers takes.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads what MarshalText writes.
func (h *Hash) UnmarshalText(b []byte) error {
	if len(b) != 2*len(h) {
		return fmt.Errorf("a hash has %d hex digits, not %d", 2*len(h), len(b))
	}
	_, err := hex.Decode(h[:], b)
	return err
}

// Record is one record of a source topic.
type Record struct {
	Topic     string // empty for Run.Topic
	Partition int32
	Offset    int64
	Key       string
	Value     Hash
	Published time.Time
	// Profile and EventID are what its bytes say, decoded with the schema that
	// the registry has; Decoded is false where that was not possible.
	Profile, EventID string
	Decoded          bool
	// Gone is set for what the brokers deleted, or an operator skipped, before the
	// group was done with it: nothing has to become of it.
	Gone bool
}

// Request is one request that the sandbox was sent.
type Request struct {
	Time    time.Time
	Profile string
	Status  int    // 0: no answer
	Fault   string // the name of the sandbox's fault that struck it
	Items   []Item
}

// The sandbox's verdicts on items.
const (
	Taken    = "taken"
	Refused  = "refused"
	Later    = "later"
	Unjudged = "unjudged"
)

// Item is one event of a request.
type Item struct {
	EventID string
	Digest  Hash
	Verdict string
}

// Letter is one dead letter.
type Letter struct {
	// Written is when the brokers appended it.
	Written time.Time
	// Topic, Partition and Offset are the original's, as the letter says.
	Topic     string
	Partition int32
	Offset    int64
	Key       string
	Value     Hash
	Class     string
	Status    int // Amazon's; 0 if the event was not sent
	Code      string
	Omitted   bool // it lacks a part of its original, and says so
}

// Receipt is one record of the receipts topic.
type Receipt struct {
	// Written is when the brokers appended it.
	Written time.Time
	Key     string
	// Decoded is false for bytes that are not a receipt; the rest is then empty.
	Decoded bool
	Profile string // empty where the records name none
	Topic   string // that its events were read from
	// Attempts is how many requests its events were in, FirstSent when the first
	// was sent, Answered when the one that decided was answered. All are zero
	// for events that were not sent.
	Attempts            int
	FirstSent, Answered time.Time
	Events              []Receipted
}

// Receipted is one event of a receipt.
type Receipted struct {
	Partition int32
	Offset    int64
	EventID   string
	Verdict   string
	Status    int
	Code      string
}

// Commit is one commit of one partition.
type Commit struct {
	At        time.Time
	Topic     string // empty for Run.Topic
	Partition int32
	Offset    int64 // the next to be read
	// Reset is set for what an operator committed in the group's place.
	Reset bool
	// Metadata is for people who ask why something was sent again; no rule
	// depends on what it says.
	Metadata string
}

// Generation is who owned what of Run.Topic, from that time on. Of other topics nobody's
// assignments are known, and what is sent again of them has no explanation.
type Generation struct {
	At     time.Time
	Number int32
	Owners map[int32]Owner // by partition
}

// Owner is a member of the group.
type Owner struct {
	Name string // its client id, which it keeps over its lives
	ID   string // the brokers' name for this life of it
}

// Save writes the facts to a file, from which they can be judged again when the
// servers are gone. They hold ids and digests, and no identifiers.
func (f *Facts) Save(path string) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	z := gzip.NewWriter(file)
	if err := json.NewEncoder(z).Encode(f); err != nil {
		return err
	}
	return z.Close()
}

// Load reads what Save wrote.
func Load(path string) (*Facts, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	f := &Facts{}
	return f, json.NewDecoder(z).Decode(f)
}
