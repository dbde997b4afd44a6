package event

import "testing"

// TestResetLetsGo: an event that waits for its next record must not keep the
// records before, nor the memory that one absurd record needed.
func TestResetLetsGo(t *testing.T) {
	attrs := []Attribute{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}}
	ev := Event{EventID: "e", Custom: CustomData{Attributes: attrs}}
	ev.Reset()
	if attrs[0] != (Attribute{}) || attrs[1] != (Attribute{}) || ev.EventID != "" {
		t.Errorf("texts are kept: %v, %v", attrs, ev)
	}
	if cap(ev.Custom.Attributes) != 2 {
		t.Error("the memory for attributes is not")
	}
	ev.Custom.Attributes = make([]Attribute, 5, keptAttributes+1)
	ev.Reset()
	if cap(ev.Custom.Attributes) != 0 {
		t.Error("the memory for thousands of attributes is")
	}
}
