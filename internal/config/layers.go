package config

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v4"

	"github.com/tracklayer/amazon-capi/internal/near"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/textfile"
)

// Apply sets the flags that were not set on the command line from the environment, then
// from the file that the config setting names. known are the flags of all commands: a
// shared environment or file may hold other commands' settings, but no unknown names.
// Oddities that are no mistakes are written to warn.
func Apply(flags *pflag.FlagSet, environ []string, known map[string]bool, warn io.Writer) error {
	env := make(map[string]string)
	for _, kv := range environ {
		k, v, _ := strings.Cut(kv, "=")
		if _, ours := setting.OfEnv(k); ours {
			env[k] = v
		}
	}
	warnUnknownEnv(warn, env, known)

	layers := []layer{flagLayer(flags), envLayer(env, flags)}
	path, _ := flags.GetString(string(setting.Config))
	if path == "" {
		path = env[setting.Config.Env()]
	}
	if path != "" {
		file, err := fileLayer(path, known, flags)
		if err != nil {
			return setting.Mistaken(err)
		}
		layers = append(layers, file)
	}
	if err := applyLayers(flags, layers); err != nil {
		return setting.Mistaken(err)
	}
	return setting.Mistaken(applyProperties(flags, known, warn))
}

// layer is one source of values, by flag name.
type layer struct {
	// where describes, for an error, where the value of a flag was given.
	where  func(flag string) string
	values map[string]string
}

func flagLayer(flags *pflag.FlagSet) layer {
	l := layer{where: func(f string) string { return setting.Key(f).String() }, values: map[string]string{}}
	flags.Visit(func(f *pflag.Flag) { l.values[f.Name] = f.Value.String() })
	return l
}

func envLayer(env map[string]string, flags *pflag.FlagSet) layer {
	l := layer{where: func(f string) string { return setting.Key(f).Env() }, values: map[string]string{}}
	flags.VisitAll(func(f *pflag.Flag) {
		// Compose files pass unset variables on as empty ones. For a string that is a value (an
		// empty topic turns receipts off); for a number or duration it cannot be meant.
		if v, ok := env[setting.Key(f.Name).Env()]; ok && (v != "" || f.Value.Type() == "string") {
			l.values[f.Name] = v
		}
	})
	return l
}

// applyLayers sets each flag from the first layer that has it. A secret and its file are one
// setting: the higher layer's form wins, and both in one layer are a contradiction that is
// reported.
func applyLayers(flags *pflag.FlagSet, layers []layer) error {
	var errs []error
	taken := make(map[string]bool)
	for i, l := range layers {
		for _, name := range slices.Sorted(maps.Keys(l.values)) {
			partner := partnerOf(flags, name)
			if partner != "" {
				if _, both := l.values[partner]; both && name < partner {
					errs = append(errs, fmt.Errorf("%s and %s are both set: want one of them", l.where(name), l.where(partner)))
				}
			}
			if taken[name] || taken[partner] {
				continue
			}
			if f := flags.Lookup(name); i > 0 && f != nil {
				if err := flags.Set(name, l.values[name]); err != nil {
					errs = append(errs, fmt.Errorf("%s: %s", l.where(name), Without(err.Error(), l.values[name])))
				}
			}
		}
		for name := range l.values {
			taken[name] = true
		}
	}
	return errors.Join(errs...)
}

// partnerOf returns the other form of a secret: NAME-file for NAME and vice versa.
func partnerOf(flags *pflag.FlagSet, name string) string {
	if base, ok := strings.CutSuffix(name, fileSuffix); ok && flags.Lookup(base) != nil {
		return base
	}
	if flags.Lookup(name+fileSuffix) != nil {
		return name + fileSuffix
	}
	return ""
}

// fileLayer reads the YAML file: a flat mapping of flag names to values.
func fileLayer(path string, known map[string]bool, flags *pflag.FlagSet) (layer, error) {
	data, err := textfile.Read(path)
	if err != nil {
		return layer{}, fmt.Errorf("%s: %w", setting.Config, redact.File(err))
	}
	var doc yaml.Node
	if err := yaml.Load(data, &doc); err != nil {
		if len(strings.TrimSpace(string(data))) == 0 {
			return layer{}, nil
		}
		return layer{}, fmt.Errorf("%s %s: %s", setting.Config, path, redact.Parser(err))
	}
	lines := make(map[string]int)
	l := layer{
		where:  func(f string) string { return fmt.Sprintf("%s:%d: %s", path, lines[f], f) },
		values: map[string]string{},
	}
	if len(doc.Content) == 0 {
		return l, nil
	}
	m := doc.Content[0]
	if m.Kind != yaml.MappingNode {
		return layer{}, fmt.Errorf("%s %s:%d: want a mapping of flag names to values", setting.Config, path, m.Line)
	}
	var errs []error
	for i := 0; i+1 < len(m.Content); i += 2 {
		k, v := m.Content[i], m.Content[i+1]
		switch {
		case !known[k.Value] || k.Value == string(setting.Config):
			errs = append(errs, fmt.Errorf("%s:%d: there is no flag %s%s", path, k.Line, redact.Quote(k.Value), suggest(k.Value, known)))
			continue
		case lines[k.Value] != 0:
			errs = append(errs, fmt.Errorf("%s:%d: %s is given again, first on line %d", path, k.Line, k.Value, lines[k.Value]))
			continue
		}
		lines[k.Value] = k.Line
		between := ","
		if f := flags.Lookup(k.Value); f != nil && f.Value.Type() == propertyType {
			between = "\n" // a property may have commas in it
		}
		value, ok := valueOf(v, between)
		if !ok {
			errs = append(errs, fmt.Errorf("%s:%d: %s: want a value or a list of values", path, v.Line, k.Value))
			continue
		}
		l.values[k.Value] = value
	}
	return l, errors.Join(errs...)
}

// valueOf returns a value of the file as a flag takes it; false if it is neither a scalar nor a
// list. between separates the items of a list.
func valueOf(v *yaml.Node, between string) (string, bool) {
	switch v.Kind {
	case yaml.ScalarNode:
		if v.Tag == "!!null" {
			return "", true
		}
		return v.Value, true
	case yaml.SequenceNode:
		var items []string
		for _, item := range v.Content {
			items = append(items, item.Value)
		}
		return strings.Join(items, between), true
	}
	return "", false
}

// warnUnknownEnv reports misspelt variables. They are not an error: an orchestrator may inject
// variables with the same prefix.
func warnUnknownEnv(warn io.Writer, env map[string]string, known map[string]bool) {
	for _, k := range slices.Sorted(maps.Keys(env)) {
		key, _ := setting.OfEnv(k)
		name := string(key)
		// Kubernetes creates such variables for a service named amazon-capi.
		if known[name] || strings.HasPrefix(name, "port") || strings.HasPrefix(name, "service-") {
			continue
		}
		fmt.Fprintf(warn, "amazon-capi: warning: %s is set, but there is no flag %s%s\n", k, key, suggest(name, known))
	}
}

// suggest returns the known name nearest to a misspelt one, at most two edits away.
func suggest(name string, known map[string]bool) string {
	best := near.Name(name, maps.Keys(known), 2)
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}
