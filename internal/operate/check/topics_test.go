package check

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/internal/operate/report"
)

// levels is a list as level and message.
func levels(l report.List) []string {
	out := []string{}
	for _, f := range wellFormed(l) {
		out = append(out, fmt.Sprintf("%v: %s", f.Level, f.Message))
	}
	return out
}

// TestPartitions: leaders and replicas of a topic, which no broker in this process has
// more than one of.
func TestPartitions(t *testing.T) {
	part := func(n, leader int32, replicas, isr int, code int16) kmsg.MetadataResponseTopicPartition {
		return kmsg.MetadataResponseTopicPartition{Partition: n, Leader: leader, ErrorCode: code, Replicas: make([]int32, replicas), ISR: make([]int32, isr)}
	}
	for name, c := range map[string]struct {
		brokers    int
		partitions []kmsg.MetadataResponseTopicPartition
		replicas   int
		want       []string
	}{
		"all in sync":            {3, []kmsg.MetadataResponseTopicPartition{part(0, 1, 3, 3, 0), part(1, 2, 3, 3, 0)}, 3, []string{}},
		"one behind":             {3, []kmsg.MetadataResponseTopicPartition{part(0, 1, 3, 3, 0), part(1, 2, 3, 2, 0)}, 3, []string{"look: partitions [1] have replicas that are behind"}},
		"none in sync":           {3, []kmsg.MetadataResponseTopicPartition{part(0, 1, 3, 0, 0)}, 3, []string{"look: partitions [0] have replicas that are behind"}},
		"more in sync than told": {3, []kmsg.MetadataResponseTopicPartition{part(0, 1, 2, 3, 0)}, 2, []string{}},
		"no leader":              {3, []kmsg.MetadataResponseTopicPartition{part(0, -1, 3, 3, 0), part(1, 0, 3, 3, 0)}, 3, []string{"act: partitions [0] have no leader"}},
		"an error":               {3, []kmsg.MetadataResponseTopicPartition{part(0, 0, 3, 3, 5)}, 3, []string{"act: partitions [0] have no leader"}},
		"of different counts":    {3, []kmsg.MetadataResponseTopicPartition{part(0, 0, 3, 3, 0), part(1, 0, 2, 2, 0), part(2, 0, 3, 3, 0)}, 2, []string{}},
		"one of two brokers":     {2, []kmsg.MetadataResponseTopicPartition{part(0, 0, 1, 1, 0)}, 1, []string{"look: one replica: what is on a broker that dies is gone"}},
		"one of one broker":      {1, []kmsg.MetadataResponseTopicPartition{part(0, 0, 1, 1, 0)}, 1, []string{}},
		"two of two brokers":     {2, []kmsg.MetadataResponseTopicPartition{part(0, 0, 2, 2, 0)}, 2, []string{}},
		"no partitions":          {3, nil, 0, []string{}},
	} {
		var l report.List
		replicas := partitions(&l, role{topic: "events"}, kmsg.MetadataResponseTopic{Partitions: c.partitions}, c.brokers)
		if diff := cmp.Diff(c.want, levels(l)); diff != "" || replicas != c.replicas {
			t.Errorf("%s: %d replicas, want %d; findings (-want +got):\n%s", name, replicas, c.replicas, diff)
		}
	}
}

// TestJudgeAtItsBounds: what is just enough draws no remark, and what is just too little
// does.
func TestJudgeAtItsBounds(t *testing.T) {
	const week = 7 * 24 * time.Hour
	good := settings{cleanup: "delete", retention: week, retainBytes: -1, maxBytes: 1000, minISR: 2}
	source := role{flag: "--topic", topic: "events", needs: []kadm.ACLOperation{kadm.OpRead}}
	letters := role{flag: "--dead-letter-topic", topic: "letters", needs: []kadm.ACLOperation{kadm.OpWrite}, room: 1000}
	for name, c := range map[string]struct {
		role     role
		replicas int
		change   func(*settings)
		want     report.Level
		fine     bool
	}{
		"good":                             {letters, 3, func(*settings) {}, 0, true},
		"kept for three days":              {source, 3, func(s *settings) { s.retention = leastRetention }, 0, true},
		"kept for less":                    {source, 3, func(s *settings) { s.retention = leastRetention - 1 }, report.Look, false},
		"kept for no time at all":          {source, 3, func(s *settings) { s.retention = 0 }, report.Look, false},
		"kept forever":                     {source, 3, func(s *settings) { s.retention = -1 }, 0, true},
		"bound of no bytes":                {source, 3, func(s *settings) { s.retainBytes = 0 }, report.Look, false},
		"room to spare":                    {letters, 3, func(s *settings) { s.maxBytes = 1001 }, 0, true},
		"a byte too few":                   {letters, 3, func(s *settings) { s.maxBytes = 999 }, report.Look, false},
		"size unknown":                     {letters, 3, func(s *settings) { s.maxBytes = 0 }, 0, true},
		"size of no matter":                {source, 3, func(s *settings) { s.maxBytes = 1 }, 0, true},
		"as many acks as replicas":         {letters, 2, func(*settings) {}, 0, true},
		"one ack too many":                 {letters, 2, func(s *settings) { s.minISR = 3 }, report.Act, false},
		"replicas unknown":                 {letters, 0, func(s *settings) { s.minISR = 3 }, 0, true},
		"one ack of three replicas":        {letters, 3, func(s *settings) { s.minISR = 1 }, report.Look, false},
		"one ack of two replicas":          {letters, 2, func(s *settings) { s.minISR = 1 }, 0, true},
		"acks of what we only read":        {source, 3, func(s *settings) { s.minISR = 1 }, 0, true},
		"more acks than replicas, reading": {source, 1, func(*settings) {}, 0, true},
		"compacted source":                 {source, 3, func(s *settings) { s.cleanup = "compact" }, report.Look, false},
		"compacted letters":                {letters, 3, func(s *settings) { s.cleanup = "compact" }, report.Act, false},
		"compacted, its time of no matter": {source, 3, func(s *settings) { s.cleanup, s.retention = "compact", 1 }, report.Look, false},
	} {
		s := good
		c.change(&s)
		var l report.List
		s.judge(&l, c.role, c.replicas)
		switch {
		case c.fine && len(l) != 0, !c.fine && len(l) != 1:
			t.Errorf("%s: %v", name, levels(l))
		case !c.fine && l[0].Level != c.want:
			t.Errorf("%s: %v, want level %v", name, levels(l), c.want)
		}
	}
}

func TestHowLongATopicKeepsItsRecords(t *testing.T) {
	for _, c := range []struct {
		s    settings
		want string
	}{
		{settings{cleanup: "delete", retention: -1}, "forever"},
		{settings{cleanup: "compact", retention: time.Hour}, "forever"},
		{settings{cleanup: "compact,delete", retention: time.Hour}, "for 1h0m0s"},
		{settings{cleanup: "delete"}, "for 0s"},
		{settings{cleanup: "delete", retention: 48*time.Hour - time.Second}, "for 47h59m59s"},
		{settings{cleanup: "delete", retention: 48 * time.Hour}, "for 2 days"},
		{settings{cleanup: "delete", retention: 60 * time.Hour}, "for 2.5 days"},
	} {
		if got := c.s.kept(); got != c.want {
			t.Errorf("%+v is kept %q, want %q", c.s, got, c.want)
		}
	}
}

func TestLackingOperations(t *testing.T) {
	for _, c := range []struct {
		granted, needed []kadm.ACLOperation
		want            string
	}{
		{nil, []kadm.ACLOperation{kadm.OpRead}, ""}, // the brokers do not tell
		{[]kadm.ACLOperation{kadm.OpRead, kadm.OpDescribe}, []kadm.ACLOperation{kadm.OpRead, kadm.OpDescribe}, ""},
		{[]kadm.ACLOperation{kadm.OpDescribe}, []kadm.ACLOperation{kadm.OpRead, kadm.OpDescribe}, "READ"},
		{[]kadm.ACLOperation{kadm.OpAlter}, []kadm.ACLOperation{kadm.OpWrite, kadm.OpDescribe}, "WRITE, DESCRIBE"},
		{[]kadm.ACLOperation{kadm.OpAll}, []kadm.ACLOperation{kadm.OpWrite, kadm.OpDescribe}, ""},
	} {
		if got := lacking(slices.Clone(c.granted), c.needed...); got != c.want {
			t.Errorf("%v of %v: %q, want %q", c.granted, c.needed, got, c.want)
		}
	}
}
