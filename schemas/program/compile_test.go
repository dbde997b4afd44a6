package program

import (
	"bytes"
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/schemas/avro"
	"github.com/tracklayer/amazon-capi/schemas/event"
	"pgregory.net/rapid"
)

// TestPanicsAreTheJudges: a program that fails on a record leaves it to the
// judge.
func TestPanicsAreTheJudges(t *testing.T) {
	made, _, bad := Compile(&avro.Schema{Text: avrotest.Record(``)}, nil)
	if bad != nil {
		t.Fatal(bad)
	}
	p := *made.(*fastProgram)
	p.code = []instr{{op: opScalar}}
	var ev event.Event
	if err := p.Read(avrotest.ValueOf()[avro.HeaderSize:], &ev); err != nil || ev.EventID != "e" {
		t.Errorf("error %v, event %+v", err, ev)
	}
}

// TestManyFieldsGoToTheJudge: what code could read more values than a record
// may have is not compiled.
func TestManyFieldsGoToTheJudge(t *testing.T) {
	branches := `"null"`
	for i := range 6 {
		branches += fmt.Sprintf(`,{"type":"record","name":"R%d","fields":[{"name":"email","type":["null","string"]}]}`, i)
	}
	root, err := avro.Parse(avrotest.Record(`,{"name":"user_data","type":[` + branches + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	v, bad := bind(root, nil)
	if bad != nil {
		t.Fatal(bad)
	}
	var c compiler
	c.event(root, v)
	// The record, two texts, the union, null, and of six records each itself
	// and an optional text.
	if want := 1 + 2 + 1 + 1 + 6*3; c.parts != want {
		t.Errorf("the code reads %d values at most, want %d", c.parts, want)
	}
	judge, bad := newGoavroProgram(root, v, nil)
	if bad != nil {
		t.Fatal(bad)
	}
	if p := newFastProgram(judge, c.parts-1); p != Program(judge) {
		t.Errorf("read by %T, want the judge", p)
	}
}

func TestValidUTF8(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z]{0,40}`)).Draw(t, "text")
		if at := rapid.IntRange(0, 2*len(s)+1).Draw(t, "at"); at < len(s) {
			s = s[:at] + string([]byte{rapid.ByteRange(0x70, 0xff).Draw(t, "byte")}) + s[at+1:]
		}
		if validUTF8(s) != utf8.ValidString(s) {
			t.Fatalf("%q is valid: %v", s, validUTF8(s))
		}
	})
	for n := range 40 {
		for at := range n {
			b := bytes.Repeat([]byte{'a'}, n)
			b[at] = 0x80
			if validUTF8(string(b)) {
				t.Errorf("byte %d of %d is not seen", at, n)
			}
		}
	}
}

// TestTextsAreInTheEvent: the place that is compiled for a text is the field's, and a
// text that is elsewhere is found when a schema is compiled, not by writing over
// something.
func TestTextsAreInTheEvent(t *testing.T) {
	var ev event.Event
	texts := 0
	for i := range event.Fields {
		f := &event.Fields[i]
		if f.Text == nil {
			continue
		}
		texts++
		if got, want := text(&ev, placeOf(f)), f.Text(&ev); got != want {
			t.Errorf("the text of %s is compiled to %p, want %p", f.Path(), got, want)
		}
	}
	if texts == 0 {
		t.Error("no field is a text")
	}

	for name, elsewhere := range map[string]*string{"in another object": new(string), "nowhere": nil} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got, want := recover(), "the text of user_data.odd is not in the event itself"; got != want {
					t.Errorf("panic %v, want %q", got, want)
				}
			}()
			placeOf(&event.Field{Group: "user_data", Name: "odd", Text: func(*event.Event) *string { return elsewhere }})
		})
	}
}
