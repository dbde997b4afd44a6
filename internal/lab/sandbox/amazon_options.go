package sandbox

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"
)

// ForbiddenProfile is answered 403 by every sandbox, whatever its options.
const ForbiddenProfile = "4030000000"

// Account is a Login with Amazon client that may get tokens, and the profiles
// it may send for.
type Account struct {
	ClientID     string
	ClientSecret string
	RefreshToken string
	// Profiles are the profile ids this account may send for; none means all.
	Profiles []string

	// APIToken is in place of the three above: a lasting token of ManagerID that is
	// good for the data set DataSetID alone.
	APIToken, ManagerID, DataSetID string

	// Advertisers are the accounts that Amazon lists for it; none means
	// DefaultAdvertisers.
	Advertisers []Advertiser
}

// Advertiser is an account that Amazon lists: a profile in one country, which is an
// advertiser of Amazon's DSP if it has that id.
type Advertiser struct {
	Name, ProfileID, AdvertiserID, Country, Region string
}

// DefaultAdvertisers are those of an account that is given none.
func DefaultAdvertisers() []Advertiser {
	return []Advertiser{
		{"Outdoor Shop US", "1234567890", "5550001", "US", "NA"},
		{"Outdoor Shop DE", "2345678901", "5550002", "DE", "EU"},
		{"Outdoor Shop JP", "3456789012", "5550003", "JP", "FE"},
	}
}

// DefaultAccount is the account of a sandbox that is given none. Its secrets
// are public, and of use nowhere else.
func DefaultAccount() Account {
	return Account{
		ClientID:     "amzn1.application-oa2-client.sandbox",
		ClientSecret: "amzn1.oa2-cs.v1.sandbox",
		RefreshToken: "Atzr|sandbox",
	}
}

// Refusal says how invalid events are refused.
type Refusal string

const (
	// RefuseBatch answers the whole request with the status of its first bad
	// event and does not say which it was, which is how the guide's 422 looks.
	RefuseBatch Refusal = "batch"
	// RefuseItem takes the good events and lists the bad ones in a 207.
	RefuseItem Refusal = "item"
)

// Behaviour is what can be changed while the sandbox runs.
type Behaviour struct {
	// Refusal is RefuseBatch unless set.
	Refusal Refusal `json:"refusal"`
	// Echo makes the items of an answer repeat the event in full, identifiers
	// included, as the live API does.
	Echo bool `json:"echo"`
	// QuoteValues makes refusals quote the value at fault, hashes included: a
	// careless Amazon, to show that nothing of it reaches a log.
	QuoteValues bool `json:"quote_values"`
	// RefuseTypes are event types that are refused with 422, as Amazon refuses those
	// that it has no conversion for; none unless set, since the contract's list is
	// open.
	RefuseTypes []string `json:"refuse_types,omitempty"`
	// Gzip takes requests that are compressed; otherwise they are refused with 415.
	Gzip bool `json:"gzip,omitempty"`
	// SuccessStatus answers a request whose events were all taken: 200 unless
	// set, or 201, 202, 204 (which has no body) or 207.
	SuccessStatus int `json:"success_status"`
	// Faults are tried in order for every request.
	Faults []Fault `json:"faults"`
}

func (b *Behaviour) normalise() error {
	switch b.Refusal {
	case "":
		b.Refusal = RefuseBatch
	case RefuseBatch, RefuseItem:
	default:
		return fmt.Errorf("refusal %q is unknown: want batch or item", b.Refusal)
	}
	if b.SuccessStatus == 0 {
		b.SuccessStatus = 200
	}
	if !slices.Contains([]int{200, 201, 202, 204, 207}, b.SuccessStatus) {
		return fmt.Errorf("success_status %d is unknown: want 200, 201, 202, 204 or 207", b.SuccessStatus)
	}
	b.Faults = append([]Fault{}, b.Faults...) // never null in JSON
	for i := range b.Faults {
		if err := b.Faults[i].normalise(); err != nil {
			return fmt.Errorf("fault %d: %w", i, err)
		}
	}
	return nil
}

// Options are fixed for the life of a sandbox Amazon. The zero value is a
// strict and healthy one.
type Options struct {
	Behaviour

	// Accounts may get tokens; none means DefaultAccount.
	Accounts []Account
	// TokenTTL is how long an access token is good for; an hour unless set.
	TokenTTL time.Duration

	// MaxEvents and MaxBody are the largest request that is not answered 413:
	// 500 events and 1 MiB unless set.
	MaxEvents int
	MaxBody   int

	// Seed makes the chances of faults repeatable.
	Seed uint64

	// Record is written one JSON line per request, before the request is
	// answered. A request whose line cannot be written is answered 500 and its
	// events are not taken, so that nothing is accepted behind the record.
	Record io.Writer
	// ForgetEvents keeps totals but nothing per event id, for runs of more
	// events than memory should hold (one takes about 200 bytes).
	ForgetEvents bool
	// KeepRequests is how many of the last requests Requests returns; 200
	// unless set, none if negative.
	KeepRequests int

	// Now is time.Now unless set.
	Now func() time.Time
}

func (o *Options) normalise() error {
	if err := o.Behaviour.normalise(); err != nil {
		return err
	}
	if len(o.Accounts) == 0 {
		o.Accounts = []Account{DefaultAccount()}
	}
	for i, a := range o.Accounts {
		if err := a.check(); err != nil {
			return fmt.Errorf("account %d: %w", i, err)
		}
	}
	if o.TokenTTL < 0 {
		return fmt.Errorf("token TTL %s is negative", o.TokenTTL)
	}
	o.TokenTTL = cmp.Or(o.TokenTTL, time.Hour)
	o.MaxEvents = cmp.Or(o.MaxEvents, 500)
	o.MaxBody = cmp.Or(o.MaxBody, 1<<20)
	o.KeepRequests = cmp.Or(o.KeepRequests, 200)
	if o.Now == nil {
		o.Now = time.Now
	}
	return nil
}
