package config

import (
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/setting"
)

func TestByteSize(t *testing.T) {
	for in, want := range map[string]int64{"1MB": 1e6, "64MiB": 64 << 20, "500 kb": 500e3, "1000": 1000, "2g": 2e9, "7B": 7} {
		var b Size
		if err := b.Set(in); err != nil || int64(b) != want {
			t.Errorf("%q = %d, %v; want %d", in, b, err, want)
		}
		var again Size
		if err := again.Set(b.String()); err != nil || again != b {
			t.Errorf("%q shows as %q, which reads as %d", in, b.String(), again)
		}
	}
	for _, in := range []string{"", "MB", "-1", "1.5MB", "1TB", "9999999999GB"} {
		if err := new(Size).Set(in); err == nil {
			t.Errorf("%q was taken", in)
		}
	}
}

func TestCheckURL(t *testing.T) {
	for _, s := range []string{"http://h", "https://h:8081/x", "http://user:s3cret@h"} {
		if err := CheckURL(setting.Registry, s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range []string{"", "h:8081", "ftp://user:s3cret@h", "http://", "http://user:s3cret@h:x y"} {
		err := CheckURL(setting.Registry, s)
		if _, mistake := err.(*setting.Mistake); !mistake || !strings.HasPrefix(err.Error(), "--registry: ") {
			t.Errorf("%q: %v, want a mistake that names the setting", s, err)
		} else if strings.Contains(err.Error(), "s3cret") {
			t.Error("the error shows a password")
		}
	}
}

func TestRanges(t *testing.T) {
	for v, want := range map[int64]string{0: "", 1: "", 5: "", 6: "--rate: 6 is out of range, want 0 to 5", -1: "--rate: -1 is out of range, want 0 to 5"} {
		if got := text(InRange(setting.Rate, v, 0, 5)); got != want {
			t.Errorf("%d: %q, want %q", v, got, want)
		}
	}
	for v, want := range map[time.Duration]string{time.Second: "", 0: "--timeout: 0s is too short, want at least 1s"} {
		if got := text(AtLeast(setting.Timeout, v, time.Second)); got != want {
			t.Errorf("%s: %q, want %q", v, got, want)
		}
	}
	var wrong Mistakes
	if wrong.Note(nil); wrong.All() != nil {
		t.Error("no mistake is one")
	}
	wrong.Note(Missing(setting.Group))
	wrong.Note(setting.To.Wrap(strings.NewReader("").UnreadByte()))
	if _, mistake := wrong.All().(*setting.Mistake); !mistake || strings.Count(text(wrong.All()), "\n") != 1 {
		t.Errorf("%v, want both mistakes, a line each", wrong.All())
	}
	none, some := time.Duration(0), time.Second
	if NoneForZero(&none, &some); none >= 0 || some != time.Second {
		t.Errorf("%s, %s", none, some)
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
