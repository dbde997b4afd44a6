package config

import (
	"cmp"
	"errors"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/internal/textfile"
	"github.com/tracklayer/amazon-capi/schemas"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/transform"
)

// Transform is how events become conversions.
type Transform struct {
	MappingFile string

	identifiers, consent, profileIDs string
}

// ProfileIDs returns the value of --profile-ids; the strictest one if it is invalid,
// which Resolve reports.
func (f *Transform) ProfileIDs() transform.ProfileIDs {
	ids, err := transform.ParseProfileIDs(f.profileIDs)
	if err != nil {
		return transform.DigitProfiles
	}
	return ids
}

// Register adds the flags.
func (f *Transform) Register(flags *pflag.FlagSet) {
	flags.StringVar(&f.MappingFile, "mapping", "", "YAML table of event names (default the built-in one)")
	flags.StringVar(&f.identifiers, "identifier-rules", "amazon", "how identifiers are normalised before hashing: amazon or plain")
	flags.StringVar(&f.profileIDs, "profile-ids", "digits", "which profile ids there are: digits, which all of Amazon's are, or any of A-Z a-z 0-9 . _ -")
	flags.StringVar(&f.consent, "consent-denied", "strip", "events without consent: strip their identifiers and send the rest, or filter them")
}

// Resolve turns the flags into options.
func (f *Transform) Resolve() (o transform.Options, err error) {
	var wrong []error
	if o.Identifiers, err = transform.ParseIdentifierRules(f.identifiers); err != nil {
		wrong = append(wrong, setting.Key("identifier-rules").Mistakef("%w", err))
	}
	if o.ProfileIDs, err = transform.ParseProfileIDs(f.profileIDs); err != nil {
		wrong = append(wrong, setting.Key("profile-ids").Mistakef("%w", err))
	}
	if o.ConsentDenied, err = transform.ParseConsentPolicy(f.consent); err != nil {
		wrong = append(wrong, setting.Key("consent-denied").Mistakef("%w", err))
	}
	if f.MappingFile != "" {
		if o.Mapping, err = f.Mapping(); err != nil {
			wrong = append(wrong, err)
		}
	}
	return o, setting.Mistaken(errors.Join(wrong...))
}

// Mapping reads the mapping's file.
func (f *Transform) Mapping() (m *transform.Mapping, err error) {
	data, err := textfile.Read(f.MappingFile)
	if err != nil {
		err = redact.File(err)
	} else {
		m, err = transform.LoadMapping(f.MappingFile, data)
	}
	if err != nil {
		return nil, setting.Key("mapping").Mistakef("%w", err)
	}
	return m, nil
}

// Aliases reads what producers call the fields; nil without a mapping's file.
func (f *Transform) Aliases() (*schemas.Aliases, error) {
	if f.MappingFile == "" {
		return nil, nil
	}
	m, err := f.Mapping()
	return m.Aliases(), err
}

// Contract says which of Amazon's APIs is spoken, how, and where it is.
type Contract struct {
	Name, URL string

	consentMissing, unmappedType, region string
	// Once resolved:
	Options amazon.ContractOptions
	Region  amazon.Region
}

// Register adds the flags.
func (f *Contract) Register(flags *pflag.FlagSet) {
	f.RegisterPlace(flags)
	flags.StringVar(&f.region, "region", "NA", "host for countries that the contract has none for: NA, EU or FE")
	flags.StringVar(&f.consentMissing, "consent-missing", "refuse", "events from the EU, the EEA or the UK that do not say what the person consented to, where the contract asks it: refuse them, or deny, which leaves them out")
	flags.StringVar(&f.unmappedType, "unmapped-type", "refuse", "events of a type, declared in the mapping, that the contract does not have: refuse them, or send them as other")
}

// RegisterPlace adds the flags of the API and its address.
func (f *Contract) RegisterPlace(flags *pflag.FlagSet) {
	flags.StringVar(&f.Name, "contract", amazon.ContractNames()[0], "Amazon's API to speak: "+strings.Join(amazon.ContractNames(), " or "))
	flags.StringVar(&f.URL, "amazon-url", "", "Amazon Ads API, the part before the contract's path, for all regions (default https://advertising-api.amazon.com, or by events-v1 the host of the event's country)")
}

// Resolve returns the contract even if something else is wrong.
func (f *Contract) Resolve() (amazon.Contract, error) {
	var wrong Mistakes
	if f.URL != "" {
		wrong.Note(CheckURL("amazon-url", f.URL))
	}
	var err error
	f.Region, err = amazon.ParseRegion(f.region)
	wrong.Note(setting.Key("region").Wrap(err))
	f.Options.ConsentMissing, err = amazon.ParseConsentMissing(f.consentMissing)
	wrong.Note(setting.Key("consent-missing").Wrap(err))
	f.Options.UnmappedType, err = amazon.ParseUnmappedType(f.unmappedType)
	wrong.Note(setting.Key("unmapped-type").Wrap(err))
	contract, err := amazon.NewContract(f.Name, f.Options)
	wrong.Note(setting.Key("contract").Wrap(err))
	return contract, wrong.All()
}

// Transformer returns the transform that a contract needs; nil for any.
func (f *Transform) Transformer(contract amazon.Contract) (*transform.Transformer, error) {
	o, err := f.Resolve()
	if err != nil {
		return nil, err
	}
	t, err := pipeline.NewTransformer(o, contract)
	return t, setting.Mistaken(err)
}

// Batch says how events are grouped into requests.
type Batch struct {
	Events int
	Bytes  Size
	Linger time.Duration
}

// Register adds the flags.
func (f *Batch) Register(flags *pflag.FlagSet) {
	f.Bytes = 1e6
	flags.IntVar(&f.Events, "batch-events", 500, "events in a request, at most")
	flags.Var(&f.Bytes, "batch-bytes", "bytes of a request's body, at most")
	flags.DurationVar(&f.Linger, "linger", time.Second, "how long a batch waits for more events")
}

// Check refuses requests beyond the contract's limits.
func (f *Batch) Check(limits amazon.Limits) error {
	return cmp.Or(
		InRange("batch-events", int64(f.Events), 1, int64(limits.Events)),
		InRange("batch-bytes", int64(f.Bytes), 16_000, int64(limits.Bytes)),
		AtLeast("linger", f.Linger, 0),
	)
}
