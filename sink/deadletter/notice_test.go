package deadletter

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

func draft(id string, class verdict.Class, code string) *Draft {
	l := &Draft{EventID: id, Reason: verdict.Reason{Class: class, Code: code, Status: 422, Field: "userInfo", Message: "is wrong"}}
	l.Record = verdict.Record{From: &verdict.Origin{Topic: "events", Partition: 3}, Offset: 18200}
	return l
}

// logged are the lines of a log, and the sum of what they say was left out.
func logged(t *testing.T, log *testkit.Buffer) (lines []map[string]any, leftOut int) {
	t.Helper()
	for line := range strings.Lines(log.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		if n, ok := m["left_out"].(float64); ok {
			leftOut += int(n)
		}
		lines = append(lines, m)
	}
	return lines, leftOut
}

// TestLettersAppearInTheLog: the first of a kind whole, and the others as a count.
func TestLettersAppearInTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log testkit.Buffer
		n := &notices{log: zerolog.New(&log)}
		for i := range 10_000 {
			n.letter(draft(fmt.Sprint("e", i), verdict.Rejected, "UNPROCESSABLE_ENTITY"), "1")
		}
		n.letter(draft("jane@example.com", verdict.Validation, "currency_invalid"), "1")
		n.letter(draft("f", verdict.Rejected, "UNPROCESSABLE_ENTITY"), "2")
		lines, _ := logged(t, &log)
		if len(lines) != 3 || strings.Contains(log.String(), "jane") {
			t.Fatalf("%d lines, want one for each kind:\n%s", len(lines), log.String())
		}
		first := lines[0]
		for key, want := range map[string]any{
			"level": "warn", "class": "rejected", "code": "UNPROCESSABLE_ENTITY", "profile": "1", "event_id": "e0", "status": 422.0,
			"field": "userInfo", "topic": "events", "partition": 3.0, "offset": 18200.0, "reason": "is wrong",
		} {
			if first[key] != want {
				t.Errorf("%s is %v, want %v", key, first[key], want)
			}
		}
		time.Sleep(noticeEvery + time.Second)
		synctest.Wait()
		if lines, leftOut := logged(t, &log); len(lines) != 4 || leftOut != 9999 || lines[3]["code"] != "UNPROCESSABLE_ENTITY" {
			t.Fatalf("%d lines, %d left out, want 9999:\n%s", len(lines), leftOut, &log)
		}
		// What goes on is a count a minute; what comes back after a while is told anew.
		n.letter(draft("g", verdict.Rejected, "UNPROCESSABLE_ENTITY"), "1")
		n.letter(draft("h", verdict.Validation, "currency_invalid"), "1")
		time.Sleep(noticeEvery)
		synctest.Wait()
		if lines, leftOut := logged(t, &log); len(lines) != 6 || leftOut != 10_000 || lines[4]["event_id"] != "h" {
			t.Errorf("%d lines, %d left out:\n%s", len(lines), leftOut, &log)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		n.letter(draft("i", verdict.Rejected, "UNPROCESSABLE_ENTITY"), "1")
		n.letter(draft("j", verdict.Rejected, "UNPROCESSABLE_ENTITY"), "1")
		n.close()
		n.close()
		n.letter(draft("k", verdict.Rejected, "UNPROCESSABLE_ENTITY"), "1")
		if lines, leftOut := logged(t, &log); len(lines) != 8 || leftOut != 10_001 || lines[6]["event_id"] != "i" {
			t.Errorf("%d lines, %d left out:\n%s", len(lines), leftOut, &log)
		}
	})
}

// TestLettersOfManyKinds: a stranger who names profiles fills no log.
func TestLettersOfManyKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log testkit.Buffer
		n := &notices{log: zerolog.New(&log)}
		const kinds, each = 5000, 3
		for range each {
			for i := range kinds {
				n.letter(draft("e", verdict.Rejected, "X"), fmt.Sprint(i))
			}
		}
		time.Sleep(10 * noticeEvery)
		synctest.Wait()
		lines, leftOut := logged(t, &log)
		if len(lines) != 2*maxNotices+1 || leftOut != kinds*each-maxNotices {
			t.Errorf("%d lines and %d left out, want %d and %d", len(lines), leftOut, 2*maxNotices+1, kinds*each-maxNotices)
		}
		n.close()
	})
}

// TestANewCodeIsNotHidden: as many profiles are refused all day as are told apart, and then
// a deploy breaks every event. Its letters are named, and codes of which there are as many
// as of profiles fill no log either.
func TestANewCodeIsNotHidden(t *testing.T) {
	var log testkit.Buffer
	n := &notices{log: zerolog.New(&log)}
	defer n.close()
	for i := range 2 * maxNotices {
		n.letter(draft("e", verdict.Rejected, "X"), fmt.Sprint(i))
	}
	if !n.letter(draft("f", verdict.Decode, "not_avro"), "-") {
		t.Error("the first letter of a new code is not logged")
	}
	for i := range 1000 {
		n.letter(draft("g", verdict.Rejected, fmt.Sprint("CODE_", i)), "1")
	}
	if lines, _ := logged(t, &log); len(lines) != 2*maxNotices {
		t.Errorf("%d lines, want %d", len(lines), 2*maxNotices)
	}
}
