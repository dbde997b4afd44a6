package screen

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
)

func TestPagerIsAsAskedFor(t *testing.T) {
	for _, tc := range []struct {
		environ []string
		want    string
	}{
		{nil, "less"}, {[]string{"PAGER="}, ""}, {[]string{"PAGER=cat"}, ""}, {[]string{"PAGER=more -s"}, "more -s"}, {[]string{"PAGER=a", "PAGER=b"}, "b"},
	} {
		if got := pagerOf(tc.environ); got != tc.want {
			t.Errorf("%q: %q, want %q", tc.environ, got, tc.want)
		}
	}
}

func TestPagerGetsItAll(t *testing.T) {
	path := "PATH=" + os.Getenv("PATH")
	for name, tc := range map[string]struct{ pager, want string }{
		"a command":           {"sed s/^/-/", "-one\n-two\n"},
		"its environment":     {"env | grep ^LESS=; cat", "LESS=FRX\none\ntwo\n"},
		"one that is missing": {"no-such-pager-at-all", "one\ntwo\n"},
		"none":                {"", "one\ntwo\n"},
	} {
		var out, errs bytes.Buffer
		p := NewPager(&out, &errs, []string{path, "PAGER=" + tc.pager})
		s := New(p, Options{})
		_, err := s.Write([]byte("one\ntwo\n"))
		p.Close()
		if err != nil || out.String() != tc.want {
			t.Errorf("%s: %v, %q%q", name, err, &out, &errs)
		}
	}
	var out bytes.Buffer
	p := NewPager(&out, &out, []string{path, "PAGER=env"}) // nothing is printed: none is started
	p.Close()
	if out.Len() > 0 {
		t.Errorf("%q", &out)
	}
	p = NewPager(&out, &out, []string{path, "PAGER=true; exit"}) // left at once
	var err error
	for range 100 {
		if _, err = p.Write([]byte(strings.Repeat("x", 1<<16))); err != nil {
			break
		}
	}
	p.Close()
	if !errors.Is(err, ErrLeft) {
		t.Errorf("%v, want that it was left", err)
	}
}
