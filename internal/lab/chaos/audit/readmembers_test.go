package audit

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
)

// memberKey is a key about a member, by the version of it.
func memberKey(version int16, group, id string) []byte {
	return kbin.AppendString(kbin.AppendString(kbin.AppendInt16(nil, version), group), id)
}

// clientOf is what the brokers write of who a member is.
func clientOf(instance *string, client string) []byte {
	v := kbin.AppendCompactNullableString(kbin.AppendInt16(nil, 0), instance)
	v = kbin.AppendCompactString(kbin.AppendCompactNullableString(v, nil), client)
	return append(v, 0, 0, 0, 0) // and more that is not read
}

// assignedOf is what they write of the partitions that a member has, and of those that it
// was asked to give up.
func assignedOf(topic [16]byte, has, givesUp []int32, tagged bool) []byte {
	v := append(kbin.AppendInt16(nil, 0), 0, 0, 0, 7, 0, 0, 0, 6, 1)
	list := func(partitions []int32) {
		v = kbin.AppendUvarint(v, 3) // two topics
		for _, id := range [][16]byte{topic, {9}} {
			v = append(v, id[:]...)
			v = kbin.AppendUvarint(v, uint32(len(partitions)+1))
			for _, p := range partitions {
				v = kbin.AppendInt32(v, p)
			}
			if tagged {
				v = append(v, 1, 0, 2, 'a', 'b')
			} else {
				v = append(v, 0)
			}
		}
	}
	list(has)
	list(givesUp)
	return append(v, 0)
}

// TestReadMembers: of a group of the consumer protocol, who had what is read from what the
// brokers wrote of each member.
func TestReadMembers(t *testing.T) {
	topic, instance := [16]byte{1, 2, 3}, "pod-1"
	f := &groupReader{Facts: &Facts{Run: journal.Run{Group: "g", Topic: "events"}}, topicID: topic}
	for i, r := range []struct{ key, value []byte }{
		{memberKey(5, "g", "a"), clientOf(&instance, "m0")},
		{memberKey(5, "other", "x"), clientOf(nil, "m9")},
		{memberKey(8, "g", "a"), assignedOf(topic, []int32{0, 1}, nil, true)},
		{memberKey(8, "other", "x"), assignedOf(topic, []int32{0, 1}, nil, true)},
		{memberKey(5, "g", "b"), clientOf(nil, "m1")},
		{memberKey(8, "g", "a"), assignedOf(topic, []int32{0}, []int32{1}, false)},
		{memberKey(8, "g", "b"), assignedOf(topic, []int32{1}, nil, false)},
		{memberKey(3, "g", "a"), []byte{0, 0, 1}}, // an epoch
		{memberKey(7, "g", "a"), []byte{0, 0, 1}}, // what it is to have
		{memberKey(8, "g", "a"), nil},             // its session is over
		{memberKey(5, "g", "a"), nil},
	} {
		if err := f.read(&kgo.Record{Key: r.key, Value: r.value, Timestamp: at(float64(i))}); err != nil {
			t.Fatalf("record %d: %v", i, err)
		}
	}
	a, b := Owner{"m0", "a"}, Owner{"m1", "b"}
	want := []Generation{
		{at(2), 0, map[int32]Owner{0: a, 1: a}},
		{at(5), 1, map[int32]Owner{0: a}},
		{at(6), 2, map[int32]Owner{0: a, 1: b}},
		{at(9), 3, map[int32]Owner{1: b}},
		{at(10), 4, map[int32]Owner{1: b}},
	}
	if diff := cmp.Diff(want, f.Generations); diff != "" {
		t.Error(diff)
	}
	moves := findHandovers(f.Generations)[1]
	if len(moves) != 1 || moves[0].owner != "m0" || moves[0].given.Sub(moves[0].taken) != time.Second {
		t.Errorf("partition 1 went over in %+v, want once, from m0, who had a second for it", moves)
	}
	for name, r := range map[string]*kgo.Record{
		"a key that breaks off":        {Key: []byte{0, 8, 0, 1, 'g', 0, 9}},
		"a member that breaks off":     {Key: memberKey(5, "g", "a"), Value: []byte{0, 0, 9}},
		"partitions that break off":    {Key: memberKey(8, "g", "a"), Value: assignedOf(topic, []int32{0}, nil, false)[:20]},
		"a version that is not known":  {Key: memberKey(8, "g", "a"), Value: []byte{0, 1, 0, 0, 0, 0}},
		"a value without even version": {Key: memberKey(5, "g", "a"), Value: []byte{0}},
	} {
		if err := f.read(r); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}
