// Package accounts knows in whose name events are sent: Login with Amazon
// accounts and the Ads profiles that each may send for, from a file that can
// change while the program runs, or from the flags of a single account.
package accounts

import (
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/transform"
)

// Account is a Login with Amazon account. Comparing two reports whether anything
// that matters has changed.
type Account struct {
	Name         string
	ClientID     string
	ClientSecret string
	RefreshToken string
	TokenURL     string
	// Defaults are the settings of the account's profiles that do not have their
	// own, and of those that nobody names, if it is the default account.
	Defaults Settings
	Profiles []Profile // by id
}

// Profile is an Ads profile that events name.
type Profile struct {
	ID string
	// AdvertiserID is the advertiser's id in Amazon's DSP; empty where it is ID.
	AdvertiserID string
	Settings
}

// Settings are how a profile's events are sent.
type Settings struct {
	Contract string
	// Region takes all events of the profile; RegionUnknown leaves it to the
	// contract and the events' countries.
	Region amazon.Region
	Paused bool
	// Limits; 0 is that of all profiles.
	BatchEvents, BatchBytes, Concurrency int
}

// List is all accounts: what the file says, with its secrets.
type List struct {
	Accounts []Account // by name
	// Default is the account of profiles that nobody names; empty for none.
	Default string
}

// Of returns the account that sends for a profile, and the profile as that has it;
// ok is false if none does.
func (l *List) Of(profile string) (a *Account, p Profile, ok bool) {
	for i := range l.Accounts {
		a := &l.Accounts[i]
		for _, p := range a.Profiles {
			if p.ID == profile {
				return a, p, true
			}
		}
	}
	for i := range l.Accounts {
		if a := &l.Accounts[i]; a.Name == l.Default {
			return a, Profile{ID: profile, Settings: a.Defaults}, true
		}
	}
	return nil, Profile{}, false
}

// Base is what an accounts file leaves to the flags.
type Base struct {
	Contract        string
	ContractOptions amazon.ContractOptions
	TokenURL        string
	// BaseURL goes before every region's host; empty for those.
	BaseURL string
	// Region is for countries that the contract has no region for.
	Region amazon.Region
	// ProfileIDs says which profile ids there are.
	ProfileIDs transform.ProfileIDs
}

// Find returns the account that sends for a profile, and how; false if there is
// none.
func (l *List) Find(profile string) (*Account, Profile, bool) {
	for i := range l.Accounts {
		a := &l.Accounts[i]
		for _, p := range a.Profiles {
			if p.ID == profile {
				return a, p, true
			}
		}
	}
	if a := l.account(l.Default); a != nil {
		return a, Profile{ID: profile, Settings: a.Defaults}, true
	}
	return nil, Profile{}, false
}
