package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/cli"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/kafka/auth"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/framing"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

// NewSchemas returns the command schemas, which registers and prints them.
func NewSchemas(p *cli.Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schemas",
		Short: "Register TrackLayer's Avro schemas, check them, or print them",
		Long: `TrackLayer's event schema has versions, each compatible with the one before.
They are registered under the subject <topic>-value, and the schema of receipts
under that of the receipts topic.`,
		Example: `  amazon-capi schemas register --registry http://registry:8081
  amazon-capi schemas check --json
  amazon-capi schemas print --version 2`,
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSchemasRegister(p), newSchemasCheck(p), newSchemasPrint(p))
	return cmd
}

// subjectFlags are what register and check share.
type subjectFlags struct {
	registry config.Registry
	aws      auth.AWS
	tls      config.TLS
	topics   []string
	topic    string // of topics, the one in hand
	receipts string // topic
	json     bool
}

// receiptsStatus is what a registry has of the receipts' schema.
type receiptsStatus struct {
	Subject string `json:"subject"`
	ID      uint32 `json:"id"` // 0 if it is not registered, or the registry is Glue
	Glue    string `json:"glue_version,omitempty"`
}

func statusOf(subject string, ref framing.Ref) *receiptsStatus {
	return &receiptsStatus{Subject: subject, ID: uint32(ref.Number()), Glue: ref.UUID()}
}

func (r *receiptsStatus) registered() bool { return r.ID != 0 || r.Glue != "" }

// called returns the records' name for a schema.
func called(id int, glue string) string {
	if glue != "" {
		return "version " + glue
	}
	return fmt.Sprintf("id %d", id)
}

func (f *subjectFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.registry.Register(flags)
	f.registry.RegisterGlue(flags)
	config.RegisterAWS(flags, &f.aws)
	config.RegisterTopics(flags, &f.topics, "topics whose values the schemas are for, separated by commas")
	flags.StringVar(&f.receipts, "receipts-topic", config.DefaultReceiptsTopic, "topic whose values are receipts; empty for none")
	flags.BoolVar(&f.json, "json", false, "print one JSON object")
	f.tls.Register(flags)
}

// each does something for each of the topics; for the schema of receipts with the first.
func (f *subjectFlags) each(do func() error) error {
	if len(f.topics) == 0 {
		return setting.Topic.Mistakef("it has no name")
	}
	var all []error
	for _, f.topic = range f.topics {
		err := do()
		if _, mistake := errors.AsType[*setting.Mistake](err); mistake {
			return err // which is that of all
		}
		all = append(all, err)
		f.receipts = ""
	}
	return errors.Join(all...)
}

// open returns the configured registries, each alone: Glue needs what the other one has, too.
func (f *subjectFlags) open(warn io.Writer) (all []*registry.Client, err error) {
	tls, err := f.tls.Resolve(warn)
	if err != nil {
		return nil, err
	}
	o, err := f.registry.Resolve(kafka.Settings{TLS: tls, SASL: kafka.SASLSettings{AWS: f.aws}}, warn)
	if err != nil {
		return nil, err
	}
	options := []registry.Options{o}
	if o.Glue != nil && o.URL != "" {
		glue := o
		options[0].Glue, glue.URL = nil, ""
		options = append(options, glue)
	}
	for _, o := range options {
		reg, err := registry.New(o)
		if err != nil {
			return nil, cli.Usagef("--registry: %w", err)
		}
		all = append(all, reg)
	}
	return all, nil
}

// receiptsIn reports whether a registry is the one for the schema of receipts: the first.
func (f *subjectFlags) receiptsIn(n int) bool { return n == 0 && f.receipts != "" }

// registration is what was registered in one registry.
type registration struct {
	Subject  string                   `json:"subject"`
	Versions []registry.VersionStatus `json:"versions"`
	Receipts *receiptsStatus          `json:"receipts"`
	// Glue is what was registered there, too.
	Glue *registration `json:"glue,omitempty"`
}

func newSchemasRegister(p *cli.Process) *cobra.Command {
	var f subjectFlags
	cmd := &cobra.Command{
		Use:   "register",
		Short: "Register all versions of the event schema, and that of receipts",
		Long: `Register all versions of the event schema, oldest first, and the schema of
receipts. Registered schemas keep their ids, so that it can be run at every
deployment. "run" registers the schema of receipts by itself if it is allowed to.

With --glue-region the versions are registered in AWS Glue, under the name of the
topic. Without --registry so is the schema of receipts.`,
		Example: "  amazon-capi schemas register --registry http://registry:8081 --topic tracklayer.events",
		Args:    cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.each(func() error {
				all, err := f.open(p.Stderr)
				if err != nil {
					return err
				}
				var done [2]registration
				for n, reg := range all {
					defer reg.Close()
					if done[n], err = f.registerIn(cmd.Context(), n, reg); err != nil {
						return err
					}
					if !f.json {
						printRegistered(p.Screen(), &done[n])
					}
				}
				if !f.json {
					return nil
				}
				if len(all) > 1 {
					done[0].Glue = &done[1]
				}
				return report.JSON(p.Stdout, done[0])
			})
		},
	}
	f.register(cmd)
	return cmd
}

func (f *subjectFlags) registerIn(ctx context.Context, n int, reg *registry.Client) (done registration, err error) {
	done.Subject = reg.Name(schemas.Subject(f.topic))
	if done.Versions, err = reg.Register(ctx, schemas.Subject(f.topic), schemas.Texts()); err != nil || !f.receiptsIn(n) {
		return done, err
	}
	ref, err := receipt.Register(ctx, reg, schemas.Subject(f.receipts))
	done.Receipts = statusOf(reg.Name(schemas.Subject(f.receipts)), ref)
	return done, err
}

func printRegistered(w io.Writer, done *registration) {
	for _, v := range done.Versions {
		fmt.Fprintf(w, "%s: version %d registered as %s\n", done.Subject, v.Version, called(v.ID, v.Glue))
	}
	if r := done.Receipts; r != nil {
		fmt.Fprintf(w, "%s: receipts registered as %s\n", r.Subject, called(int(r.ID), r.Glue))
	}
}

// checkedSubject is what one registry has.
type checkedSubject struct {
	registry.SubjectStatus
	Receipts *receiptsStatus `json:"receipts"`
	Glue     *checkedSubject `json:"glue,omitempty"`
}

func newSchemasCheck(p *cli.Process) *cobra.Command {
	var f subjectFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Show what the registry has of the event schema, and whether it accepts the latest",
		Long: `Compare the registry with the schemas in this program. Exit 0 when all versions
and the schema of receipts are registered and the latest is compatible, 1 when not.

With --glue-region AWS Glue is compared as well, or alone without --registry. Glue
says only during registration whether it accepts a version.`,
		Example: "  amazon-capi schemas check --registry http://registry:8081",
		Args:    cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.each(func() error {
				all, err := f.open(p.Stderr)
				if err != nil {
					return err
				}
				var done [2]checkedSubject
				var verdicts []error
				for n, reg := range all {
					defer reg.Close()
					if done[n], err = f.checkIn(cmd.Context(), n, reg); err != nil {
						return err
					}
					verdicts = append(verdicts, subjectVerdict(done[n].SubjectStatus, done[n].Receipts))
					if !f.json {
						printSubject(p.Screen(), done[n].SubjectStatus)
						printReceipts(p.Screen(), done[n].Receipts)
					}
				}
				if f.json {
					if len(all) > 1 {
						done[0].Glue = &done[1]
					}
					if err := report.JSON(p.Stdout, done[0]); err != nil {
						return err
					}
				}
				return errors.Join(verdicts...)
			})
		},
	}
	f.register(cmd)
	return cmd
}

func (f *subjectFlags) checkIn(ctx context.Context, n int, reg *registry.Client) (done checkedSubject, err error) {
	if done.SubjectStatus, err = reg.Check(ctx, schemas.Subject(f.topic), schemas.Texts()); err != nil || !f.receiptsIn(n) {
		return done, err
	}
	ref, err := receipt.Lookup(ctx, reg, schemas.Subject(f.receipts))
	done.Receipts = statusOf(reg.Name(schemas.Subject(f.receipts)), ref)
	return done, err
}

func printSubject(w io.Writer, s registry.SubjectStatus) {
	fmt.Fprintf(w, "subject        %s\n", s.Subject)
	if s.Level != "" {
		fmt.Fprintf(w, "compatibility  %s\n", s.Level)
	}
	for _, v := range s.Versions {
		switch {
		case !v.Registered:
			fmt.Fprintf(w, "version %d      not registered\n", v.Version)
		case v.Glue != "":
			fmt.Fprintf(w, "version %d      %s in Glue\n", v.Version, v.Glue)
		default:
			fmt.Fprintf(w, "version %d      id %d (the subject's version %d)\n", v.Version, v.ID, v.SubjectVersion)
		}
	}
	if s.Untold {
		fmt.Fprintln(w, "               Glue says only during registration whether it accepts a version")
	}
	if len(s.Foreign) > 0 {
		fmt.Fprintf(w, "others         %s, not ours\n", strings.Trim(fmt.Sprint(s.Foreign), "[]"))
	}
	for _, m := range s.Messages {
		fmt.Fprintf(w, "incompatible   %s\n", m)
	}
}

func printReceipts(w io.Writer, r *receiptsStatus) {
	switch {
	case r == nil:
	case !r.registered():
		fmt.Fprintf(w, "receipts       not registered under %s\n", r.Subject)
	default:
		fmt.Fprintf(w, "receipts       %s under %s\n", called(int(r.ID), r.Glue), r.Subject)
	}
}

func subjectVerdict(s registry.SubjectStatus, receipts *receiptsStatus) error {
	if !s.Compatible {
		return fmt.Errorf("the registry would refuse our latest schema under %s", s.Subject)
	}
	for _, v := range s.Versions {
		if !v.Registered {
			return fmt.Errorf("not all versions are registered under %s; run amazon-capi schemas register", s.Subject)
		}
	}
	if receipts != nil && !receipts.registered() {
		return errors.New("the schema of receipts is not registered; run amazon-capi schemas register")
	}
	return nil
}

func newSchemasPrint(p *cli.Process) *cobra.Command {
	var version int
	var receipts bool
	latest := schemas.Versions()[len(schemas.Versions())-1]
	cmd := &cobra.Command{
		Use:     "print",
		Short:   "Print a version of the event schema (.avsc), or the schema of receipts",
		Long:    "Print a version of the event schema, for producers in other languages, or the\nschema of receipts, for their readers.",
		Example: "  amazon-capi schemas print --version 2 > tracklayer-event.avsc\n  amazon-capi schemas print --receipts",
		Args:    cli.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := schemas.Version(version).Schema()
			if err != nil {
				return cli.Usagef("--version: %w", err)
			}
			if receipts {
				text = receipt.Schema()
			}
			_, err = fmt.Fprintln(p.Stdout, strings.TrimSpace(text))
			return err
		},
	}
	cmd.Flags().BoolVar(&receipts, "receipts", false, "the schema of receipts instead")
	cmd.Flags().IntVar(&version, "version", int(latest), "version to print")
	return cmd
}
