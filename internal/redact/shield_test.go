package redact

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
)

// TestAMistakeInHereEndsNobody: a text whose masking panics is hidden whole, counted, and
// reported once.
func TestAMistakeInHereEndsNobody(t *testing.T) {
	const said = "whoops-4711 said jane@example.com"
	was := rules
	t.Cleanup(func() { rules = was })
	rules = append([]rule{{find: lazily(`whoops-\d+`), mask: "x", keep: func(m string) bool { panic("bad " + m + said) }}}, rules...)
	reports := 0
	OnFailure(func() { reports++ })
	before := Failures()
	doc := []byte(`{"event_name":"` + said + `","event_id":"` + said + `"}`)
	shown := map[string]string{
		"Text": Text(said), "Message": Message(said, "jane"), "Own": Own(said), "Error": Error(errors.New(said)),
		"Wrap": Wrap(errors.New(said)).Error(), "Around": Around(said, "said"), "Parser": Parser(errors.New(said)), "Quote": Quote(said),
		"Quoted": Quoted(`got "` + said + `"`), "EventID": EventID(said), "ProfileField": ProfileField(said),
		"File":  File(&fs.PathError{Op: "open", Path: said + ".txt", Err: errors.New("gone")}).Error(),
		"event": string(View{}.Event(doc)), "payload": string(View{}.Payload(doc, nil)),
	}
	for name, got := range shown {
		for _, part := range []string{"whoops", "4711", "jane", "example"} {
			if strings.Contains(got, part) {
				t.Errorf("%s shows %q", name, got)
			}
		}
		if got == "" {
			t.Errorf("%s shows nothing", name)
		}
	}
	if got := RequestID("whoops-4711"); got != "" {
		t.Errorf("a request id became %q", got)
	}
	if got := EventID("whoops-4711@1"); got == EventID("whoops-4711@2") || !strings.HasPrefix(got, "[masked]:") {
		t.Errorf("ids became %q", got)
	}
	if n := Failures() - before; n < uint64(len(shown)) || reports != 1 {
		t.Errorf("%d failures, reported %d times", n, reports)
	}
}

// The log's guard hides a line that it cannot search.
func TestALineThatCannotBeSearchedIsHidden(t *testing.T) {
	was := secrets.index.Load()
	t.Cleanup(func() { secrets.index.Store(was) })
	secrets.index.Store(&secretIndex{}) // without needles: to look for any panics
	if got := string(guarded([]byte("user jane@example.com\n"))); got != "[masked]\n" {
		t.Errorf("the line became %q", got)
	}
}
