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

// ErrNoLetter is returned for records that have none of the headers of a dead letter.
var ErrNoLetter = errors.New("the record has no header of a dead letter: want amazon-capi.*, __connect.errors.*, __dlq.errors.* or kafka_dlt-*")

// Letter is a dead letter as read back. Fields that the letter lacks, or that cannot be
// read, are zero, or -1 for numbers that may be 0.
type Letter struct {
	Key, Value []byte
	Timestamp  time.Time          // the original's
	Headers    []kgo.RecordHeader // the original's own

	// Where the original was read from.
	Topic     string
	Partition int32
	Offset    int64

	// Reason is the letter's reason; its class is 0 in letters of other tools. All text is
	// masked again.
	Reason    verdict.Reason
	Stage     string // Kafka Connect's word for where it failed, or Spring's exception
	ProfileID string
	EventID   string
	Attempts  int
	// FirstFailure and LastFailure are in UTC.
	FirstFailure, LastFailure time.Time
	Contract                  string
	Redrives                  int // how often it was redriven

	// ValueOmitted and KeyOmitted are the sizes of a value or key that the topic did not
	// take, HeadersOmitted the number of headers left out; the original has them.
	ValueOmitted, KeyOmitted, HeadersOmitted int
	// Pointer is set for another tool's letter without a value: it only says where its
	// original is.
	Pointer bool
}

// words are the parts of a reason in a letter's headers.
type words struct {
	said, exception, class string
	timed                  bool // the original's time is known
}

// Parse reads a record of a dead-letter topic, written by this program or another tool:
// Kafka Connect and tools that follow it, brokers with share groups, Spring. With
// ErrNoLetter, the letter holds what every record has.
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

// Again returns the record that the letter was made of, for a redrive: its bytes, key,
// timestamp and own headers, without our headers except the count of redrives, plus one.
// Its topic, partition and offset are those of the original. It lacks what the letter
// lacks (ValueOmitted and so on).
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

// words are the parts of a letter's reason. Numbers in text of our own rules and decoder
// are ours and stay; text of other tools is masked.
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
		l.Reason.Class, _ = verdict.Parse(value) // a class of another version stays 0
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

// OwnHeaders returns a record's headers without those of this program and Kafka Connect.
func OwnHeaders(rec *kgo.Record) []kgo.RecordHeader {
	return slices.DeleteFunc(slices.Clone(rec.Headers), func(h kgo.RecordHeader) bool {
		return strings.HasPrefix(h.Key, connectPrefix) || strings.HasPrefix(h.Key, ownPrefix)
	})
}

// Redrives returns how often a record of the source was redriven according to its header:
// more than 0 for the copies that a redrive writes. A producer could write the same header,
// so callers that act on it first look for a dead letter, or an original with the same
// bytes.
func Redrives(rec *kgo.Record) int {
	for _, h := range rec.Headers {
		if h.Key == headerRedrives {
			return redrives(h.Value)
		}
	}
	return 0
}

// maxRedrives is more than any redrive allows; a larger count was written by something
// else.
const maxRedrives = 1000

// redrives parses the header's count; 0 for a value that no redrive has written.
func redrives(b []byte) int {
	if n := smallNumber(b); n <= maxRedrives {
		return n
	}
	return 0
}
