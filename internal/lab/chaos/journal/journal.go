package journal

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// The files of a run's directory.
const (
	RunFile     = "run.json"
	FaultsFile  = "faults.jsonl"  // Line
	SamplesFile = "samples.jsonl" // Sample
	RecordFile  = "record.jsonl"  // the sandbox Amazon's own
	ReportFile  = "report.json"   // the auditor's
	FactsFile   = "facts.json.gz" // what the auditor judged, to judge it again
)

// Run says what was run, and where the auditor finds what is not in the run's
// directory.
type Run struct {
	Seed    uint64    `json:"seed"`
	Began   time.Time `json:"began"`
	Version string    `json:"version,omitempty"` // what was built, in the builder's words

	Brokers     []string `json:"brokers"`
	Registry    string   `json:"registry"`
	Topic       string   `json:"topic"`
	MoreTopics  []string `json:"more_topics,omitempty"` // that the group reads besides
	DeadLetters string   `json:"dead_letters"`
	Receipts    string   `json:"receipts"`
	Group       string   `json:"group"`

	// The members' settings that bound what a fault may cost.
	CommitInterval time.Duration `json:"commit_interval_ns"`
	SessionTimeout time.Duration `json:"session_timeout_ns"`
	Drain          time.Duration `json:"drain_ns"`
	RequestTimeout time.Duration `json:"request_timeout_ns"`
	MaxInFlight    int           `json:"max_in_flight"`
}

// Sample is one event that the harness published, by the record's key, which
// no other event has. It is written before the record is: what is in the topic
// has a line here, and a line without a record was never published.
type Sample struct {
	Key     string `json:"key"`
	Profile string `json:"profile,omitempty"`
	EventID string `json:"event_id,omitempty"`
	// Expect is the class that it must end in: accepted, filtered, or a dead
	// letter's. Code is the dead letter's code, where it is ours to know.
	Expect string `json:"expect"`
	Code   string `json:"code,omitempty"`
}

// Kind is what was done.
type Kind string

// The kinds of faults.
const (
	Kill            Kind = "kill"             // a member, by SIGKILL
	Term            Kind = "term"             // a member, by SIGTERM; over when it has ended
	Join            Kind = "join"             // a member is started
	Freeze          Kind = "freeze"           // a member, by SIGSTOP, for longer than its session
	BrokerKill      Kind = "broker-kill"      // SIGKILL, then a start
	BrokerStop      Kind = "broker-stop"      // a clean stop, then a start
	BrokerPause     Kind = "broker-pause"     // connections stay open and nothing answers
	Elections       Kind = "elections"        // the preferred replicas lead again
	RegistryKill    Kind = "registry-kill"    // as with the broker
	RegistryPause   Kind = "registry-pause"   //
	LettersRefused  Kind = "letters-refused"  // nobody may write to the dead-letter topic
	ReceiptsRefused Kind = "receipts-refused" // nobody may write to the receipts topic
	Amazon          Kind = "amazon"           // the events endpoint goes wrong
	Token           Kind = "token"            // the token endpoint does
	Stuck           Kind = "stuck"            // the events endpoint fails some profiles, and is well for the others
)

// Fault is something that was done, from when to when.
type Fault struct {
	ID    int       `json:"id"`
	Kind  Kind      `json:"kind"`
	Began time.Time `json:"began"`
	// Ended is when it was undone, or had run its course. It is zero for a
	// fault that was never undone.
	Ended time.Time `json:"ended,omitzero"`
	// Member is whom it was done to; empty for those of all.
	Member string `json:"member,omitempty"`
	// InFlight is what each member said it had in flight, right before, or at
	// the end where that was more. A member that is not in it did not answer.
	InFlight map[string]int `json:"in_flight,omitempty"`
	// Profiles are those that are failed, for Stuck.
	Profiles []string `json:"profiles,omitempty"`
	// Does are the sandbox's faults, for Amazon, Token and Stuck.
	Does []Does `json:"does,omitempty"`
}

// Does is one of the sandbox's faults, in its own words.
type Does struct {
	Name  string `json:"name"` // as in the sandbox's record
	Do    string `json:"do"`
	Taken bool   `json:"taken,omitempty"`
}

// Exit is the end of a member's process.
type Exit struct {
	At     time.Time `json:"at"`
	Member string    `json:"member"`
	// Told is the signal that it was sent: SIGTERM, SIGKILL, or nothing, when
	// it ended by itself.
	Told string `json:"told,omitempty"`
	Code int    `json:"code"` // -1 if a signal ended it
	Log  string `json:"log"`  // the file, in the run's directory
}

// Line is a line of the faults' file.
type Line struct {
	Began *Fault `json:"began,omitempty"`
	Ended *Ended `json:"ended,omitempty"`
	Exit  *Exit  `json:"exit,omitempty"`
	// Drained says, last, that the faults were over since then and all members
	// had been given the time to deliver.
	Drained *Drained `json:"drained,omitempty"`
}

// Ended closes a fault.
type Ended struct {
	ID       int            `json:"id"`
	At       time.Time      `json:"at"`
	InFlight map[string]int `json:"in_flight,omitempty"`
}

// Drained is how the run ended.
type Drained struct {
	Quiet time.Time `json:"quiet"` // since when nothing was done any more
	At    time.Time `json:"at"`
	// Acknowledged is how many records the brokers acknowledged to the
	// harness: the topic cannot have fewer.
	Acknowledged int `json:"acknowledged"`
}

// WriteRun writes the run's file.
func WriteRun(dir string, r Run) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, RunFile), append(b, '\n'), 0o600)
}

// ReadRun reads it.
func ReadRun(dir string) (r Run, err error) {
	b, err := os.ReadFile(filepath.Join(dir, RunFile))
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("%s: %w", RunFile, err)
	}
	return r, nil
}
