package discover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/tracklayer/amazon-capi/internal/accounts"
	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/internal/wait"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/login"
	"github.com/tracklayer/amazon-capi/sink/web"
)

// Profile is a profile that the credentials of an account reach; its JSON is an output of
// the command line.
type Profile struct {
	Account      string `json:"account"`
	Profile      string `json:"profile"`
	AdvertiserID string `json:"advertiser_id,omitempty"` // in Amazon's DSP; empty if it names none
	Country      string `json:"country,omitempty"`
	Region       string `json:"region,omitempty"`
	Name         string `json:"name,omitempty"` // what the advertiser is called
	// File says how an accounts file has it; empty without one.
	File string `json:"file,omitempty"`
}

// Refusal is a region that did not say which accounts there are.
type Refusal struct {
	Account string `json:"account"`
	Region  string `json:"region"`
	Status  int    `json:"status,omitempty"` // 0 if there was no answer
	Message string `json:"message"`
	Remedy  string `json:"remedy"`
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("account %s, region %s: %s. %s", r.Account, r.Region, r.Message, r.Remedy)
}

// Asker asks with the credentials of accounts.
type Asker struct {
	// BaseURL takes all questions, whatever their region; empty for the regions' hosts.
	BaseURL string
	// Regions are asked in this order; all if there are none.
	Regions []amazon.Region
	Timeout time.Duration // of an answer
	Client  *http.Client  // web.NewClient
	// Wait waits between tries; wait.For unless set.
	Wait func(context.Context, time.Duration) bool
}

// Find returns the profiles that an account reaches, in the order of their ids, and the
// regions that did not answer. The error is ctx's, or says that there is no token to ask
// with.
func (a *Asker) Find(ctx context.Context, of *accounts.Account) ([]Profile, []*Refusal, error) {
	q := &question{Asker: a, account: of}
	if q.Wait == nil {
		q.Wait = wait.For
	}
	if q.Client == nil {
		q.Client = web.NewClient(nil)
	}
	q.Client = web.NoRedirects(q.Client)
	if err := q.renew(ctx); err != nil {
		return nil, nil, err
	}
	found := make(map[string]Profile)
	var refused []*Refusal
	for _, region := range a.asked() {
		accounts, refusal := q.all(ctx, region)
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		if refusal != nil {
			refused = append(refused, refusal)
		}
		for i := range accounts {
			for _, p := range accounts[i].profiles(of.Name, region) {
				if r, _ := amazon.ParseRegion(p.Region); !a.wanted(r) {
					continue
				}
				// Several regions may list an account; the one that says most counts.
				if had, ok := found[p.Profile]; !ok || had.AdvertiserID == "" && p.AdvertiserID != "" {
					found[p.Profile] = p
				}
			}
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b Profile) int {
		return cmp.Or(cmp.Compare(len(a.Profile), len(b.Profile)), cmp.Compare(a.Profile, b.Profile))
	}), refused, nil
}

// asked are the regions to ask. One address for all of them is asked once, and says itself
// which region an account is of.
func (a *Asker) asked() []amazon.Region {
	if a.BaseURL != "" {
		return []amazon.Region{amazon.RegionUnknown}
	}
	if len(a.Regions) > 0 {
		return a.Regions
	}
	return []amazon.Region{amazon.NorthAmerica, amazon.Europe, amazon.FarEast}
}

// wanted reports whether profiles of a region are.
func (a *Asker) wanted(region amazon.Region) bool {
	return len(a.Regions) == 0 || region == amazon.RegionUnknown || slices.Contains(a.Regions, region)
}

// question is one account's.
type question struct {
	*Asker
	account *accounts.Account
	token   login.AccessToken
}

func (q *question) renew(ctx context.Context) error {
	grant, err := q.account.Grant(ctx, q.Timeout)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("account %s: Login with Amazon gives no token: %w", q.account.Name, err)
	}
	q.token = grant.Token
	return nil
}

const (
	maxPages    = 1000
	maxAccounts = 100_000
	pageSize    = 100
)

// all reads the pages of a region.
func (q *question) all(ctx context.Context, region amazon.Region) (all []advertiserAccount, refusal *Refusal) {
	next := ""
	seen := make(map[string]bool)
	for page := 1; ; page++ {
		p, refusal := q.page(ctx, region, next)
		if refusal != nil {
			return all, refusal
		}
		all = append(all, p.Accounts...)
		next = string(p.Next)
		switch {
		case next == "":
			return all, nil
		case seen[next]:
			return all, q.refused(region, 0, "the list does not end: it names a page that it named before", "Try again later; what is shown is what it had until then.")
		case page == maxPages || len(all) > maxAccounts:
			return all, q.refused(region, 0, fmt.Sprintf("the list has more than %d pages or %d accounts", maxPages, maxAccounts), "What is shown is its beginning.")
		}
		seen[next] = true
	}
}

// maxTries is how often a page is asked for that is throttled or fails.
const maxTries = 3

// page asks for one page, again if that may help.
func (q *question) page(ctx context.Context, region amazon.Region, next string) (page, *Refusal) {
	renewed := false
	for try := 1; ; try++ {
		p, failed := q.ask(ctx, region, next)
		switch {
		case failed == nil:
			return p, nil
		case failed.status == http.StatusUnauthorized && q.account.APIToken == "" && !renewed:
			renewed = true
			if err := q.renew(ctx); err != nil {
				return p, q.refused(region, failed.status, redact.Line(err.Error(), 200), remedyOf(failed.status, q.account))
			}
			try--
		case !failed.passes() || try == maxTries || !q.Wait(ctx, max(failed.after, time.Duration(try)*time.Second)):
			return p, q.refused(region, failed.status, failed.text, remedyOf(failed.status, q.account))
		}
	}
}

func (q *question) refused(region amazon.Region, status int, message, remedy string) *Refusal {
	where := region.String()
	if region == amazon.RegionUnknown {
		where = "all"
	}
	return &Refusal{Account: q.account.Name, Region: where, Status: status, Message: message, Remedy: remedy}
}

// remedyOf says what to do about a status.
func remedyOf(status int, a *accounts.Account) string {
	switch {
	case status == http.StatusUnauthorized && a.APIToken != "":
		return "Replace the API token: Amazon does not take it."
	case status == http.StatusUnauthorized:
		return "Check that client id, client secret and refresh token belong to one Login with Amazon client, and that the account was authorised in this region."
	case status == http.StatusForbidden:
		return "Check that the app is approved for the Ads API and the account was authorised in this region, or ask only the regions it is of (--regions)."
	case status == http.StatusTooManyRequests:
		return "Amazon throttles this client: try again later."
	case status == http.StatusNotFound:
		return "Check --amazon-url: there is no such call at this address."
	case status >= 500 || status == 0:
		return "Try again later, and check --amazon-url, name resolution and proxies in between."
	}
	return "Check --amazon-url; Amazon does not take the question."
}

// errLong is an answer that is larger than any page of accounts.
var errLong = errors.New("the answer is larger than 4 MiB")
