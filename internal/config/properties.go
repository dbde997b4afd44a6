package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/kafka/clientprops"
	"github.com/tracklayer/amazon-capi/internal/kafka/javaprops"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// properties are Kafka's own settings: those of a Java client's file, and single ones.
// They supply settings of this program that nothing else sets: a setting under its own
// name, wherever it is, takes precedence over -X, and -X over the file.
type properties struct {
	path  string
	given propertyList
	from  From
}

// From says which settings Kafka's own properties gave.
type From struct {
	Taken []clientprops.Taken
	// Unused are those that a setting under its own name overrides.
	Unused []clientprops.Taken
	Notes  []clientprops.Note
}

func (p *properties) register(flags *pflag.FlagSet) {
	flags.StringVar(&p.path, string(setting.KafkaProperties), "", "properties file of a Java client, or of librdkafka's: brokers, security and group are taken from it unless something else gives them")
	flags.VarP(&p.given, string(setting.KafkaProperty), "X", "a property NAME=VALUE of Kafka's clients, by Java's or librdkafka's name; may be repeated, and wins over the file")
	p.given.owner = p
}

// propertyList is the value of -X.
type propertyList struct {
	owner *properties
	all   []clientprops.Property
}

const propertyType = "property"

// onCommandLine is the origin of properties that are not from a file.
const onCommandLine = "-X"

// Set adds properties, one per line: the environment and the configuration file give all
// of them at once.
func (l *propertyList) Set(text string) error {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			redact.Secret(line)
			return errors.New("want NAME=VALUE, such as security.protocol=SASL_SSL")
		}
		if value = strings.TrimSpace(value); clientprops.Secret(name) {
			redact.Secret(value)
		}
		l.all = append(l.all, clientprops.Property{Name: name, Value: value, Where: onCommandLine})
	}
	return nil
}

// String returns nothing, because the value may be a secret.
func (l *propertyList) String() string { return "" }

// Type implements pflag.Value.
func (l *propertyList) Type() string { return propertyType }

// From returns what Kafka's own properties gave.
func (f *Kafka) From() From { return f.properties.from }

// applyProperties sets flags without a value from Kafka's own properties, if the command
// has them.
func applyProperties(flags *pflag.FlagSet, known map[string]bool, warn io.Writer) error {
	flag := flags.Lookup(string(setting.KafkaProperty))
	if flag == nil {
		return nil
	}
	p := flag.Value.(*propertyList).owner
	all, err := p.read()
	if err != nil {
		return err
	}
	result, err := clientprops.Read(append(all, p.given.all...))
	if err != nil {
		return err
	}
	p.from.Notes = result.Notes
	var errs []error
	for _, t := range result.Taken {
		name := string(t.Setting)
		f := flags.Lookup(name)
		partner := flags.Lookup(partnerOf(flags, name))
		switch {
		case f == nil && known[name]:
			continue // a setting of other commands
		case f == nil:
			p.from.Notes = append(p.from.Notes, clientprops.Note{Property: t.Property, Where: t.Where, Why: "it has no meaning here"})
		case f.Changed || partner != nil && partner.Changed:
			p.from.Unused = append(p.from.Unused, t)
		default:
			if err := flags.Set(name, t.Value); err != nil {
				errs = append(errs, fmt.Errorf("%s: %s: %s", t.Where, t.Property, Without(err.Error(), t.Value)))
			}
			p.from.Taken = append(p.from.Taken, t)
		}
	}
	p.tell(warn)
	return errors.Join(errs...)
}

// read reads the file, if one is named.
func (p *properties) read() ([]clientprops.Property, error) {
	if p.path == "" {
		return nil, nil
	}
	f, err := os.Open(p.path)
	if err != nil {
		return nil, setting.KafkaProperties.Wrap(redact.File(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, javaprops.MaxBytes+1))
	if err != nil {
		return nil, setting.KafkaProperties.Wrap(redact.File(err))
	}
	entries, err := javaprops.Parse(data)
	if err != nil {
		return nil, setting.KafkaProperties.Mistakef("%s: %w", p.path, err)
	}
	all := make([]clientprops.Property, len(entries))
	for i, e := range entries {
		all[i] = clientprops.Property{Name: e.Name, Value: e.Value, Where: fmt.Sprintf("%s:%d", filepath.Base(p.path), e.Line)}
	}
	return all, nil
}

// tell reports, on one line, which properties are ignored.
func (p *properties) tell(warn io.Writer) {
	if len(p.from.Notes) == 0 {
		return
	}
	const most = 8
	var names []string
	for i, n := range p.from.Notes {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more", len(p.from.Notes)-i))
			break
		}
		names = append(names, n.Property)
	}
	fmt.Fprintf(warn, "amazon-capi: properties skipped, since they have no use here: %s; check says why of each\n", strings.Join(names, ", "))
}
