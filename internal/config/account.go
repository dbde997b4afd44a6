package config

import (
	"errors"
	"io"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/transform"
)

// Account is the sender of events.
type Account struct {
	TokenURL, ClientID         string
	clientSecret, refreshToken Secret
	managerID                  string
	apiToken                   Secret
	dataSetID, dataSet         string
}

// Register adds the flags.
func (f *Account) Register(flags *pflag.FlagSet) {
	flags.StringVar(&f.TokenURL, "token-url", "https://api.amazon.com/auth/o2/token", "Login with Amazon's token endpoint")
	flags.StringVar(&f.ClientID, "client-id", "", "Login with Amazon client id")
	f.clientSecret.Register(flags, "client-secret", "Login with Amazon client secret")
	f.refreshToken.Register(flags, "refresh-token", "OAuth refresh token of the Ads account")
	flags.StringVar(&f.managerID, "manager-account", "", "manager account to send for (amzn1.ads1.ma1.…), by events-v1, in place of the advertisers that profiles are")
	f.apiToken.Register(flags, "api-token", "API token of the manager account, in place of everything from Login with Amazon; a file is read again when it changes")
	flags.StringVar(&f.dataSetID, "data-set-id", "", "data set that the API token is for (amzn1.adm.ds1.evnt1…)")
	flags.StringVar(&f.dataSet, "data-set-name", "", "data set that events are filed under, by events-v1 without an API token (default Amazon's)")
}

// Resolve returns the account, or an error if the flags are invalid. Its profiles use the given
// contract.
func (f *Account) Resolve(contract string, warn io.Writer) (a accounts.Account, err error) {
	a, err = f.Sketch(contract)
	wrong := []error{err}
	if f.apiToken.IsSet() {
		a.APIToken, err = f.apiToken.Read(warn)
		return a, setting.Mistaken(errors.Join(append(wrong, err)...))
	}
	wrong = append(wrong, CheckURL("token-url", f.TokenURL))
	a.ClientSecret, err = f.clientSecret.Read(warn)
	wrong = append(wrong, err)
	a.RefreshToken, err = f.refreshToken.Read(warn)
	wrong = append(wrong, err)
	for _, s := range []struct {
		flag  setting.Key
		value string
		file  bool // its source, which reports the mistake already
	}{
		{"client-id", a.ClientID, false}, {"client-secret", a.ClientSecret, f.clientSecret.FromFile()}, {"refresh-token", a.RefreshToken, f.refreshToken.FromFile()},
	} {
		if s.value == "" && !s.file {
			wrong = append(wrong, Missing(s.flag))
		}
	}
	return a, setting.Mistaken(errors.Join(wrong...))
}

// Sketch is Resolve for commands that send nothing: secrets are not read and may be missing.
func (f *Account) Sketch(contract string) (accounts.Account, error) {
	a := accounts.Account{
		TokenURL: f.TokenURL, ClientID: f.ClientID, ManagerID: f.managerID, DataSetID: f.dataSetID,
		Defaults: accounts.Settings{Contract: contract, DataSet: f.dataSet},
	}
	if f.apiToken.IsSet() {
		a.APIToken, a.TokenURL = "[token]", ""
	}
	return a, setting.Mistaken(errors.Join(f.kind(contract)...))
}

// kind checks that the settings fit together: an account sends for advertisers or for a manager
// account, through Login with Amazon or with an API token.
func (f *Account) kind(contract string) (wrong []error) {
	note := func(key setting.Key, err error) {
		if err != nil {
			wrong = append(wrong, key.Wrap(err))
		}
	}
	token := f.apiToken.IsSet()
	for _, key := range f.loginSet() {
		if token {
			note(key, errors.New("is set together with --api-token, which is used without Login with Amazon: want one of the two"))
		}
	}
	if f.managerID != "" {
		note("manager-account", amazon.CheckManagerID(f.managerID))
	} else if token {
		note("api-token", errors.New("is for manager accounts alone: want --manager-account, or --client-id and what goes with it for a DSP advertiser"))
	}
	switch {
	case token && f.dataSet != "":
		note("data-set-name", errors.New("is set together with --api-token, which is good for one data set: want --data-set-id alone"))
	case token && f.dataSetID == "":
		note("data-set-id", errors.New("is missing: want the id of the one data set that the API token is for"))
	case token:
		note("data-set-id", amazon.CheckDataSetID(f.dataSetID))
	case f.dataSetID != "":
		note("data-set-id", errors.New("is for an API token: want --data-set-name, or nothing for Amazon's default"))
	case f.dataSet != "":
		note("data-set-name", transform.CheckDataSet(f.dataSet))
	}
	if key := f.eventsSet(); len(key) > 0 && !amazon.KnowsAccounts(contract) {
		note(key[0], errors.New("means nothing by contract "+contract+": want --contract=events-v1"))
	}
	return wrong
}

// APITokenReader returns a function that rereads the API token; nil unless a file holds it.
func (f *Account) APITokenReader() func() (string, error) {
	if !f.apiToken.FromFile() {
		return nil
	}
	return func() (string, error) { return f.apiToken.Read(io.Discard) }
}

// keys returns the keys of the settings that are set.
func keys(settings ...ifSet) (set []setting.Key) {
	for _, s := range settings {
		if s.set {
			set = append(set, s.key)
		}
	}
	return set
}

type ifSet struct {
	key setting.Key
	set bool
}

func (f *Account) loginSet() []setting.Key {
	return keys(ifSet{"client-id", f.ClientID != ""}, ifSet{"client-secret", f.clientSecret.IsSet()}, ifSet{"refresh-token", f.refreshToken.IsSet()})
}

func (f *Account) eventsSet() []setting.Key {
	return keys(ifSet{"manager-account", f.managerID != ""}, ifSet{"api-token", f.apiToken.IsSet()},
		ifSet{"data-set-id", f.dataSetID != ""}, ifSet{"data-set-name", f.dataSet != ""})
}

// Given reports whether any setting of an account is set.
func (f *Account) Given() bool { return len(f.loginSet())+len(f.eventsSet()) > 0 }

// Besides refuses an account in addition to a file with all accounts: which one is meant would be
// a guess.
func (f *Account) Besides() error {
	if set := append(f.loginSet(), f.eventsSet()...); len(set) > 0 {
		return setting.Mistakef("%s and %s are both set: want the account in the file, or the flags alone", set[0], setting.Accounts)
	}
	return CheckURL("token-url", f.TokenURL)
}
