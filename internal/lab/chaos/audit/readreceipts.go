package audit

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// receipt reads a receipt by the names of its fields. One that cannot be read is
// not decoded, which a rule finds; an error is the registry's.
func (d *decoder) receipt(ctx context.Context, r *kgo.Record) (Receipt, error) {
	rc := Receipt{Written: r.Timestamp, Key: string(r.Key)}
	fields, err := d.fields(ctx, r.Value)
	if err != nil {
		return rc, err
	}
	topic, hasTopic := fields["source_topic"].(string)
	events, hasEvents := fields["events"].([]any)
	if !hasTopic || !hasEvents {
		return rc, nil
	}
	rc.Topic, rc.Profile = topic, text(fields["profile_id"])
	rc.Attempts = int(integer(fields["attempts"]))
	rc.FirstSent, rc.Answered = moment(fields["first_sent_at"]), moment(fields["last_answered_at"])
	for _, e := range events {
		event, ok := e.(map[string]any)
		if !ok {
			return Receipt{Written: rc.Written, Key: rc.Key}, nil
		}
		rc.Events = append(rc.Events, Receipted{
			Partition: int32(integer(event["partition"])), Offset: integer(event["offset"]),
			EventID: text(event["event_id"]), Verdict: text(event["verdict"]),
			Status: int(integer(event["status"])), Code: text(event["code"]),
		})
	}
	rc.Decoded = true
	return rc, nil
}

// within returns what a union holds, which goavro has in a map of one.
func within(v any) any {
	if m, ok := v.(map[string]any); ok && len(m) == 1 {
		for _, inner := range m {
			return inner
		}
	}
	return v
}

func text(v any) string {
	s, _ := within(v).(string)
	return s
}

func integer(v any) int64 {
	switch n := within(v).(type) {
	case int32:
		return int64(n)
	case int64:
		return n
	}
	return 0
}

func moment(v any) time.Time {
	t, _ := within(v).(time.Time)
	return t
}
