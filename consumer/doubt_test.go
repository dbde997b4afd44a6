package consumer

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/tracklayer/amazon-capi/consumer/ledger"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// fill publishes records that are the same, timestamps and all, whenever and
// wherever they are published.
func (b *bench) fill(values ...string) {
	b.t.Helper()
	records := make([]*kgo.Record, len(values))
	for i, v := range values {
		records[i] = &kgo.Record{Topic: topic, Value: []byte(v), Timestamp: time.UnixMilli(1_700_000_000_000 + int64(len(v)))}
	}
	if err := b.client.ProduceSync(b.t.Context(), records...).FirstErr(); err != nil {
		b.t.Fatal(err)
	}
}

// cut makes the log end before an offset, and fills it again with other events.
// It makes the topic anew: brokers without topic ids do not tell the difference.
func (b *bench) cut(at int, from, to int) {
	b.t.Helper()
	if _, err := b.admin.DeleteTopics(b.t.Context(), topic); err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.admin.CreateTopic(b.t.Context(), 1, 1, nil, topic); err != nil {
		b.t.Fatal(err)
	}
	b.client.PurgeTopicsFromClient(topic)
	b.fill(append(events("p1", 0, at), events("p1", from, to)...)...)
}

// commitAs commits an offset with metadata, as if it had been said of this log.
func (b *bench) commitAs(o kadm.OffsetResponse, log ledger.LogID) {
	b.t.Helper()
	s := said(b.t, o)
	if log != (ledger.LogID{}) {
		s.Log = log
	}
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: topic, At: o.At, LeaderEpoch: -1, Metadata: s.Metadata(ledger.MetadataLimit)})
	if err := b.admin.CommitAllOffsets(b.t.Context(), group, offsets); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) logID() ledger.LogID {
	b.t.Helper()
	md, err := b.admin.Metadata(b.t.Context(), topic)
	if err != nil {
		b.t.Fatal(err)
	}
	return ledger.NewLogID(md.Cluster, topic, md.Topics[topic].ID)
}

// settledBut takes the first n events in several polls, and settles all but some.
func (b *bench) settledBut(n int, but func(i int) bool) kadm.OffsetResponse {
	b.t.Helper()
	s := newFakeSink(false)
	m := b.start(s, func(o *Options) { o.Drain = -1 })
	for i := 0; i < n; {
		to := min(i+50, n)
		b.fill(events("p1", i, to)...)
		for _, v := range s.take(to - i) {
			var at int
			_, _ = fmt.Sscanf(v.EventID, "e%d", &at)
			if !but(at) {
				m.Settle([]verdict.Verdict{v})
			}
		}
		i = to
	}
	var o kadm.OffsetResponse
	b.eventually("all of it is committed", func() bool {
		o, _ = b.offset(0)
		got, err := ledger.ParseBeyond(o.Metadata, o.At)
		return err == nil && (but(n-1) || o.At == int64(n) || got.Has(int64(n-1), 0))
	})
	if err := m.stop(); err != nil {
		b.t.Fatal(err)
	}
	return o
}

// TestMetadataOfOtherRecords is issue 15's case: an offset and its metadata meet
// a log that holds other records than they were about. All that was not settled
// as it is in this log is sent.
func TestMetadataOfOtherRecords(t *testing.T) {
	const n = 500
	held := func(i int) bool { return i >= 100 && i%97 == 3 }
	for name, tc := range map[string]struct {
		log    []string // what it meets
		ours   bool     // the metadata says that it is about this log
		again  int      // how many may be sent though they were settled
		reason ledger.Reason
	}{
		"a fresh topic":                         {log: events("p1", 1000, 2000), reason: ledger.ReasonOtherCluster},
		"a fresh topic that is said to be ours": {log: events("p1", 1000, 2000), ours: true, reason: ledger.ReasonOtherRecords},
		"a mirror":                              {log: events("p1", 0, n), again: n, reason: ledger.ReasonOtherCluster},
		"a mirror whose later offsets shift": {
			log: append(events("p1", 0, 310), events("p1", 320, 700)...), ours: true, again: 10, reason: ledger.ReasonOtherRecords,
		},
		"a mirror that is behind": {log: events("p1", 0, 300), ours: true, reason: ledger.ReasonPastEnd},
		"cut and filled again": {
			log: append(events("p1", 0, 240), events("p1", 2000, 2500)...), ours: true, again: 40, reason: ledger.ReasonOtherRecords,
		},
		"cut before the offset and filled again": {
			log: append(events("p1", 0, 80), events("p1", 2000, 2500)...), ours: true, again: 30, reason: ledger.ReasonOtherRecords,
		},
		"cut before the offset": {log: events("p1", 0, 80), ours: true, again: 30, reason: ledger.ReasonPastEnd},
		"the same log":          {log: events("p1", 0, 600), ours: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newVirtualBench(t, 1, 1).settledBut(n, held)
				b := newVirtualBench(t, 1, 1, kfake.ClusterID("another"))
				b.fill(tc.log...)
				log := ledger.LogID{}
				if tc.ours {
					log = b.logID()
				}
				b.commitAs(o, log)
				s := newFakeSink(true)
				b.start(s, nil)
				again := 0
				for at, v := range tc.log {
					id := strings.TrimPrefix(v, "p1|")
					must := int64(at) >= o.At
					if tc.ours {
						must = id != fmt.Sprintf("e%d", at) || at >= n || held(at)
					}
					if must {
						b.eventually(fmt.Sprintf("%s at offset %d is sent", id, at), func() bool { return s.count(id) > 0 })
					}
				}
				b.eventually("all is committed", func() bool { return b.committed(0) == int64(len(tc.log)) })
				for at, v := range tc.log {
					if id := strings.TrimPrefix(v, "p1|"); id == fmt.Sprintf("e%d", at) && at < n && !held(at) {
						again += s.count(id)
					}
				}
				if again > tc.again {
					t.Errorf("%d were sent again, want %d at most", again, tc.again)
				}
				told := strings.Count(b.log.String(), `"reason":"`+string(tc.reason)+`"`)
				if tc.reason == "" && strings.Contains(b.log.String(), `"reason":`) || tc.reason != "" && told != 1 {
					t.Errorf("told %d times with reason %q:\n%s", told, tc.reason, b.log)
				}
			})
		})
	}
}

// TestTopicMadeAgainWhileAway: none of its records was read, whatever the offset
// of the former one is.
func TestTopicMadeAgainWhileAway(t *testing.T) {
	b := newBench(t, 1)
	o := b.settledBut(200, func(int) bool { return false })
	if o.At != 200 || len(said(t, o).Witnesses) == 0 || said(t, o).Log != b.logID() {
		t.Fatalf("committed %d with %+v; want the log and its witnesses, also without ranges", o.At, said(t, o))
	}
	b.cut(0, 1000, 1300)
	b.commitAs(o, ledger.LogID{}) // brokers forget it with the topic, but for a member that commits late
	s := newFakeSink(true)
	b.start(s, nil)
	b.eventually("all is sent", func() bool { return b.committed(0) == 300 && s.count("e1000") == 1 && s.count("e1299") == 1 })
	if !strings.Contains(b.log.String(), `"reason":"made_again"`) {
		t.Errorf("no warning:\n%s", b.log)
	}
}

// TestLogCutUnderARunningMember: with one event held, brokers without topic ids
// and without a new epoch lose the tail and fill it anew. All of it is sent, and
// what is committed names nothing of the lost tail, whoever reads next.
func TestLogCutUnderARunningMember(t *testing.T) { synctest.Test(t, testLogCutUnderARunningMember) }

func testLogCutUnderARunningMember(t *testing.T) {
	b := newVirtualBench(t, 1, 1, kfake.MaxVersions(kversion.V2_6_0()))
	b.fill(events("p1", 0, 100)...)
	s := newFakeSink(false)
	m := b.start(s, func(o *Options) { o.Drain = -1 })
	settle := func(vs []verdict.Verdict) {
		for _, v := range vs {
			if v.EventID != "e40" && v.EventID != "e1010" {
				m.Settle([]verdict.Verdict{v})
			}
		}
	}
	settle(s.take(100))
	b.fill(events("p1", 100, 200)...)
	settle(s.take(100))
	b.eventually("it is committed", func() bool { return b.committed(0) == 40 })

	b.cut(120, 1000, 1030) // ends at 150, before what was read
	settle(s.take(30 + 20))
	b.eventually("what is settled anew is committed", func() bool {
		o, _ := b.offset(0)
		got, err := ledger.ParseBeyond(o.Metadata, o.At)
		return err == nil && o.At == 40 && got.Has(149, 0)
	})
	o, _ := b.offset(0)
	if got := said(t, o); got.Settled[0].From < 100 || got.Has(130, 0) {
		t.Errorf("ranges %v name what was there before, or e1010", got.Settled)
	}
	for i := 1000; i < 1030; i++ {
		if n := s.count(fmt.Sprintf("e%d", i)); n != 1 {
			t.Errorf("e%d was sent %d times", i, n)
		}
	}
	b.eventually("the lag is that of the shorter log", func() bool {
		l, known := m.owned()[0].Lag(time.Now())
		return known && l.Records == 110
	})
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	s2 := newFakeSink(true)
	b.start(s2, nil)
	b.eventually("all is committed", func() bool { return b.committed(0) == 150 })
	if s2.count("e40") != 1 || s2.count("e1010") != 1 || s2.count("e1020") != 0 {
		t.Errorf("e40 %d, e1010 %d, e1020 %d times; want what had no verdict", s2.count("e40"), s2.count("e1010"), s2.count("e1020"))
	}
}

// TestHeldPartitionsLetOthersGoOn: a partition whose leader does not answer is
// not taken on trust, and does not keep the others waiting.
func TestHeldPartitionsLetOthersGoOn(t *testing.T) { synctest.Test(t, testHeldPartitionsLetOthersGoOn) }

func testHeldPartitionsLetOthersGoOn(t *testing.T) {
	b := newVirtualBench(t, 1, 2)
	b.publish(0, events("p1", 0, 10)...)
	b.publish(1, events("p2", 100, 110)...)
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: topic, Partition: 0, At: 2, LeaderEpoch: -1})
	if err := b.admin.CommitAllOffsets(t.Context(), group, offsets); err != nil {
		t.Fatal(err)
	}
	away := true
	b.cluster.ControlKey(int16(kmsg.ListOffsets), func(r kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		if !away {
			return nil, nil, false
		}
		req := r.(*kmsg.ListOffsetsRequest)
		resp := req.ResponseKind().(*kmsg.ListOffsetsResponse)
		for _, rt := range req.Topics {
			at := kmsg.NewListOffsetsResponseTopic()
			at.Topic = rt.Topic
			for _, rp := range rt.Partitions {
				p := kmsg.NewListOffsetsResponseTopicPartition()
				p.Partition, p.Offset = rp.Partition, 10
				if rp.Timestamp == -2 {
					p.Offset = 0
				}
				if rp.Partition == 0 {
					p.ErrorCode = kerr.LeaderNotAvailable.Code
				}
				at.Partitions = append(at.Partitions, p)
			}
			resp.Topics = append(resp.Topics, at)
		}
		return resp, nil, true
	})
	s := newFakeSink(true)
	m := b.start(s, nil)
	b.eventually("the other goes on", func() bool { return b.committed(1) == 10 })
	b.eventually("the condition tells", func() bool {
		for _, st := range m.opts.Conditions.States() {
			if st.Name == "position" && !st.OK && strings.Contains(st.Reason, "partition 0") {
				return true
			}
		}
		return false
	})
	if s.count("e2") != 0 {
		t.Error("a partition was taken from before its log was looked at")
	}
	b.cluster.Control(func(kmsg.Request) (kmsg.Response, error, bool) { away = false; return nil, nil, false })
	b.eventually("it is back", func() bool { return b.committed(0) == 10 })
	if s.count("e1") != 0 || s.count("e2") != 1 {
		t.Errorf("e1 %d, e2 %d times", s.count("e1"), s.count("e2"))
	}
}

// TestShorterMetadata: brokers that take less than Kafka's default refuse a commit
// whole.
func TestShorterMetadata(t *testing.T) {
	b := newBench(t, 1)
	b.publish(0, events("p1", 0, 10)...)
	b.cluster.ControlKey(int16(kmsg.OffsetCommit), func(r kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		req := r.(*kmsg.OffsetCommitRequest)
		resp := req.ResponseKind().(*kmsg.OffsetCommitResponse)
		refused := false
		for _, rt := range req.Topics {
			at := kmsg.NewOffsetCommitResponseTopic()
			at.Topic, at.TopicID = rt.Topic, rt.TopicID
			for _, rp := range rt.Partitions {
				p := kmsg.NewOffsetCommitResponseTopicPartition()
				p.Partition = rp.Partition
				if rp.Metadata != nil && len(*rp.Metadata) > 40 {
					p.ErrorCode, refused = kerr.OffsetMetadataTooLarge.Code, true
				}
				at.Partitions = append(at.Partitions, p)
			}
			resp.Topics = append(resp.Topics, at)
		}
		return resp, nil, refused
	})
	b.start(newFakeSink(true), nil)
	b.eventually("it is committed without", func() bool { return b.committed(0) == 10 })
}

// slowConn takes a while for each piece that it reads.
type slowConn struct {
	net.Conn
	each time.Duration
}

func (c slowConn) Read(b []byte) (int, error) {
	time.Sleep(c.each)
	return c.Conn.Read(b)
}

// slow has members that are started from now on read slowly.
func (b *bench) slow(each time.Duration) {
	dial := b.network.DialContext
	b.dial = []kgo.Opt{kgo.Dialer(func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		return slowConn{conn, each}, err
	})}
}

// TestASlowLine: the record that proves a commit's metadata comes as a whole batch, and
// may take longer than the first rounds wait. It is waited for longer then, and not for
// ever in vain.
func TestASlowLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newVirtualBench(t, 1, 1)
		b.publish(0, events("p1", 0, 20)...)
		s := newFakeSink(true)
		m := b.start(s, nil)
		time.Sleep(5 * time.Second)
		if err := m.stop(); err != nil || b.committed(0) != 20 {
			t.Fatalf("committed %d, %v", b.committed(0), err)
		}
		b.slow(700 * time.Millisecond)
		b.publish(0, events("p1", 20, 30)...)
		s = newFakeSink(true)
		m = b.start(s, nil)
		time.Sleep(2 * time.Minute)
		if got := b.committed(0); got != 30 {
			t.Errorf("committed %d, want 30", got)
		}
		if conditionFails(m, "position") {
			t.Error("it is still held")
		}
		for i := range 20 {
			if n := s.count(fmt.Sprintf("e%d", i)); n != 0 {
				t.Errorf("e%d was sent %d times again", i, n)
			}
		}
	})
}
