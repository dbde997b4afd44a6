package setup

import (
	"context"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/check"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// part is a part of the configuration that is asked for and tried separately.
type part struct {
	name string
	// questions are asked for missing values, and further ones if the part fails.
	questions, more []question
	try             func(context.Context, *check.Live) report.List
	// sends is set for parts that need the account.
	sends bool
	// needed parts must work first.
	needed, needs bool
}

// question is one setting.
type question struct {
	key      setting.Key
	text     string
	hidden   bool
	optional bool
	yes      bool // a yes or no
	// with is the setting without which this one has no use; empty for none.
	with setting.Key
}

// none is the answer that takes an optional value away.
const none = "-"

// all are the parts, in their order.
func (s *setup) all() []part {
	login := []question{
		{key: setting.ClientID, text: "Login with Amazon client id (amzn1.application-oa2-client....)"},
		{key: setting.ClientSecret, text: "Client secret", hidden: true},
		{key: setting.RefreshToken, text: "Refresh token of the Ads account (Atzr|...)", hidden: true},
		{key: setting.Profile, text: "Profile id to try, empty for none", optional: true},
	}
	if s.hasAccount() {
		login = nil
	}
	registry := []question{{key: setting.Registry, text: "Schema registry, its URL"}}
	if s.hasRegistry() {
		registry = nil
	}
	return []part{
		{
			name: "brokers", needed: true, try: func(ctx context.Context, v *check.Live) report.List { return v.Brokers(ctx) },
			questions: []question{{key: setting.Brokers, text: "Kafka brokers, host:port, several with commas between"}},
			more: []question{
				{key: "tls", text: "Encrypt connections with TLS?", yes: true},
				{key: setting.TLSCA, text: "File of certificates to trust, empty for the system's", optional: true, with: "tls"},
				{key: setting.SASLMechanism, text: "SASL mechanism (" + kafka.Mechanisms + "), empty for none", optional: true},
				{key: setting.SASLUsername, text: "SASL user, empty for none", optional: true, with: setting.SASLMechanism},
				{key: setting.SASLPassword, text: "SASL password, empty for none", hidden: true, optional: true, with: setting.SASLMechanism},
			},
		},
		{
			name: "topics", needs: true, try: func(ctx context.Context, v *check.Live) report.List { return v.Topics(ctx) },
			questions: []question{{key: setting.Topic, text: "Topic of the events"}},
			more:      []question{{key: setting.Group, text: "Consumer group"}},
		},
		{
			name: "registry", questions: registry, try: func(ctx context.Context, v *check.Live) report.List { return v.Registry(ctx) },
			more: []question{
				{key: setting.RegistryUser, text: "User of the registry, empty for none", optional: true},
				{key: setting.RegistrySecret, text: "Password of the registry, empty for none", hidden: true, optional: true, with: setting.RegistryUser},
			},
		},
		{
			name: "account", questions: login, sends: true,
			try: func(ctx context.Context, v *check.Live) report.List {
				return append(slices.DeleteFunc(check.Accounts(v.Config), fine), v.Accounts(ctx)...)
			},
		},
	}
}

func fine(f report.Finding) bool { return f.Level == report.Fine }

// part asks for a part and tries it, repeatedly if the user wants. It reports whether the
// part works.
func (s *setup) part(ctx context.Context, p part) (ok bool, err error) {
	for again := false; ; again = true {
		if s.Prompt != nil {
			if err := s.ask(ctx, p, again); err != nil {
				return false, err
			}
		}
		list, wrong, err := s.look(ctx, p)
		if err != nil {
			return false, err
		}
		bad := list.Count(report.Act) > 0
		if s.Prompt == nil || !bad {
			s.noted(list)
			return !bad, nil
		}
		if s.Found != nil {
			s.Found(list)
		}
		another, err := s.Prompt.Confirm(ctx, "Change that and try again?", true)
		switch {
		case err != nil:
			return false, err
		case another:
			continue
		case wrong != nil: // what cannot be read back is not written
			return false, wrong
		}
		s.findings = append(s.findings, list...)
		s.kept = true
		return false, nil
	}
}

// look resolves the settings and tries the part. Invalid settings are a finding, too, if
// somebody can fix them.
func (s *setup) look(ctx context.Context, p part) (l report.List, wrong, err error) {
	s.names()
	s.config, wrong = s.Resolve(p.sends)
	if wrong == nil {
		wrong = s.checkProfiles()
	}
	if wrong == nil && p.name == "registry" {
		wrong = checkRegistry(&s.config)
	}
	if wrong == nil {
		wrong = s.withoutURLSecrets()
		s.config, _ = s.Resolve(p.sends)
	}
	if wrong != nil {
		if s.Prompt == nil {
			return nil, nil, wrong
		}
		for line := range strings.Lines(wrong.Error()) {
			l.Act("settings", "", "", "%s", strings.TrimSpace(line))
		}
		return l, wrong, nil
	}
	if p.name == "topics" {
		if err := s.topicsMissing(ctx); err != nil {
			return nil, nil, err
		}
	}
	if l, err = s.tried(ctx, p); err != nil {
		return nil, nil, err
	}
	if p.name == "registry" && s.Prompt != nil && !s.RegisterSchemas && unregistered(l) {
		s.RegisterSchemas, err = s.Prompt.Confirm(ctx, "Schemas are missing in the registry. Register them once everything has been tried?", false)
	}
	return l, nil, err
}

// checkRegistry refuses a registry for which no client can be made.
func checkRegistry(c *pipeline.Config) error {
	client, err := registry.New(c.Registry)
	if err != nil {
		return setting.Registry.Wrap(err)
	}
	client.Close()
	return nil
}

// ask asks for missing values of a part; for all of them on a repeat.
func (s *setup) ask(ctx context.Context, p part, again bool) error {
	questions := p.questions
	if again {
		questions = append(slices.Clone(questions), p.more...)
	}
	for _, q := range questions {
		if !again && (s.has(q.key) || q.key == setting.Profile && len(s.Profiles) > 0) {
			continue
		}
		if !s.useful(q) {
			if err := s.clear(q.key); err != nil { // or the part would fail for a setting that is not asked for
				return err
			}
			continue
		}
		if err := s.one(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// useful reports whether a question is worth asking after the answers before it.
func (s *setup) useful(q question) bool {
	if q.with == "" {
		return true
	}
	switch value := s.Given.Value(q.with); {
	case value == "", value == "false":
		return false
	case q.with == setting.SASLMechanism:
		return !strings.EqualFold(value, "AWS_MSK_IAM") // which has its credentials from AWS
	}
	return true
}

// clear takes a value away.
func (s *setup) clear(key setting.Key) error {
	if !s.has(key) {
		return nil
	}
	return s.Given.Put(key, "")
}

func (s *setup) one(ctx context.Context, q question) error {
	for {
		value, err := s.answer(ctx, q)
		if err != nil {
			return err
		}
		if value == "" && !q.optional && !s.has(q.key) {
			continue // it is needed
		}
		if q.key == setting.Profile {
			s.Profiles = nil
			if value != "" {
				s.Profiles = strings.Split(value, ",")
			}
			return nil
		}
		if value == none && q.optional {
			return s.clear(q.key)
		}
		if value == "" || !q.hidden && value == s.Given.Value(q.key) && s.has(q.key) {
			return nil
		}
		if err := s.Given.Put(q.key, value); err != nil {
			s.noted(report.List{{Level: report.Look, Area: "settings", Message: err.Error()}})
			continue
		}
		return nil
	}
}

func (s *setup) answer(ctx context.Context, q question) (string, error) {
	if q.optional && q.key != setting.Profile && s.has(q.key) && (q.hidden || s.Given.Value(q.key) != "") {
		q.text = strings.Replace(q.text, "empty for", none+" for", 1)
	}
	switch {
	case q.yes:
		yes, err := s.Prompt.Confirm(ctx, q.text, s.Given.Value(q.key) == "true")
		if !yes {
			return "false", err
		}
		return "true", err
	case q.hidden:
		text := q.text + " (not shown)"
		if s.has(q.key) {
			text += ", empty for the one that was given"
		}
		return s.Prompt.Hidden(ctx, text)
	case q.key == setting.Profile:
		return s.Prompt.Line(ctx, q.text, strings.Join(s.Profiles, ","))
	}
	return s.Prompt.Line(ctx, q.text, s.Given.Value(q.key))
}

// topicsMissing notes missing topics, and asks whether to create them.
func (s *setup) topicsMissing(ctx context.Context) error {
	s.missing = nil
	if s.Offline {
		return nil
	}
	err := s.config.Kafka.AskOnce(ctx, func(ctx context.Context, client *kgo.Client) error {
		for _, topic := range append(slices.Clone(s.config.Topics), s.config.DeadLetterTopic, s.config.ReceiptsTopic) {
			if topic == "" {
				continue
			}
			exists, err := kafka.Exists(ctx, client, topic)
			if err != nil {
				return err
			}
			if !exists {
				s.missing = append(s.missing, topic)
			}
		}
		return nil
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil || len(s.missing) == 0 || s.Prompt == nil || s.CreateTopics {
		return nil // the check reports what is wrong
	}
	s.CreateTopics, err = s.Prompt.Confirm(ctx, "There is no topic "+strings.Join(s.missing, ", ")+". Create what is missing once everything has been tried?", false)
	return err
}
