package cli

import (
	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/internal/config"
	"github.com/tracklayer/amazon-capi/internal/setting"
	"github.com/tracklayer/amazon-capi/transform"
)

// AccountsFlag is the accounts file of a tool that uses it and sends nothing.
type AccountsFlag struct{ file string }

// Register adds the flags.
func (f *AccountsFlag) Register(flags *pflag.FlagSet, what string) {
	flags.StringVar(&f.file, "accounts", "", "YAML file with several accounts and their profiles; "+what)
}

// Read returns the accounts without their secrets; nil if there is no file.
func (f *AccountsFlag) Read(c *config.Contract, ids transform.ProfileIDs) (*accounts.List, accounts.Base, error) {
	base := accounts.Base{Contract: c.Name, ContractOptions: c.Options, BaseURL: c.URL, Region: c.Region, ProfileIDs: ids}
	if f.file == "" {
		return nil, base, nil
	}
	list, err := accounts.NewSource(f.file).WithoutSecrets().Load(base)
	if err != nil {
		return nil, base, setting.Accounts.Wrap(err)
	}
	return &list, base, nil
}
