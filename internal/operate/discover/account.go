package discover

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/transform"
)

// text is a JSON text, or a number as its digits: ids are written as either. Anything else
// reads as empty.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(data []byte) error {
	*t = ""
	var s string
	if json.Unmarshal(data, &s) == nil {
		*t = text(s)
	} else if number := bytes.Trim(data, "0123456789"); len(number) == 0 {
		*t = text(data)
	}
	return nil
}

// advertiserAccount is an account as Amazon lists it.
type advertiserAccount struct {
	Name         text        `json:"displayName"`
	AccountName  text        `json:"accountName"`
	AlternateIDs []alternate `json:"alternateIds"`
}

// alternate are ids of an account in one country.
type alternate struct {
	ProfileID    text `json:"profileId"`
	AdvertiserID text `json:"dspAdvertiserId"`
	Country      text `json:"countryCode"`
	Region       text `json:"region"`
}

// maxAlternates bounds the ids of one account.
const maxAlternates = 1000

// profiles returns the profiles of an account. What is not an id is left out: it would be
// written into a file, or onto a terminal.
func (a *advertiserAccount) profiles(of string, asked amazon.Region) (found []Profile) {
	ids := a.AlternateIDs[:min(len(a.AlternateIDs), maxAlternates)]
	for i := range ids {
		id := &ids[i]
		if !transform.DigitProfiles.Valid(string(id.ProfileID)) {
			continue
		}
		p := Profile{
			Account: of, Profile: string(id.ProfileID), AdvertiserID: a.advertiser(id), Country: id.country(),
			Name: redact.Line(redact.Message(cmp.Or(string(a.Name), string(a.AccountName))), 40),
		}
		if r := id.region(asked); r != amazon.RegionUnknown {
			p.Region = r.String()
		}
		found = append(found, p)
	}
	return found
}

// advertiser returns the DSP advertiser of a profile. Where it stands beside the profile
// it is that; otherwise it is that of the same country, or the only one of the account.
func (a *advertiserAccount) advertiser(of *alternate) string {
	if isAdvertiser(of.AdvertiserID) {
		return string(of.AdvertiserID)
	}
	only := func(fits func(*alternate) bool) string {
		var all []string
		for i := range a.AlternateIDs[:min(len(a.AlternateIDs), maxAlternates)] {
			id := &a.AlternateIDs[i]
			if isAdvertiser(id.AdvertiserID) && fits(id) && !slices.Contains(all, string(id.AdvertiserID)) {
				all = append(all, string(id.AdvertiserID))
			}
		}
		if len(all) == 1 {
			return all[0]
		}
		return ""
	}
	return cmp.Or(
		only(func(id *alternate) bool { return of.country() != "" && id.country() == of.country() }),
		only(func(id *alternate) bool { return id.ProfileID == "" }),
	)
}

func isAdvertiser(id text) bool {
	return id != "" && len(id) <= 32 && strings.Trim(string(id), "0123456789") == ""
}

// country returns the country in capitals; empty if it is not a country code.
func (id *alternate) country() string {
	c := strings.ToUpper(string(id.Country))
	if len(c) != 2 || strings.Trim(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return ""
	}
	return c
}

// region is the region that Amazon names, or else that of the country, or the one that was
// asked: each region may list the accounts of all.
func (id *alternate) region(asked amazon.Region) amazon.Region {
	if r, err := amazon.ParseRegion(string(id.Region)); err == nil {
		return r
	}
	return cmp.Or(amazon.RegionOf(id.country()), asked)
}
