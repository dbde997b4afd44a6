package amazon

import (
	"fmt"
	"net/http"
	"regexp"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// Principal identifies the sender of a request.
type Principal struct {
	// ClientID is the Login with Amazon client. It is empty with an API token.
	ClientID  string
	ProfileID string
	// AdvertiserID is the numeric id of the advertiser in Amazon DSP. When empty,
	// Amazon uses the advertiser of the profile.
	AdvertiserID string
	// ManagerID is the id of a manager account. When set, it replaces AdvertiserID.
	ManagerID string
}

// DataSet is the data set that receives an account's events. At most one field is set.
type DataSet struct {
	// Name is used with OAuth. When empty, Amazon uses its default data set.
	Name string
	// ID is used with an API token, which is valid for a single data set.
	ID string
}

// TokenHeader carries an API token; Authorization is then absent.
const TokenHeader = "Amazon-Advertising-API-Token"

// ManagerHeader carries the id of a manager account.
const ManagerHeader = "Amazon-Ads-Manager-AccountId"

// WithDataSet returns the contract for an account whose events go to a data set.
// Contracts without data sets are returned unchanged.
func WithDataSet(k Contract, d DataSet) Contract {
	if v, ok := k.(eventsV1); ok {
		v.dataSet = d
		return v
	}
	return k
}

// KnowsAccounts reports whether a contract supports manager accounts, API tokens
// and data sets.
func KnowsAccounts(contract string) bool { return contract == eventsV1{}.Name() }

var (
	managerPattern = regexp.MustCompile(`^amzn1\.ads1\.ma1\.[A-Za-z0-9_-]{1,128}$`)
	dataSetPattern = regexp.MustCompile(`^amzn1\.adm\.ds1\.evnt1[A-Za-z0-9._-]{1,256}$`)
)

// CheckManagerID returns an error unless id has the form of a manager account's id.
func CheckManagerID(id string) error {
	if !managerPattern.MatchString(id) {
		return fmt.Errorf("manager account %s is not valid: %s", redact.Quote(id), malformed(id, "amzn1.ads1.ma1.", "_ and -"))
	}
	return nil
}

// CheckDataSetID returns an error unless id has the form of a data set's id.
func CheckDataSetID(id string) error {
	if !dataSetPattern.MatchString(id) {
		return fmt.Errorf("data set id %s is not valid: %s", redact.Quote(id), malformed(id, "amzn1.adm.ds1.evnt1", ". _ and -"))
	}
	return nil
}

// malformed says where an id leaves its form. It shows nothing but what all ids begin with.
func malformed(id, prefix, signs string) string {
	same := 0
	for same < min(len(id), len(prefix)) && id[same] == prefix[same] {
		same++
	}
	switch {
	case same < len(prefix) && same == len(id):
		return fmt.Sprintf("it ends within %s, with which such ids begin: want the whole id", prefix)
	case same < len(prefix):
		return fmt.Sprintf("such ids begin with %s, and it differs from character %d on: want the whole id", prefix, same+1)
	case same == len(id):
		return fmt.Sprintf("nothing follows %s: want the whole id", prefix)
	}
	return fmt.Sprintf("what follows %s is too long, or has other characters than letters, digits, %s: want the id without blanks", prefix, signs)
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
