package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/setting"
)

// RegisterTopics adds the setting of a list of topics.
func RegisterTopics(flags *pflag.FlagSet, into *[]string, usage string) {
	*into = []string{DefaultTopic}
	flags.Var(&topics{list: into}, string(setting.Topic), usage)
}

// RegisterTopic adds the setting of a topic to a command that can use only one. It shares its
// configuration with run, whose list it refuses.
func RegisterTopic(flags *pflag.FlagSet, into *string, usage string) {
	*into = DefaultTopic
	flags.Var((*oneTopic)(into), string(setting.Topic), usage)
}

// topics is the value of a setting that is a list of topics.
type topics struct {
	list *[]string
	set  bool
}

var _ pflag.SliceValue = (*topics)(nil)

// String is in the form of other lists.
func (t *topics) String() string {
	if t.list == nil {
		return ""
	}
	return "[" + strings.Join(*t.list, ",") + "]"
}

// Type returns the same as for other lists.
func (t *topics) Type() string { return "stringSlice" }

// Set takes names separated by commas. A second call adds to the list, as for other lists.
func (t *topics) Set(s string) error {
	names := splitTopics(s)
	if t.set {
		if s == "" {
			return nil
		}
		names = append(slices.Clone(*t.list), names...)
	}
	return t.Replace(names)
}

func (t *topics) Append(name string) error { return t.Replace(append(slices.Clone(*t.list), name)) }

func (t *topics) GetSlice() []string { return *t.list }

func (t *topics) Replace(names []string) error {
	for i, name := range names {
		switch {
		case name == "" && len(names) > 1:
			return errors.New("a name in the list is empty; want topics separated by commas")
		case slices.Contains(names[:i], name):
			return fmt.Errorf("topic %q is named twice; want each topic once", name)
		}
	}
	if len(names) == 1 && names[0] == "" {
		names = nil // which is refused with the other settings that are missing
	}
	*t.list, t.set = names, true
	return nil
}

func splitTopics(s string) (names []string) {
	for name := range strings.SplitSeq(s, ",") {
		names = append(names, strings.TrimSpace(name))
	}
	return names
}

// oneTopic is the value of a setting that is one topic.
type oneTopic string

func (t *oneTopic) String() string { return string(*t) }

// Type returns the same as for other names.
func (t *oneTopic) Type() string { return "string" }

func (t *oneTopic) Set(s string) error {
	if names := splitTopics(s); len(names) > 1 {
		return fmt.Errorf("%d topics are given (%s), and this command is about one at a time; name one of them with %s",
			len(names), strings.Join(names, ", "), setting.Topic)
	}
	*t = oneTopic(s)
	return nil
}
