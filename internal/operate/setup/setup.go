package setup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/count"
	"github.com/tracklayer/amazon-capi/internal/operate/check"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

// Options say what is set up and how.
type Options struct {
	// Given are the settings, which questions add to.
	Given *config.Given
	// Resolve turns them into a configuration, with an account if it sends. The valid
	// parts are returned even with an error.
	Resolve func(sends bool) (pipeline.Config, error)
	// ReadBack reads the written file like run.
	ReadBack func(path string) error
	// Prompt asks the operator; nil if nobody can be asked.
	Prompt Prompt
	// Found is called with the findings of each part.
	Found func(report.List)

	// File is the configuration's path. Secrets go into a folder beside it.
	File      string
	Overwrite bool
	// Offline makes no request to servers.
	Offline bool
	// Profiles are tried with the account.
	Profiles []string
	// CreateTopics and RegisterSchemas change what is missing on the servers, once
	// everything else works.
	CreateTopics, RegisterSchemas bool
	// Own are the settings of the command that are not part of the configuration.
	Own []setting.Key
}

// Prompt asks somebody.
type Prompt interface {
	// Line asks for a line; empty means the default.
	Line(ctx context.Context, question, without string) (string, error)
	// Hidden asks for a line that is not shown while typed.
	Hidden(ctx context.Context, question string) (string, error)
	// Confirm asks for a yes or no.
	Confirm(ctx context.Context, question string, without bool) (bool, error)
}

// Result is what was done.
type Result struct {
	File    string   `json:"config"`
	Secrets []string `json:"secret_files"`
	Topics  []string `json:"topics_created"`
	Schemas []string `json:"schemas_registered"`
	// Missing are topics that must still be created.
	Missing []string `json:"topics_missing"`
	// Profiles are those that were tried.
	Profiles []string    `json:"profiles"`
	Findings report.List `json:"findings"`
}

// ErrGaveUp is the error of an unanswered question.
var ErrGaveUp = errors.New("no answer: nothing was written")

// setup is one run.
type setup struct {
	Options
	config   pipeline.Config
	findings report.List
	missing  []string // topics
	kept     bool     // what failed, accepted by the user
}

// Run sets up. The result says what was found and done even with an error, and names a
// file only if one was written.
func Run(ctx context.Context, o Options) (*Result, error) {
	s := &setup{Options: o}
	r := &Result{Secrets: []string{}, Topics: []string{}, Schemas: []string{}, Missing: []string{}, Profiles: []string{}, Findings: report.List{}}
	out, err := s.target(ctx)
	if err == nil {
		err = s.find(ctx)
	}
	r.Findings, r.Profiles, r.Missing = append(r.Findings, s.findings...), append(r.Profiles, s.Profiles...), append(r.Missing, s.missing...)
	if err == nil {
		err = s.change(ctx, r)
	}
	if err == nil {
		err = s.write(out, r)
	}
	return r, err
}

// find collects the settings and tries them.
func (s *setup) find(ctx context.Context) error {
	if s.Offline && (s.CreateTopics || s.RegisterSchemas) {
		return setting.Offline.Mistakef("it asks no server, so nothing can be created or registered: want it without %s and %s", setting.CreateTopics, setting.RegisterSchemas)
	}
	if err := s.withoutURLSecrets(); err != nil {
		return err
	}
	if s.Prompt == nil {
		if err := s.whole(); err != nil {
			return err
		}
	}
	if err := s.parts(ctx); err != nil {
		return err
	}
	if n := s.findings.Count(report.Act); n > 0 && !s.kept {
		return fmt.Errorf("nothing was written: %s to act on; fix that, or write the file unchecked with %s", count.Of(n, "finding"), setting.Offline)
	}
	return nil
}

// whole refuses missing or contradictory settings, all at once.
func (s *setup) whole() error {
	var wrong config.Mistakes
	if !s.has(setting.Brokers) {
		wrong.Note(config.Missing(setting.Brokers))
	}
	if !s.hasRegistry() {
		wrong.Note(config.Missing(setting.Registry))
	}
	s.names()
	var err error
	s.config, err = s.Resolve(true)
	wrong.Note(err, s.checkProfiles(), checkRegistry(&s.config))
	if len(wrong) > 0 && (!s.has(setting.Topic) || len(s.Profiles) == 0) {
		wrong = append(wrong, fmt.Errorf("(%s is %s unless given, and %s is optional: it is tried and not written)", setting.Topic, s.Given.Value(setting.Topic), setting.Profile))
	}
	return wrong.All()
}

func (s *setup) has(key setting.Key) bool { return s.Given.Has(key) }

// hasRegistry reports whether a registry is configured: Confluent's or Glue.
func (s *setup) hasRegistry() bool { return s.has(setting.Registry) || s.has(setting.GlueRegion) }

// hasAccount reports whether a sender is configured, apart from its details.
func (s *setup) hasAccount() bool {
	return s.has(setting.Accounts) || s.has("api-token") || s.has("manager-account") && s.has("data-set-id")
}

// names sets the topics that go with a topic of another name.
func (s *setup) names() {
	topic := s.Given.Value(setting.Topic)
	if topic == config.DefaultTopic || topic == "" || strings.Contains(topic, ",") {
		return
	}
	for key, suffix := range map[setting.Key]string{setting.DeadLetterTopic: ".dlq", setting.ReceiptsTopic: ".receipts", setting.ErasureTopic: ".erased"} {
		if !s.has(key) {
			_ = s.Given.Put(key, topic+suffix) // any text will do
		}
	}
}

func (s *setup) checkProfiles() error {
	for _, p := range s.Profiles {
		if ids := s.config.ProfileIDs; !ids.Valid(p) {
			return setting.Profile.Mistakef("%s is not a profile id: want %s", redact.Quote(p), ids.Want())
		}
	}
	return nil
}

// parts asks for and tries one part after the other.
func (s *setup) parts(ctx context.Context) error {
	ok := true
	for _, p := range s.all() {
		if p.needs && !ok {
			continue // what it needs is not there
		}
		fine, err := s.part(ctx, p)
		if err != nil {
			return err
		}
		ok = fine || !p.needed && ok
	}
	return nil
}

// tried makes a part's requests to the servers.
func (s *setup) tried(ctx context.Context, p part) (report.List, error) {
	if s.Offline {
		return nil, nil
	}
	c := s.config
	c.CreateTopics = s.CreateTopics
	list := p.try(ctx, &check.Live{Config: &c, Profiles: s.Profiles})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return list, nil
}

// noted stores and shows the findings of a part.
func (s *setup) noted(l report.List) {
	s.findings = append(s.findings, l...)
	if s.Found != nil && len(l) > 0 {
		s.Found(l)
	}
}

// unregistered reports whether the registry lacks a schema of ours, according to the findings.
func unregistered(l report.List) bool {
	return slices.ContainsFunc(l, func(f report.Finding) bool { return f.Level == report.Look && f.Area == "registry" })
}
