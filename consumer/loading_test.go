package consumer

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// slowSource knows one schema at once, and the others when it is told to.
type slowSource struct {
	text    string
	release chan struct{}
	err     error
}

func (s *slowSource) SchemaOf(ctx context.Context, ref framing.Ref) (avro.Schema, error) {
	if ref != framing.RefID(1) {
		select {
		case <-s.release:
		case <-ctx.Done():
			return avro.Schema{}, s.err
		}
	}
	return avro.Schema{Type: "AVRO", Text: s.text}, nil
}

// TestLoadingASchemaHoldsNobodyElse: while a schema is loaded, however long that
// takes, its partition waits without a worker, nothing is said to be wrong, and other
// partitions go on; with one worker, too.
func TestLoadingASchemaHoldsNobodyElse(t *testing.T) {
	b := newBench(t, 4)
	text, err := schemas.Latest.Schema()
	if err != nil {
		t.Fatal(err)
	}
	encoder, err := schemas.NewEncoder()
	if err != nil {
		t.Fatal(err)
	}
	value := func(schema uint32, id string) []byte {
		v, err := encoder.EncodeWire(schema, schemas.Latest, &schemas.Event{
			EventID: id, ProfileID: "p1", EventName: "Lead", ActionSource: "WEBSITE", OccurredAt: time.Now().UnixMilli(),
		})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	put := func(partition int32, v []byte) {
		if err := b.client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Partition: partition, Value: v}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	for p := range int32(3) { // three partitions that wait, each for a schema of its own
		put(p, value(1, fmt.Sprintf("before%d", p)))
		put(p, value(2+uint32(p), fmt.Sprintf("held%d", p)))
	}
	for i := range 20 {
		put(3, value(1, fmt.Sprintf("e%d", i)))
	}
	src := &slowSource{text: text, release: make(chan struct{}), err: &registry.AwayError{Op: "schema id 2", Detail: "gave up"}}
	decoder := schemas.NewDecoder(src, schemas.InBackground())
	t.Cleanup(decoder.Close)
	s := newFakeSink(true)
	s.decoder = decoder
	m := b.start(s, func(o *Options) { o.Workers = 1 })
	b.eventually("the partition of the known schema is through", func() bool { return b.committed(3) == 20 })
	b.eventually("what came before is out", func() bool { return b.committed(0) == 1 && b.committed(1) == 1 && b.committed(2) == 1 })
	if conditionFails(m, "registry") {
		t.Error("loading is no fault of the registry")
	}
	close(src.release)
	b.eventually("the others follow", func() bool { return b.committed(0) == 2 && b.committed(1) == 2 && b.committed(2) == 2 })
	for p := range 3 {
		if n := s.count(fmt.Sprintf("held%d", p)); n != 1 {
			t.Errorf("held%d was delivered %d times", p, n)
		}
	}
}

// TestStoppingWhileASchemaIsLoaded: a member does not wait for it.
func TestStoppingWhileASchemaIsLoaded(t *testing.T) {
	b := newBench(t, 1)
	src := &slowSource{release: make(chan struct{}), err: &registry.AwayError{Op: "schema id 2", Detail: "gave up"}}
	decoder := schemas.NewDecoder(src, schemas.InBackground())
	t.Cleanup(decoder.Close)
	if err := b.client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: avro.AppendHeader(nil, 2)}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	s := newFakeSink(true)
	s.decoder = decoder
	m := b.start(s, func(o *Options) { o.Drain = time.Minute })
	b.eventually("the record is taken", func() bool { return m.Tally().Summary().Taken == 1 })
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	if at := b.committed(0); at > 0 {
		t.Errorf("committed at %d", at)
	}
}

// TestRefusalsCountInTheWindow: a record of a few bytes that is refused for a reason
// of many takes more of the window than it took as a record, until it has its verdict.
func TestRefusalsCountInTheWindow(t *testing.T) {
	b := newBench(t, 1)
	s := newFakeSink(false)
	m := b.start(s, nil)
	b.publish(0, "p1|good")
	good := s.take(1) // without a verdict until the end
	_, one := m.window.InFlight()
	for range 50 {
		b.publish(0, "broken")
	}
	vs := s.take(50)
	const letterOverhead = 512
	events, bytes := m.window.InFlight()
	if events != 51 || bytes < one+50*(letterOverhead+100) {
		t.Errorf("%d events of %d bytes in flight, want the refused to count with their letters", events, bytes)
	}
	m.Settle(vs)
	if events, bytes := m.window.InFlight(); events != 1 || bytes != one {
		t.Errorf("%d events of %d bytes in flight after the verdicts, want 1 of %d", events, bytes, one)
	}
	if d := m.sumDifference(); d != 0 {
		t.Errorf("the sum differs by %d", d)
	}
	m.Settle(good)
}
