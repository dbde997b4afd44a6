package schemas

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/internal/verdict"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"github.com/tracklayer/amazon-capi/schemas/framing"
)

// crowd is a registry whose schemas are as large as they may be, but for the first
// eight, and that counts how often each is loaded.
type crowd struct {
	loads map[uint32]int
	text  string
	now   time.Time
	dec   *Decoder
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	latest, _ := Latest.Schema()
	c := &crowd{loads: make(map[uint32]int), now: time.Unix(1_777_000_000, 0)}
	// One megabyte and nearly 20,000 parts.
	c.text = eventSchema(manyFields(4900, `["null","string"]`))
	c.text = strings.Replace(c.text, `"name":"E"`, `"name":"E","doc":"`+strings.Repeat("x", avro.MaxBytes-len(c.text)-20)+`"`, 1)
	src := &sourceFunc{byID: func(_ context.Context, id uint32) (avro.Schema, error) {
		c.loads[id]++
		if id <= 8 {
			return avro.Schema{Text: latest}, nil
		}
		return avro.Schema{Text: strings.Replace(c.text, `"E"`, fmt.Sprintf(`"E%d"`, id), 1)}, nil
	}}
	c.dec = NewDecoder(src, WithClock(func() time.Time { return c.now }))
	return c
}

// read reads a record of a schema and reports whether the schema was read.
func (c *crowd) read(t *testing.T, id uint32) bool {
	t.Helper()
	value := append(avro.AppendHeader(nil, id), 2, 'x', 2, 'y')
	if id <= 8 {
		value = mustEncode(t, id, Latest, avrotest.FullEvent())
	} else {
		value = append(value, make([]byte, 4900)...) // all null
	}
	var ev event.Event
	err := c.dec.Decode(t.Context(), value, &ev)
	if bad, ok := errors.AsType[*DecodeError](err); ok && bad.Code == verdict.CodeSchemasTooLarge {
		if !strings.Contains(bad.Message, "48 MiB") || bad.Schema != framing.RefID(id) {
			t.Errorf("%v", bad)
		}
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	return true
}

// TestTwoSchemasAtTheLimitsAreBothKept: records of the two alternate, with common ones
// between them, and each schema is loaded once.
func TestTwoSchemasAtTheLimitsAreBothKept(t *testing.T) {
	c := newCrowd(t)
	for range 50 {
		for _, id := range []uint32{9, 1, 10, 2} {
			if !c.read(t, id) {
				t.Fatalf("schema %d is refused", id)
			}
		}
	}
	for id, n := range c.loads {
		if n != 1 {
			t.Errorf("schema %d was loaded %d times", id, n)
		}
	}
	if says := c.dec.Crowded(); says != "" {
		t.Errorf("nothing is wrong, and it says %q", says)
	}
}

// TestMoreLargeSchemasThanAreKept: of those that alternate the ones that do not fit are
// refused, at most one load in half a minute each, while common ones are read on; and
// one that the others have made room for is read again.
func TestMoreLargeSchemasThanAreKept(t *testing.T) {
	c := newCrowd(t)
	read := make(map[uint32]int)
	for second := range 120 {
		for _, id := range []uint32{1, 9, 10, 11, 2, 12} {
			if c.read(t, id) {
				read[id]++
			} else if id <= 8 {
				t.Fatalf("schema %d, which is a common one, is refused", id)
			}
		}
		if says := c.dec.Crowded(); second > 0 && (!strings.Contains(says, "48 MiB") || !strings.Contains(says, "schema id ")) {
			t.Fatalf("after %d s it says %q", second, says)
		}
		c.now = c.now.Add(time.Second)
	}
	all := 0
	for id, n := range c.loads {
		all += n
		if id <= 8 && n > 2 || n > 1+5 {
			t.Errorf("schema %d was loaded %d times in two minutes", id, n)
		}
	}
	kept := 0
	for id := uint32(9); id <= 12; id++ {
		if read[id] > 100 {
			kept++
		}
	}
	if kept != 2 || read[1] != 120 || read[2] != 120 {
		t.Errorf("read %v of 120 each: want two large ones kept and all of the common ones", read)
	}
	// Two of them are all that go on: whichever they are, they come back.
	for range 100 {
		c.read(t, 9)
		c.read(t, 12)
		c.now = c.now.Add(time.Second)
	}
	if !c.read(t, 9) || !c.read(t, 12) {
		t.Errorf("the others are gone for long, and it is refused")
	}
	c.now = c.now.Add(2 * time.Minute)
	if says := c.dec.Crowded(); says != "" {
		t.Errorf("after two quiet minutes it says %q", says)
	}
}

// TestAnIdleSchemaMakesRoom: of two large schemas one was not used for long when a third
// comes. The one that records go on to have stays.
func TestAnIdleSchemaMakesRoom(t *testing.T) {
	for name, idle := range map[string]int{"for a moment": 3, "for long": 600} {
		t.Run(name, func(t *testing.T) {
			c := newCrowd(t)
			for _, id := range []uint32{9, 10, 9} {
				c.read(t, id)
			}
			for range idle {
				c.now = c.now.Add(time.Second)
				c.dec.Crowded()
				c.read(t, 10)
			}
			for second := range 100 {
				for _, id := range []uint32{11, 10, 1} {
					if !c.read(t, id) {
						t.Fatalf("schema %d is refused in second %d", id, second)
					}
				}
				c.now = c.now.Add(time.Second)
				if says := c.dec.Crowded(); says != "" {
					t.Fatal(says)
				}
			}
			if c.loads[10] != 1 || c.loads[11] != 1 {
				t.Errorf("loaded %v", c.loads)
			}
		})
	}
}

// TestACommonSchemaIsNeverRefused: of more than can be kept each is loaded again, and
// the condition says so.
func TestACommonSchemaIsNeverRefused(t *testing.T) {
	d := NewDecoder(&sourceFunc{})
	each := int64(largeSchema)
	n := uint32(maxCached/each + 1)
	for range 20 {
		for id := range n {
			ref := framing.RefID(id)
			if d.cache.Load().get(&ref) != nil {
				continue
			}
			if _, bad := d.keep(ref, loaded{bytes: each}); bad != nil {
				t.Fatal(bad)
			}
		}
	}
	if says := d.Crowded(); !strings.Contains(says, "again") {
		t.Errorf("it says %q", says)
	}
}

// TestDroppedSchemasAsARule: whatever is loaded in whatever order, the bytes stay in
// their bound, and what is remembered of dropped schemas too; a schema is kept that was
// not dropped a moment ago; and a large one that was takes no room of one that was used
// in the last half minute.
func TestDroppedSchemasAsARule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1_777_000_000, 0)
		d := NewDecoder(&sourceFunc{}, WithClock(func() time.Time { return now }))
		used := make(map[framing.Ref]time.Time)
		for range rapid.IntRange(1, 150).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 10, 40, 100}).Draw(t, "seconds")) * time.Second)
			id := rapid.Uint32Range(1, 12).Draw(t, "id")
			ref := framing.RefID(id)
			bytes := map[bool]int64{true: 18 << 20, false: 1 << 20}[id%3 > 0] // the size belongs to the schema
			before := d.cache.Load().entries
			if d.cache.Load().get(&ref) != nil {
				used[ref] = now
				continue
			}
			at, again := d.dropped[ref]
			again = again && now.Sub(at) < droppedFor && bytes > largeSchema
			e, bad := d.keep(ref, loaded{bytes: bytes})
			c := d.cache.Load()
			switch {
			case c.bytes > maxCached || len(d.dropped) > maxDropped:
				t.Fatalf("%d bytes, %d dropped", c.bytes, len(d.dropped))
			case bad != nil && !again:
				t.Fatalf("schema %d of %d bytes is refused, and was not dropped a moment ago", id, bytes)
			case bad != nil:
				continue
			case e == nil || c.entries[ref] != e:
				t.Fatal("it is not kept")
			}
			used[ref] = now
			for was := range before {
				if c.entries[was] == nil && again && now.Sub(used[was]) < idleFor {
					t.Fatalf("a large schema that came back pushed %s out, which was used %s ago", was, now.Sub(used[was]))
				}
			}
		}
	})
}
