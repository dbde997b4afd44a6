package find

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// TestWithoutTheRegistry: the story is told by what letters and receipts say, a note says
// what is missing, and the registry is not asked for each record.
func TestWithoutTheRegistry(t *testing.T) {
	for name, tc := range map[string]struct {
		do    func(b *bench)
		query string
		state string
		kinds string
	}{
		"by its receipt":         {func(b *bench) { b.receipt("e", b.publish(0, "e", time.Minute), verdict.Accepted, 0) }, "e", Accepted, "sent accepted"},
		"by its letter":          {func(b *bench) { b.letter("e", b.publish(0, "e", time.Minute), b.value("e", ""), 0) }, "e", DeadLetter, "letter"},
		"by its place, accepted": {func(b *bench) { b.receipt("e", b.publish(0, "e", time.Minute), verdict.Accepted, 0) }, "0/0", Accepted, "published sent accepted"},
		"by its place":           {func(b *bench) { b.publish(0, "e", time.Minute) }, "0/0", InFlight, "published"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			tc.do(b)
			for range 50 {
				b.publish(0, "other", time.Second)
			}
			b.withoutRegistry(2)
			s := b.find(tc.query)
			if s.State != tc.state || kinds(s) != tc.kinds || s.Now != nil {
				t.Errorf("%s, %s, %+v; want %s, %s", s.State, kinds(s), s.Now, tc.state, tc.kinds)
			}
			if notes := strings.Join(s.Notes, "; "); !strings.Contains(notes, "it answers 503") {
				t.Errorf("nothing says that the registry is away: %q", notes)
			}
		})
	}
	b := newBench(t)
	b.publish(0, "e", time.Minute)
	b.withoutRegistry(2)
	if _, err := b.run("e"); err == nil || !strings.Contains(err.Error(), "it answers 503") {
		t.Errorf("what is not found says nothing of the registry: %v", err)
	}
}

// TestWithOneBadSchema: what the registry says of one schema says nothing of the others,
// whose events and receipts are read. It is asked for each such schema once, and not for
// any number of them.
func TestWithOneBadSchema(t *testing.T) {
	b := newBench(t)
	const bad = 9000
	unreadable := func(id uint32) {
		b.produce(&kgo.Record{Topic: source, Value: avro.AppendHeader(nil, id), Timestamp: b.now})
	}
	unreadable(bad)
	b.receipt("e", b.publish(0, "e", time.Minute), verdict.Accepted, 0)
	for i := range uint32(2 * maxBad) {
		unreadable(bad + i%2)
	}
	asked := b.throughRegistry(bad)
	s := b.find("e")
	if s.State != Accepted || kinds(s) != "happened published sent accepted" {
		t.Errorf("%s, %s", s.State, kinds(s))
	}
	if notes := strings.Join(s.Notes, "; "); !strings.Contains(notes, "schema id 9000: its answer is about schema id 1:") {
		t.Errorf("nothing says that a schema is bad: %q", notes)
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times for two bad schemas", n)
	}
	for i := range uint32(3 * maxBad) {
		unreadable(bad + i)
	}
	asked = b.throughRegistry(bad)
	if s := b.find("e"); s.State != Accepted {
		t.Errorf("with many: %s, %s", s.State, kinds(s))
	}
	if n := asked.Load(); n > maxBad {
		t.Errorf("asked %d times for bad schemas, want at most %d", n, maxBad)
	}
}

// throughRegistry has the registry answer questions for ids from bad on with something
// else, and counts these.
func (b *bench) throughRegistry(bad int) *atomic.Int32 {
	asked := new(atomic.Int32)
	to, err := url.Parse(b.cluster.RegistryURL())
	if err != nil {
		b.t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var id int
		if _, err := fmt.Sscanf(r.URL.Path, "/schemas/ids/%d", &id); err == nil && id >= bad {
			asked.Add(1)
			fmt.Fprint(w, `{"schema":"\"int\"","id":1}`)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	b.t.Cleanup(s.Close)
	reg, err := registry.New(registry.Options{URL: s.URL})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(reg.Close)
	b.o.Registry = reg
	return asked
}

// withoutRegistry has the registry refuse; more questions than that are a fault.
func (b *bench) withoutRegistry(most int32) {
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	b.t.Cleanup(func() {
		s.Close()
		if n := asked.Load(); n > most {
			b.t.Errorf("the registry was asked %d times, want at most %d", n, most)
		}
	})
	reg, err := registry.New(registry.Options{URL: s.URL})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(reg.Close)
	b.o.Registry = reg
}

// TestWhatIsKept: a story keeps copies of its records, and no part of the fetches that
// they came in; all together within a bound.
func TestWhatIsKept(t *testing.T) {
	fetch := make([]byte, 1<<20)
	f := &finder{}
	s := newStory(&schemas.Event{EventID: "e"})
	rec := &kgo.Record{Topic: source, Key: fetch[10:20], Value: fetch[20:30], Headers: []kgo.RecordHeader{{Key: "h", Value: fetch[30:40]}}}
	s.add(f, rec, true)
	from, to := uintptr(unsafe.Pointer(&fetch[0])), uintptr(unsafe.Pointer(&fetch[len(fetch)-1]))
	for _, part := range [][]byte{s.records[0].rec.Key, s.records[0].rec.Value, s.records[0].rec.Headers[0].Value} {
		if at := uintptr(unsafe.Pointer(&part[0])); len(part) != 10 || from <= at && at <= to {
			t.Errorf("%d bytes, within the fetch: %v", len(part), from <= at && at <= to)
		}
	}
	if rec.Value == nil || &rec.Headers[0].Value[0] != &fetch[30] {
		t.Error("the record itself has changed")
	}
	for i := range int64(100) {
		s.add(f, &kgo.Record{Topic: source, Offset: i + 1, Value: fetch}, true)
	}
	if f.kept > maxKept || len(s.records) != 101 || len(f.notes) != 1 {
		t.Errorf("%d bytes kept of %d records, notes %q", f.kept, len(s.records), f.notes)
	}
	if last := s.records[100]; last.rec.Value != nil || last.bytes != len(fetch) {
		t.Errorf("%d of %d bytes", len(last.rec.Value), last.bytes)
	}
}
