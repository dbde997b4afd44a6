package deadletter

import (
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// Dead letters of other programs: those of brokers with share groups (KIP-1191), with
// numbers as text, and Spring's, with big-endian numbers. Both may lack a copy of the
// original and only say where it is.
const (
	sharePrefix     = "__dlq.errors."
	shareTopic      = sharePrefix + "topic"
	sharePartition  = sharePrefix + "partition"
	shareOffset     = sharePrefix + "offset"
	shareDeliveries = sharePrefix + "delivery.count"
	shareMessage    = sharePrefix + "message"

	springPrefix    = "kafka_dlt-"
	springTopic     = springPrefix + "original-topic"
	springPartition = springPrefix + "original-partition"
	springOffset    = springPrefix + "original-offset"
	springTimestamp = springPrefix + "original-timestamp"
	springClass     = springPrefix + "exception-fqcn"
	springMessage   = springPrefix + "exception-message"
	// springRetry is the prefix of headers of Spring's retry topics.
	springRetry    = "retry_topic-"
	springAttempts = springRetry + "attempts"
)

// isOurs reports whether this program wrote the letter. Headers of other tools are then
// part of its original.
func isOurs(headers []kgo.RecordHeader) bool {
	for _, h := range headers {
		if h.Key == headerClass {
			return true
		}
	}
	return false
}

// others reads a header of a broker's or Spring's letter; false if it is none. A record that
// passed several Spring topics has several headers of one name; the first is the
// original's.
func (l *Letter) others(h kgo.RecordHeader, words *words) bool {
	text := string(h.Value)
	switch h.Key {
	case shareTopic:
		l.Topic = text
	case sharePartition:
		l.Partition = int32(headerNumber(h.Value, 31))
	case shareOffset:
		l.Offset = headerNumber(h.Value, 63)
	case shareDeliveries, springAttempts:
		l.Attempts = int(max(0, headerNumber(h.Value, 31)))
	case shareMessage, springMessage:
		words.exception = text
	case springTopic:
		if l.Topic == "" {
			l.Topic = text
		}
	case springPartition:
		if l.Partition < 0 {
			l.Partition = int32(headerNumber(h.Value, 31))
		}
	case springOffset:
		if l.Offset < 0 {
			l.Offset = headerNumber(h.Value, 63)
		}
	case springTimestamp:
		if ms := headerNumber(h.Value, 63); ms >= 0 && !words.timed {
			l.Timestamp, words.timed = time.UnixMilli(ms), true
		}
	case springClass:
		if words.class == "" {
			words.class = text
			l.Stage = redact.Line(redact.Text(text), redact.WordLimit)
		}
	default:
		return strings.HasPrefix(h.Key, sharePrefix) || strings.HasPrefix(h.Key, springPrefix) || strings.HasPrefix(h.Key, springRetry)
	}
	return true
}

// headerNumber parses a number as text, or as 4 or 8 bytes; -1 for anything else. 4 or 8
// digits are text: as bytes they would be offsets that no topic reaches.
func headerNumber(b []byte, bits int) int64 {
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		switch len(b) {
		case 4:
			n = int64(int32(binary.BigEndian.Uint32(b)))
		case 8:
			n = int64(binary.BigEndian.Uint64(b))
		default:
			return -1
		}
	}
	if n < 0 || n>>bits != 0 {
		return -1
	}
	return n
}
