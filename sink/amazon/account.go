package amazon

import (
	"fmt"
	"net/http"
	"regexp"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// Principal is in whose name a request is sent.
type Principal struct {
	// ClientID is the client at Login with Amazon; empty with an API token, which
	// needs none.
	ClientID  string
	ProfileID string
	// AdvertiserID is the numeric id of the advertiser in Amazon's DSP; empty
	// where it is the profile's.
	AdvertiserID string
	// ManagerID is the id of a manager account, which then takes the place of the
	// advertiser.
	ManagerID string
}

// DataSet is where Amazon files an account's events. At most one of the two is set.
type DataSet struct {
	// Name is for events sent by OAuth; without it Amazon has a default.
	Name string
	// ID is for an API token, which is good for one data set alone.
	ID string
}

// TokenHeader carries an API token, in the place of Authorization.
const TokenHeader = "Amazon-Advertising-API-Token"

// ManagerHeader carries the id of a manager account.
const ManagerHeader = "Amazon-Ads-Manager-AccountId"

// WithDataSet returns the contract for an account whose events go to a data set.
// Contracts that know none are returned as they are.
func WithDataSet(k Contract, d DataSet) Contract {
	if v, ok := k.(eventsV1); ok {
		v.dataSet = d
		return v
	}
	return k
}

// KnowsAccounts reports whether a contract can send for manager accounts, by API tokens
// and to data sets.
func KnowsAccounts(contract string) bool { return contract == eventsV1{}.Name() }

var (
	managerPattern = regexp.MustCompile(`^amzn1\.ads1\.ma1\.[A-Za-z0-9_-]{1,128}$`)
	dataSetPattern = regexp.MustCompile(`^amzn1\.adm\.ds1\.evnt1[A-Za-z0-9._-]{1,256}$`)
)

// CheckManagerID reports why an id is none of a manager account; nil if it is.
func CheckManagerID(id string) error {
	if !managerPattern.MatchString(id) {
		return fmt.Errorf("manager account %s is none: want amzn1.ads1.ma1. and the rest of the id, whole", redact.Quote(id))
	}
	return nil
}

// CheckDataSetID reports why an id is none of a data set; nil if it is.
func CheckDataSetID(id string) error {
	if !dataSetPattern.MatchString(id) {
		return fmt.Errorf("data set id %s is none: want amzn1.adm.ds1.evnt1 and the rest of the id, whole", redact.Quote(id))
	}
	return nil
}

func (eventsV1) SetHeaders(h http.Header, p Principal) {
	if p.ClientID != "" {
		h.Set("Amazon-Ads-ClientId", p.ClientID)
	}
	switch {
	case p.ManagerID != "":
		h.Set(ManagerHeader, p.ManagerID)
	case p.AdvertiserID != "":
		h.Set("Amazon-Ads-AccountId", p.AdvertiserID)
	default:
		h.Set("Amazon-Ads-AccountId", p.ProfileID)
	}
	h.Set("Content-Type", "application/json")
	h.Set("Accept", "application/json")
}
