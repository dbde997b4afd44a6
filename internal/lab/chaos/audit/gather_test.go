package audit

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/linkedin/goavro/v2"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/tracklayer/amazon-capi/internal/lab/chaos/journal"
)

// TestIndependence: the auditor has nothing of the pipeline in it, so that no
// mistake is made twice.
func TestIndependence(t *testing.T) {
	const module = "github.com/tracklayer/amazon-capi/"
	out, err := exec.Command("go", "list", "-deps", "../cmd/audit").Output()
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{
		"internal/lab/chaos/cmd/audit": true, "internal/lab/chaos/audit": true, "internal/lab/chaos/journal": true,
		"internal/operate/report": true, "internal/screen": true, "internal/crash": true, "internal/redact": true, "internal/count": true, // which print, and judge nothing
	}
	for line := range strings.Lines(string(out)) {
		if name, ours := strings.CutPrefix(strings.TrimSpace(line), module); ours && !allowed[name] {
			t.Errorf("the auditor imports %s", name)
		}
	}
}

const recordLine = `{"seq":1,"time":"2026-11-22T12:00:01.5Z","contract":"c","profile":"2000000001","status":207,"fault":"items","bytes":9,` +
	`"items":[{"event_id":"a","digest":"%s","verdict":"taken"},{"event_id":"b","digest":"%[1]s","verdict":"later","code":"TOO_MANY_REQUESTS"}]}`

func TestReadRecord(t *testing.T) {
	digest := strings.Repeat("ab", 32)
	path := filepath.Join(t.TempDir(), "record")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	line := fmt.Sprintf(recordLine, digest)
	write(line + "\n" + line[:40]) // the sandbox was killed while it wrote
	got, err := ReadRecord(path)
	if err != nil {
		t.Fatal(err)
	}
	var hash Hash
	if err := hash.UnmarshalText([]byte(digest)); err != nil {
		t.Fatal(err)
	}
	want := []Request{{Time: at(1.5), Profile: "2000000001", Status: 207, Fault: "items",
		Items: []Item{{"a", hash, Taken}, {"b", hash, Later}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for what, broken := range map[string]string{
		"a gap":               strings.Replace(line, `"seq":1`, `"seq":2`, 1),
		"another verdict":     strings.Replace(line, "later", "maybe", 1),
		"a field renamed":     strings.Replace(line, "event_id", "id", 1),
		"no status":           strings.Replace(line, "status", "code", 1),
		"a digest cut":        strings.Replace(line, digest, digest[2:], 1),
		"a line broken apart": line[:40],
	} {
		write(broken + "\n")
		if _, err := ReadRecord(path); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func header(key, value string) kgo.RecordHeader {
	return kgo.RecordHeader{Key: key, Value: []byte(value)}
}

func TestReadLetter(t *testing.T) {
	rec := &kgo.Record{
		Key: []byte("k"), Value: []byte("v"), Timestamp: at(3),
		Headers: []kgo.RecordHeader{
			header("own", "x"), header("__connect.errors.topic", "events"), header("__connect.errors.partition", "11"),
			header("__connect.errors.offset", "1234567890123"), header("amazon-capi.class", "decode"), header("amazon-capi.code", "truncated"), header("amazon-capi.status", "422"),
		},
	}
	if hasAppendTime(rec) == nil {
		t.Error("a letter without append time was taken")
	}
	rec.Attrs = kgo.NewRecordAttrs(kgo.RecordAttrsOpts{TimestampType: 1})
	got := readLetter(rec)
	want := Letter{Written: at(3), Topic: "events", Partition: 11, Offset: 1234567890123, Key: "k", Value: hashOf([]byte("v")), Class: "decode", Status: 422, Code: "truncated"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	rec.Headers = []kgo.RecordHeader{header("amazon-capi.value-omitted", "5000000")}
	got = readLetter(rec)
	if !got.Omitted || got.Partition != -1 || got.Offset != -1 {
		t.Errorf("%+v; want one that lacks its value, of no place", got)
	}
	if hashOf(nil) == hashOf([]byte{}) {
		t.Error("a tombstone has the hash of an empty value")
	}
}

func TestReadGroup(t *testing.T) {
	f := &Facts{Run: journal.Run{Group: "g", Topic: "events"}}
	record := func(key, value []byte) *kgo.Record { return &kgo.Record{Key: key, Value: value, Timestamp: at(2)} }
	commit := func(group, topic string) *kgo.Record {
		k := kmsg.OffsetCommitKey{Version: 1, Group: group, Topic: topic, Partition: 3}
		v := kmsg.NewOffsetCommitValue()
		v.Version, v.Offset, v.Metadata = 3, 42, "1.x"
		return record(k.AppendTo(nil), v.AppendTo(nil))
	}
	assignment := kmsg.ConsumerMemberAssignment{Topics: []kmsg.ConsumerMemberAssignmentTopic{{Topic: "events", Partitions: []int32{3, 5}}, {Topic: "other", Partitions: []int32{7}}}}
	value := kmsg.NewGroupMetadataValue()
	value.Version, value.ProtocolType, value.Generation = 3, "consumer", 6
	member := kmsg.NewGroupMetadataValueMember()
	member.ClientID, member.MemberID, member.Assignment = "m1", "m1-abc", assignment.AppendTo(nil)
	joining := kmsg.NewGroupMetadataValueMember()
	joining.ClientID, joining.MemberID = "m2", "m2-abc"
	value.Members = []kmsg.GroupMetadataValueMember{member, joining}
	key := kmsg.GroupMetadataKey{Version: 2, Group: "g"}

	for _, r := range []*kgo.Record{
		commit("g", "events"), commit("other", "events"), commit("g", "other"),
		record(key.AppendTo(nil), value.AppendTo(nil)),
		record(key.AppendTo(nil), nil),       // the group is gone
		record([]byte{0, 3, 0, 1, 'g'}, nil), // an epoch of the consumer protocol
		record([]byte{0}, nil),
	} {
		if err := (&groupReader{Facts: f}).read(r); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]Commit{{At: at(2), Partition: 3, Offset: 42, Metadata: "1.x"}}, f.Commits); diff != "" {
		t.Error(diff)
	}
	owner := Owner{"m1", "m1-abc"}
	if diff := cmp.Diff([]Generation{{at(2), 6, map[int32]Owner{3: owner, 5: owner}}}, f.Generations); diff != "" {
		t.Error(diff)
	}
	deleted := commit("g", "events")
	deleted.Value = nil
	if err := (&groupReader{Facts: f}).read(deleted); err == nil {
		t.Error("the deletion of an offset is no part of any run")
	}
	if err := (&groupReader{Facts: f}).read(record(key.AppendTo(nil), []byte{0, 3, 9})); err == nil {
		t.Error("a generation that breaks off was read")
	}
}

// avro is a value of a schema, without a header.
func avro(t *testing.T, schema string, native map[string]any) []byte {
	t.Helper()
	codec, err := goavro.NewCodec(schema)
	if err != nil {
		t.Fatal(err)
	}
	b, err := codec.BinaryFromNative(nil, native)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDecoder(t *testing.T) {
	const schema = `{"type":"record","name":"E","fields":[{"name":"event_id","type":"string"},{"name":"profile_id","type":"string"}]}`
	asked := 0
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch r.URL.Path {
		case "/api/schemas/ids/7":
			fmt.Fprintf(w, `{"schema":%q}`, schema)
		case "/api/schemas/ids/8":
			w.WriteHeader(http.StatusNotFound)
		default:
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer registry.Close()
	event := avro(t, schema, map[string]any{"event_id": "ord_1", "profile_id": "200"})
	d := newDecoder(registry.URL+"/api/", nil)
	read := func(value []byte) (Record, error) {
		return d.record(context.Background(), &kgo.Record{Partition: 2, Offset: 9, Key: []byte("k"), Value: value, Timestamp: at(1)})
	}
	good := append([]byte{0, 0, 0, 0, 7}, event...)
	for range 2 {
		got, err := read(good)
		want := Record{Partition: 2, Offset: 9, Key: "k", Value: hashOf(good), Published: at(1), Profile: "200", EventID: "ord_1", Decoded: true}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
	}
	for what, value := range map[string][]byte{
		"null": nil, "empty": {}, "no magic": []byte(`{"event_id":"x"}`), "short": {0, 0, 0},
		"unknown schema": append([]byte{0, 0, 0, 0, 8}, event...), "cut": good[:8], "trailing": append(good, '\n'),
	} {
		if got, err := read(value); err != nil || got.Decoded || got.EventID != "" {
			t.Errorf("%s: %+v, %v; want a record that is not decoded", what, got, err)
		}
	}
	if asked != 2 {
		t.Errorf("the registry was asked %d times for two schemas", asked)
	}
	// A registry that fails says nothing about a record.
	if _, err := read([]byte{0, 0, 0, 0, 9, 1}); err == nil {
		t.Error("status 500 was taken for an answer")
	}
}

// TestReadReceipt reads what the schema in the repository says a receipt is, and
// finds out by the fields' names when it is something else.
func TestReadReceipt(t *testing.T) {
	avsc, err := os.ReadFile("../../../../schemas/receipt/receipt-v1.avsc")
	if err != nil {
		t.Fatal(err)
	}
	other := strings.ReplaceAll(string(avsc), `"source_topic"`, `"origin"`)
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/schemas/ids/7":
			fmt.Fprintf(w, `{"schema":%q}`, avsc)
		case "/schemas/ids/8":
			fmt.Fprintf(w, `{"schema":%q}`, other)
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer registry.Close()
	native := map[string]any{
		"contract": "c", "profile_id": map[string]any{"string": "200"}, "request_id": nil, "attempts": 2, "source_topic": "events",
		"first_sent_at": map[string]any{"long.timestamp-millis": at(1)}, "last_answered_at": map[string]any{"long.timestamp-millis": at(2)},
		"events": []any{
			map[string]any{"event_id": map[string]any{"string": "a"}, "partition": 3, "offset": 42, "verdict": "rejected", "status": map[string]any{"int": 422}, "code": map[string]any{"string": "X"}},
			map[string]any{"event_id": nil, "partition": 0, "offset": 0, "verdict": "decode", "status": nil, "code": nil},
		},
	}
	d := newDecoder(registry.URL, nil)
	read := func(value []byte) (Receipt, error) {
		return d.receipt(context.Background(), &kgo.Record{
			Key: []byte("200"), Value: value, Timestamp: at(3), Attrs: kgo.NewRecordAttrs(kgo.RecordAttrsOpts{TimestampType: 1}),
		})
	}
	got, err := read(append([]byte{0, 0, 0, 0, 7}, avro(t, string(avsc), native)...))
	want := Receipt{
		Written: at(3), Key: "200", Decoded: true, Profile: "200", Topic: "events", Attempts: 2, FirstSent: at(1), Answered: at(2),
		Events: []Receipted{{3, 42, "a", "rejected", 422, "X"}, {0, 0, "", "decode", 0, ""}},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	native["origin"] = native["source_topic"]
	for what, value := range map[string][]byte{
		"null": nil, "text": []byte("delivered"), "a field renamed": append([]byte{0, 0, 0, 0, 8}, avro(t, other, native)...),
	} {
		got, err := read(value)
		if diff := cmp.Diff(Receipt{Written: at(3), Key: "200"}, got); diff != "" || err != nil {
			t.Errorf("%s: %s, %v", what, diff, err)
		}
	}
	if _, err := read([]byte{0, 0, 0, 0, 9, 1}); err == nil {
		t.Error("a registry that fails was taken for an answer")
	}
}

// TestSaveAndLoad: what was judged can be judged again, with the same result.
func TestSaveAndLoad(t *testing.T) {
	s := newScene()
	s.fault(journal.Kill, "m0", 3.2, 3.2, 1)
	s.receipts()
	path := filepath.Join(t.TempDir(), journal.FactsFile)
	if err := s.Save(path); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.Facts, got, cmp.Comparer(time.Time.Equal)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Judge(s.Facts), Judge(got)); diff != "" {
		t.Error(diff)
	}
	if _, err := Load(path + ".not"); err == nil {
		t.Error("a file that is not there was read")
	}
}
