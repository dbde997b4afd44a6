package history

import (
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// What a broker may answer at once is what reading keeps in memory, several times over
// when it was compressed. The bound holds for the broker and not only for a partition,
// because a topic may have hundreds of them.
func TestFetchesAreBounded(t *testing.T) {
	w := newWorld(t, 24, nil)
	for p := range int32(24) {
		w.put(w.client, p, 0)
	}
	const most = 4 << 20
	var asked, above atomic.Int32
	w.broker.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		w.broker.KeepControl()
		fetch, ok := req.(*kmsg.FetchRequest)
		if asked.Add(1); !ok || fetch.MaxBytes > most {
			above.Add(1)
		}
		return nil, nil, false
	})
	if got := w.read(w.plan(Range{})); len(got) != 24 {
		t.Errorf("read %d records, want 24", len(got))
	}
	if asked.Load() == 0 || above.Load() > 0 {
		t.Errorf("%d of %d fetches ask for more than %d bytes", above.Load(), asked.Load(), most)
	}
}

// A record above the bound is sent whole all the same.
func TestARecordAboveTheBoundIsRead(t *testing.T) {
	w := newWorld(t, 1, map[string]string{"max.message.bytes": "10000000"})
	cl := w.newClient(kgo.ProducerBatchMaxBytes(8<<20), kgo.ProducerBatchCompression(kgo.NoCompression()))
	rec := &kgo.Record{Topic: topic, Value: make([]byte, fetchBytes+1)}
	if err := cl.ProduceSync(t.Context(), rec).FirstErr(); err != nil {
		t.Fatal(err)
	}
	w.put(w.client, 0, 0)
	if got := w.read(w.plan(Range{})); len(got) != 2 {
		t.Errorf("read %d records, want 2", len(got))
	}
}
