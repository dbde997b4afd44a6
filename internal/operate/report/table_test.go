package report

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestTableKeepsColumnsAndAlignsNumbers(t *testing.T) {
	var b bytes.Buffer
	Table(&b, []string{"profile", "n"}, [][]string{{"1001", "5"}, {"2", "12345"}}, []string{"all", "12350"}, 1)
	got := b.String()
	for _, want := range []string{"1001 ", "    5", "12345", "all", "profile"} {
		if !strings.Contains(got, want) {
			t.Errorf("table lacks %q:\n%s", want, got)
		}
	}
}

func TestProgressIsQuietInAPipeAndRedrawsOnATerminal(t *testing.T) {
	var b bytes.Buffer
	now := time.Unix(0, 0)
	p := NewProgress(&b)
	p.now = func() time.Time { return now }
	p.started, p.last = now, now
	for range 100 { // ten seconds of steps
		now = now.Add(100 * time.Millisecond)
		p.Step("delivering", uint64(now.Unix()*10), 1000)
	}
	if n := strings.Count(b.String(), "\n"); n != 2 || strings.Contains(b.String(), "\r") {
		t.Errorf("ten seconds in a pipe made %d lines, want 2 plain ones:\n%q", n, &b)
	}
	b.Reset()
	p.terminal, p.every = true, 100*time.Millisecond
	now = now.Add(time.Second)
	p.Step("delivering", 500, 1000)
	p.Say("done")
	if got := b.String(); !strings.HasSuffix(got, "\rdone\n") || !strings.Contains(got, "500 of 1000 (50%)") || strings.Count(got, "\n") != 1 {
		t.Errorf("on a terminal: %q", got)
	}
}

func TestTerminalProgressIsSilentInAPipe(t *testing.T) {
	var b bytes.Buffer
	now := time.Unix(0, 0)
	p := NewTerminalProgress(&b)
	p.now = func() time.Time { return now }
	for range 100 {
		now = now.Add(time.Second)
		p.Step("reading", 1, 10)
	}
	if b.Len() != 0 {
		t.Errorf("steps in a pipe: %q", &b)
	}
	p.Say("partition 3 begins late")
	if b.String() != "partition 3 begins late\n" {
		t.Errorf("said %q", &b)
	}
}

func TestRestartMeasuresWhatComesNext(t *testing.T) {
	var b bytes.Buffer
	now := time.Unix(0, 0)
	p := NewProgress(&b)
	p.now, p.started = func() time.Time { return now }, now
	now = now.Add(time.Hour)
	p.Restart()
	now = now.Add(10 * time.Second)
	p.Step("sending", 500, 1000)
	if !strings.Contains(b.String(), "50/s, 10s left") {
		t.Errorf("%q: want the rate since the restart", &b)
	}
}

func TestLine(t *testing.T) {
	for _, tc := range []struct {
		done, total uint64
		want        string
	}{
		{500, 1000, "x: 500 of 1000 (50%), 50/s, 10s left"},
		{1000, 1000, "x: 1000 of 1000 (100%), 100/s"},
		{70, 0, "x: 70, 7/s"},
	} {
		if got := line("x", tc.done, tc.total, 10*time.Second); got != tc.want {
			t.Errorf("line = %q, want %q", got, tc.want)
		}
	}
}
