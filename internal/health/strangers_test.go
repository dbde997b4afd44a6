package health

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

// TestStrangersShareAFewLines: any number of conditions of invented profiles is a few log
// lines a minute and a count of the rest; those of known profiles are logged one by one.
func TestStrangersShareAFewLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log testkit.Buffer
		read := 0
		cs := NewConditions(zerolog.New(&log), nil)
		lines := func() (told []string) {
			synctest.Wait()
			text := log.String()[read:]
			read += len(text)
			for line := range strings.Lines(text) {
				told = append(told, strings.TrimSpace(line))
			}
			return told
		}
		for i := range 1000 {
			cs.Condition(fmt.Sprint("lane junk", i)).OfStranger().Fail("status 403")
		}
		cs.Condition("lane known").OfProfile().Fail("status 503")
		cs.Condition("brokers").Fail("away")
		got := lines()
		if len(got) != maxStrangers+2 || !strings.Contains(got[maxStrangers], "lane known") || !strings.Contains(got[maxStrangers+1], "brokers") {
			t.Errorf("%d lines, want %d of strangers and two: %v", len(got), maxStrangers, got)
		}
		for i := range 1000 {
			if i%2 == 0 {
				cs.Condition(fmt.Sprint("lane junk", i)).OK()
			}
			cs.Withdraw(fmt.Sprint("lane junk", i), "no events")
		}
		if got := lines(); len(got) != 0 {
			t.Errorf("within the minute: %v", got)
		}
		time.Sleep(strangersEvery)
		if got := lines(); len(got) != 1 || !strings.Contains(got[0], fmt.Sprintf(`"left_out":%d`, 1000-maxStrangers+1500)) {
			t.Errorf("after the minute: %v", got)
		}
		time.Sleep(strangersEvery)
		cs.Condition("lane junk").OfStranger().Fail("status 403")
		if got := lines(); len(got) != 1 || !strings.Contains(got[0], "lane junk") {
			t.Errorf("in the next minute: %v", got)
		}
		cs.Withdraw("lane known", "no events")
		if got := lines(); len(got) != 1 || !strings.Contains(got[0], "condition withdrawn: no events") {
			t.Errorf("of a known one: %v", got)
		}
		for range 2 * maxStrangers {
			cs.Condition("lane junk").OfStranger().OK()
			cs.Condition("lane junk").OfStranger().Fail("status 403")
		}
		lines()
		cs.Close()
		if got := lines(); len(got) != 1 || !strings.Contains(got[0], "left_out") {
			t.Errorf("at the end: %v", got)
		}
		cs.Condition("lane junk").OK() // nothing runs after the end
	})
	(*Conditions)(nil).Withdraw("nothing", "")
	(*Condition)(nil).OfStranger().Fail("nothing")
}
