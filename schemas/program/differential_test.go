package program_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/program"
	"pgregory.net/rapid"
)

// TestBothReadersAgree holds the fast program to the judge on schemas and
// records of all kinds: it accepts what the judge accepts, and nothing else,
// and reads the same event from it.
func TestBothReadersAgree(t *testing.T) {
	var accepted, refused int
	rapid.Check(t, func(t *rapid.T) {
		g := &schemaGen{t: t}
		schema := g.schema()
		p := programOf(t, schema)
		for range 4 {
			payload := drawRecord(t, p.Root())
			if ok := agree(t, p, schema, payload); ok {
				accepted++
			} else {
				refused++
			}
		}
	})
	t.Logf("%d records were right and %d wrong", accepted, refused)
	if accepted < refused/4 || refused < accepted/4 {
		t.Error("the records drawn are nearly all of one kind: the test does not see much")
	}
}

// TestBothReadersAgreeOnDamage cuts, lengthens and changes records. Here the
// fast program may leave one to the judge that the judge accepts: an encoder
// writes no number with more bytes than it needs, but damage may.
func TestBothReadersAgreeOnDamage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &schemaGen{t: t}
		schema := g.schema()
		p := programOf(t, schema)
		whole := drawRecord(t, p.Root())
		for range 8 {
			payload := slices.Clone(whole)
			for range rapid.IntRange(1, 3).Draw(t, "times") {
				payload = damage(t, payload)
			}
			compare(t, p, schema, payload)
		}
	})
}

func damage(t *rapid.T, b []byte) []byte {
	at := rapid.IntRange(0, len(b)).Draw(t, "at")
	some := rapid.SliceOfN(rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte{0, 1, 2, 4, 0x7f, 0x80, 0xff})), 1, 3).Draw(t, "bytes")
	switch rapid.IntRange(0, 3).Draw(t, "damage") {
	case 0:
		return b[:at]
	case 1:
		return slices.Insert(b, at, some...)
	case 2:
		return slices.Delete(b, at, min(at+len(some), len(b)))
	}
	copy(b[at:], some)
	return b
}

// agree compares the readers on a record that an encoder wrote, and returns
// whether it is right.
func agree(t rapid.TB, p *program.Fast, schema string, payload []byte) bool {
	t.Helper()
	fast, judged := compare(t, p, schema, payload)
	if fast != judged {
		t.Fatalf("accepted: %v by the fast program, %v by the judge\nschema %s\nrecord %x", fast, judged, schema, payload)
	}
	return judged
}

// compare reads a record with both and fails if they differ in more than that
// the fast program has left it to the judge.
func compare(t rapid.TB, p *program.Fast, schema string, payload []byte) (fast, judged bool) {
	t.Helper()
	// The fast program is given an event that has had others before, whose
	// memory it uses.
	got := event.Event{Custom: event.CustomData{Attributes: make([]event.Attribute, 3)}}
	got.Reset()
	var want event.Event
	err := p.Judge().Read(payload, &want)
	if fast = p.Accepts(payload, &got); fast {
		if err != nil {
			t.Fatalf("accepted, but the judge says %v\nschema %s\nrecord %x", err, schema, payload)
		}
		if d := avrotest.Diff(&want, &got); d != "" {
			t.Fatalf("(-judge +fast):\n%s\nschema %s\nrecord %x", d, schema, payload)
		}
	}
	// And as Decode has them, with what is left of a bad record.
	got.Reset()
	if d := cmp.Diff(err, p.Read(payload, &got)); d != "" {
		t.Fatalf("errors differ (-judge +both):\n%s\nschema %s\nrecord %x", d, schema, payload)
	}
	if d := avrotest.Diff(&want, &got); d != "" {
		t.Fatalf("events differ (-judge +both):\n%s\nschema %s\nrecord %x", d, schema, payload)
	}
	return fast, err == nil
}

// FuzzDifferential mutates records of a few schemas. (Schemas of all kinds are
// TestBothReadersAgree's; mutating their text hardly ever makes another one.)
func FuzzDifferential(f *testing.F) {
	v1, _ := schemas.V1.Schema()
	v2, _ := schemas.V2.Schema()
	v3, _ := schemas.V4.Schema()
	texts := []string{v1, v2, v3, avrotest.Strangers, avrotest.Sharing}
	var programs []*program.Fast
	for _, schema := range texts {
		programs = append(programs, programOf(f, schema))
	}
	for i, v := range schemas.Versions() {
		for _, ev := range []*event.Event{{}, {EventID: "\xff"}, avrotest.ForV1(avrotest.FullEvent())} {
			f.Add(byte(i), mustEncode(f, 1, v, ev)[avro.HeaderSize:])
		}
	}
	f.Add(byte(3), avrotest.StrangersRecord())
	f.Add(byte(3), append(avrotest.StrangersRecord(), 0))
	f.Add(byte(4), avrotest.SharingRecord())
	f.Fuzz(func(t *testing.T, schema byte, payload []byte) {
		i := int(schema) % len(programs)
		compare(t, programs[i], texts[i], payload)
	})
}
