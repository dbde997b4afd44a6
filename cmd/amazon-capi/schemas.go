package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/operate/report"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/schemas/receipt"
	"github.com/tracklayer/amazon-capi/schemas/registry"
)

func newSchemasCommand(p *process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schemas",
		Short: "Register TrackLayer's Avro schemas, check them, or print them",
		Long: `TrackLayer's event schema has versions, each compatible with the one before.
They are registered under the subject <topic>-value, and the schema of receipts
under that of the receipts topic.`,
		Example: `  amazon-capi schemas register --registry http://registry:8081
  amazon-capi schemas check --json
  amazon-capi schemas print --version 2`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSchemasRegister(p), newSchemasCheck(p), newSchemasPrint(p))
	return cmd
}

// subjectFlags are what register and check share.
type subjectFlags struct {
	registry config.Registry
	tls      config.TLS
	topic    string
	receipts string // topic
	json     bool
}

// receiptsStatus is what the registry has of the receipts' schema.
type receiptsStatus struct {
	Subject string `json:"subject"`
	ID      uint32 `json:"id"` // 0 if it is not registered
}

func (f *subjectFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.registry.Register(flags)
	flags.StringVar(&f.topic, "topic", "tracklayer.events", "topic whose values the schemas are for")
	flags.StringVar(&f.receipts, "receipts-topic", config.DefaultReceiptsTopic, "topic whose values are receipts; empty for none")
	flags.BoolVar(&f.json, "json", false, "print one JSON object")
	f.tls.Register(flags)
}

func (f *subjectFlags) open(warn io.Writer) (*registry.Client, error) {
	tls, err := f.tls.Resolve(warn)
	if err != nil {
		return nil, err
	}
	o, err := f.registry.Resolve(kafka.Settings{TLS: tls}, warn)
	if err != nil {
		return nil, err
	}
	reg, err := registry.New(o)
	if err != nil {
		return nil, usagef("--registry: %w", err)
	}
	return reg, nil
}

func newSchemasRegister(p *process) *cobra.Command {
	var f subjectFlags
	cmd := &cobra.Command{
		Use:   "register",
		Short: "Register all versions of the event schema, and that of receipts",
		Long: `Register all versions of the event schema, oldest first, and the schema of
receipts. What is there already keeps its id, so that it can be run at every
deployment. "run" registers the schema of receipts by itself if it may.`,
		Example: "  amazon-capi schemas register --registry http://registry:8081 --topic tracklayer.events",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			reg, err := f.open(p.stderr)
			if err != nil {
				return err
			}
			defer reg.Close()
			done, err := reg.Register(cmd.Context(), schemas.Subject(f.topic), schemas.Texts())
			if err != nil {
				return err
			}
			var receipts *receiptsStatus
			if f.receipts != "" {
				receipts = &receiptsStatus{Subject: schemas.Subject(f.receipts)}
				if receipts.ID, err = receipt.Register(cmd.Context(), reg, receipts.Subject); err != nil {
					return err
				}
			}
			if f.json {
				return report.JSON(p.stdout, map[string]any{"subject": schemas.Subject(f.topic), "versions": done, "receipts": receipts})
			}
			for _, v := range done {
				fmt.Fprintf(p.stdout, "%s: version %d registered as id %d\n", schemas.Subject(f.topic), v.Version, v.ID)
			}
			if receipts != nil {
				fmt.Fprintf(p.stdout, "%s: receipts registered as id %d\n", receipts.Subject, receipts.ID)
			}
			return nil
		},
	}
	f.register(cmd)
	return cmd
}

func newSchemasCheck(p *process) *cobra.Command {
	var f subjectFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Tell what the registry has of the event schema, and whether it takes the latest",
		Long: `Compare the registry with the schemas in this program. Exit 0 when all versions
and the schema of receipts are registered and the latest is compatible, 1 when not.`,
		Example: "  amazon-capi schemas check --registry http://registry:8081",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			reg, err := f.open(p.stderr)
			if err != nil {
				return err
			}
			defer reg.Close()
			status, err := reg.Check(cmd.Context(), schemas.Subject(f.topic), schemas.Texts())
			if err != nil {
				return err
			}
			var receipts *receiptsStatus
			if f.receipts != "" {
				receipts = &receiptsStatus{Subject: schemas.Subject(f.receipts)}
				if receipts.ID, err = receipt.SchemaID(cmd.Context(), reg, receipts.Subject); err != nil {
					return err
				}
			}
			if f.json {
				err = report.JSON(p.stdout, struct {
					registry.SubjectStatus
					Receipts *receiptsStatus `json:"receipts"`
				}{status, receipts})
			} else {
				printSubject(p.stdout, status)
				printReceipts(p.stdout, receipts)
			}
			if err != nil {
				return err
			}
			return subjectVerdict(status, receipts)
		},
	}
	f.register(cmd)
	return cmd
}

func printSubject(w io.Writer, s registry.SubjectStatus) {
	fmt.Fprintf(w, "subject        %s\n", s.Subject)
	if s.Level != "" {
		fmt.Fprintf(w, "compatibility  %s\n", s.Level)
	}
	for _, v := range s.Versions {
		if v.Registered {
			fmt.Fprintf(w, "version %d      id %d (the subject's version %d)\n", v.Version, v.ID, v.SubjectVersion)
		} else {
			fmt.Fprintf(w, "version %d      not registered\n", v.Version)
		}
	}
	if len(s.Foreign) > 0 {
		fmt.Fprintf(w, "others         %s, of somebody else's\n", strings.Trim(fmt.Sprint(s.Foreign), "[]"))
	}
	for _, m := range s.Messages {
		fmt.Fprintf(w, "incompatible   %s\n", m)
	}
}

func printReceipts(w io.Writer, r *receiptsStatus) {
	switch {
	case r == nil:
	case r.ID == 0:
		fmt.Fprintf(w, "receipts       not registered under %s\n", r.Subject)
	default:
		fmt.Fprintf(w, "receipts       id %d under %s\n", r.ID, r.Subject)
	}
}

func subjectVerdict(s registry.SubjectStatus, receipts *receiptsStatus) error {
	if !s.Compatible {
		return fmt.Errorf("the registry would not take our latest schema under %s", s.Subject)
	}
	for _, v := range s.Versions {
		if !v.Registered {
			return errors.New("not all versions are registered; run amazon-capi schemas register")
		}
	}
	if receipts != nil && receipts.ID == 0 {
		return errors.New("the schema of receipts is not registered; run amazon-capi schemas register")
	}
	return nil
}

func newSchemasPrint(p *process) *cobra.Command {
	var version int
	var receipts bool
	latest := schemas.Versions()[len(schemas.Versions())-1]
	cmd := &cobra.Command{
		Use:     "print",
		Short:   "Print a version of the event schema (.avsc), or the schema of receipts",
		Long:    "Print a version of the event schema, for producers in other languages, or the\nschema of receipts, for their readers.",
		Example: "  amazon-capi schemas print --version 2 > tracklayer-event.avsc\n  amazon-capi schemas print --receipts",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := schemas.Version(version).Schema()
			if err != nil {
				return usagef("--version: %w", err)
			}
			if receipts {
				text = receipt.Schema()
			}
			_, err = fmt.Fprintln(p.stdout, strings.TrimSpace(text))
			return err
		},
	}
	cmd.Flags().BoolVar(&receipts, "receipts", false, "the schema of receipts instead")
	cmd.Flags().IntVar(&version, "version", int(latest), "version to print")
	return cmd
}
