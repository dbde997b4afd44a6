package testkit

import (
	"strings"
	"testing"
)

func TestWording(t *testing.T) {
	for text, want := range map[string]string{
		"1 events":                    "1 events",
		"the group has 1 members":     "1 members",
		"1 more partitions":           "1 more partitions",
		"1 open letters":              "1 open letters",
		"1 entries":                   "1 entries",
		"1 copies":                    "1 copies",
		"1 batches":                   "1 batches",
		"1 event, 2 events, 0 events": "",
		"12 event.":                   "12 event",
		"0 record are":                "0 record",
		"1,200 letter\n":              "1,200 letter",
		"3 event ids, 2 event types":  "",
		"1 are left":                  "1 are",
		"partition 1 records begin":   "",
		"offsets 0 to 1 are gone":     "",
		"line 3 name":                 "",
		"at 10:15:01 events came":     "",
		"offset=12 partition=0 profile=x status=422 topic=y": "",
		"an RFC 3339 time":                                 "",
		"0.1 records":                                      "",
		"since 2026-04-23T10:15:30Z":                       "",
		"since 2026-04-23 10:15:30.25Z":                    "",
		"since 2026-04-23 10:15:30":                        "UTC",
		"since 2026-04-23 10:15":                           "UTC",
		"since 2026-04-23T10:15:30+02:00":                  "UTC",
		"2026-04-23 10:15:30.123456 +0000 UTC m=+0.000123": "UTC",
		"on 2026-04-23":                                    "",
		"after 30, it is over":                             "unit",
		"it took 12.5\n":                                   "unit",
		"gives up after 5.":                                "unit",
		"gives up after 5 attempts.":                       "",
		"after 1m30s, it is over":                          "",
		"it took 12.5 s.":                                  "",
		`{"took":3000000}`:                                 "unit",
		`{"request_timeout": 30}`:                          "unit",
		`{"elapsed_seconds":3,"took":"3s","latency_ms":4}`: "",
	} {
		got := strings.Join(Wording(text), "\n")
		if want == "" && got != "" || want != "" && !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
