package cli

import (
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/count"
)

// flagThemes are the themes of flags in the order of help, each with how their names begin. The
// first has what no other has, which is a command's own.
var flagThemes = []struct {
	title    string
	prefixes []string
}{
	{"Flags", nil},
	{"Flags of batches and lanes", []string{"batch-", "linger", "lane-", "max-attempts", "max-in-flight", "max-parked", "on-exhausted", "auth-hold", "request-timeout", "gzip", "workers"}},
	{"Flags of the rules", []string{"mapping", "consent-", "identifier-rules", "profile-ids", "unmapped-type", "data-set-"}},
	{"Flags of the Amazon account", []string{"accounts", "amazon-url", "api-token", "client-id", "client-secret", "contract", "manager-account", "refresh-token", "region", "token-url"}},
	{"Flags of Kafka", []string{"brokers", "kafka-", "sasl-", "tls"}},
	{"Flags of the schema registry", []string{"registry", "glue-", "schema-id"}},
	{"Flags of AWS", []string{"aws-"}},
	{"Flags of every command", []string{"config", "event-ids", "wide", "no-pager", "help"}},
}

// own are flags whose names begin like a theme's and that are a command's own.
var own = map[string]bool{"event-ids-file": true, "mapping-tests": true, "regions": true}

func themeOf(name string) string {
	for _, t := range flagThemes[1:] {
		for _, prefix := range t.prefixes {
			if strings.HasPrefix(name, prefix) && !own[name] {
				return t.title
			}
		}
	}
	return flagThemes[0].title
}

// placeholder is what stands for a flag's value.
func placeholder(f *pflag.Flag) string {
	name, _ := pflag.UnquoteUsage(f)
	switch f.Value.Type() {
	case "bool":
		return ""
	case "string":
		if name == "string" {
			return "TEXT"
		}
	case "stringSlice", "stringArray":
		return "LIST"
	case "intSlice", "int32Slice":
		return "NUMBERS"
	case "int", "int32", "int64", "uint64", "float64":
		return "NUMBER"
	case "stringToString":
		return "MAP"
	}
	return strings.ToUpper(name)
}

// Describe says what a flag is, with its default.
func Describe(f *pflag.Flag) string {
	_, usage := pflag.UnquoteUsage(f)
	if d := Default(f); d != "" && !strings.Contains(usage, "(default ") {
		usage += " (default " + d + ")"
	}
	return usage
}

// Default returns a flag's default in words; empty for none.
func Default(f *pflag.Flag) string {
	text := f.DefValue
	switch f.Value.Type() {
	case "bool":
		if text == "false" {
			return ""
		}
	case "duration":
		if d, err := time.ParseDuration(text); err == nil {
			return Words(d)
		}
	case "stringSlice", "stringArray", "intSlice", "int32Slice", "stringToString":
		return strings.ReplaceAll(strings.Trim(text, "[]"), ",", ", ")
	case "int", "int32", "int64", "float64":
		if text == "0" {
			return ""
		}
	}
	return text
}

// Words returns a duration as people say it; empty for none.
func Words(d time.Duration) string {
	if d < 0 {
		return d.String()
	}
	var parts []string
	for _, unit := range []struct {
		d    time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}, {time.Millisecond, "millisecond"}} {
		if n := int(d / unit.d); n > 0 {
			parts = append(parts, count.Of(n, unit.name))
			d %= unit.d
		}
	}
	return strings.Join(parts, " ")
}
