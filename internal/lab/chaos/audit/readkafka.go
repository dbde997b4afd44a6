package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/linkedin/goavro/v2"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// decoder reads who a record is about: Confluent's header, the schema that the
// registry has under its id, and goavro. It knows nothing of TrackLayer's event
// but the names of two fields.
type decoder struct {
	registry string
	client   *http.Client
	codecs   map[uint32]*goavro.Codec // nil: no schema of that id
}

func newDecoder(registry string, over http.RoundTripper) *decoder {
	return &decoder{
		registry: strings.TrimSuffix(registry, "/"),
		client: &http.Client{Transport: over, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // as internal/web has it, of which nothing is used here
		}},
		codecs: make(map[uint32]*goavro.Codec),
	}
}

// record never fails for what is in a record; an error is the registry's.
func (d *decoder) record(ctx context.Context, r *kgo.Record) (Record, error) {
	rec := Record{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Key: string(r.Key), Value: hashOf(r.Value), Published: r.Timestamp}
	fields, err := d.fields(ctx, r.Value)
	id, hasID := fields["event_id"].(string)
	profile, hasProfile := fields["profile_id"].(string)
	if hasID && hasProfile {
		rec.EventID, rec.Profile, rec.Decoded = id, profile, true
	}
	return rec, err
}

// fields returns what an Avro record has in its fields; nil for bytes that are
// none of the schema they name.
func (d *decoder) fields(ctx context.Context, value []byte) (map[string]any, error) {
	if len(value) < 5 || value[0] != 0 {
		return nil, nil
	}
	codec, err := d.codec(ctx, binary.BigEndian.Uint32(value[1:]))
	if err != nil || codec == nil {
		return nil, err
	}
	native, rest, err := codec.NativeFromBinary(value[5:])
	fields, ok := native.(map[string]any)
	if err != nil || len(rest) > 0 || !ok {
		return nil, nil
	}
	return fields, nil
}

func (d *decoder) codec(ctx context.Context, id uint32) (*goavro.Codec, error) {
	if c, known := d.codecs[id]; known {
		return c, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.registry+"/schemas/ids/"+strconv.FormatUint(uint64(id), 10), nil)
	if err != nil {
		return nil, err
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	defer resp.Body.Close()
	var answer struct {
		Schema string `json:"schema"`
	}
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		d.codecs[id] = nil
		return nil, nil
	default:
		return nil, fmt.Errorf("registry: status %d for schema %d", resp.StatusCode, id)
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("registry: schema %d: %w", id, err)
	}
	c, err := goavro.NewCodec(answer.Schema)
	if err != nil {
		return nil, fmt.Errorf("registry: schema %d: %w", id, err)
	}
	d.codecs[id] = c
	return c, nil
}

// hashOf tells a null value from an empty one.
func hashOf(value []byte) Hash {
	if value == nil {
		return Hash{}
	}
	return sha256.Sum256(value)
}

// hasAppendTime is an error for a record whose time is its producer's: of the two
// times a record can have, only the brokers' says when it was written. The
// harness makes topics so that they have that one.
func hasAppendTime(r *kgo.Record) error {
	const logAppendTime = 1
	if r.Attrs.TimestampType() != logAppendTime {
		return errors.New("its records have no append time: message.timestamp.type must be LogAppendTime")
	}
	return nil
}

// readLetter reads a dead letter's headers. What it lacks stays zero, and is
// then found not to be its original's.
func readLetter(r *kgo.Record) Letter {
	l := Letter{Written: r.Timestamp, Key: string(r.Key), Value: hashOf(r.Value), Partition: -1, Offset: -1}
	for _, h := range r.Headers {
		value := string(h.Value)
		switch h.Key {
		case "__connect.errors.topic":
			l.Topic = value
		case "__connect.errors.partition":
			if n, err := strconv.ParseInt(value, 10, 32); err == nil {
				l.Partition = int32(n)
			}
		case "__connect.errors.offset":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil {
				l.Offset = n
			}
		case "amazon-capi.class":
			l.Class = value
		case "amazon-capi.status":
			if n, err := strconv.Atoi(value); err == nil {
				l.Status = n
			}
		case "amazon-capi.code":
			l.Code = value
		case "amazon-capi.value-omitted", "amazon-capi.key-omitted":
			l.Omitted = true
		}
	}
	return l
}

// offsetsTopic is where the brokers keep what groups commit, and who owns what.
// It is compacted some day; until then it is a history that no member can
// write differently from what happened.
const offsetsTopic = "__consumer_offsets"

// groupReader goes through the group's history.
type groupReader struct {
	*Facts
	topicID [16]byte               // of the source
	members map[string]groupMember // of a group of the consumer protocol
}

// read takes a record of that topic. Key versions 0 and 1 are commits,
// version 2 is a generation of a group of the classic protocol, and of those that
// belong to the consumer protocol some are about its members.
func (f *groupReader) read(r *kgo.Record) error {
	if len(r.Key) < 2 {
		return nil
	}
	switch version := int16(binary.BigEndian.Uint16(r.Key)); version {
	case 0, 1:
		var key kmsg.OffsetCommitKey
		if err := key.ReadFrom(r.Key); err != nil {
			return err
		}
		if key.Group != f.Run.Group || key.Topic != f.Run.Topic {
			return nil
		}
		if r.Value == nil {
			return fmt.Errorf("the group's offset of partition %d was deleted", key.Partition)
		}
		var value kmsg.OffsetCommitValue
		if err := value.ReadFrom(r.Value); err != nil {
			return err
		}
		f.Commits = append(f.Commits, Commit{At: r.Timestamp, Partition: key.Partition, Offset: value.Offset, Metadata: value.Metadata})
	case 2:
		var key kmsg.GroupMetadataKey
		if err := key.ReadFrom(r.Key); err != nil {
			return err
		}
		if key.Group != f.Run.Group || r.Value == nil {
			return nil
		}
		g, err := readGeneration(r, f.Run.Topic)
		if err != nil {
			return err
		}
		f.Generations = append(f.Generations, g)
	case keyMember, keyAssignment:
		return f.readMember(version, r)
	}
	return nil
}

func readGeneration(r *kgo.Record, topic string) (g Generation, err error) {
	var value kmsg.GroupMetadataValue
	if err := value.ReadFrom(r.Value); err != nil {
		return g, err
	}
	g = Generation{At: r.Timestamp, Number: value.Generation, Owners: make(map[int32]Owner)}
	for _, m := range value.Members {
		if len(bytes.TrimSpace(m.Assignment)) == 0 {
			continue
		}
		var a kmsg.ConsumerMemberAssignment
		if err := a.ReadFrom(m.Assignment); err != nil {
			return g, fmt.Errorf("assignment of %s: %w", m.ClientID, err)
		}
		for _, t := range a.Topics {
			if t.Topic != topic {
				continue
			}
			for _, p := range t.Partitions {
				g.Owners[p] = Owner{m.ClientID, m.MemberID}
			}
		}
	}
	return g, nil
}
