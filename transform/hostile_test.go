package transform

import (
	"reflect"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/schemas"
)

// TestHostileValuesMakeShortReasons: whatever a field holds, the reason why its event
// is refused is short.
func TestHostileValuesMakeShortReasons(t *testing.T) {
	var fields func(v reflect.Value, path string, visit func(reflect.Value, string))
	fields = func(v reflect.Value, path string, visit func(reflect.Value, string)) {
		switch v.Kind() {
		case reflect.String:
			visit(v, path)
		case reflect.Struct:
			for i := range v.NumField() {
				if v.Field(i).CanSet() {
					fields(v.Field(i), path+"."+v.Type().Field(i).Name, visit)
				}
			}
		case reflect.Slice:
			for i := range v.Len() {
				fields(v.Index(i), path, visit)
			}
		}
	}
	for _, wide := range []bool{false, true} {
		tr, err := New(Options{Wide: wide})
		if err != nil {
			t.Fatal(err)
		}
		for what, text := range map[string]string{
			"letters": strings.Repeat("a", 300_000), "digits": strings.Repeat("7", 300_000), "quotes": strings.Repeat(`"\`, 100_000),
			"controls": strings.Repeat("\x1b\u202e", 60_000), "no UTF-8": strings.Repeat("\xff", 300_000), "blanks": strings.Repeat(" ", 300_000),
		} {
			var names []string
			ev := hostileEvent()
			fields(reflect.ValueOf(ev).Elem(), "", func(_ reflect.Value, path string) { names = append(names, path) })
			for _, name := range names {
				ev := hostileEvent()
				fields(reflect.ValueOf(ev).Elem(), "", func(v reflect.Value, path string) {
					if path == name {
						v.SetString(text)
					}
				})
				var out Conversion
				reason, ok := tr.Transform(ev, now, &out)
				if n := len(reason.Message) + len(reason.Field) + len(reason.Code); !ok && n > 1500 {
					t.Errorf("%s of %s: a reason of %d bytes", name, what, n)
				}
				if ok && len(out.EventID)+len(out.ProfileID) > 2000 {
					t.Errorf("%s of %s: ids of %d bytes are sent", name, what, len(out.EventID)+len(out.ProfileID))
				}
			}
		}
	}
}

func hostileEvent() *schemas.Event {
	ev := newEvent()
	ev.EventType, ev.Platform = "PURCHASE", "ANDROID"
	ev.Custom.OrderReference, ev.Custom.Attributes = "1", []schemas.Attribute{{Key: "a", Value: "b"}}
	ev.Consent = schemas.Consent{AdStorage: "GRANTED", AdUserData: "GRANTED", TCF: "tcf", GPP: "gpp"}
	return ev
}
