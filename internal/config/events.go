//go:build ignore

package main

import (
	"errors"
	"io"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/textfile"
	"github.com/tracklayer/amazon-capi/sink"
	"github.com/tracklayer/amazon-capi/transform"
)

// transformFlags say how events become conversions.
type transformFlags struct{ mapping, identifiers, consent, profileIDs string }

// profileIDsOr is the setting of --profile-ids; the strictest of one that is wrong,
// which resolve reports.
func (f *transformFlags) profileIDsOr() transform.ProfileIDs {
	ids, err := transform.ParseProfileIDs(f.profileIDs)
	if err != nil {
		return transform.DigitProfiles
	}
	return ids
}

func (f *transformFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.mapping, "mapping", "", "YAML table of event names (default the built-in one)")
	flags.StringVar(&f.identifiers, "identifier-rules", "amazon", "how identifiers are normalised before hashing: amazon or plain")
	flags.StringVar(&f.profileIDs, "profile-ids", "digits", "which profile ids there are: digits, which all of Amazon's are, or any of A-Z a-z 0-9 . _ -")
	flags.StringVar(&f.consent, "consent-denied", "strip", "events without consent: strip their identifiers and send the rest, or filter them")
}

func (f *transformFlags) resolve() (o transform.Options, err error) {
	var wrong []error
	if o.Identifiers, err = transform.ParseIdentifierRules(f.identifiers); err != nil {
		wrong = append(wrong, usagef("--identifier-rules: %w", err))
	}
	if o.ProfileIDs, err = transform.ParseProfileIDs(f.profileIDs); err != nil {
		wrong = append(wrong, usagef("--profile-ids: %w", err))
	}
	if o.ConsentDenied, err = transform.ParseConsentPolicy(f.consent); err != nil {
		wrong = append(wrong, usagef("--consent-denied: %w", err))
	}
	if f.mapping != "" {
		data, err := textfile.Read(f.mapping)
		if err != nil {
			err = redact.File(err)
		} else {
			o.Mapping, err = transform.LoadMapping(f.mapping, data)
		}
		if err != nil {
			wrong = append(wrong, usagef("--mapping: %w", err))
		}
	}
	return o, asUsage(errors.Join(wrong...))
}

// contractFlags say which of Amazon's APIs is spoken, how, and where it is.
type contractFlags struct {
	name, url string

	consentMissing, unmappedType, region string
	// Once resolved:
	options sink.ContractOptions
	at      sink.Region
}

func (f *contractFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.name, "contract", sink.ContractNames()[0], "Amazon's API to speak: "+strings.Join(sink.ContractNames(), " or "))
	flags.StringVar(&f.url, "amazon-url", "", "Amazon Ads API, the part before the contract's path, for all regions (default https://advertising-api.amazon.com, or by events-v1 the host of the event's country)")
	flags.StringVar(&f.region, "region", "NA", "host for countries that the contract has none for: NA, EU or FE")
	flags.StringVar(&f.consentMissing, "consent-missing", "refuse", "events from the EU, the EEA or the UK that do not say what the person consented to, where the contract asks it: refuse them, or deny, which leaves them out")
	flags.StringVar(&f.unmappedType, "unmapped-type", "refuse", "events of a type, declared in the mapping, that the contract does not have: refuse them, or send them as other")
}

// resolve returns the contract also where something else is wrong.
func (f *contractFlags) resolve() (sink.Contract, error) {
	var wrong mistakes
	if f.url != "" {
		wrong.note(checkURL("amazon-url", f.url))
	}
	var err error
	f.at, err = sink.ParseRegion(f.region)
	wrong.note(prefixed("--region", err))
	f.options.ConsentMissing, err = sink.ParseConsentMissing(f.consentMissing)
	wrong.note(prefixed("--consent-missing", err))
	f.options.UnmappedType, err = sink.ParseUnmappedType(f.unmappedType)
	wrong.note(prefixed("--unmapped-type", err))
	contract, err := sink.NewContract(f.name, f.options)
	wrong.note(prefixed("--contract", err))
	return contract, wrong.all()
}

// transformer is the transform that a contract needs; nil for any.
func (f *transformFlags) transformer(contract sink.Contract) (*transform.Transformer, error) {
	o, err := f.resolve()
	if err != nil {
		return nil, err
	}
	t, err := pipeline.NewTransformer(o, contract)
	return t, asUsage(err)
}

// accountFlags say in whose name events are sent.
type accountFlags struct {
	tokenURL, clientID         string
	clientSecret, refreshToken secret
}

func (f *accountFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.tokenURL, "token-url", "https://api.amazon.com/auth/o2/token", "Login with Amazon's token endpoint")
	flags.StringVar(&f.clientID, "client-id", "", "Login with Amazon client id")
	secretFlag(flags, &f.clientSecret, "client-secret", "Login with Amazon client secret")
	secretFlag(flags, &f.refreshToken, "refresh-token", "OAuth refresh token of the Ads account")
}

// resolve returns the settings of a token source, or an error if there is none to
// be had with them.
func (f *accountFlags) resolve(warn io.Writer) (o sink.TokenOptions, err error) {
	o.URL, o.ClientID = f.tokenURL, f.clientID
	wrong := []error{checkURL("token-url", f.tokenURL)}
	o.ClientSecret, err = f.clientSecret.read("client-secret", warn)
	wrong = append(wrong, err)
	o.RefreshToken, err = f.refreshToken.read("refresh-token", warn)
	wrong = append(wrong, err)
	for _, s := range []struct {
		flag, value string
		file        string // where it was to come from, which says what is wrong already
	}{
		{"client-id", o.ClientID, ""}, {"client-secret", o.ClientSecret, f.clientSecret.path}, {"refresh-token", o.RefreshToken, f.refreshToken.path},
	} {
		if s.value == "" && s.file == "" {
			wrong = append(wrong, usagef("--%s is not set (or %s); it is needed to deliver anything", s.flag, envName(s.flag)))
		}
	}
	return o, asUsage(errors.Join(wrong...))
}

// set names the flags of the account that are set.
func (f *accountFlags) set() (flags []string) {
	for _, s := range []struct {
		flag string
		set  bool
	}{
		{"client-id", f.clientID != ""},
		{"client-secret", f.clientSecret.value != "" || f.clientSecret.path != ""},
		{"refresh-token", f.refreshToken.value != "" || f.refreshToken.path != ""},
	} {
		if s.set {
			flags = append(flags, s.flag)
		}
	}
	return flags
}

// given reports whether anything is said about an account.
func (f *accountFlags) given() bool { return len(f.set()) > 0 }

// besides refuses an account beside a file that has them all: it would be a guess
// which is meant.
func (f *accountFlags) besides() error {
	if set := f.set(); len(set) > 0 {
		return usagef("--%s and --accounts are both set: want the account in the file, or the flags alone", set[0])
	}
	return checkURL("token-url", f.tokenURL)
}

// batchFlags say how events are put together into requests.
type batchFlags struct {
	events int
	bytes  byteSize
	linger time.Duration
}

func (f *batchFlags) register(flags *pflag.FlagSet) {
	f.bytes = 1e6
	flags.IntVar(&f.events, "batch-events", 500, "events in a request, at most")
	flags.Var(&f.bytes, "batch-bytes", "bytes of a request's body, at most")
	flags.DurationVar(&f.linger, "linger", time.Second, "how long a batch waits for more events")
}

func (f *batchFlags) check(limits sink.Limits) error {
	for _, n := range []numberLimits{
		{"batch-events", int64(f.events), 1, int64(limits.Events)},
		{"batch-bytes", int64(f.bytes), 16_000, int64(limits.Bytes)},
	} {
		if err := n.check(); err != nil {
			return err
		}
	}
	if f.linger < 0 {
		return usagef("--linger: %s is too short, want at least 0s", f.linger)
	}
	return nil
}

// numberLimits is a flag's value and what it may be.
type numberLimits struct {
	flag     string
	value    int64
	at, most int64
}

func (n numberLimits) check() error {
	if n.value < n.at || n.value > n.most {
		return usagef("--%s: %d is out of range, want %d to %d", n.flag, n.value, n.at, n.most)
	}
	return nil
}

// durationLimits is a flag's value and the least it may be.
type durationLimits struct {
	flag         string
	value, least time.Duration
}

func (d durationLimits) check() error {
	if d.value < d.least {
		return usagef("--%s: %s is too short, want at least %s", d.flag, d.value, d.least)
	}
	return nil
}
