package sink

import (
	"strings"
	"testing"
	"time"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

func TestOptionsAreChecked(t *testing.T) {
	good := func() Options {
		return Options{
			Contract: guide, BaseURL: "https://amazon.test", ClientID: "c", Tokens: &fixedTokens{}, Settle: func([]verdict.Verdict) {},
			DeadLetters: DeadLetterOptions{Producer: &letterbox{}, Topic: "t"},
		}
	}
	for name, tt := range map[string]struct {
		change func(*Options)
		want   []string // nil is no error
	}{
		"good":           {func(*Options) {}, nil},
		"plain HTTP":     {func(o *Options) { o.BaseURL = "http://localhost:8080/x" }, nil},
		"no contract":    {func(o *Options) { o.Contract = nil }, []string{"--contract", "off-amazon-2023-11-13"}},
		"no URL":         {func(o *Options) { o.BaseURL = "" }, nil},
		"half a URL":     {func(o *Options) { o.BaseURL = "amazon.test" }, []string{"--amazon-url", "absolute"}},
		"another scheme": {func(o *Options) { o.BaseURL = "ftp://h" }, []string{"--amazon-url", "ftp://h"}},
		"a password":     {func(o *Options) { o.BaseURL = "https://u:hunter2@h" }, []string{"--amazon-url", "password"}},
		"a query":        {func(o *Options) { o.BaseURL = "https://h/?key=hunter2" }, []string{"--amazon-url", "query"}},
		"no client":      {func(o *Options) { o.ClientID = "" }, []string{"--client-id"}},
		"no tokens":      {func(o *Options) { o.Tokens = nil }, []string{"tokens"}},
		"no settle":      {func(o *Options) { o.Settle = nil }, []string{"Settle"}},
		"no topic":       {func(o *Options) { o.DeadLetters.Topic = "" }, []string{"--dead-letter-topic"}},
		"no producer":    {func(o *Options) { o.DeadLetters.Producer = nil }, []string{"--dead-letter-topic"}},
		"batch events":   {func(o *Options) { o.BatchEvents = 501 }, []string{"--batch-events", "501", "500"}},
		"negative":       {func(o *Options) { o.BatchEvents = -1 }, []string{"--batch-events", "-1"}},
		"batch bytes":    {func(o *Options) { o.BatchBytes = 1<<20 + 1 }, []string{"--batch-bytes", "1048577", "1048576"}},
		"attempts":       {func(o *Options) { o.MaxAttempts = -1 }, []string{"--max-attempts", "-1"}},
		"concurrency":    {func(o *Options) { o.LaneConcurrency = -1 }, []string{"--lane-concurrency", "-1"}},
		"backoff":        {func(o *Options) { o.BackoffMin = time.Hour }, []string{"backoff", "1h"}},
		"timeout":        {func(o *Options) { o.RequestTimeout = -time.Second }, []string{"timeout", "-1s"}},
	} {
		opts := good()
		tt.change(&opts)
		_, err := New(opts)
		if (err == nil) != (tt.want == nil) {
			t.Errorf("%s: error %v", name, err)
			continue
		}
		for _, w := range tt.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v: want %q in it", name, err, w)
			}
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the secret is in the error: %v", name, err)
		}
	}
}
