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

// Headers of dead letters: Kafka Connect's, which inspection tools know, and
// ours. They are a fixed set and each is bounded; a letter that is sent through
// again and fails again has them replaced, so that they never pile up.
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
	// headerRedrives counts how often a letter was sent through again. It is
	// the one header of ours that a new letter takes over.
	headerRedrives = ownPrefix + "redrives"
	// What a letter lacks of its original, because the topic would not take it.
	headerValueOmitted     = ownPrefix + "value-omitted"
	headerKeyOmitted       = ownPrefix + "key-omitted"
	headerHeadersOmitted   = ownPrefix + "headers-omitted"
	headerTimestampOmitted = ownPrefix + "timestamp-omitted"
)

const (
	letterTime = "2006-01-02T15:04:05.000Z07:00"
	// The original's own headers are kept up to these bounds.
	maxOwnHeaders     = 64
	maxOwnHeaderBytes = 16 << 10
)

// Draft is a dead letter on its way.
type Draft struct {
	verdict.Record
	Original
	request     *verdict.Request // that it came of; nil if the record was never sent
	Contract    string
	Profile     string
	EventID     string
	Reason      verdict.Reason
	Attempts    int
	First, Last time.Time
	queued      time.Time // when it was handed over to be made

	// alone: it is written by itself, to learn whether it is the one that the
	// brokers refused.
	alone                                     bool
	refused                                   bool // also without all that can be left out
	omitValue, omitHeaders, omitKey, omitTime bool
	reduced                                   error // why something is left out
}

// whole takes back what was left out: the topic may take it now.
func (l *Draft) whole() {
	l.omitValue, l.omitHeaders, l.omitKey, l.omitTime, l.reduced = false, false, false, false, nil
}

// reduce leaves out what the brokers' error is about; false when there is
// nothing more to leave out.
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

// build makes the record that is produced; profile is as headers show it. It is
// made anew for every try, since the client keeps state in it.
func (l *Draft) build(topic, profile string) *kgo.Record {
	out := &kgo.Record{Topic: topic, Key: l.Key, Value: l.Value, Timestamp: time.UnixMilli(l.Timestamp)}
	h := headers{}
	var dropped int
	if l.omitHeaders {
		dropped = len(l.Headers)
	} else {
		dropped = h.keep(l.Headers)
	}

	// What a stranger said in it was masked when it came. It is not masked as such
	// again, or it would lose the numbers that are ours.
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

// keep takes over the original's headers but for those of an earlier letter,
// and returns how many of them were too many.
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
		// What names the schema is kept whatever else there is: without it a value of
		// bare Avro cannot be read again.
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

// stage puts a class into Kafka Connect's terms.
func stage(c verdict.Class) string {
	switch c {
	case verdict.Decode:
		return "VALUE_CONVERTER"
	case verdict.Validation:
		return "TRANSFORMATION"
	}
	return "TASK_PUT"
}

// folder is where a class is decided.
func folder(c verdict.Class) string {
	switch c {
	case verdict.Decode:
		return "schemas"
	case verdict.Validation:
		return "transform"
	}
	return "sink"
}
