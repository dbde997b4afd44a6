package deadletter

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

// Headers of dead letters: Kafka Connect's, which inspection tools know, and ours. The set
// is fixed and each value is bounded. They are replaced if a redriven letter fails again,
// so that they never accumulate.
const (
	connectPrefix    = "__connect.errors."
	headerTopic      = connectPrefix + "topic"
	headerPartition  = connectPrefix + "partition"
	headerOffset     = connectPrefix + "offset"
	headerStage      = connectPrefix + "stage"
	headerClassName  = connectPrefix + "class.name"
	headerException  = connectPrefix + "exception.class.name"
	headerExceptText = connectPrefix + "exception.message"

	ownPrefix          = "amazon-capi."
	headerClass        = ownPrefix + "class"
	headerStatus       = ownPrefix + "status"
	headerCode         = ownPrefix + "code"
	headerField        = ownPrefix + "field"
	headerMessage      = ownPrefix + "message"
	headerProfile      = ownPrefix + "profile"
	headerEventID      = ownPrefix + "event-id"
	headerAttempts     = ownPrefix + "attempts"
	headerFirstFailure = ownPrefix + "first-failure"
	headerLastFailure  = ownPrefix + "last-failure"
	headerContract     = ownPrefix + "contract"
	// headerRedrives counts how often a letter was redriven. It is the only header of ours
	// that a new letter keeps.
	headerRedrives = ownPrefix + "redrives"
	// The parts of the original that a letter lacks because the topic would not take it.
	headerValueOmitted     = ownPrefix + "value-omitted"
	headerKeyOmitted       = ownPrefix + "key-omitted"
	headerHeadersOmitted   = ownPrefix + "headers-omitted"
	headerTimestampOmitted = ownPrefix + "timestamp-omitted"
)

const (
	letterTime = "2006-01-02T15:04:05.000Z07:00"
	// Bounds on the original's own headers that are kept.
	maxOwnHeaders     = 64
	maxOwnHeaderBytes = 16 << 10
)

// Draft is a dead letter on its way to the topic.
type Draft struct {
	verdict.Record
	Original
	request     *verdict.Request // the request that refused it; nil if the record was never sent
	Contract    string
	Profile     string
	EventID     string
	Reason      verdict.Reason
	Attempts    int
	First, Last time.Time
	queued      time.Time // when it was handed over

	// alone: written by itself, to find out whether it is the one that the brokers refused
	alone                                     bool
	refused                                   bool // also without every part that can be left out
	omitValue, omitHeaders, omitKey, omitTime bool
	reduced                                   error // why something is left out
}

// whole restores what was left out: the topic may take it now.
func (l *Draft) whole() {
	l.omitValue, l.omitHeaders, l.omitKey, l.omitTime, l.reduced = false, false, false, false, nil
}

// reduce leaves out what the brokers' error is about; false if nothing more can be left
// out.
func (l *Draft) reduce(err error) bool {
	switch {
	case errors.Is(err, kerr.InvalidTimestamp):
		if l.omitTime {
			return false
		}
		l.omitTime = true
	case !kafka.Oversized(err):
		return false
	case !l.omitValue && len(l.Value) > 0:
		l.omitValue = true
	case !l.omitHeaders && len(l.Headers) > 0:
		l.omitHeaders = true
	case !l.omitKey && len(l.Key) > 0:
		l.omitKey = true
	default:
		return false
	}
	return true
}

// build makes the record to produce; profile is the form that headers show. Every attempt
// builds it again, because the client keeps state in it.
func (l *Draft) build(topic, profile string) *kgo.Record {
	out := &kgo.Record{Topic: topic, Key: l.Key, Value: l.Value, Timestamp: time.UnixMilli(l.Timestamp)}
	h := headers{}
	var dropped int
	if l.omitHeaders {
		dropped = len(l.Headers)
	} else {
		dropped = h.keep(l.Headers)
	}

	// Text from outside was masked when it arrived. Masking it again would remove numbers
	// that are ours.
	message := redact.Line(redact.Own(l.Reason.Message), redact.MessageLimit)
	h.set(headerTopic, redact.Line(l.From.Topic, 249))
	h.set(headerPartition, strconv.Itoa(int(l.From.Partition)))
	h.set(headerOffset, strconv.FormatInt(l.Offset, 10))
	h.set(headerStage, stage(l.Reason.Class))
	h.set(headerClassName, "github.com/tracklayer/amazon-capi/"+folder(l.Reason.Class))
	h.set(headerException, ownPrefix+l.Reason.Class.String())
	h.set(headerExceptText, message)

	h.set(headerClass, l.Reason.Class.String())
	h.set(headerStatus, number(l.Reason.Status))
	h.set(headerCode, redact.Line(redact.Text(l.Reason.Code), redact.WordLimit))
	h.set(headerField, redact.Line(redact.Text(l.Reason.Field), redact.WordLimit))
	h.set(headerMessage, message)
	h.set(headerProfile, profile)
	h.set(headerEventID, redact.EventID(l.EventID))
	h.set(headerAttempts, strconv.Itoa(l.Attempts))
	h.set(headerFirstFailure, l.First.UTC().Format(letterTime))
	h.set(headerLastFailure, l.Last.UTC().Format(letterTime))
	h.set(headerContract, l.Contract)

	if l.omitValue {
		out.Value = nil
		h.set(headerValueOmitted, strconv.Itoa(len(l.Value)))
	}
	if l.omitKey {
		out.Key = nil
		h.set(headerKeyOmitted, strconv.Itoa(len(l.Key)))
	}
	if dropped > 0 {
		h.set(headerHeadersOmitted, strconv.Itoa(dropped))
	}
	if l.omitTime {
		out.Timestamp = time.Time{} // the client's clock
		h.set(headerTimestampOmitted, strconv.FormatInt(l.Timestamp, 10))
	}
	out.Headers = h
	return out
}

type headers []kgo.RecordHeader

func (h *headers) set(key, value string) {
	*h = append(*h, kgo.RecordHeader{Key: key, Value: []byte(value)})
}

// keep copies the original's headers, except those of an earlier letter, and returns how
// many were too many.
func (h *headers) keep(orig []kgo.RecordHeader) (dropped int) {
	bytes, said := 0, false
	names := framing.Naming(orig)
	for i, o := range orig {
		if strings.HasPrefix(o.Key, connectPrefix) || strings.HasPrefix(o.Key, ownPrefix) {
			if n := redrives(o.Value); o.Key == headerRedrives && n > 0 && !said {
				h.set(headerRedrives, strconv.Itoa(n))
				said = true
			}
			continue
		}
		size := len(o.Key) + len(o.Value)
		// The header that names the schema is kept even beyond the bounds: without it, a
		// value of bare Avro cannot be decoded again.
		if !slices.Contains(names, i) && (len(*h) >= maxOwnHeaders || bytes+size > maxOwnHeaderBytes) {
			dropped++
			continue
		}
		bytes += size
		*h = append(*h, o)
	}
	return dropped
}

// smallNumber reads a small number; 0 for anything else.
func smallNumber(b []byte) int {
	n, err := strconv.ParseUint(string(b), 10, 16)
	if err != nil {
		return 0
	}
	return int(n)
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// stage translates a class into Kafka Connect's terms.
func stage(c verdict.Class) string {
	switch c {
	case verdict.Decode:
		return "VALUE_CONVERTER"
	case verdict.Validation:
		return "TRANSFORMATION"
	}
	return "TASK_PUT"
}

// folder is the package that decides a class.
func folder(c verdict.Class) string {
	switch c {
	case verdict.Decode:
		return "schemas"
	case verdict.Validation:
		return "transform"
	}
	return "sink"
}
