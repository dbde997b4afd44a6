package setup

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// section is a part of the file.
type section struct {
	title string
	// begins are the prefixes of its settings' names.
	begins []string
	// always are written even if not given; often are shown as comments.
	always, often []setting.Key
}

var sections = []section{
	{"How to reach the brokers", []string{"brokers", "kafka-", "tls", "sasl-", "aws-"}, []setting.Key{setting.Brokers}, nil},
	{"What is read, and where its results are written", []string{"topic", "group", "instance-id", "start", "dead-letter-topic", "receipts-topic", "erasure-topic"},
		[]setting.Key{setting.Topic, setting.Group, setting.DeadLetterTopic, setting.ReceiptsTopic, setting.ErasureTopic}, []setting.Key{"start"}},
	{"The schema registry", []string{"registry", "glue-", "schema-id"}, nil, []setting.Key{setting.SchemaID}},
	{"In whose name events are sent to Amazon, and how", []string{"accounts", "contract", "amazon-url", "region", "token-url", "client-", "refresh-token", "manager-account", "api-token", "data-set", "profile-ids"},
		[]setting.Key{setting.Contract}, []setting.Key{setting.AmazonURL, "region"}},
	{"Everything else", []string{""}, nil, []setting.Key{"mapping", setting.ConsentDenied, setting.Listen, "log-level", "linger", "max-in-flight-events", "drain"}},
}

func (s *section) has(key setting.Key) bool {
	return slices.ContainsFunc(s.begins, func(p string) bool { return strings.HasPrefix(string(key), p) })
}

// secretFile is a file beside the configuration.
type secretFile struct{ name, content string }

// render returns the configuration file and the files of its secrets, which go into a folder.
func (s *setup) render(folder string) (text []byte, secrets []secretFile) {
	given := s.Given.All(s.Own...)
	fromFile := s.Given.FromFile()
	for _, one := range sections {
		for _, key := range one.always {
			if !slices.ContainsFunc(given, func(g config.Setting) bool { return g.Key == key }) && !slices.Contains(fromFile, key) {
				given = append(given, config.Setting{Key: key, Value: s.Given.Value(key)})
			}
		}
	}
	var b bytes.Buffer
	b.WriteString("# Settings of amazon-capi, written by amazon-capi init. Each can also be a flag or be in the\n" +
		"# environment, which win over this file. Secrets are in files of their own.\n")
	for _, one := range sections {
		mine := slices.DeleteFunc(slices.Clone(given), func(g config.Setting) bool { return !one.has(g.Key) })
		given = slices.DeleteFunc(given, func(g config.Setting) bool { return one.has(g.Key) })
		fmt.Fprintf(&b, "\n# --- %s ---\n", one.title)
		if names := names(fromFile, &one); names != "" {
			comment(&b, "From the properties file: "+names)
		}
		for _, g := range order(mine, one.always) {
			comment(&b, s.Given.Usage(g.Key))
			key, value := g.Key, g.Value
			if g.Kind == config.SecretOf || g.Kind == config.Material {
				f := secretFile{string(g.Key), g.Value}
				secrets = append(secrets, f)
				if g.Kind == config.SecretOf {
					key = g.Key.File()
				}
				value = filepath.Join(folder, f.name)
			}
			fmt.Fprintf(&b, "%s: %s\n", string(key), scalar(value))
		}
		for _, key := range one.often {
			if !s.has(key) {
				comment(&b, s.Given.Usage(key))
				fmt.Fprintf(&b, "#%s: %s\n", string(key), scalar(s.Given.Value(key)))
			}
		}
	}
	return b.Bytes(), secrets
}

// order puts the settings that are always present first, in their order.
func order(all []config.Setting, first []setting.Key) []config.Setting {
	slices.SortStableFunc(all, func(a, b config.Setting) int { return rank(a.Key, first) - rank(b.Key, first) })
	return all
}

func rank(key setting.Key, first []setting.Key) int {
	if i := slices.Index(first, key); i >= 0 {
		return i
	}
	return len(first)
}

func names(keys []setting.Key, of *section) string {
	var list []string
	for _, key := range keys {
		if of.has(key) && of.title != sections[len(sections)-1].title {
			list = append(list, string(key))
		}
	}
	return strings.Join(list, ", ")
}

// comment writes a text as lines of a comment.
func comment(b *bytes.Buffer, text string) {
	const width = 96
	line := "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > width && line != "#" {
			fmt.Fprintln(b, line)
			line = "#"
		}
		line += " " + word
	}
	fmt.Fprintln(b, line)
}

// simple is what YAML reads, without quotes, as text or as a number of the same text.
var simple = regexp.MustCompile(`^[A-Za-z0-9/][A-Za-z0-9/._:,@=+-]*[A-Za-z0-9/]$|^[A-Za-z0-9]$`)

// scalar returns a value in YAML. A JSON string is also a YAML one.
func scalar(value string) string {
	if simple.MatchString(value) && !strings.EqualFold(value, "null") {
		return value
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(value) // a string can always be encoded
	return strings.TrimSpace(b.String())
}
