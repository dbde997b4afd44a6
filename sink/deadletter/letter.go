package deadletter

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// ErrNoLetter is returned for records that have none of the headers that mark a
// dead letter.
var ErrNoLetter = errors.New("the record has no header of a dead letter: want amazon-capi.*, __connect.errors.*, __dlq.errors.* or kafka_dlt-*")

// Letter is a dead letter as it is read back. What a letter does not say, or
// says in a way that cannot be read, has its zero value; numbers that may well
// be 0 are -1 then.
type Letter struct {
	Key, Value []byte
	Timestamp  time.Time          // the original's
	Headers    []kgo.RecordHeader // the original's own

	// Where the original was read.
	Topic     string
	Partition int32
	Offset    int64

	// Reason is as the letter gives it; its class is 0 in letters of other
	// tools. All its words are masked once more.
	Reason    verdict.Reason
	Stage     string // Kafka Connect's word for where it failed, or Spring's exception
	ProfileID string
	EventID   string
	Attempts  int
	// FirstFailure and LastFailure are in UTC.
	FirstFailure, LastFailure time.Time
	Contract                  string
	Redrives                  int // how often it was sent through again

	// ValueOmitted and KeyOmitted are the bytes of a value or key that the
	// topic did not take, HeadersOmitted the number of headers; the original
	// has them.
	ValueOmitted, KeyOmitted, HeadersOmitted int
	// Pointer is set for another tool's letter without a value: it says no more than
	// where its original is.
	Pointer bool
}

// words are what a letter's headers say, before one of it is chosen.
type words struct {
	said, exception, class string
	timed                  bool // the original's time is known
}

// Parse reads a record of a dead-letter topic, be it ours or of another tool: Kafka
// Connect and those that follow it, brokers that write for share groups, Spring. With
// ErrNoLetter the letter holds what any record has.
func Parse(rec *kgo.Record) (Letter, error) {
	l := Letter{Key: rec.Key, Value: rec.Value, Timestamp: rec.Timestamp, Partition: -1, Offset: -1}
	known, ours := false, isOurs(rec.Headers)
	var w words
	for _, h := range rec.Headers {
		switch {
		case strings.HasPrefix(h.Key, ownPrefix):
			if h.Key == headerMessage {
				w.said = string(h.Value)
			}
			l.own(h.Key, string(h.Value))
		case strings.HasPrefix(h.Key, connectPrefix):
			if h.Key == headerExceptText {
				w.exception = string(h.Value)
			}
			l.connect(h.Key, string(h.Value))
		case !ours && l.others(h, &w):
		default:
			l.Headers = append(l.Headers, h)
			continue
		}
		known = true
	}
	l.Reason.Message = l.words(cmp.Or(w.said, w.exception, w.class))
	if !known {
		return l, ErrNoLetter
	}
	l.Pointer = !ours && l.Value == nil
	return l, nil
}

// Again returns the record that the letter was made of, to be sent through once
// more: its bytes, key, timestamp and own headers, none of ours but the count of
// redrives, which it is one more of. It says where the original was read. What the
// letter lacks of it (ValueOmitted and its like), it lacks.
func (l *Letter) Again() *kgo.Record {
	again := &kgo.Record{
		Topic: l.Topic, Partition: l.Partition, Offset: l.Offset,
		Key: l.Key, Value: l.Value, Timestamp: l.Timestamp,
	}
	h := headers(slices.Clone(l.Headers))
	h.set(headerRedrives, strconv.Itoa(min(l.Redrives+1, maxRedrives)))
	again.Headers = h
	return again
}

// Whole reports whether the letter has its original's key, value and headers.
func (l *Letter) Whole() bool {
	return !l.Pointer && l.ValueOmitted == 0 && l.KeyOmitted == 0 && l.HeadersOmitted == 0
}

// words are what a letter says as its reason. Those of our own rules and of the
// decoder have numbers that are ours; another's are a stranger's.
func (l *Letter) words(said string) string {
	if c := l.Reason.Class; c == verdict.Decode || c == verdict.Validation {
		return redact.Line(redact.Own(said), redact.MessageLimit)
	}
	return redact.Message(said)
}

func (l *Letter) connect(key, value string) {
	switch key {
	case headerTopic:
		l.Topic = value
	case headerPartition:
		if n, err := strconv.ParseInt(value, 10, 32); err == nil {
			l.Partition = int32(n)
		}
	case headerOffset:
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			l.Offset = n
		}
	case headerStage:
		l.Stage = redact.Line(redact.Text(value), redact.WordLimit)
	}
}

func (l *Letter) own(key, value string) {
	switch key {
	case headerClass:
		l.Reason.Class, _ = verdict.Parse(value) // another version's class stays 0
	case headerStatus:
		l.Reason.Status = smallNumber([]byte(value))
	case headerCode:
		l.Reason.Code = redact.Line(redact.Text(value), redact.WordLimit)
	case headerField:
		l.Reason.Field = redact.Line(redact.Text(value), redact.WordLimit)
	case headerProfile:
		l.ProfileID = value
	case headerEventID:
		l.EventID = value
	case headerAttempts:
		l.Attempts = smallNumber([]byte(value))
	case headerFirstFailure:
		l.FirstFailure = parseLetterTime(value)
	case headerLastFailure:
		l.LastFailure = parseLetterTime(value)
	case headerContract:
		l.Contract = value
	case headerRedrives:
		l.Redrives = redrives([]byte(value))
	case headerValueOmitted:
		l.ValueOmitted, _ = strconv.Atoi(value)
	case headerKeyOmitted:
		l.KeyOmitted, _ = strconv.Atoi(value)
	case headerHeadersOmitted:
		l.HeadersOmitted, _ = strconv.Atoi(value)
	case headerTimestampOmitted:
		if ms, err := strconv.ParseInt(value, 10, 64); err == nil {
			l.Timestamp = time.UnixMilli(ms)
		}
	}
}

func parseLetterTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// OwnHeaders returns a record's headers without those that this program and Kafka
// Connect write.
func OwnHeaders(rec *kgo.Record) []kgo.RecordHeader {
	return slices.DeleteFunc(slices.Clone(rec.Headers), func(h kgo.RecordHeader) bool {
		return strings.HasPrefix(h.Key, connectPrefix) || strings.HasPrefix(h.Key, ownPrefix)
	})
}

// Redrives returns how often a record of the source says that it was sent through
// again: more than 0 for the copies that a redrive writes. A producer can write the
// same, so whoever acts on it looks for a dead letter, or an original of the same
// bytes, first.
func Redrives(rec *kgo.Record) int {
	for _, h := range rec.Headers {
		if h.Key == headerRedrives {
			return redrives(h.Value)
		}
	}
	return 0
}

// maxRedrives is more than any redrive allows; what is beyond was written by
// somebody else.
const maxRedrives = 1000

// redrives reads the count of a header; 0 for one that no redrive has written.
func redrives(b []byte) int {
	if n := smallNumber(b); n <= maxRedrives {
		return n
	}
	return 0
}
