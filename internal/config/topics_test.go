package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func TestTopicsAreAList(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		env  []string
		want []string
		says string
	}{
		"none":              {want: []string{DefaultTopic}},
		"one":               {args: []string{"--topic", "orders"}, want: []string{"orders"}},
		"two":               {args: []string{"--topic", "orders.eu,orders.us"}, want: []string{"orders.eu", "orders.us"}},
		"with spaces":       {args: []string{"--topic", " orders.eu , orders.us "}, want: []string{"orders.eu", "orders.us"}},
		"one by one":        {args: []string{"--topic=orders.eu", "--topic=orders.us"}, want: []string{"orders.eu", "orders.us"}},
		"environment":       {env: []string{"AMAZON_CAPI_TOPIC=orders.eu,orders.us"}, want: []string{"orders.eu", "orders.us"}},
		"flag over it":      {args: []string{"--topic", "a"}, env: []string{"AMAZON_CAPI_TOPIC=b,c"}, want: []string{"a"}},
		"empty":             {args: []string{"--topic", ""}, want: nil},
		"twice":             {args: []string{"--topic", "orders,carts,orders"}, says: `topic "orders" is named twice`},
		"twice, one by one": {args: []string{"--topic=orders", "--topic=orders"}, says: `topic "orders" is named twice`},
		"an empty name":     {args: []string{"--topic", "orders,,carts"}, says: "a name in the list is empty"},
		"a comma too many":  {args: []string{"--topic", "orders,"}, says: "a name in the list is empty"},
		"twice, elsewhere":  {env: []string{"AMAZON_CAPI_TOPIC=a,a"}, says: `topic "a" is named twice`},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
			RegisterTopics(flags, &got, "topics to read")
			err := flags.Parse(tc.args)
			if err == nil {
				err = Apply(flags, tc.env, map[string]bool{"topic": true}, new(strings.Builder))
			}
			switch {
			case tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)):
				t.Errorf("error %v, want %q", err, tc.says)
			case tc.says == "" && (err != nil || !slices.Equal(got, tc.want)):
				t.Errorf("topics %q, %v; want %q", got, err, tc.want)
			}
		})
	}
}

// TestTopicsOfAFile: a configuration file holds them as a list or as text, and what asks
// for settings may put a list in place of another.
func TestTopicsOfAFile(t *testing.T) {
	for name, text := range map[string]string{"a list": "topic: [orders.eu, orders.us]\n", "text": "topic: orders.eu, orders.us\n", "lines": "topic:\n  - orders.eu\n  - orders.us\n"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.yaml")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			var got []string
			flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
			flags.String("config", "", "")
			RegisterTopics(flags, &got, "topics to read")
			known := map[string]bool{"topic": true, "config": true}
			if err := flags.Parse([]string{"--config", path}); err != nil {
				t.Fatal(err)
			}
			if err := Apply(flags, nil, known, new(strings.Builder)); err != nil || !slices.Equal(got, []string{"orders.eu", "orders.us"}) {
				t.Errorf("topics %q, %v", got, err)
			}
			given := NewGiven(flags)
			if err := given.Put("topic", "carts, orders.us"); err != nil || given.Value("topic") != "carts,orders.us" {
				t.Errorf("put as %q, %v", given.Value("topic"), err)
			}
			if err := given.Put("topic", "carts,carts"); err == nil || !strings.Contains(err.Error(), "named twice") {
				t.Errorf("a topic was put twice: %v", err)
			}
		})
	}
}

// TestACommandThatTakesOneTopic: a configuration that run shares with it may hold a list.
func TestACommandThatTakesOneTopic(t *testing.T) {
	for name, tc := range map[string]struct{ arg, want, says string }{
		"one":   {arg: "orders", want: "orders"},
		"empty": {arg: "", want: ""},
		"two":   {arg: "orders.eu, orders.us", says: "2 topics are given (orders.eu, orders.us), and this command is about one at a time; name one of them with --topic"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, args := range [][]string{{"--topic", tc.arg}, nil} {
				var got string
				flags := pflag.NewFlagSet("replay", pflag.ContinueOnError)
				RegisterTopic(flags, &got, "topic")
				err := flags.Parse(args)
				if err == nil && args == nil {
					err = Apply(flags, []string{"AMAZON_CAPI_TOPIC=" + tc.arg}, map[string]bool{"topic": true}, new(strings.Builder))
				}
				switch {
				case tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)):
					t.Errorf("error %v, want %q", err, tc.says)
				case tc.says == "" && (err != nil || got != tc.want):
					t.Errorf("topic %q, %v; want %q", got, err, tc.want)
				}
			}
		})
	}
}
